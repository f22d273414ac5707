"""How active a source has to be: as what lies around the hole, and no more where that is calm."""

import numpy as np

from lacuna.engine.completion.activity import WEIGHT, measure_activity
from lacuna.engine.completion.backend.kernels import RADIUS
from lacuna.engine.completion.backend.processor import Processor
from lacuna.engine.completion.problem import find_sources
from lacuna.engine.completion.starts.peel import peel
from tests.drawn import problem_of

HOLE = np.s_[20:40, 22:44]


def measure(image):
    missing = np.zeros(image.shape[:2], bool)
    missing[HOLE] = True
    is_source = find_sources(missing) > 0
    return *measure_activity(image, is_source), is_source


def grain(strength, seed=3):
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 1, (60, 66, 3)).astype(np.float32)
    return np.float32(0.5) + np.float32(strength) * noise


def test_activity_is_the_deviation_of_a_patch():
    image = grain(0.1)

    activity, _, _ = measure(image)

    patch = image[7 - RADIUS : 8 + RADIUS, 9 - RADIUS : 10 + RADIUS]
    wanted = np.sqrt(WEIGHT * patch.var(axis=(0, 1)).sum())
    np.testing.assert_allclose(activity[7, 9], wanted, rtol=1e-4)


def test_even_grain_is_asked_to_go_on_and_plain_ground_asks_for_nothing():
    activity, expected, is_source = measure(grain(0.1))
    usual = activity[is_source].mean()
    assert (expected[HOLE] > 0.85 * usual).all()
    assert (expected[HOLE] < 1.05 * usual).all()

    _, of_plain, _ = measure(grain(0))
    np.testing.assert_array_equal(of_plain[HOLE], 0)


def test_hole_between_a_sky_and_a_meadow_may_be_filled_with_sky():
    """Deep inside, where nobody knows where the one ends, much less than the mean is asked for."""
    image = grain(0.1)
    image[:30] = grain(0.001)[:30]

    activity, expected, is_source = measure(image)

    assert expected[30, 33] < 0.25 * activity[is_source].mean()


def test_without_any_source_nothing_is_expected():
    image = grain(0.1)
    _, expected = measure_activity(image, np.zeros(image.shape[:2], bool))
    np.testing.assert_array_equal(expected, 0)


def test_of_two_sources_that_fit_alike_the_calmer_one_costs_more():
    """A blurred target lies as far from grain as from plain ground: then grain is taken."""
    image = grain(0.05)
    image[:, :8] = 0.5  # calm, and far from the hole
    problem = problem_of(image, HOLE)
    processor = Processor()
    columns = problem.find_sources() % problem.stride
    calm = problem.find_sources()[columns <= RADIUS + 4][0]
    busy = problem.find_sources()[columns > RADIUS + 12][0]
    inside = problem.trust[problem.targets] < 0.5

    costs = []
    for free in (True, False):
        asked = problem._replace(expected=problem.expected * (0 if free else 1))
        for source in (calm, busy):
            every = np.full(len(problem.targets), source)
            state, found = processor.load(asked, every)
            costs.append(processor.score(state, found).cost[inside].mean())

    calm_alone, busy_alone, calm_asked, busy_asked = costs
    assert busy_asked < 1.1 * busy_alone
    assert calm_asked > 1.5 * calm_alone


def test_peel_prefers_active_sources_too():
    image = grain(0.05)
    image[:, :8] = 0.5
    problem = problem_of(image, HOLE)
    free = problem_of(image, HOLE)._replace(expected=np.zeros_like(problem.expected))

    asked, any_source = (each.activity[peel(each)].mean() for each in (problem, free))

    assert asked > 1.05 * any_source


def test_drawings_on_nothing_are_asked_for_nothing():
    problem = problem_of(channels=4, alpha=True)
    np.testing.assert_array_equal(problem.expected, 0)
