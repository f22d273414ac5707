"""The membrane is smooth, keeps what is known, and does not depend on where the hole lies."""

import numpy as np
import pytest

from lacuna.engine.pixels.membrane import halve, pull_push


def known_around(height, width, top, left, size):
    known = np.ones((height, width, 1), np.float32)
    known[top : top + size, left : left + size] = 0
    return known


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (3, 5), (64, 64), (61, 37), (1, 300)])
def test_known_pixels_stay_and_missing_ones_lie_between_them(shape):
    rng = np.random.default_rng(3)
    image = rng.random((*shape, 3), np.float32)
    known = (rng.random((*shape, 1)) < 0.3).astype(np.float32)
    known[0, 0] = 1

    filled = pull_push(image, known)

    there = known[..., 0] > 0
    np.testing.assert_array_equal(filled[there], image[there])
    assert filled.min() >= image[there].min() - 1e-6
    assert filled.max() <= image[there].max() + 1e-6


def test_what_lies_under_the_hole_is_not_looked_at():
    image = np.full((40, 40, 3), 0.25, np.float32)
    known = known_around(40, 40, 10, 10, 15)
    image[known[..., 0] == 0] = 9

    np.testing.assert_allclose(pull_push(image, known), 0.25, atol=1e-6)


def test_gradient_is_continued_through_the_hole():
    """A membrane reproduces a plane; a tenth of the hole's own range is allowed for."""
    ramp = np.linspace(0, 1, 128, dtype=np.float32)
    image = np.repeat(np.broadcast_to(ramp[None, :, None], (128, 128, 1)), 3, axis=2)
    known = known_around(128, 128, 40, 40, 48)

    error = np.abs(pull_push(image, known) - image)

    assert error.max() < 0.1 * 48 / 128


def test_fill_moves_with_the_hole_instead_of_jumping_with_the_grid():
    """Plain pull-push is off by 0.34 here: what it says depends on the grid of its cells."""

    def middle(shift):
        image = np.zeros((160, 160, 3), np.float32)
        image[100 + shift :] = 1
        known = known_around(160, 160, 60 + shift, 60 + shift, 40)
        return pull_push(image, known)[80 + shift, 80 + shift, 0]

    values = [middle(shift) for shift in range(9)]

    assert max(values) - min(values) < 0.34 / 2


def test_nothing_known_gives_zeros():
    assert not pull_push(np.ones((8, 9, 3), np.float32), np.zeros((8, 9, 1), np.float32)).any()


def test_halve_averages_known_pixels_only():
    image = np.float32([[1, 9], [3, 9], [5, 5]])[..., None]
    known = np.float32([[1, 0], [1, 0], [0, 1]])[..., None]

    colour, share = halve(image, known)

    assert colour[..., 0].tolist() == [[2], [5]]
    assert share[..., 0].tolist() == [[0.5], [0.5]]
