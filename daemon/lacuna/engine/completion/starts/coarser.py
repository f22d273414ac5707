"""The start of all levels but the coarsest: the matches of the one before, twice as far."""

from typing import NamedTuple

import numpy as np

from ...pixels.document import Pixels, Places
from ..backend.kernels import RADIUS
from ..problem import Matches, Problem


class CompletedLevel(NamedTuple):
    """A completed level, and where its patches come from.

    Attributes:
        image: float32 (H, W, C).
        problem: The plane of the search.
        matches: Source of every target.
    """

    image: Pixels
    problem: Problem
    matches: Matches


def take_over(coarser: CompletedLevel, problem: Problem, rng: np.random.Generator) -> Places:
    """Take the sources that the coarser level names, and random ones where it names none."""
    rows, columns = np.divmod(problem.targets, problem.stride)
    down, right = sources_of_pixels(coarser, rows - RADIUS, columns - RADIUS)
    place = (down + RADIUS) * problem.stride + right + RADIUS
    place = np.asarray(np.clip(place, 0, problem.is_source.size - 1), np.int64)
    lost = np.flatnonzero(~problem.is_source[place])
    if len(lost):
        place[lost] = rng.choice(problem.find_sources(), len(lost))
    return place


def sources_of_pixels(
    coarser: CompletedLevel, rows: Places, columns: Places
) -> tuple[Places, Places]:
    """Rows and columns of the sources of pixels of the next finer level, -1 where there is none."""
    problem = coarser.problem
    height, width = problem.missing.shape
    cells = (np.minimum(rows // 2, height - 1) + RADIUS) * problem.stride
    number = problem.number[cells + np.minimum(columns // 2, width - 1) + RADIUS]
    down, right = np.divmod(coarser.matches.source[number], problem.stride)
    found = number >= 0
    return (
        np.where(found, 2 * (down - RADIUS) + rows % 2, -1),
        np.where(found, 2 * (right - RADIUS) + columns % 2, -1),
    )
