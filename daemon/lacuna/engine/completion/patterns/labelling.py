"""One label for every cell of a grid, so that cells with different labels agree where they meet.

Sequential tree-reweighted message passing (Kolmogorov, "Convergent Tree-Reweighted Message Passing
for Energy Minimization", PAMI 2006) with four neighbours. It needs no random numbers, and no
library: those with graph cuts that are alive are under the GPL.
"""

import numpy as np
from numpy.typing import NDArray

from ...pixels.document import Pixels, Places
from ..backend.messages import decide, differ, pass_messages
from ..backend.side_by_side import side_by_side
from .view import Flags

LEFT, ABOVE, RIGHT, BELOW = range(4)
NOBODY = -1
CELLS_AT_A_TIME = 64


def label_cells(
    own: Pixels, shown: Pixels, neighbours: Places, rounds: int
) -> tuple[Places, float]:
    """Find labels that together cost little.

    Args:
        own: float32 (N, K), what each label costs in each cell by itself.
        shown: float32 (N, K, D), what it shows there: where two cells with different labels meet,
            the seam costs the squared differences of what both labels show in both cells.
        neighbours: int64 (N, 4), from `find_neighbours`.
        rounds: There and back, of messages.

    Returns:
        Labels int64 (N,), and what all of it costs.
    """
    count, labels = own.shape
    apart = np.empty((count, labels, labels), np.float32)
    side_by_side(lambda some: differ(shown[some], apart[some]), count, CELLS_AT_A_TIME)
    messages = np.zeros((count, 4, labels), np.float32)
    label, best = np.zeros(count, np.int64), np.zeros(count, np.int64)
    least = np.inf
    for _ in range(rounds):
        for forward in (True, False):
            pass_messages(own, apart, neighbours, messages, forward)
        decide(own, apart, neighbours, messages, label)
        cost = _cost(own, apart, neighbours, label)
        if cost < least:
            best, least = label.copy(), cost
    return best, least


def find_neighbours(inside: Flags) -> Places:
    """Number the cells of a grid that take part, row by row, and name each one's neighbours.

    Args:
        inside: bool (rows, columns).

    Returns:
        int64 (N, 4): left, above, right, below; NOBODY where none takes part.
    """
    number = np.full((inside.shape[0] + 2, inside.shape[1] + 2), NOBODY, np.int64)
    number[1:-1, 1:-1][inside] = np.arange(np.count_nonzero(inside))
    rows, columns = np.nonzero(inside)
    ways = ((1, 0), (0, 1), (1, 2), (2, 1))
    return np.stack([number[rows + down, columns + right] for down, right in ways], axis=1)


def _cost(own: Pixels, apart: Pixels, neighbours: Places, label: Places) -> float:
    cells: NDArray[np.int64] = np.arange(len(label))
    total = float(own[cells, label].sum(dtype=np.float64))
    for side in (RIGHT, BELOW):
        here = np.flatnonzero(neighbours[:, side] != NOBODY)
        other = neighbours[here, side]
        pair = label[here], label[other]
        total += float(apart[(here, *pair)].sum(dtype=np.float64))
        total += float(apart[(other, *pair)].sum(dtype=np.float64))
    return total
