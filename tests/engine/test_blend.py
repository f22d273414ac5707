"""Tiling must be invisible: what was cut and blended again is the picture it came from."""

import itertools

import numpy as np
import pytest

from lacuna.engine.geometry.tiles import plan_tiles
from lacuna.engine.tiling.blend import blend_tiles, feather
from lacuna_wire import Rect

HALF_A_16_BIT_STEP = 0.5 / 65535  # less than this cannot change a saved pixel
PLANE = Rect(0, 0, 130, 90)


@pytest.fixture
def image():
    """Every pixel differs, so a shifted, swapped or dropped tile cannot go unnoticed."""
    return np.arange(90 * 130 * 3, dtype=np.float32).reshape(90, 130, 3) / (90 * 130 * 3)


def cut(image, rects):
    return ((rect, image[rect.slices]) for rect in rects)


@pytest.mark.parametrize(
    ("tile", "overlap"),
    [(32, 8), (32, 31), (64, 16), (256, 64)],
    ids=["many tiles", "most overlap possible", "uneven fit", "one tile is enough"],
)
@pytest.mark.parametrize("area", [PLANE, Rect(17, 9, 70, 61)], ids=["all", "inside"])
def test_cut_and_blend_is_identity(image, tile, overlap, area):
    tiles = plan_tiles(area, PLANE, tile, overlap, multiple=8)

    bands = list(blend_tiles(cut(image, tiles), area, overlap, channels=3))

    assert all(band.covered.all() for band in bands)
    blended = np.concatenate([band.pixels for band in bands])
    np.testing.assert_allclose(blended, image[area.slices], rtol=0, atol=HALF_A_16_BIT_STEP)


def test_bands_follow_each_other_without_gap_from_top_to_bottom(image):
    area = Rect(5, 3, 100, 80)
    tiles = plan_tiles(area, PLANE, 32, 8, multiple=8)

    rects = [band.rect for band in blend_tiles(cut(image, tiles), area, 8, channels=3)]

    assert len(rects) > 2  # handed out as they are finished, not all at the end
    assert rects[0].top == area.top
    assert rects[-1].bottom == area.bottom
    assert all(a.bottom == b.top for a, b in itertools.pairwise(rects))
    assert all((rect.left, rect.width) == (area.left, area.width) for rect in rects)


def test_step_between_two_tiles_becomes_a_ramp_without_a_jump():
    area = Rect(0, 0, 48, 8)
    tiles = [(Rect(0, 0, 32, 8), np.zeros((8, 32, 3), np.float32)),
             (Rect(16, 0, 32, 8), np.ones((8, 32, 3), np.float32))]  # fmt: skip

    (band,) = blend_tiles(tiles, area, 16, channels=3)

    row = band.pixels[4, :, 0]
    assert row[0] == 0
    assert row[-1] == 1
    assert np.diff(row).max() < 2 / 16  # nowhere steeper than twice the plain ramp
    assert (np.diff(row) >= -1e-6).all()


def test_pixel_under_no_tile_is_reported_as_not_covered(image):
    tiles = [Rect(0, 0, 64, 64), Rect(66, 0, 64, 64)]

    bands = list(blend_tiles(cut(image, tiles), PLANE, 16, channels=3))

    covered = np.concatenate([band.covered for band in bands])
    assert np.count_nonzero(~covered) == 2 * 64 + 26 * 130
    assert not covered[:, 64:66].any()


def test_no_tile_at_all_gives_an_uncovered_plane():
    (band,) = blend_tiles([], PLANE, 4, channels=3)

    assert band.rect == PLANE
    assert not band.covered.any()
    assert not band.pixels.any()


def test_tiles_out_of_order_are_an_error(image):
    tiles = [Rect(0, 40, 64, 50), Rect(0, 0, 64, 64)]

    with pytest.raises(ValueError, match="was handed out"):
        list(blend_tiles(cut(image, tiles), PLANE, 16, channels=3))


def test_feather_is_symmetric_and_never_zero():
    for length in range(1, 40):
        weights = feather(length, ramp=8)
        assert (weights > 0).all()
        assert weights.max() <= 1
        np.testing.assert_array_equal(weights, weights[::-1])
