"""Float samples that are no colours: heights, negatives, light brighter than white."""

import numpy as np
import pytest

from lacuna.engine.pixels.document import Document, image_from_samples, samples_from_image
from lacuna.engine.pixels.span import SHOWN, Span, span_of
from lacuna_wire import Options, PixelLayout, Rect
from tests.drawn import fill_whole, select
from tests.fakes.networks import StandIn

HEIGHTS, LIGHT = PixelLayout("GRAY", "f32", "linear"), PixelLayout("RGB", "f32", "linear")
HOLE = Rect(50, 45, 40, 36)


def surface(height=120, width=150, right=2.0, down=0.5):
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return (right * columns + down * rows)[..., None]


def filled(samples, layout, *rects, **options):
    """Fill by patches alone and return everything, and what was selected."""
    selection = select(*samples.shape[:2], *rects)
    document = Document(samples, selection, layout)
    chosen = Options(result="composite", **options)
    return fill_whole(document, chosen, StandIn(max_hole_radius_px=1)), selection > 0


def bits(samples):
    return samples.view({2: np.uint16, 4: np.uint32}[samples.dtype.itemsize])


SURFACES = {
    "heights": 1000 + surface(),
    "below the sea": surface(right=1.3, down=-2) - 400,
    "across zero": surface() - 150,
    "tiny": surface() * 1e-3 - 0.5,
    "far out": surface() * 1e30,
}


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("object_at", [-1e6, 3e38])
def test_slope_is_continued_within_a_hundredth_of_its_range(name, object_at):
    truth = SURFACES[name].astype(np.float32)
    samples = truth.copy()
    samples[HOLE.slices] = object_at

    whole, hole = filled(samples, HEIGHTS, HOLE)

    np.testing.assert_array_equal(bits(whole[~hole]), bits(samples[~hole]))
    known = truth[~hole]
    assert known.min() <= whole[hole].min()
    assert whole[hole].max() <= known.max()
    assert np.abs(whole - truth).max() <= 0.01 * (known.max() - known.min())


@pytest.mark.parametrize("sample", ["f16", "f32"])
def test_light_brighter_than_white_is_filled_with_its_like(sample):
    rng = np.random.default_rng(3)
    dtype = {"f16": np.float16, "f32": np.float32}[sample]
    samples = rng.uniform(1.8, 2.9, (120, 150, 3)).astype(dtype)

    whole, hole = filled(samples, LIGHT._replace(sample=sample), HOLE)

    np.testing.assert_array_equal(bits(whole[~hole]), bits(samples[~hole]))
    assert whole[hole].min() >= 1.79
    assert whole[hole].max() <= 2.91
    assert abs(float(whole[hole].mean()) - 2.35) < 0.1


def test_sun_in_the_window_leaves_the_shadows_their_detail():
    """Shown by a straight line, everything but the sun would be one black."""
    shadow = np.random.default_rng(4).uniform(0.2, 0.6, (120, 150, 3)).astype(np.float32)
    samples = shadow.copy()
    samples[:12, :12] = 20_000

    whole, hole = filled(samples, LIGHT, HOLE)

    assert whole[hole].min() >= 0.1
    assert whole[hole].max() <= 0.8
    assert whole[hole].std() > 0.5 * shadow.std()


@pytest.mark.parametrize("unknown", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_neither_shown_nor_changed_outside_and_filled_inside(unknown):
    samples = (1000 + surface()).astype(np.float32)
    truth = samples.copy()
    samples[60:70, 80:140] = unknown

    whole, hole = filled(samples, HEIGHTS, HOLE)

    np.testing.assert_array_equal(bits(whole[~hole]), bits(samples[~hole]))
    assert np.isfinite(whole[hole]).all()
    assert np.abs(whole - truth)[hole].max() <= 0.01 * (truth.max() - truth.min())


def test_layers_of_editors_have_it_too():
    """Float layers with alpha, blue first or perceptual: a layer of the fill alone."""
    rows = (1 + surface() / 100).astype(np.float32)
    samples = np.concatenate([rows, rows + 1, rows + 2, np.ones_like(rows)], axis=2)
    for channels, transfer in (("BGRA", "linear"), ("RGBA", "srgb")):
        selection = select(120, 150, HOLE)
        document = Document(samples, selection, PixelLayout(channels, "f32", transfer))

        layer = fill_whole(document, Options(result="layer"), StandIn(max_hole_radius_px=1))

        error = np.abs(layer - samples)[HOLE.slices]
        assert error[..., 3].max() == 0
        assert error.max() < 0.05


@pytest.mark.parametrize("transfer", ["linear", "srgb"])
def test_colours_within_0_and_1_have_no_span(transfer):
    layout = PixelLayout("RGB", "f32", transfer)
    samples = np.random.default_rng(1).random((8, 9, 3)).astype(np.float32)
    samples[2, 2] = np.nan

    assert Document(samples, np.zeros((8, 9), np.uint8), layout).spanned(
        np.zeros((8, 9), np.uint8)
    ).span is None  # fmt: skip
    assert span_of(np.float32([np.nan]), layout) is None


def test_missing_pixels_and_transparent_ones_are_not_in_the_span():
    samples = np.full((4, 4, 2), 0.5, np.float32)
    samples[..., 1] = 1
    samples[0, 0], samples[1, 1] = (900, 1), (-900, 0)
    missing = np.zeros((4, 4), np.uint8)
    missing[0, 0] = 1

    document = Document(samples, missing, PixelLayout("GRAYA", "f32", "linear"))

    assert document.spanned(missing).span is None
    assert document.spanned(0 * missing).span is not None


@pytest.mark.parametrize("layout", [HEIGHTS, LIGHT, LIGHT._replace(transfer="srgb")], ids=str)
@pytest.mark.parametrize(("low", "high"), [(-5, 5), (0, 300), (1000, 1500), (-3e38, 3e38), (7, 7)])
def test_span_is_undone(layout, low, high):
    samples = np.linspace(low, high, 96, dtype=np.float64).astype(np.float32)
    samples = np.sort(samples).reshape(8, -1, 3)[..., : 1 if layout.channels == "GRAY" else 3]
    span = span_of(samples, layout)
    assert span is not None

    image = image_from_samples(samples, layout, span)
    back = samples_from_image(image, layout, span)

    assert image.min() >= 0
    assert image.max() <= 1
    room = 2e-6 * max(abs(high), abs(low), high - low)
    np.testing.assert_allclose(back.astype(np.float64), samples.astype(np.float64), atol=room)


def test_one_wrong_sample_does_not_flatten_all_others():
    heights = (1000 + surface()).astype(np.float32)
    heights[3, 4] = -32768

    span = span_of(heights, HEIGHTS)

    assert span is not None
    assert span.low > -2000
    assert span.high == heights.max()


def test_dark_median_is_shown_bright():
    light = np.float32([0.5] * 99 + [1000])

    span = span_of(light, LIGHT)

    assert span is not None
    assert float(span.show(light)[0]) == pytest.approx(SHOWN, abs=1e-3)
    assert isinstance(span, Span)
