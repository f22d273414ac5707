"""The inner loop of the gradient join: a sweep of its solver."""

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .kernels import Floats

NOWHERE = -1


@compiled
def sweep(
    beside: NDArray[np.int32],
    strength: Floats,
    wanted: Floats,
    weight: Floats,
    relaxation: np.float32,
    first: int,
    solved: Floats,
) -> None:
    """Improve some pixels, none of them a neighbour of another (successive over-relaxation).

    Args:
        beside: (N, neighbours), positions of their neighbours among all pixels, or NOWHERE.
        strength: (N, neighbours), how much they count.
        wanted: (N, C), all that a pixel is told but by these neighbours.
        weight: (N,), one over the sum of the weights.
        relaxation: 1 for what is asked, more to go beyond.
        first: Position of the first of them.
        solved: float32 (all pixels, C); theirs change.
    """
    for i in range(len(beside)):
        for channel in range(wanted.shape[1]):
            asked = wanted[i, channel]
            for k in range(beside.shape[1]):
                if beside[i, k] != NOWHERE:
                    asked += strength[i, k] * solved[beside[i, k], channel]
            now = solved[first + i, channel]
            solved[first + i, channel] = now + relaxation * (asked * weight[i] - now)
