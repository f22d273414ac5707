"""The first fill from the rim: the best of all patches, and nothing that was in the hole."""

import numpy as np
import pytest

from lacuna.engine import kernels, patches, peeling
from lacuna.engine.patches import judge, prepare
from lacuna.engine.peeling import can_peel, peel


def ground_hole():
    missing = np.zeros((44, 52), bool)
    missing[13:29, 16:34] = True
    return missing


def ground_of(image, channels=3):
    missing = ground_hole()
    texture = image[..., 3:channels] if channels > 3 else None
    return prepare(image[..., :3], missing, texture), missing


@pytest.mark.parametrize("channels", [3, 5])
def test_known_place_at_the_rim_gets_the_source_of_least_cost(channels):
    image = np.random.default_rng(2).random((44, 52, channels)).astype(np.float32)
    ground, missing = ground_of(image, channels)

    matches = judge(ground, peel(ground))

    sources = ground.find_sources()
    known = np.flatnonzero(~np.pad(missing, patches.RADIUS).ravel()[ground.targets])
    for number in known[::29]:
        target = np.repeat(ground.targets[number], len(sources))
        cost, bias = np.empty(len(sources), np.float32), np.empty((len(sources), 3), np.float32)
        plane = (ground.values, ground.trust, ground.stride)
        kernels.judge(*plane, target, sources, cost, bias)
        assert matches.cost[number] == pytest.approx(cost.min(), rel=1e-4)


def test_repeated_pattern_is_continued_exactly():
    """Only whole periods away is a patch the same: every missing pixel has such a one."""
    tile = np.random.default_rng(7).random((6, 5, 3)).astype(np.float32)
    image = np.tile(tile, (8, 11, 1))[:44, :52]
    ground, missing = ground_of(np.where(ground_hole()[..., None], np.float32(0), image))

    peel(ground)

    shown = ground.image[patches.RADIUS : -patches.RADIUS, patches.RADIUS : -patches.RADIUS]
    np.testing.assert_allclose(shown[missing], image[missing], atol=1e-5)


def test_what_was_in_the_hole_is_not_looked_at():
    image = np.random.default_rng(2).random((44, 52, 3)).astype(np.float32)
    ground, missing = ground_of(image)
    image[missing] = 0
    other, _missing = ground_of(image)

    one, two = peel(ground), peel(other)

    np.testing.assert_array_equal(ground.image, other.image)
    np.testing.assert_array_equal(one, two)


def test_hole_at_the_border_is_filled_to_its_last_pixel():
    image = np.full((40, 40, 3), 0.25, np.float32)
    missing = np.zeros((40, 40), bool)
    missing[:12, 20:] = True
    image[missing] = 1
    ground = prepare(image, missing)

    peel(ground)

    np.testing.assert_allclose(ground.image, 0.25, atol=1e-6)


def test_large_plane_is_not_compared_with_itself(monkeypatch):
    ground, _missing = ground_of(np.zeros((44, 52, 3), np.float32))

    assert can_peel(ground)
    monkeypatch.setattr(peeling, "MAX_COMPARISONS", 1000)
    assert not can_peel(ground)


def test_thin_hole_is_not_peeled():
    missing = np.zeros((60, 60), bool)
    missing[20:30] = True

    assert not can_peel(prepare(np.zeros((60, 60, 3), np.float32), missing))


def test_nothing_is_peeled_where_no_patch_is_known():
    missing = np.ones((30, 30), bool)
    missing[0] = False

    assert not can_peel(prepare(np.zeros((30, 30, 3), np.float32), missing))
