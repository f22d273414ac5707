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

    def __call__(self, source: Places, searches: int = 0) -> Matches:
        """Search from where the sources are, `searches` times before the first vote."""
        turns = self.turns._replace(searches=searches)
        return self.refine(self.problem, source, turns, self.rng, self.round_done)


def take_cheapest(search: Search, tries: Sequence[Try]) -> Matches:
    """Complete a problem in several ways and leave the one whose matches cost least in its hole.

    Args:
        search: Of the problem. Its turns end with a score if there are several tries.
        tries: At least one, all from what the hole holds now.
    """
    image = search.problem.image
    begun = image.copy() if len(tries) > 1 else None
    best: Matches | None = None
    filled: Pixels | None = None
    for one in tries:
        if best is not None and begun is not None:
            filled = image.copy()
            image[:] = begun
        matches = search(one.find_sources(search.problem, search.rng), one.searches)
        if best is None or matches.cost.mean() < best.cost.mean():
            best, filled = matches, None
        else:
            assert filled is not None
            image[:] = filled
    assert best is not None
    return best
