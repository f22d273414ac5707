"""Search and vote in turns: how matches get better, whatever they are compared on.

The search is PatchMatch (Barnes et al., "PatchMatch: A Randomized Correspondence Algorithm for
Structural Image Editing", SIGGRAPH 2009), all places at a time; the colour of a missing pixel is a
vote of all patches over it (Wexler, Shechtman and Irani, "Space-Time Completion of Video", PAMI
2007). Sources are known pixels only.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from ..pixels.document import Places
from .problem import Matches, Problem

State = TypeVar("State")  # a problem, as a backend holds it
Found = TypeVar("Found")  # its matches

RoundDone = Callable[[], None]


class Turns(NamedTuple):
    """How matches are improved.

    Attributes:
        searches: Before the first vote; with 0, the vote comes first.
        rounds: Of one search and one vote each, after that.
        reach: Pixels up to which a random source may lie from the present one.
        steps: Distances in pixels of the neighbours that are asked.
        far: Random sources that are tried in every search beside those ever nearer by.
        scored: Whether matches are compared once more on the plane as the last vote left it; if
            not, their costs and biases are out of date, and only their sources of use.
    """

    searches: int
    rounds: int
    reach: int
    steps: tuple[int, ...]
    far: int = 0
    scored: bool = True


class Backend(Protocol[State, Found]):
    """What compares patches: a processor or a GPU. Both promise the same, up to rounding."""

    def load(self, problem: Problem, source: Places) -> tuple[State, Found]:
        """Take over a problem and a source of every target; nothing is compared yet."""
        ...

    def score(self, state: State, found: Found) -> Found:
        """Compare every target with its source."""
        ...

    def search(self, state: State, found: Found, steps: tuple[int, ...], walks: Places) -> Found:
        """Look for better sources: those of the neighbours, shifted, and those of `walks`.

        Args:
            state: From `load`; it may have changed since the costs of `found` were found.
            found: What was found so far.
            steps: Distances in pixels of the neighbours that are asked.
            walks: int64 (K, targets), how far from its source each target looks.
        """
        ...

    def vote(self, state: State, found: Found) -> None:
        """Colour the hole: what most patches over a pixel agree on, good ones counting more.

        How good is good is measured by the patches over that very pixel: compared with the plain
        ground of most pictures every patch that shows an edge would be a bad one, and lines would
        wither.
        """
        ...

    def store(self, state: State, found: Found, problem: Problem) -> Matches:
        """Write the hole back into the problem, and return the matches."""
        ...


# Problem, source of every target, turns, what decides the random sources, called after each round.
Refine = Callable[[Problem, Places, Turns, np.random.Generator, RoundDone], Matches]


def refine(
    problem: Problem,
    source: Places,
    turns: Turns,
    rng: np.random.Generator,
    round_done: RoundDone,
    backend: Backend[State, Found],
) -> Matches:
    """Search and vote in turns.

    Args:
        problem: Its hole is filled.
        source: Of every target, to begin with.
        turns: How often.
        rng: Decides which random sources are tried.
        round_done: Called after every round; raises to stop.
        backend: Compares.
    """
    state, found = backend.load(problem, source)
    found = backend.score(state, found)

    def search(found: Found) -> Found:
        walks = draw_walks(len(source), problem.stride, rng, turns.reach, turns.far)
        return backend.search(state, found, turns.steps, walks)

    for _ in range(turns.searches):
        found = search(found)
    if not turns.searches:
        backend.vote(state, found)
    for _ in range(turns.rounds):
        found = search(found)
        backend.vote(state, found)
        round_done()
    if turns.scored:
        found = backend.score(state, found)
    return backend.store(state, found, problem)


def neighbours(stride: int, step: int) -> tuple[int, int, int, int]:
    """How far the four neighbours are that are asked at a step."""
    return step * stride, -step * stride, step, -step


def draw_walks(
    count: int, stride: int, rng: np.random.Generator, reach: int, far: int = 0
) -> Places:
    """Draw how far from its source each of `count` targets looks: (K, count).

    Up to `reach` pixels, `far` times, and then ever nearer by.
    """
    reaches = [reach] * far if reach >= 1 else []
    while reach >= 1:
        reaches.append(reach)
        reach //= 3
    walks = np.empty((len(reaches), count), np.int64)
    for walk, most in zip(walks, reaches, strict=True):
        down, right = rng.integers(-most, most + 1, (2, count))
        walk[:] = down * stride + right
    return walks
