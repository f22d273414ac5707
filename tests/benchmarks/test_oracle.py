"""The oracle paints the truth on the level where published weights would paint."""

import numpy as np
import pytest

from benchmarks.oracle import WAYS, fill_by, paint_truth, rim_ratio, round_hole
from lacuna_wire import Rect
from tests.drawn import disc, leaves

SIDE, RADIUS = 500, 140


@pytest.fixture(scope="module")
def picture():
    return np.rint(leaves(SIDE, SIDE) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def mask():
    return 255 * disc(SIDE, SIDE, RADIUS)


def error(filled, picture, mask):
    return float(np.abs(filled.astype(float) - picture)[mask > 0].mean())


def test_oracle_paints_the_mean_of_the_true_pixels(picture, mask):
    coarse = paint_truth(picture, mask, 0)

    assert coarse.levels == 1
    cells = picture[coarse.window.slices][:400, :400].reshape(200, 2, 200, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(coarse.painted[:200, :200] * 255, cells, atol=1e-3)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_keeps_the_known_pixels_and_never_sees_the_others(way, picture, mask):
    filled = fill_by(way, picture, mask, 2)

    np.testing.assert_array_equal(filled[mask == 0], picture[mask == 0])
    assert (filled[mask > 0] != picture[mask > 0]).any()


def test_what_ships_keeps_a_good_coarse_fill_and_is_the_better_the_sharper_it_is(picture, mask):
    sharp, blurred, begun = (
        error(fill_by(way, picture, mask, blur), picture, mask)
        for way, blur in (("auto", 0), ("auto", 4), ("begin", 0))
    )

    assert sharp < 0.7 * blurred
    assert sharp < 0.7 * begun


def test_hole_grows_with_the_longer_side():
    case = round_hole("x", np.zeros((700, 1024, 3), np.uint8), 1024)

    assert np.count_nonzero(case.mask) == pytest.approx(np.pi * 150**2, rel=0.02)


def test_rim_ratio_is_one_for_the_truth_and_more_for_a_seam():
    truth = np.rint(leaves(80, 80) * 255).astype(np.uint8)
    mask, white = np.zeros((80, 80), np.uint8), truth.copy()
    mask[Rect(30, 30, 20, 20).slices] = 255
    white[mask > 0] = 255

    assert rim_ratio(truth, truth, mask) == 1
    assert rim_ratio(white, truth, mask) > 2
