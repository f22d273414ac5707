"""The start from the rim: the best of all patches, and nothing that was in the hole."""

import numpy as np
import pytest

from lacuna.engine.completion.backend import kernels
from lacuna.engine.completion.backend.kernels import RADIUS
from lacuna.engine.completion.backend.processor import Processor
from lacuna.engine.completion.starts import peel as starts_peel
from lacuna.engine.completion.starts.peel import can_peel, peel
from tests.drawn import problem_of, shaded_ink

HOLE = np.s_[13:29, 16:34]


def noise(channels):
    return np.random.default_rng(2).random((44, 52, channels)).astype(np.float32)


@pytest.mark.parametrize(
    "image", [noise(3), noise(5), shaded_ink(44, 52)], ids=["colours", "texture", "ink"]
)
def test_known_place_at_the_rim_gets_the_source_of_least_cost(image):
    problem = problem_of(image, HOLE, image.shape[2])

    processor = Processor()
    matches = processor.score(*processor.load(problem, peel(problem)))

    sources = problem.find_sources()
    known = np.flatnonzero(~np.pad(problem.missing, RADIUS).ravel()[problem.targets])
    for number in known[::29]:
        target = np.repeat(problem.targets[number], len(sources))
        cost, bias = np.empty(len(sources), np.float32), np.empty((len(sources), 3), np.float32)
        plane = problem.values, problem.trust, problem.stride, problem.most_shift
        expected = np.repeat(problem.expected[number], len(sources))
        kernels.judge(*plane, problem.activity, target, expected, sources, cost, bias)
        assert matches.cost[number] == pytest.approx(cost.min(), rel=1e-4)


def test_repeated_pattern_is_continued_exactly():
    """Only whole periods away is a patch the same: every missing pixel has such a one."""
    tile = np.random.default_rng(7).random((6, 5, 3)).astype(np.float32)
    image = np.tile(tile, (8, 11, 1))[:44, :52]
    shown_hole = image.copy()
    shown_hole[HOLE] = 0
    problem = problem_of(shown_hole, HOLE)

    peel(problem)

    shown = problem.image[RADIUS:-RADIUS, RADIUS:-RADIUS]
    np.testing.assert_allclose(shown[HOLE], image[HOLE], atol=1e-5)


def test_what_was_in_the_hole_is_not_looked_at():
    image = np.random.default_rng(2).random((44, 52, 3)).astype(np.float32)
    problem = problem_of(image, HOLE)
    image[HOLE] = 0
    other = problem_of(image, HOLE)

    one, two = peel(problem), peel(other)

    np.testing.assert_array_equal(problem.image, other.image)
    np.testing.assert_array_equal(one, two)


def test_hole_at_the_border_is_filled_to_its_last_pixel():
    image = np.full((40, 40, 3), 0.25, np.float32)
    hole = np.s_[:12, 20:]
    image[hole] = 1
    problem = problem_of(image, hole)

    peel(problem)

    np.testing.assert_allclose(problem.image, 0.25, atol=1e-6)


def test_large_plane_is_not_compared_with_itself():
    missing = np.zeros((44, 52), bool)
    missing[HOLE] = True
    most = starts_peel.MAX_COMPARISONS

    assert can_peel(missing, most // 500, 500)
    assert not can_peel(missing, most // 500 + 1, 500)


def test_thin_hole_is_not_peeled():
    missing = np.zeros((60, 60), bool)
    missing[20:30] = True

    assert not can_peel(missing, 1000, 500)


def test_nothing_is_peeled_where_no_patch_is_known():
    missing = np.ones((30, 30), bool)
    missing[0] = False

    assert not can_peel(missing, 0, 900)
