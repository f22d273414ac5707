"""Several ways to begin: which of them a place takes."""

from functools import partial

import numpy as np

from lacuna.engine.completion.problem import Matches, pose_problem
from lacuna.engine.completion.refine import Turns
from lacuna.engine.completion.tries import Search, Try, take_best_places
from lacuna_wire import Rect

HEIGHT, WIDTH = 80, 200
HOLE = Rect(20, 37, 160, 6)
LEFT, RIGHT = 0.25, 0.75  # what the ways paint
DEAR, CHEAP = 0.2, 0.1


def begin(colour, dear_in, problem, _rng):
    """Paint all of the hole, and take the first or the last sources; `dear_in` tells a half."""
    problem.completed[problem.missing] = colour
    sources = problem.find_sources()
    return np.full(len(problem.targets), sources[0 if dear_in == "right" else -1])


def judged(asked, problem, source, turns, _rng, _round_done):
    """Search nothing: sources from the top fit on the left, those from the bottom on the right."""
    asked.append(turns)
    is_left = problem.targets % problem.stride < problem.stride // 2
    from_top = source == problem.find_sources()[0]
    cost = np.where(is_left == from_top, CHEAP, DEAR).astype(np.float32)
    return Matches(source, cost, np.zeros((len(source), 3), np.float32))


def joined(ways, asked=None):
    """Join ways to fill the hole of a gray plane; the problem, and what is found."""
    missing = np.zeros((HEIGHT, WIDTH), bool)
    missing[HOLE.slices] = True
    problem = pose_problem(np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), missing)
    refine = partial(judged, [] if asked is None else asked)
    search = Search(problem, Turns(5, 3, 9, (1,)), np.random.default_rng(0), refine, lambda: None)
    return problem, take_best_places(search, ways, rounds=7)


def test_every_place_takes_the_way_whose_matches_cost_least_around_it():
    ways = [Try(partial(begin, LEFT, "right"), 0), Try(partial(begin, RIGHT, "left"), 2)]
    problem, matches = joined(ways)

    filled = problem.completed[HOLE.slices][..., 0]
    assert (filled[:, :60] == LEFT).all()
    assert (filled[:, -60:] == RIGHT).all()
    rows, _columns = np.divmod(matches.source, problem.stride)
    targets = problem.targets % problem.stride
    assert (rows[targets < 80] < 10).all()
    assert (rows[targets > 120] > HEIGHT - 10).all()
    # What is known stays.
    assert (problem.completed[~problem.missing] == 0.5).all()


def test_of_ways_that_cost_the_same_the_first_one_stays():
    same = [Try(partial(begin, colour, "right"), 0) for colour in (LEFT, RIGHT)]

    problem, _matches = joined(same)

    assert (problem.completed[problem.missing] == LEFT).all()


def test_each_way_has_its_turns_and_is_scored_and_the_parts_are_joined_after_that():
    asked = []
    ways = [Try(partial(begin, LEFT, "right"), 0), Try(partial(begin, RIGHT, "left"), 2)]

    joined(ways, asked)

    assert [(turns.searches, turns.rounds) for turns in asked] == [(0, 3), (2, 3), (0, 7)]
    assert all(turns.scored for turns in asked[:2])
