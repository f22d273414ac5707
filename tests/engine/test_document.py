"""Samples of every depth and order, there and back."""

import numpy as np
import pytest

from lacuna.engine.pixels.document import (
    Document,
    image_from_samples,
    linear_from_srgb,
    samples_from_image,
    srgb_from_linear,
    strips,
)
from lacuna.engine.pixels.hole import find_hole
from lacuna.samples import DTYPES
from lacuna_wire import Options, PixelLayout, Rect


@pytest.mark.parametrize("channels", ["RGBA", "BGRA", "RGB"])
@pytest.mark.parametrize("sample", ["u8", "u16"])
@pytest.mark.parametrize("transfer", ["srgb", "linear"])
def test_integer_colour_survives_the_round_trip_to_the_bit(channels, sample, transfer):
    layout = PixelLayout(channels, sample, transfer)
    full = np.iinfo(DTYPES[sample]).max
    values = np.linspace(0, full, 1024).astype(DTYPES[sample])
    samples = np.stack([values, values[::-1], np.roll(values, 99), values][: layout.channel_count])
    samples = samples.T[None].copy()

    back = np.rint(samples_from_image(image_from_samples(samples, layout), layout))

    np.testing.assert_array_equal(back, samples[..., :3])


def test_bgra_is_seen_as_rgb():
    pixel = np.array([[[50, 100, 200, 255]]], np.uint8)

    image = image_from_samples(pixel, PixelLayout("BGRA"))

    np.testing.assert_allclose(image[0, 0] * 255, [200, 100, 50], atol=1e-4)


def test_gray_is_repeated_and_averaged_back():
    layout = PixelLayout("GRAYA", "u8")
    samples = np.array([[[77, 255], [200, 255]]], np.uint8)

    image = image_from_samples(samples, layout)

    assert image.shape == (1, 2, 3)
    np.testing.assert_allclose(samples_from_image(image, layout)[..., 0], [[77, 200]], atol=1e-4)


def test_float_samples_are_clipped_for_the_network_and_never_nan():
    values = np.array([np.nan, np.inf, -np.inf, -2, 0.25, 1e38], np.float32)
    samples = np.repeat(values[None, :, None], 3, axis=2)

    image = image_from_samples(samples, PixelLayout("RGB", "f32"))

    np.testing.assert_array_equal(image[0, :, 0], [0, 1, 0, 0, 0.25, 1])


def test_srgb_curve_has_the_published_points():
    light = np.float32([0, 0.0031308, 0.21404, 0.5, 1])

    np.testing.assert_allclose(srgb_from_linear(light), [0, 0.04045, 0.5, 0.73536, 1], atol=1e-4)
    np.testing.assert_allclose(linear_from_srgb(srgb_from_linear(light)), light, atol=1e-6)


def test_transparent_and_not_finite_pixels_are_unknown():
    samples = np.array(
        [[[1, 1, 1, 0], [1, 1, 1, np.nan], [np.nan, 1, 1, 1], [1, 1, np.inf, 1], [1, 1, 1, 0.01]]],
        np.float32,
    )

    document = Document(samples, np.zeros((1, 5), np.uint8), PixelLayout("RGBA", "f32"))

    hole = find_hole(document, Options(transparency="empty"))

    assert hole.missing.tolist() == [[1, 1, 1, 1, 0]]


def test_opaque_layout_has_no_unknown_pixels():
    black = Document(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8), PixelLayout("RGB"))

    assert not find_hole(black, Options()).missing.any()


def test_strips_cover_a_window_in_even_pieces():
    rects = list(strips(Rect(3, 5, 10, 1300)))

    assert rects[0].top == 5
    assert sum(rect.height for rect in rects) == 1300
    assert all(rect.height % 2 == 0 for rect in rects[:-1])


def test_crop_of_a_document_is_a_view():
    document = Document(np.zeros((9, 8, 3), np.uint8), np.zeros((9, 8), np.uint8), PixelLayout())

    crop = document.crop(Rect(1, 2, 3, 4))

    assert crop.rect == Rect(0, 0, 3, 4)
    assert np.shares_memory(crop.samples, document.samples)
