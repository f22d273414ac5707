"""A selection grows before the click as the engine will grow it."""

import cv2
import numpy as np
import pytest

from lacuna.engine.pixels.hole import soften
from lacuna_wire import Rect
from lacuna_wire.growing import count_grown, disc, grow_mask, is_hard
from lacuna_wire.options import MAX_GROW


def engine_grown(mask, radius):
    return soften(np.pad(mask, radius), radius, 0)


def random_mask(seed, soft):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 24, 2)
    values = rng.integers(0, 256, (height, width)) if soft else 255
    return np.where(rng.random((height, width)) < 0.15, values, 0).astype(np.uint8)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("radius", [1, 2, 3, 4, 7, 12])
@pytest.mark.parametrize("seed", range(4))
def test_mask_grows_as_the_engine_grows_it(seed, radius, soft):
    mask = random_mask(seed, soft)
    height, width = mask.shape

    grown = grow_mask(mask.tobytes(), width, height, radius)

    expected = engine_grown(mask, radius)
    assert np.array_equal(np.frombuffer(grown, np.uint8).reshape(expected.shape), expected)
    rng = np.random.default_rng(seed)
    left, top, right, bottom = (int(n) for n in rng.integers(0, 2 * radius, 4))
    image = Rect(-left, -top, left + width + right, top + height + bottom)
    whole = Rect(0, 0, width, height).grow(radius)
    seen = expected[image.intersect(whole).relative_to(whole).slices]
    assert count_grown(mask.tobytes(), width, height, radius, image) == np.count_nonzero(seen)


def test_disc_is_that_of_the_engine_at_every_radius():
    for radius in range(1, MAX_GROW + 1):
        size = 2 * radius + 1
        rows = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).sum(axis=1)
        assert [2 * reach + 1 for reach in disc(radius)] == list(rows[radius:])
        assert list(rows) == list(rows[::-1])


def test_nothing_grows_by_nothing():
    mask = bytes([0, 7, 255, 0])

    assert grow_mask(mask, 2, 2, 0) == mask
    assert count_grown(mask, 2, 2, 0, Rect(0, 0, 2, 2)) == 2
    assert not is_hard(mask)
    assert is_hard(bytes([0, 255]))
