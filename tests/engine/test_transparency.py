"""Transparency: when it is content, how it is mixed, and what emptiness is filled with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.engine.completion.schedule import TUNING
from lacuna.engine.pixels.composite import composite
from lacuna.engine.pixels.document import (
    COLOUR_ORDER,
    Document,
    image_from_samples,
    opacity,
    premultiply,
    straighten,
)
from lacuna.engine.pixels.hole import find_hole
from lacuna.engine.pixels.transparency import OPAQUE, is_content, steps_of
from lacuna.engine.plan import plan_fill
from lacuna.samples import DTYPES, FULL_SCALE
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.layout import SAMPLE_BYTES
from tests.drawn import RGB, fill_whole, ink, line, noise, plan_of, rgba, select
from tests.fakes.networks import StandIn, paint

COMPOSITE = Options(result="composite", colour_correction=False)
RGBA = PixelLayout("RGBA")
WITH_ALPHA = ("RGBA", "BGRA", "GRAYA")
# Half a step, and for floats what their own digits and those of float32 are worth.
ROUNDED = {"u8": 0.51 / 255, "u16": 0.7 / 65535, "f16": 1e-3, "f32": 1e-5}


def linear(shown):
    """Decode as IEC 61966-2-1 says, in float64."""
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def some_samples(layout, count, seed):
    """Draw colours and alphas in [0, 1]; a third of the alphas are 0 or 1."""
    rng = np.random.default_rng(seed)
    values = rng.random((1, count, layout.channel_count))
    alpha = values[..., -1]
    alpha[rng.random(alpha.shape) < 0.2] = 0
    alpha[rng.random(alpha.shape) < 0.2] = 1
    scaled = values * FULL_SCALE[layout.sample]
    return (scaled if layout.sample[0] == "f" else np.rint(scaled)).astype(DTYPES[layout.sample])


@pytest.mark.parametrize("transfer", ["srgb", "linear"])
@pytest.mark.parametrize("sample", SAMPLE_BYTES)
@pytest.mark.parametrize("channels", WITH_ALPHA)
def test_soft_edge_is_mixed_as_premultiplied_light(channels, sample, transfer):
    """What covers half of a pixel gives half of its colour times its alpha."""
    layout, count = PixelLayout(channels, sample, transfer), 500
    own = some_samples(layout, count, 1)
    rng = np.random.default_rng(2)
    soft = rng.integers(1, 256, (1, count)).astype(np.uint8)
    shown, alpha = rng.random((1, count, 3)), rng.random((1, count)) * 0.98 + 0.01
    fill = premultiply(shown.astype(np.float32), alpha.astype(np.float32))

    result = composite(own, fill, soft, layout, COMPOSITE)

    one, share = float(FULL_SCALE[sample]), soft[..., None] / 255
    order = COLOUR_ORDER[channels]
    wanted = shown.mean(axis=2, keepdims=True) if len(order) == 1 else shown[..., list(order)]
    wanted = linear(wanted) if transfer == "linear" else wanted
    before, there = own[..., :-1] / one, own[..., -1:] / one
    mixed_alpha = there * (1 - share) + alpha[..., None] * share
    light = before * there * (1 - share) + wanted * alpha[..., None] * share
    np.testing.assert_allclose(result[..., -1:] / one, mixed_alpha, atol=ROUNDED[sample])
    np.testing.assert_allclose(
        result[..., :-1].astype(np.float64) / one * mixed_alpha, light, atol=2 * ROUNDED[sample]
    )


@pytest.mark.parametrize("sample", SAMPLE_BYTES)
@pytest.mark.parametrize("channels", WITH_ALPHA)
def test_layer_has_the_alpha_of_the_fill_times_the_selection(channels, sample):
    layout = PixelLayout(channels, sample)
    soft = np.arange(256, dtype=np.uint8)[None]
    fill = premultiply(np.full((1, 256, 3), 0.5, np.float32), np.full((1, 256), 0.6, np.float32))

    layer = composite(some_samples(layout, 256, 1), fill, soft, layout, Options(result="layer"))

    one = float(FULL_SCALE[sample])
    np.testing.assert_allclose(layer[0, :, -1] / one, soft[0] / 255 * 0.6, atol=ROUNDED[sample])
    assert not layer[0, 0].any()


def test_fill_of_nothing_leaves_no_colour():
    own = rgba(np.full((1, 4), 0.4, np.float32), (0.9, 0.5, 0.1))
    fill = np.zeros((1, 4, 4), np.float32)
    fill[..., 0] = 1e-4  # what a shift of a patch has left

    result = composite(own, fill, np.full((1, 4), 255, np.uint8), RGBA, COMPOSITE)

    assert not result.any()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 4), min_size=1, max_size=20))
def test_premultiplied_colours_come_back(pixels):
    values = np.float32([pixels])
    image, alpha = values[..., :3], values[..., 3]

    shown, back = straighten(premultiply(image, alpha))

    seen = (alpha >= 0.5 / 255) & (alpha <= 1 - 0.5 / 255)
    np.testing.assert_array_equal(back[seen], alpha[seen])
    np.testing.assert_allclose(shown[seen], image[seen], atol=1e-5)
    assert (back[alpha < 0.5 / 255] == 0).all()
    assert (back[alpha > 1 - 0.4 / 255] == 1).all()
    assert not shown[back == 0].any()
    assert shown.max() <= 1


@pytest.mark.parametrize("sample", SAMPLE_BYTES)
@pytest.mark.parametrize("channels", WITH_ALPHA)
def test_image_that_carries_alpha_has_colours_times_it(channels, sample):
    layout = PixelLayout(channels, sample)
    samples = some_samples(layout, 100, 3)
    selection = np.zeros((1, 100), np.uint8)
    document = Document(samples, selection, layout, carries_alpha=True)

    image = document.image(document.rect)

    alpha = opacity(samples, layout)
    assert image.shape == (1, 100, 4)
    np.testing.assert_array_equal(image[..., 3], alpha)
    straight = image_from_samples(samples, layout)
    np.testing.assert_allclose(image[..., :3], straight * alpha[..., None], rtol=1e-6)
    rows, columns = np.zeros(7, np.int64), np.arange(7)
    np.testing.assert_array_equal(document.colours(rows, columns), image[0, :7])


def test_alpha_that_is_no_number_is_nothing():
    samples = np.float32([[[1, 1, 1, np.nan], [1, 1, 1, -2], [1, 1, 1, np.inf], [1, 1, 1, 7]]])

    assert opacity(samples, PixelLayout("RGBA", "f32")).tolist() == [[0, 0, 1, 1]]


def test_steps_tell_nothing_from_next_to_nothing_and_opaque_from_all_but_opaque():
    alpha = np.float32([0, 1e-6, 0.5, 1 - 1e-4, 1])

    assert steps_of(alpha).tolist() == [0, 1, 128, OPAQUE, OPAQUE]


def content(steps, selection, **options):
    soft = selection.astype(np.uint8)
    return is_content(steps, (soft > 0).astype(np.uint8), soft, Options(**options))


def test_transparency_is_content_only_in_sight_of_the_selection():
    steps, selection = np.full((60, 60), OPAQUE, np.uint8), select(60, 60, Rect(20, 20, 10, 10))
    assert not content(steps, selection, transparency="content")
    for right, expected in ((37, True), (38, False)):
        seen = steps.copy()
        seen[25, right] = 254
        assert content(seen, selection, transparency="content") == expected
        assert content(seen, selection) == expected
        assert not content(seen, selection, transparency="empty")


@pytest.mark.parametrize(("side", "expected"), [(0, False), (1, False), (4, True)])
def test_a_speck_in_an_empty_selection_is_something_to_remove(side, expected):
    steps = np.zeros((100, 100), np.uint8)
    steps[50 : 50 + side, 50 : 50 + side] = OPAQUE

    assert content(steps, select(100, 100, Rect(20, 20, 60, 60))) == expected
    assert content(steps, select(100, 100, Rect(20, 20, 60, 60)), transparency="content")


def corner(selected=62, size=90):
    """Draw a picture that was rotated: its corner is empty, and selected, some edge as well."""
    samples = noise(size, size, 4)
    samples[..., 3] = 255
    away = np.add.outer(np.arange(size), np.arange(size))
    samples[away < 60] = 0
    return Document(samples, np.where(away < selected, 255, 0).astype(np.uint8), RGBA)


@pytest.mark.parametrize(
    ("transparency", "selected", "opaque"),
    [("auto", 62, 1), ("auto", 30, 1), ("empty", 30, 1), ("content", 62, 1), ("content", 30, 0)],
)
def test_empty_corner_is_filled_unless_known_emptiness_is_content(transparency, selected, opaque):
    document = corner(selected)
    options = Options(result="composite", transparency=transparency)

    whole = fill_whole(document, options, StandIn())

    inside = document.selection > 0
    assert (whole[inside][:, 3] == 255 * opaque).all()
    assert whole[~inside].tobytes() == document.samples[~inside].tobytes()


def test_photograph_on_a_larger_canvas_is_filled_as_an_opaque_one():
    """Emptiness far from the selection changes neither the route nor a byte of the fill."""
    samples = noise(150, 150, 4)
    samples[..., 3] = 255
    selection = select(150, 150, Rect(70, 60, 30, 30))
    alone = Document(samples.copy(), selection, RGBA)
    samples[:, :20] = 0
    canvas = Document(samples, selection, RGBA)
    network = StandIn(paint(0.2, 0.4, 0.6), "proposes", max_hole_radius_px=99)

    assert [plan.route for plan in plan_of(canvas, COMPOSITE, network).regions] == ["propose"]
    one, other = (fill_whole(each, COMPOSITE, network) for each in (alone, canvas))
    np.testing.assert_array_equal(one[selection > 0], other[selection > 0])


@pytest.mark.parametrize("result", ["layer", "composite", "auto"])
def test_auto_gives_a_layer_where_that_looks_alike_and_the_composite_where_ink_must_go(result):
    options = Options(result=result)
    drawn = rgba(ink(90, 90, line(0, 40, 89, 50)))
    hole = select(90, 90, Rect(30, 30, 30, 30))

    decided = [
        plan_of(document, options, StandIn()).options.result
        for document in (
            Document(drawn, hole, RGBA),
            corner(),
            Document(noise(90, 90), hole, RGB),
        )
    ]

    wanted = [result] * 3 if result != "auto" else ["composite", "layer", "composite"]
    assert decided == wanted


@pytest.mark.parametrize("strategy", ["auto", "pyramid", "native", "tiles"])
def test_ink_is_removed_by_every_strategy_without_the_network(strategy):
    samples = rgba(ink(100, 100, line(10, 10, 30, 90), line(50, 45, 50, 55)))
    document = Document(samples, select(100, 100, Rect(38, 40, 24, 20)), RGBA)
    network = StandIn(paint(1, 0, 0))

    whole = fill_whole(document, Options(result="composite", strategy=strategy), network)

    assert not whole[document.selection > 0].any()
    assert not network.shapes


@pytest.mark.parametrize(("channels", "sample", "transfer"), [
    ("BGRA", "u8", "srgb"), ("GRAYA", "u16", "srgb"), ("RGBA", "f16", "linear"),
    ("RGBA", "f32", "linear"),
])  # fmt: skip
def test_coloured_stroke_goes_on_in_its_colour_in_every_layout(channels, sample, transfer):
    layout = PixelLayout(channels, sample, transfer)
    drawn = ink(90, 90, line(40, -9, 48, 99), thick=5)
    one = FULL_SCALE[sample]
    colour = np.float64([0.8, 0.4, 0.1, 1][-layout.channel_count :]) * one
    colour[-1] = one
    samples = np.empty((90, 90, layout.channel_count), DTYPES[sample])
    samples[:] = colour
    samples[..., -1] = drawn * one
    hole = Rect(34, 32, 24, 24)
    spoiled = samples.copy()
    spoiled[hole.slices] = one
    document = Document(spoiled, select(90, 90, hole), layout)

    whole = fill_whole(document, COMPOSITE, StandIn())

    inside, alpha = hole.slices, whole[..., -1].astype(np.float64) / one
    assert np.abs(alpha - drawn)[inside].mean() < 0.03
    there = whole[inside][alpha[inside] > 0.5][:, :-1].astype(np.float64) / one
    np.testing.assert_allclose(there, np.broadcast_to(colour[:-1] / one, there.shape), atol=0.06)
    assert np.isfinite(whole.astype(np.float64)).all()


def test_large_window_with_alpha_is_shown_piece_by_piece(monkeypatch):
    """Patches of level 1, and the document's own pixels on level 0."""
    tuning = TUNING._replace(whole_window_px=1000)
    monkeypatch.setattr(plan_fill, "__defaults__", (tuning,))
    drawn = ink(160, 200, line(72, 0, 72, 199), thick=5)
    hole = Rect(60, 44, 60, 56)
    samples = rgba(drawn, (0.2, 0.4, 0.6))
    samples[hole.slices] = 9, 9, 9, 255
    document = Document(samples, select(160, 200, hole), RGBA)

    plan = plan_of(document, COMPOSITE, StandIn()).regions[0]
    whole = fill_whole(document, COMPOSITE, StandIn())

    assert not plan.schedule.whole
    assert plan.route == "complete"
    there = drawn[hole.slices] > 0.5
    np.testing.assert_array_equal(whole[hole.slices][..., 3] > 127, there)
    np.testing.assert_allclose(whole[hole.slices][there][:, :3], [[51, 102, 153]] * there.sum())


def test_hole_carries_alpha_beside_other_holes_that_do_not():
    samples = noise(100, 700, 4)
    samples[..., 3] = 255
    samples[40:60, 20:51] = 0
    holes = Rect(60, 40, 20, 20), Rect(600, 40, 20, 20)
    document = Document(samples, select(100, 700, *holes), RGBA)

    for far, expected in ((True, [False, False]), (False, [True, False])):
        if not far:
            samples[45:50, 51:54] = 0
        plans = plan_of(document, Options(transparency="content"), StandIn()).regions
        plans.sort(key=lambda plan: plan.region.part.left)
        assert [plan.hole.carries_alpha for plan in plans] == expected
        assert [plan.route == "complete" for plan in plans] == expected


def test_not_a_number_is_missing_also_where_alpha_is_content():
    samples = rgba(ink(40, 40, line(20, 0, 20, 39))).astype(np.float32) / 255
    samples[5, 5] = np.nan
    document = Document(samples, select(40, 40, Rect(15, 15, 10, 10)), PixelLayout("RGBA", "f32"))

    hole = find_hole(document, Options())

    assert hole.carries_alpha
    assert hole.missing[5, 5] == 1
    assert hole.missing.sum() == 101
