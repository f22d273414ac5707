"""Layers of another colour space than their image, and layers without pixels, filled where asked.

The daemon inverts what is selected, so what has to be seen is known exactly.
"""

import numpy as np
import pytest

WIDTH, HEIGHT = 200, 140
SELECTED = (80, 50, 30, 40)
WHERE = np.s_[50:90, 80:110]
# Colour space of the image, if it is not that of the photograph, and of the layer in it.
SPACES = {
    "16 bit in 8 bit": (None, ("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc")),
    "gray in RGB": (None, ("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc")),
    "CMYK in RGB": (None, ("CMYKA", "U8", "Chemical proof")),
    "RGB in gray": (
        ("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc"),
        ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc"),
    ),
}
# How a layer without pixels of its own is made above the photograph, and made the active one.
KINDS = {
    "vector": """
        def steps():
            vector = document.createVectorLayer("it")
            yield from add(vector)
            vector.addShapesFromSvg(
                '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="140">'
                '<rect width="150" height="100" fill="#3366aa"/></svg>'
            )
            document.waitForDone()
        steps()
        """,
    "clone": "add(document.createCloneLayer('it', layer('Background')))",
    "file": "add(document.createFileLayer('it', path, 'None'))",
}
INSIDE = """
def seen():
    document.refreshProjection()
    document.waitForDone()
    return bytes(document.pixelData(0, 0, 200, 140))

def space_of(name):
    return list(plugin_layers.space_of(layer(name)))

def back():
    krita.action("edit_undo").trigger()
    yield 20
    yield from until(lambda: is_restored(document), "the active layer")
    document.waitForDone()

def colour_layer(space):
    "The photograph once more, in another space than its image has."
    it = layer("Background").duplicate()
    it.setName("it")
    yield from add(it)
    it.setColorSpace(*space)
    document.waitForDone()
"""


@pytest.fixture
def opened(krita, held, inside):
    krita.run(INSIDE)
    return krita


def look(krita):
    pixels = np.frombuffer(krita.run("seen()"), np.uint8)
    return pixels.reshape(HEIGHT, WIDTH, -1).astype(int)


def outside(picture):
    rest = picture.copy()
    rest[WHERE] = 0
    return rest


@pytest.mark.parametrize("name", SPACES)
def test_layer_of_another_space_is_filled_in_its_own(opened, small_photo, name):
    krita = opened
    of_image, of_layer = SPACES[name]
    krita.run("open_photo(path, *space)", path=str(small_photo), space=of_image or ())
    krita.run("colour_layer(space)", space=of_layer)
    krita.run("select(*rect)", rect=SELECTED)
    before = look(krita)
    pictures = []
    for destination in ("layer", "into"):
        facts = krita.run("fill(destination=destination)", destination=destination)

        assert not facts["failed"], facts
        after = look(krita)
        pictures.append(after)
        assert np.abs(after - before)[WHERE].max() > 20, destination
        assert np.abs(outside(after) - outside(before)).max() <= 1, destination
        if destination == "into":
            assert krita.run("space_of('it')") == list(of_layer)
        krita.run("back()")
        assert np.array_equal(look(krita), before), destination
    # A new layer has the space of its image; inks are rounded most.
    assert np.abs(pictures[0] - pictures[1])[WHERE].max() <= (6 if "CMYK" in name else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_layer_without_pixels_is_filled_as_it_looks_and_a_copy_can_be_painted_on(
    opened, small_photo, kind
):
    krita = opened
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run(KINDS[kind], path=str(small_photo))
    krita.wait_for("bytes(pixels_of(layer('it'), (90, 60, 1, 1)))[3] == 255")
    krita.run("layer('it').setOpacity(122)")
    krita.run("select(*rect)", rect=SELECTED)
    before = look(krita)
    names = krita.run("layers()")
    pixels = np.frombuffer(krita.run("pixels_of(layer('it'))"), np.uint8)
    wanted = pixels.reshape(HEIGHT, WIDTH, 4).astype(int)
    wanted[WHERE][..., :3] = 255 - wanted[WHERE][..., :3]
    for destination in ("auto", "into"):
        facts = krita.run("fill(destination=destination)", destination=destination)

        assert "in a filled copy" in facts["text"], "it holds no pixels, and is not opaque"
        assert krita.run("layers()") == [*names, "Inpaint 1"]
        assert krita.run("[layer('Inpaint 1').type(), layer('Inpaint 1').opacity()]") == [
            "paintlayer", 122,
        ]  # fmt: skip
        copy = np.frombuffer(krita.run("pixels_of(layer('Inpaint 1'))"), np.uint8)
        assert np.array_equal(copy.reshape(HEIGHT, WIDTH, 4), wanted)
        after = look(krita)
        assert np.array_equal(outside(after), outside(before)), destination
        assert np.abs(after - before)[WHERE].max() > 20
        assert not krita.run("layer('it').visible()")
        krita.run("back()")
        assert krita.run("layers()") == names
        assert np.array_equal(look(krita), before), destination
