"""Halos are measured where an object bled, and clean selections that change are counted."""

import cv2
import numpy as np
import pytest

from benchmarks.halo import count_grown, halo_left, tint
from benchmarks.pasted import BLEEDING, CLEAN, SHAPES, Setting, paste, punch


@pytest.fixture
def photographs(tmp_path):
    """Two soft pictures that are large enough, and one that is not."""
    rng = np.random.default_rng(5)
    for name, side in (("a.png", 1024), ("b.png", 1024), ("small.png", 500)):
        coarse = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / name), cv2.resize(coarse, (side, side)))
    return sorted(tmp_path.iterdir())


@pytest.mark.parametrize("setting", [*BLEEDING, *CLEAN], ids=str)
def test_every_shape_is_pasted_into_every_picture_that_is_large_enough(photographs, setting):
    several = list(paste(photographs, setting))

    assert [(one.name, one.shape) for one in several] == [
        (name, shape) for name in ("a.png", "b.png") for shape in SHAPES
    ]
    for one in several:
        inside = one.mask > 0
        assert 0.002 < inside.mean() < 0.2
        assert np.abs(one.shown.astype(int) - one.truth)[inside].mean() > 20


def test_the_softer_an_edge_the_more_bleeds_and_a_whole_selection_hides_it_all(photographs):
    def bled(setting):
        return [
            np.square(one.shown.astype(float) - one.truth)[one.mask == 0].sum()
            for one in paste(photographs, setting)
        ]

    ordered = [bled(Setting(sigma)) for sigma in (0.5, 1, 2, 4)]
    for softer, sharper in zip(ordered[1:], ordered, strict=False):
        assert all(a > b for a, b in zip(softer, sharper, strict=True))
    assert all(a > b for a, b in zip(bled(Setting(2, grown=-2)), bled(Setting(2)), strict=True))
    for setting in CLEAN:
        assert max(bled(setting)) < 100  # of squared differences: roundings


def test_doing_nothing_leaves_all_of_a_halo_and_the_truth_none(photographs):
    for one in paste(photographs, Setting(1, quality=80, grown=-1)):
        assert halo_left(one, one.shown) == 1
        assert halo_left(one, one.truth) == 0
        inside = np.where(one.mask[..., None] > 0, one.truth, one.shown).astype(np.uint8)
        assert halo_left(one, inside) == 1
        half = ((one.shown.astype(int) + one.truth) // 2).astype(np.uint8)
        assert halo_left(one, half) == pytest.approx(0.25, abs=0.05)
        assert tint(one, one.truth) == 0
        assert tint(one, np.where(one.truth < 245, one.truth + 10, one.truth)) > 5


def test_a_fill_that_changes_a_pixel_outside_of_a_clean_selection_is_counted(photographs):
    def keep(picture, _mask, _grow=0):
        return picture

    def spoil(picture, mask):
        spoilt = picture.copy()
        spoilt[0, 0] ^= 1
        return spoilt

    def inside(picture, mask):
        return np.where(mask[..., None] > 0, 0, picture).astype(np.uint8)

    plain = count_grown(photographs, 3, keep, keep)
    spoilt = count_grown(photographs, 3, spoil, keep)
    other = count_grown(photographs, 3, inside, keep)

    assert plain["holes"] == [0, 0, 6]
    assert spoilt["holes"] == [6, 6, 6]
    assert other["holes"] == [0, 6, 6]
    assert len(plain) == 1 + len(CLEAN) * len(SHAPES)


def test_punched_holes_have_nothing_in_them(photographs):
    several = list(punch(photographs, 4))

    assert len(several) == 8
    assert all((one.shown == one.truth).all() and one.mask.any() for one in several)
    assert len({one.truth.tobytes() for one in several}) == 8
