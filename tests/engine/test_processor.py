"""The search and the vote on a processor: costs by the formula, sources known as a whole."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from lacuna.engine.completion.backend import kernels, side_by_side, voting
from lacuna.engine.completion.backend.processor import Processor
from lacuna.engine.completion.complete import refine_here
from lacuna.engine.completion.problem import Matches
from lacuna.engine.completion.refine import Turns, draw_walks
from lacuna.engine.completion.starts.peel import cut, cut_trust
from tests.drawn import draw_sources, problem_of, stripes

PROCESSOR = Processor()


def score(problem, source):
    return PROCESSOR.score(*PROCESSOR.load(problem, source))


def search(problem, matches, rng, reach, steps):
    walks = draw_walks(len(problem.targets), problem.stride, rng, reach)
    return PROCESSOR.search(problem, matches, steps, walks)


def compare(problem, place, source):
    """Cost and shift of the patch around `source` for that around `place`."""
    cost, bias = np.empty(1, np.float32), np.empty((1, 3), np.float32)
    plane = problem.values, problem.trust, problem.stride, problem.most_shift, problem.activity
    anything = np.zeros(1, np.float32)  # is active enough
    kernels.judge(*plane, np.array([place]), anything, np.array([source]), cost, bias)
    return cost[0], bias[0]


def test_search_never_makes_a_match_worse_and_keeps_to_whole_known_patches():
    rng = np.random.default_rng(4)
    hole = np.s_[20:38, 20:45]
    problem = problem_of(rng.random((60, 70, 3)).astype(np.float32), hole)
    first = score(problem, rng.choice(problem.find_sources(), len(problem.targets)))

    better = search(problem, first, rng, reach=30, steps=(8, 1))

    # Each kernel is free to add up in an order of its own.
    assert (better.cost <= first.cost * (1 + 1e-6)).all()
    assert better.cost.mean() < 0.9 * first.cost.mean()
    assert problem.is_source[better.source].all()
    np.testing.assert_allclose(score(problem, better.source).cost, better.cost, rtol=1e-5)
    np.testing.assert_allclose(score(problem, better.source).bias, better.bias, rtol=1e-5)


def test_search_asks_again_what_its_own_sources_cost():
    """A vote has changed the plane: a source that was perfect may fit no more."""
    rng = np.random.default_rng(4)
    hole = np.s_[20:38, 20:45]
    problem = problem_of(rng.random((60, 70, 3)).astype(np.float32), hole)
    first = score(problem, problem.find_sources()[: len(problem.targets)])

    again = search(problem, first._replace(cost=np.zeros_like(first.cost)), rng, 0, ())

    np.testing.assert_allclose(again.cost, first.cost, rtol=1e-6)


@pytest.mark.parametrize("channels", [3, 4, 5])
def test_cost_and_shift_are_those_of_the_formula(channels):
    rng = np.random.default_rng(5)
    image = rng.random((60, 70, channels)).astype(np.float32)
    hole = np.s_[20:38, 20:45]
    problem = problem_of(image, hole, channels)
    source = rng.choice(problem.find_sources(), len(problem.targets))

    found = score(problem, source)

    weights = cut_trust(problem, problem.targets)[..., None]
    difference = cut(problem, source) - cut(problem, problem.targets)
    shift = np.clip(-(weights * difference).sum(axis=1), -kernels.MOST_BIAS, kernels.MOST_BIAS)
    shift[:, 3:] = 0
    left = (weights * (difference + shift[:, None]) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(found.bias, shift[:, :3], atol=1e-6)
    lack = np.maximum(problem.expected - problem.activity[source], 0)
    expected = left + kernels.BIAS_COST * (shift**2).sum(axis=1) + lack**2
    np.testing.assert_allclose(found.cost, expected, rtol=1e-4)


@pytest.mark.parametrize("channels", [3, 5])
def test_what_follows_a_patch_in_memory_does_not_count(channels):
    """Rows are read wider than they are; what lies there weighs nothing."""
    rng = np.random.default_rng(5)
    image = rng.random((40, 60, channels)).astype(np.float32)
    hole = np.s_[5:13, 5:13]
    problem = problem_of(image, hole, channels)
    source = np.full(len(problem.targets), 23 * problem.stride + 33)
    before = score(problem, source)

    problem.image[:, 33 + kernels.RADIUS + 1 :] += 9

    np.testing.assert_array_equal(score(problem, source).cost, before.cost)


def test_last_patch_of_a_plane_is_compared_without_reading_behind_it():
    rng = np.random.default_rng(5)
    problem = problem_of(rng.random((40, 40, 3)).astype(np.float32), np.s_[5:13, 5:13])
    source = np.full(len(problem.targets), 42 * problem.stride + 42)
    before = score(problem, source)

    # A plane of the same numbers at the end of an array that goes on with what is no number.
    longer = np.concatenate([problem.values, np.full(100, np.nan, np.float32)])
    found = score(problem._replace(values=longer[: len(problem.values)]), source)

    np.testing.assert_array_equal(found.cost, before.cost)


def test_exponential_of_a_vote_has_seven_digits():
    @numba.njit
    def apply(xs, found):
        for i in range(len(xs)):
            found[i] = voting.exp_of_minus(xs[i])

    xs = np.concatenate([np.linspace(0, 80, 100_001), [200, 1e9]]).astype(np.float32)
    found = np.empty_like(xs)

    apply(xs, found)

    np.testing.assert_allclose(found[:-2], np.exp(-xs[:-2].astype(np.float64)), rtol=1e-5)
    np.testing.assert_allclose(found[xs < 1], np.exp(-xs[xs < 1].astype(np.float64)), rtol=5e-7)
    assert (found[-2:] < 1e-37).all()


def test_mean_of_a_vote_is_weighted_by_how_well_patches_fit_there():
    rng = np.random.default_rng(5)
    image = rng.random((60, 70, 3)).astype(np.float32) * voting.PARTY / 10
    hole = np.s_[30:31, 30:31]
    problem = problem_of(image, hole)
    matches = score(problem, rng.choice(problem.find_sources(), len(problem.targets)))

    PROCESSOR.vote(problem, matches)

    # All 49 patches that touch it show the one pixel that is missing.
    place = 33 * problem.stride + 33
    trust = problem.trust[problem.targets]
    usual = 2 * (trust * matches.cost).sum() / trust.sum() + voting.LEAST_USUAL
    weights = trust * np.exp(-matches.cost / usual)
    colours = np.pad(image, ((3, 3), (3, 3), (0, 0)), "edge").reshape(-1, 3)
    shown = colours[matches.source + place - problem.targets] + matches.bias
    expected = (weights[:, None] * shown).sum(axis=0) / weights.sum()
    # So near to each other, all of them are of one party but for a hundredth of their weight.
    atol = voting.PARTY / 10 / 100
    np.testing.assert_allclose(problem.image[33, 33], np.clip(expected, 0, 1), rtol=0, atol=atol)


@pytest.mark.parametrize("paper_share", [0.3, 0.7])
def test_patches_that_disagree_are_not_mixed_the_larger_party_decides(paper_share):
    """Ink on paper: in the middle of a hole, gray is neither."""
    image = np.zeros((60, 100, 3), np.float32)
    image[:, 60:] = 1
    problem = problem_of(image, np.s_[20:41, 20:41])
    here = (30 + 3) * problem.stride + 30 + 3
    ink, paper = 10 * problem.stride + 13, 10 * problem.stride + 83
    count = len(problem.targets)
    source = np.where(np.arange(count) % 10 < 10 * paper_share, paper, ink)
    nothing = np.zeros((count, 3), np.float32)

    PROCESSOR.vote(problem, Matches(source, np.ones(count, np.float32), nothing))

    middle = problem.image.reshape(-1, 3)[here]
    np.testing.assert_allclose(middle, round(paper_share), atol=1e-3)


def test_cost_of_a_patch_with_itself_is_zero_and_counts_known_pixels_most():
    image = np.zeros((40, 40, 3), np.float32)
    hole = np.s_[15:25, 15:25]
    problem = problem_of(image, hole)

    target = problem.targets[0]  # at the corner: one pixel of its patch is missing
    cost, bias = compare(problem, target, target)
    trust = cut_trust(problem, problem.targets[:1])[0]

    assert cost == 0
    assert not bias.any()
    assert trust.argmin() == kernels.SIDE**2 - 1
    assert trust.sum() == pytest.approx(1)


def test_vote_of_one_source_for_all_shows_that_source():
    image = stripes(50, 50)
    hole = np.s_[24:25, 24:25]
    image[24, 24] = 0.5
    problem = problem_of(image, hole)
    shifted = problem.targets - 2 * 8  # two periods to the left

    nothing = np.zeros((len(shifted), 3), np.float32)
    PROCESSOR.vote(problem, Matches(shifted, np.zeros(len(shifted), np.float32), nothing))

    np.testing.assert_allclose(problem.image[27, 27], stripes(50, 50)[24, 24])


def test_bias_is_what_a_patch_lacks_to_its_place_and_never_more_than_its_limit():
    rng = np.random.default_rng(8)
    image = rng.random((40, 80, 3)).astype(np.float32) / 2
    few, many = np.float32(kernels.MOST_BIAS / 2), np.float32(kernels.MOST_BIAS * 3)
    image[:, 40:60] = image[:, :20] + few
    image[:, 60:] = image[:, :20] + many
    problem = problem_of(image, np.s_[0:1, 0:1])
    place = (20 + 3) * problem.stride + 10 + 3

    for shift, there in ((few, place + 40), (many, place + 60)):
        cost, bias = compare(problem, there, place)
        allowed = min(shift, kernels.MOST_BIAS)
        np.testing.assert_allclose(bias, allowed, atol=1e-5)
        # What is left over counts as before, and what is added has its price.
        left = 3 * ((shift - allowed) ** 2 + kernels.BIAS_COST * allowed**2)
        np.testing.assert_allclose(cost, left, rtol=1e-3, atol=1e-6)


def test_vote_and_search_do_the_same_with_any_number_of_threads(monkeypatch):
    rng = np.random.default_rng(6)
    image = rng.random((60, 70, 5)).astype(np.float32)
    hole = np.s_[20:38, 20:45]
    monkeypatch.setattr(side_by_side, "SLICE", 100)
    voted, found = [], []
    for threads in (1, 7):
        with ThreadPoolExecutor(threads) as pool:
            monkeypatch.setattr(side_by_side, "_threads", lambda pool=pool: pool)
            problem = problem_of(image, hole, 5)
            first = score(problem, problem.find_sources()[: len(problem.targets)])
            found.append(search(problem, first, np.random.default_rng(1), reach=20, steps=(8, 1)))
            PROCESSOR.vote(problem, found[-1])
            voted.append(problem.image.copy())

    np.testing.assert_array_equal(voted[0], voted[1])
    np.testing.assert_array_equal(found[0].source, found[1].source)
    assert np.abs(voted[0] - np.pad(image, ((3, 3), (3, 3), (0, 0)), "edge")).max() > 0.1


def test_far_sources_lie_all_over_the_reach_and_the_others_ever_nearer_by():
    count, reach = 2000, 30
    walks = draw_walks(count, 1000, np.random.default_rng(0), reach, far=3)

    down = (walks + 500) // 1000
    right = walks - down * 1000
    furthest = np.maximum(abs(down), abs(right)).max(axis=1)
    assert furthest.tolist() == [30, 30, 30, 30, 10, 3, 1]
    assert draw_walks(count, 1000, np.random.default_rng(0), 0, far=3).shape == (0, count)


def test_matches_that_are_not_scored_in_the_end_fill_and_lie_alike():
    """What is saved must not be seen: only costs and biases that nobody reads are out of date."""
    problems, found = [], []
    for scored in (True, False):
        problem = problem_of()
        turns = Turns(1, 2, 20, (8, 2, 1), scored=scored)
        rng = np.random.default_rng(2)
        found.append(refine_here(problem, draw_sources(problem), turns, rng, lambda: None))
        problems.append(problem)

    np.testing.assert_array_equal(found[0].source, found[1].source)
    np.testing.assert_array_equal(problems[0].image, problems[1].image)
    now = score(problems[0], found[0].source)
    np.testing.assert_array_equal(found[0].cost, now.cost)
    assert (found[1].cost != now.cost).any()
