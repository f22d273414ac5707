import numpy as np
import pytest

from training.masks import KINDS, LEAST_COVER, MOST_COVER, draw_mask


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [64, 129, 384])
def test_masks_cover_what_was_promised(kind, side):
    rng = np.random.default_rng(0)
    for _ in range(40):
        mask = draw_mask(side, rng, kinds=kind)
        assert mask.shape == (side, side)
        assert set(np.unique(mask)) == {0, 1}
        assert LEAST_COVER <= mask.mean() <= MOST_COVER


def test_small_covers_are_kept_too():
    rng = np.random.default_rng(1)
    for _ in range(100):
        assert 0.01 <= draw_mask(256, rng, 0.01, 0.03).mean() <= 0.03


def test_masks_of_one_seed_are_equal_and_of_another_differ():
    one, same, other = (draw_mask(96, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert (one == same).all()
    assert (one != other).any()
