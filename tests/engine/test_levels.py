"""Levels: nothing removed bleeds into them, and what is enlarged again lies where it was."""

import numpy as np
import pytest

from lacuna.engine.pixels import document as pixels_document
from lacuna.engine.pixels import levels as pixels_levels
from lacuna.engine.pixels.document import Document
from lacuna.engine.pixels.hole import hole_radius, reduce_missing
from lacuna.engine.pixels.levels import build_levels, contrast, enlarge
from lacuna.engine.plan import levels_to_bridge
from lacuna_wire import PixelLayout, Rect


def window(height, width, colour=100):
    samples = np.full((height, width, 3), colour, np.uint8)
    return Document(samples, np.zeros((height, width), np.uint8), PixelLayout("RGB"))


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (64, 64), (1, 300), (129, 65)])
def test_levels_halve_and_never_lose_a_row(shape):
    levels = build_levels(window(*shape), np.zeros(shape, np.uint8), 4)

    height, width = shape
    for level in levels:
        height, width = -(-height // 2), -(-width // 2)
        assert level.image.shape == (height, width, 3)
        assert level.share.shape == (height, width, 1)
        np.testing.assert_allclose(level.image, 100 / 255, atol=1e-6)


def test_removed_object_bleeds_into_no_level():
    document = window(200, 200)
    missing = np.zeros((200, 200), np.uint8)
    missing[61:143, 55:130] = 1
    document.samples[missing > 0] = 255

    for level in build_levels(document, missing, 5):
        known = level.some_known[..., 0] > 0
        np.testing.assert_allclose(level.image[known], 100 / 255, atol=1e-6)
        assert not level.image[~known].any()


def test_walking_in_strips_changes_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    document = window(150, 40)
    document.samples[:] = rng.integers(0, 256, document.samples.shape)
    missing = (rng.random((150, 40)) < 0.4).astype(np.uint8)
    whole = build_levels(document, missing, 2)

    monkeypatch.setattr(pixels_document, "STRIP_ROWS", 16)
    pieces = build_levels(document, missing, 2)

    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.share, other.share)
        np.testing.assert_array_equal(one.texture, other.texture)


def test_texture_tells_directions_apart_and_sees_nothing_of_what_is_missing():
    image = np.zeros((9, 12, 3), np.float32)
    image[:, ::2] = 0.5  # columns: neighbours side by side differ
    known = np.ones((9, 12, 1), np.float32)
    image[2, 4], known[2, 4] = 1, 0

    texture = contrast(image, known)

    assert texture.shape == (5, 6, 2)
    np.testing.assert_allclose(texture[..., 0], 0.5)
    assert not texture[..., 1].any()


def test_level_too_large_has_no_texture_and_the_next_one_has_the_same_as_ever(monkeypatch):
    rng = np.random.default_rng(5)
    document = window(200, 120)
    document.samples[:] = rng.integers(0, 256, document.samples.shape)
    missing = np.zeros((200, 120), np.uint8)
    missing[50:70, 30:55] = 1
    everywhere = build_levels(document, missing, 3)

    monkeypatch.setattr(pixels_levels, "MAX_TEXTURED_PX", 2000)
    monkeypatch.setattr(pixels_document, "STRIP_ROWS", 64)
    levels = build_levels(document, missing, 3)

    assert [level.texture.shape[2] for level in levels] == [0, 2, 2]
    for one, other in zip(everywhere[1:], levels[1:], strict=True):
        np.testing.assert_allclose(one.texture, other.texture, atol=1e-6)


def test_cell_with_a_missing_pixel_is_masked_for_the_network():
    missing = np.zeros((4, 4), np.uint8)
    missing[1, 2] = 1

    (level,) = build_levels(window(4, 4), missing, 1)

    assert level.mask[..., 0].tolist() == [[0, 1], [0, 0]]
    assert reduce_missing(missing).tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize("size", [(40, 40), (41, 39), (128, 6)])
def test_enlarged_gradient_lies_where_it_was(size):
    """Half a pixel of shift would be a quarter of a cell, four times the tolerance."""
    height, width = size
    fine = np.linspace(0.2, 0.8, height, dtype=np.float32)[:, None, None]
    fine = np.broadcast_to(fine, (height, width, 3)).copy()
    document = Document(fine, np.zeros(size, np.uint8), PixelLayout("RGB", "f32"))
    (level,) = build_levels(document, np.zeros(size, np.uint8), 1)

    back = enlarge(level.image, document.rect, document.rect)

    inside = slice(4, height - 4)
    step = 0.6 / (height - 1)
    np.testing.assert_allclose(back[inside], fine[inside], atol=step / 8)


def test_enlarging_a_part_equals_the_part_of_the_whole():
    rng = np.random.default_rng(2)
    coarse = rng.random((30, 40, 3), np.float32)
    finer = Rect(0, 0, 79, 60)
    whole = enlarge(coarse, finer, finer)

    for rect in (Rect(0, 0, 20, 20), Rect(13, 7, 31, 22), Rect(59, 40, 20, 20)):
        part = enlarge(coarse, rect, finer)
        np.testing.assert_allclose(part, whole[rect.slices], atol=1e-5)


def test_hole_radius_is_the_distance_to_the_nearest_known_pixel():
    missing = np.zeros((101, 101), np.uint8)
    missing[20:81, 30:71] = 1  # 61 x 41: the middle column is 21 px from both sides

    assert hole_radius(missing) == pytest.approx(21, abs=0.1)
    assert hole_radius(np.ones((5, 5), np.uint8)) == float("inf")


def test_radius_of_a_huge_hole_is_never_underestimated():
    missing = np.zeros((64, 5000), np.uint8)
    missing[:, 1000:3000] = 1

    assert 1000 <= hole_radius(missing) <= 1010


@pytest.mark.parametrize(
    ("radius", "bridged"), [(1, 16), (16, 16), (17, 16), (500, 16), (500, 128)]
)
def test_coarsest_level_brings_the_hole_within_reach(radius, bridged):
    levels = levels_to_bridge(radius, bridged, 10_000)

    assert radius / 2**levels <= bridged
    assert levels == 0 or radius / 2 ** (levels - 1) > bridged


def test_tiny_window_is_not_reduced_to_nothing():
    assert levels_to_bridge(float("inf"), 16, 20) <= 2
