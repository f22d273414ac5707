"""Several starts for one problem: each is searched and voted on, and the cheapest stays."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..pixels.document import Pixels, Places
from .problem import Matches, Problem
from .refine import Refine, RoundDone, Turns

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
