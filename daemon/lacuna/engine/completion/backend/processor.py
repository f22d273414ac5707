"""The search and the vote on a processor: compiled loops over slices, side by side on its cores."""

import numpy as np

from ...pixels.document import Pixels, Places
from ..problem import Matches, Problem, extend_edges
from ..refine import neighbours
from . import kernels, voting
from .side_by_side import side_by_side


class Processor:
    """A `Backend`; what is found depends neither on the number of cores nor on their order."""

    def load(self, problem: Problem, source: Places) -> tuple[Problem, Matches]:
        bias = np.empty((len(source), problem.colours), np.float32)
        return problem, Matches(source, np.empty(len(source), np.float32), bias)

    def score(self, problem: Problem, matches: Matches) -> Matches:
        source = matches.source
        cost = np.empty(len(source), np.float32)
        bias = np.empty((len(source), problem.colours), np.float32)

        def work(some: slice) -> None:
            targets, mine = problem.targets[some], (source[some], cost[some], bias[some])
            kernels.judge(*_plane(problem), targets, problem.expected[some], *mine)

        side_by_side(work, len(source))
        return Matches(source, cost, bias)

    def search(
        self, problem: Problem, matches: Matches, steps: tuple[int, ...], walks: Places
    ) -> Matches:
        """Search as `Backend` says.

        What is found for a target is offered to those after it in the same slice at once, and to
        all others in the next search.
        """
        asked = [shift for step in steps for shift in neighbours(problem.stride, step)]
        shifts = np.array(asked, np.int64)
        found = Matches(matches.source.copy(), matches.cost.copy(), matches.bias.copy())
        plane = (*_plane(problem), problem.targets, problem.expected, problem.number)

        def work(some: slice) -> None:
            mine = (found.source[some], found.cost[some], found.bias[some])
            kernels.search(
                *plane, problem.is_source, matches.source, some.start, shifts, walks, *mine
            )

        side_by_side(work, len(problem.targets))
        return found

    def vote(self, problem: Problem, matches: Matches) -> None:
        hole = problem.find_hole()
        trust = problem.trust[problem.targets]
        voted = np.empty((len(hole), problem.channels), np.float32)
        vote = voting.vote_with_alpha if problem.has_alpha else voting.vote

        def work(some: slice) -> None:
            plane = (problem.values, problem.stride, hole[some], problem.number, trust)
            vote(*plane, *matches, voted[some])

        side_by_side(work, len(hole))
        shown = problem.image.reshape(-1, problem.channels)[:, : problem.voted]
        shown[hole] = voted[:, : problem.voted]
        extend_edges(problem.image)

    def store(self, _state: Problem, matches: Matches, _problem: Problem) -> Matches:
        return matches  # the plane is the problem's own


def _plane(problem: Problem) -> tuple[Pixels, Pixels, int, Pixels, Pixels]:
    """What every comparison of patches reads."""
    return problem.values, problem.trust, problem.stride, problem.most_shift, problem.activity
