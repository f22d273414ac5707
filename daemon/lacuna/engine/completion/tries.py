"""Several starts for one problem: each is searched and voted on, and what fits best stays."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ..pixels.document import Pixels, Places
from .problem import Matches, Problem
from .refine import Refine, RoundDone, Turns

AROUND_PX = 8.0  # sigma of the neighbourhood that decides which of several ways a place takes

# Finds a source of every target, and may repaint the hole of the problem.
FindSources = Callable[[Problem, np.random.Generator], Places]


class Try(NamedTuple):
    """One way to begin.

    Attributes:
        find_sources: What it begins with.
        searches: Before the first vote.
    """

    find_sources: FindSources
    searches: int


class Search(NamedTuple):
    """How the matches of a problem are found.

    Attributes:
        problem: Its hole is filled by every call.
        turns: How often it is searched.
        rng: Decides which sources are tried.
        refine: Searches and votes.
        round_done: Called after every round; raises to stop.
    """

    problem: Problem
    turns: Turns
    rng: np.random.Generator
    refine: Refine
    round_done: RoundDone

    def __call__(self, one: Try) -> Matches:
        """Begin as a try says, and search and vote from there."""
        source = one.find_sources(self.problem, self.rng)
        turns = self.turns._replace(searches=one.searches)
        return self.refine(self.problem, source, turns, self.rng, self.round_done)


def take_cheapest(search: Search, tries: Sequence[Try]) -> Matches:
    """Complete a problem in several ways and leave the one whose matches cost least in its hole.

    Args:
        search: Of the problem. Its turns end with a score if there are several tries.
        tries: At least one, all from what the hole holds now; of equal ones the first stays.
    """
    if len(tries) == 1:
        return search(tries[0])
    image = search.problem.image
    begun = image.copy()
    found: list[tuple[Matches, Pixels]] = []
    for one in tries:
        image[:] = begun
        found.append((search(one), image.copy()))
    best, filled = min(found, key=lambda each: float(each[0].cost.mean()))
    image[:] = filled
    return best


def take_best_places(search: Search, tries: Sequence[Try], rounds: int) -> Matches:
    """Complete a problem in several ways, and go on with the best of each.

    A way that carries a roof's tiles on may be the worse one in the sky above it, so every place
    takes the way whose matches cost least around it.

    Args:
        search: Of the problem; every try has its turns.
        tries: At least one, all from what the hole holds now; of equal ones the first stays.
        rounds: Of search and vote after that, which join the parts.
    """
    problem, image = search.problem, search.problem.image
    begun = image.copy()
    scored = search._replace(turns=search.turns._replace(scored=True))
    least = np.full(problem.number.size, np.inf, np.float32)
    source = np.empty(len(problem.targets), np.int64)
    filled = begun.copy()
    for one in tries:
        image[:] = begun
        matches = scored(one)
        cost = np.zeros(problem.number.size, np.float32)
        cost[problem.targets] = matches.cost
        around = cv2.GaussianBlur(cost.reshape(-1, problem.stride), (0, 0), AROUND_PX).ravel()
        better = around < least
        least[better] = around[better]
        filled[better.reshape(filled.shape[:2])] = image[better.reshape(filled.shape[:2])]
        own = better[problem.targets]
        source[own] = matches.source[own]
    image[:] = filled
    further = search._replace(turns=search.turns._replace(rounds=rounds))
    return further(Try(lambda _problem, _rng: source, 0))


def begin_anew(search: Search, before: Matches, other: Try) -> Matches:
    """Complete a problem once more, and leave that if it is clearly nearer to its sources.

    Args:
        search: Of the problem.
        before: The matches of what the hole holds now.
        other: The other way.
    """
    image = search.problem.image
    filled = image.copy()
    after = search(other)
    if after.is_clearly_nearer(before):
        return after
    image[:] = filled
    return before
