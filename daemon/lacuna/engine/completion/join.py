"""The last step of a completion: the detail of one source per pixel, joined by gradients.

A vote is a mean of all patches over a pixel, and grain does not survive a mean. Here each pixel
takes the detail of its own match alone, as differences from its neighbours, and the vote says how
bright it all is: a screened Poisson equation (Darabi et al., "Image Melding", SIGGRAPH 2012,
section 3.3; Perez et al., "Poisson Image Editing", SIGGRAPH 2003). So borders between sources do
not show.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..pixels.document import Pixels
from .backend.side_by_side import side_by_side
from .backend.sweeping import NOWHERE, sweep
from .problem import Matches, Problem

# Neighbours whose difference is so much off what a source shows there count a third, and not at
# all if it is further off: the rest of an object, or what must not be copied, would bleed inwards.
FOREIGN = np.float32(0.25)  # root mean square over the channels
HELD = np.float32(0.05)  # by the vote, against one gradient: what is wider than 4 px is the vote's
SWEEPS = 30
RELAXATION = np.float32(1.5)  # of successive over-relaxation; 1 in the last sweep
# Rows and columns from a pixel to its neighbours; the opposite of number k is number k ^ 1.
NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))
REACH_PX = 24  # from here on nothing of a pixel is felt: less than a step of 255


class Detail(NamedTuple):
    """What N missing pixels, from top to bottom and from left to right, look like close up.

    Attributes:
        gradients: float32 (N, NEIGHBOURS, C), the source of a pixel minus the source's neighbour.
        cost: float32 (N,) of the match that it comes from; infinite where there is none.
    """

    gradients: Pixels
    cost: NDArray[np.float32]


def detail_of(problem: Problem, matches: Matches) -> Detail:
    """Look up the detail of all that is missing of a level."""
    own = problem.number[problem.find_hole()]
    pixels, source = problem.image.reshape(-1, problem.channels), matches.source[own]
    centre = pixels[source, : problem.colours]
    gradients = [
        centre - pixels[source + down * problem.stride + right, : problem.colours]
        for down, right in NEIGHBOURS
    ]
    return Detail(np.stack(gradients, axis=1), matches.cost[own])


def join(image: Pixels, missing: NDArray[np.bool_], detail: Detail) -> Pixels:
    """Give a vote the detail of its sources.

    Args:
        image: float32 (H, W, C) in [0, 1], with the vote where something is missing.
        missing: bool (H, W).
        detail: Of the missing pixels.

    Returns:
        float32 (H, W, C) in [0, 1], `image` where nothing is missing.
    """
    joined = image.copy()
    rows, columns = np.nonzero(missing)
    if not len(rows):
        return joined
    position = np.full((missing.shape[0] + 2, missing.shape[1] + 2), NOWHERE, np.int32)
    # The black squares of a chessboard come first: none of them is another's neighbour.
    order = np.argsort((rows + columns) % 2, kind="stable")
    blacks = int(np.count_nonzero((rows + columns) % 2 == 0))
    rows, columns = rows[order], columns[order]
    position[rows + 1, columns + 1] = np.arange(len(rows), dtype=np.int32)
    gradients, cost = detail.gradients[order], detail.cost[order]
    told = np.isfinite(cost)

    vote = image[rows, columns]
    wanted, total = HELD * vote, np.full(len(rows), HELD, np.float32)
    beside = np.empty((len(rows), len(NEIGHBOURS)), np.int32)
    strength = np.empty((len(rows), len(NEIGHBOURS)), np.float32)
    for k, (down, right) in enumerate(NEIGHBOURS):
        there, across = rows + down, columns + right
        other = position[there + 1, across + 1]
        is_missing = other != NOWHERE
        inside = (there >= 0) & (there < len(image)) & (across >= 0) & (across < image.shape[1])
        # Of two sources, the one that fits better says what an edge looks like.
        theirs = is_missing & (cost[other] < cost)
        between = np.where(theirs[:, None], -gradients[other, k ^ 1], gradients[:, k])
        joins = inside & (told | theirs)
        beyond = np.where(is_missing[:, None], vote[other], 0)
        known = np.flatnonzero(joins & ~is_missing)
        beyond[known] = image[there[known], across[known]]
        off = np.square(vote - beyond - between).mean(axis=1) / np.square(FOREIGN)
        counts = np.where(joins, np.exp(-np.square(off)), 0).astype(np.float32)
        wanted += counts[:, None] * between
        wanted[known] += counts[known, None] * beyond[known]
        total += counts
        beside[:, k] = np.where(joins, other, NOWHERE)
        strength[:, k] = counts
    weight = np.float32(1) / total
    solved = vote.copy()

    def improve(first: int, end: int, relaxation: np.float32) -> None:
        def work(some: slice) -> None:
            mine = slice(first + some.start, first + some.stop)
            told_here = beside[mine], strength[mine], wanted[mine], weight[mine]
            sweep(*told_here, relaxation, mine.start, solved)

        side_by_side(work, end - first)

    for left in reversed(range(SWEEPS)):
        relaxation = RELAXATION if left else np.float32(1)
        improve(0, blacks, relaxation)
        improve(blacks, len(rows), relaxation)
    joined[rows, columns] = np.clip(solved, 0, 1)
    return joined
