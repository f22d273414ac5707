"""Every colour space that Krita has, held against the engine, in every real Krita."""

import numpy as np
import pytest

from lacuna.samples import DTYPES
from lacuna_wire import PixelLayout
from tests.editors.fills import ROUNDING, engine_fill

SRGB, LINEAR = "sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V2-g10.icc"
GRAY, GRAY_LINEAR = "Gray-D50-elle-V2-srgbtrc.icc", "Gray-D50-elle-V2-g10.icc"
WIDE = ("RGBA", "LargeRGB-elle-V2-g22.icc")
WIDTH, HEIGHT = 200, 140
SELECTED = (80, 50, 30, 40)
# Space -> what its pixels mean on the wire.
AS_THEY_ARE = {
    ("RGBA", "U8", SRGB): PixelLayout("BGRA", "u8", "srgb"),
    ("RGBA", "U8", "ClayRGB-elle-V2-g22.icc"): PixelLayout("BGRA", "u8", "srgb"),
    ("RGBA", "U16", SRGB): PixelLayout("BGRA", "u16", "srgb"),
    ("RGBA", "U16", LINEAR): PixelLayout("BGRA", "u16", "linear"),
    ("RGBA", "F16", LINEAR): PixelLayout("RGBA", "f16", "linear"),
    ("RGBA", "F32", LINEAR): PixelLayout("RGBA", "f32", "linear"),
    ("RGBA", "F32", SRGB): PixelLayout("RGBA", "f32", "srgb"),
    ("GRAYA", "U8", GRAY): PixelLayout("GRAYA", "u8", "srgb"),
    ("GRAYA", "U16", GRAY): PixelLayout("GRAYA", "u16", "srgb"),
    ("GRAYA", "F16", GRAY_LINEAR): PixelLayout("GRAYA", "f16", "linear"),
    ("GRAYA", "F32", GRAY_LINEAR): PixelLayout("GRAYA", "f32", "linear"),
}
# The others: "" is the profile that Krita names first.
BY_CONVERSION = {
    ("CMYKA", "U8", "Chemical proof"): PixelLayout("BGRA", "u16"),
    ("CMYKA", "U16", "Chemical proof"): PixelLayout("BGRA", "u16"),
    ("CMYKA", "F32", "Chemical proof"): PixelLayout("BGRA", "u16"),
    ("LABA", "U8", "Lab identity built-in"): PixelLayout("BGRA", "u16"),
    ("LABA", "U16", "Lab identity built-in"): PixelLayout("BGRA", "u16"),
    ("LABA", "F32", "Lab identity built-in"): PixelLayout("RGBA", "f32"),
    ("XYZA", "U16", ""): PixelLayout("BGRA", "u16"),
    ("XYZA", "F32", ""): PixelLayout("RGBA", "f32"),
    ("YCbCrA", "U8", ""): PixelLayout("BGRA", "u16"),
}
LAB = ("LABA", "U16", "Lab identity built-in")
# 1/65535 of a sample; conversions of 8 bit go through tables.
ONE_STEP_OF_8_BIT = 257


def samples(data, layout, width=WIDTH, height=HEIGHT):
    return np.frombuffer(data, DTYPES[layout.sample]).reshape(height, width, layout.channel_count)


def named(space):
    return f"{space[0]}-{space[1]}-{space[2].split('-elle')[0]}".rstrip("-")


@pytest.fixture
def opened(krita, served, inside, small_photo):
    """Open the photograph in a colour space; the space with its profile's name comes back."""

    def open_in(model, depth, profile):
        profile = profile or krita.run("krita.profiles(model, depth)[0]", model=model, depth=depth)
        found = krita.run(
            "open_photo(path, *space)", path=str(small_photo), space=(model, depth, profile)
        )
        assert found == profile
        krita.run("select(*selected)", selected=SELECTED)
        return model, depth, profile

    return open_in


@pytest.mark.parametrize("space", AS_THEY_ARE, ids=named)
def test_rgb_and_gray_travel_as_they_are_and_the_fill_is_the_engines(krita, opened, space):
    space, layout = opened(*space), AS_THEY_ARE[space]
    before = samples(krita.run("pixels_of(document.activeNode())"), layout)

    facts = krita.run("fill()")

    assert facts["new"] == ["Inpaint 1"], facts
    assert tuple(facts["space"]) == space
    assert facts["above"]
    assert facts["still_active"]
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    left, top, width, height = SELECTED
    selection[top : top + height, left : left + width] = 255
    rect, expected = engine_fill(before, selection, layout)
    assert tuple(facts["rect"]) == tuple(rect) == SELECTED
    after = samples(krita.run("pixels_of(layer('Inpaint 1'))"), layout)
    difference = np.abs(after[rect.slices].astype(np.float64) - expected)
    assert difference.max() <= ROUNDING[layout.sample]
    alpha = after[..., -1].copy()
    alpha[rect.slices] = 0
    assert not alpha.any(), "pixels outside of the selection"
    assert np.array_equal(samples(krita.run("pixels_of(layer('Background'))"), layout), before)


@pytest.mark.parametrize("space", BY_CONVERSION, ids=named)
def test_other_colours_are_converted_with_more_depth_and_back(krita, opened, space):
    space, layout = opened(*space), BY_CONVERSION[space]
    travel = (WIDE[0], layout.sample.upper(), WIDE[1])
    assert krita.run("list(colours.plan_journey(colours.Space(*space))[0])", space=space) == [
        *travel
    ]
    size = {"width": WIDTH, "height": HEIGHT}
    own = krita.run("pixels_of(document.activeNode())")
    travelled = krita.run(
        "converted(data, a, b, width, height)", data=own, a=space, b=travel, **size
    )

    facts = krita.run("fill()")

    assert facts["new"] == ["Inpaint 1"], facts
    assert tuple(facts["space"]) == space
    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    left, top, width, height = SELECTED
    selection[top : top + height, left : left + width] = 255
    rect, expected = engine_fill(samples(travelled, layout), selection, layout)
    assert tuple(facts["rect"]) == tuple(rect) == SELECTED
    new = krita.run("pixels_of(layer('Inpaint 1'), rect)", rect=SELECTED)

    def lab(data, source):
        found = krita.run(
            "converted(data, a, b, width, height)",
            data=data, a=source, b=LAB, width=width, height=height,
        )  # fmt: skip
        return samples(found, PixelLayout("RGBA", "u16"), width, height).astype(np.int64)

    difference = np.abs(lab(new, space) - lab(expected.tobytes(), travel))
    # A fill may be a little more colourful than what ink can show.
    assert difference.max() <= 3 * ONE_STEP_OF_8_BIT
    assert np.array_equal(
        np.frombuffer(krita.run("pixels_of(layer('Background'))"), np.uint8),
        np.frombuffer(own, np.uint8),
    )


@pytest.mark.parametrize(
    "space",
    [space for space in BY_CONVERSION if space[:2] in (("CMYKA", "U8"), ("LABA", "U16"))],
    ids=named,
)
def test_flat_colour_comes_back_as_that_colour(krita, opened, space):
    """A vivid one, outside of sRGB: what is lost on the way would show as a patch."""
    space = opened(*space)
    flat = np.zeros((HEIGHT, WIDTH, 4), np.uint16)
    flat[:] = (38000, 20000, 30000, 65535)  # a cyan of LAB
    own = krita.run(
        """
        data = converted(data, lab, space, width, height)
        document.activeNode().setPixelData(data, 0, 0, width, height)
        data
        """,
        data=flat.tobytes(), lab=LAB, space=space, width=WIDTH, height=HEIGHT,
    )  # fmt: skip

    krita.run("fill()")

    _left, _top, width, height = SELECTED
    found = krita.run(
        """
        new = pixels_of(layer('Inpaint 1'), rect)
        converted(new, space, lab, rect[2], rect[3]) + converted(own, space, lab, *size)
        """,
        rect=SELECTED, space=space, lab=LAB, own=own, size=(WIDTH, HEIGHT),
    )  # fmt: skip
    pixels = np.frombuffer(found, np.uint16).reshape(-1, 4).astype(np.int64)
    new, around = pixels[: width * height], pixels[width * height]
    # What the network adds is about 1 of 255 in RGB, which is more in vivid colours of LAB.
    assert np.abs(new - around).max() <= 4 * ONE_STEP_OF_8_BIT


def test_layer_of_another_space_than_its_image_is_filled_in_the_images(krita, opened):
    opened("RGBA", "U16", SRGB)
    krita.run("document.activeNode().setColorSpace('GRAYA', 'U8', gray)", gray=GRAY)

    facts = krita.run("fill()")

    assert facts["new"] == ["Inpaint 1"], facts
    assert tuple(facts["space"]) == ("RGBA", "U16", SRGB)
    new = np.frombuffer(
        krita.run("pixels_of(layer('Inpaint 1'), rect)", rect=SELECTED), np.uint16
    ).reshape(-1, 4)
    # Gray in three channels, and as bright as what is around.
    assert np.ptp(new[:, :3].astype(np.int64), axis=1).max() <= ONE_STEP_OF_8_BIT
    assert (new[:, 3] == 65535).all()


def test_profile_whose_name_says_nothing_is_tried_out(krita, opened):
    opened("RGBA", "U8", SRGB)

    found = krita.run(
        """
        colours._LINEAR_WORDS, words = (), colours._LINEAR_WORDS
        colours._CURVED_WORDS, more = (), colours._CURVED_WORDS
        found = {name: colours.is_linear(colours.Space("RGBA", "F32", name))
                 for name in krita.profiles("RGBA", "F32") if name in names or "PQ" in name}
        colours._LINEAR_WORDS, colours._CURVED_WORDS = words, more
        found
        """,
        names=[SRGB, LINEAR, "Rec2020-elle-V4-g10.icc", WIDE[1]],
    )

    assert found[SRGB] is False
    assert found[LINEAR] is True
    assert found["Rec2020-elle-V4-g10.icc"] is True
    assert found["LargeRGB-elle-V2-g22.icc"] is False
    perceptual = [name for name in found if "SMPTE ST 2084 PQ" in name]
    assert not any(found[name] for name in perceptual)
