"""The first fill from the rim: the best of all patches, and nothing that was in the hole."""

import numpy as np
import pytest

from lacuna.engine import peeling
from lacuna.engine.patches import compare, cut, cut_trust, prepare
from lacuna.engine.peeling import can_peel, peel


def ground_of(image, channels=3):
    missing = np.zeros(image.shape[:2], bool)
    missing[15:27, 18:34] = True
    texture = image[..., 3:channels] if channels > 3 else None
    return prepare(image[..., :3], missing, texture), missing


@pytest.mark.parametrize("channels", [3, 5])
def test_every_target_gets_the_source_of_least_cost(channels):
    image = np.random.default_rng(2).random((44, 52, channels)).astype(np.float32)
    ground, _missing = ground_of(image, channels)

    matches = peel(ground)

    sources = ground.find_sources()
    for number in range(0, len(ground.targets), 29):
        target = np.repeat(ground.targets[number], len(sources))
        cost, _bias = compare(ground, cut(ground, target), cut_trust(ground, target), sources)
        assert matches.cost[number] == pytest.approx(cost.min(), rel=1e-4)


def test_what_was_in_the_hole_is_not_looked_at():
    image = np.random.default_rng(2).random((44, 52, 3)).astype(np.float32)
    ground, missing = ground_of(image)
    image[missing] = 0
    other, _missing = ground_of(image)

    one, two = peel(ground), peel(other)

    np.testing.assert_array_equal(ground.image, other.image)
    np.testing.assert_array_equal(one.source, two.source)


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


def test_nothing_is_peeled_where_no_patch_is_known():
    missing = np.ones((30, 30), bool)
    missing[0] = False

    assert not can_peel(prepare(np.zeros((30, 30, 3), np.float32), missing))
