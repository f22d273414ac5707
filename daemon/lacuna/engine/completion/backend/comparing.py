"""Every place compared with every patch: what is left to do when matrices have been multiplied."""

import numpy as np

from .compiled import compiled
from .kernels import BIAS_COST, Floats, Places, calmness


@compiled
def take_cheapest(
    squares: Floats,
    products: Floats,
    means: Floats,
    own: Floats,
    expected: Floats,
    most_shift: Floats,
    activity: Floats,
    best: Places,
) -> None:
    """Write the number of the cheapest of M patches for each of N places, the first of equal ones.

    The cost is that of `kernels.compare`, less what is the same for all patches.

    Args:
        squares: float32 (N, M), the patches' squares, weighted and summed.
        products: float32 (N, M), with what is wanted.
        means: float32 (N, colours, M), the patches' colours, weighted and summed.
        own: float32 (N, colours), those of what is wanted.
        expected: float32 (N,), activity.
        most_shift: float32 (M,), how far the colours of a patch may be shifted.
        activity: float32 (M,).
        best: int64 (N,), written.
    """
    costs = np.empty(len(activity), np.float32)
    for place in range(len(best)):
        for patch in range(len(costs)):
            cost = squares[place, patch] - 2 * products[place, patch]
            costs[patch] = cost + calmness(expected[place], activity[patch])
        for channel in range(means.shape[1]):
            mean_own = own[place, channel]
            for patch in range(len(costs)):
                mean, most = means[place, channel, patch] - mean_own, most_shift[patch]
                shift = min(max(mean, -most), most)  # to be taken away
                costs[patch] += ((1 + BIAS_COST) * shift - 2 * mean) * shift
        cheapest = 0
        for patch in range(len(costs)):
            if costs[patch] < costs[cheapest]:
                cheapest = patch
        best[place] = cheapest
