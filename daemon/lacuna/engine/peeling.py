"""A first fill of a small plane, ring by ring from the rim of the hole: lines are carried inwards.

Every place is compared with all known patches, and by its known and already filled pixels only
("onion peel": Newson et al., "Non-Local Patch-Based Image Inpainting", IPOL 2017, section 3.3). A
smooth first fill knows nothing of a line that ends at the rim; this one continues it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from .patches import (
    BIAS_COST,
    MOST_BIAS,
    RADIUS,
    SIDE,
    Ground,
    Matches,
    cut,
    cut_trust,
    extend_edges,
    judge,
)
from .planes import Pixels, Places

MAX_COMPARISONS = 60_000_000  # of a place with a patch: about half a second
BATCH = 512  # places that are compared with all patches at a time


def can_peel(ground: Ground) -> bool:
    """Tell whether all can be compared with all in reasonable time."""
    sources = int(np.count_nonzero(ground.is_source))
    return 0 < sources * len(ground.targets) <= MAX_COMPARISONS


def peel(ground: Ground) -> Matches:
    """Fill the hole of `ground` and find the best source of every target.

    Args:
        ground: Of a size that `can_peel` agrees to; what is in its hole is not looked at.
    """
    sources = ground.find_sources()
    patches = cut(ground, sources)
    squares = np.square(patches).sum(axis=2)
    patches = patches.reshape(len(patches), -1)
    image = ground.image.reshape(-1, ground.channels)
    filled = np.pad(~ground.missing, RADIUS)
    while True:
        ring = cv2.dilate(filled.astype(np.uint8), np.ones((3, 3), np.uint8)) > filled
        ring[:RADIUS], ring[-RADIUS:], ring[:, :RADIUS], ring[:, -RADIUS:] = (False,) * 4
        places = np.flatnonzero(ring)
        if not len(places):
            break
        for first in range(0, len(places), BATCH):
            some = places[first : first + BATCH]
            around = some[:, None] + ground.around
            weights = ground.trust[around] * filled.ravel()[around]
            weights /= weights.sum(axis=1, keepdims=True)
            best, shift = _nearest(cut(ground, some), weights, patches, squares)
            middle = ground.channels * (SIDE * SIDE // 2)
            colours = patches[best, middle : middle + ground.channels]
            colours[:, :3] = np.clip(colours[:, :3] + shift, 0, 1)
            image[some] = colours
        filled.ravel()[places] = True
    extend_edges(ground.image)

    found = np.empty(len(ground.targets), np.int64)
    for first in range(0, len(found), BATCH):
        some = ground.targets[first : first + BATCH]
        best, _shift = _nearest(cut(ground, some), cut_trust(ground, some), patches, squares)
        found[first : first + BATCH] = sources[best]
    return judge(ground, found)


def _nearest(
    wanted: Pixels, weights: NDArray[np.float32], patches: Pixels, squares: NDArray[np.float32]
) -> tuple[Places, Pixels]:
    """Find the patch that fits best by `lacuna.engine.patches.compare`, of all at once.

    Args:
        wanted: float32 (N, SIDE * SIDE, C).
        weights: (N, SIDE * SIDE) of its pixels, sum 1.
        patches: (M, SIDE * SIDE * C), all there are.
        squares: (M, SIDE * SIDE), squares of their pixels.

    Returns:
        Numbers of patches (N,), and what has to be added to their colours (N, 3).
    """
    channels = wanted.shape[2]
    weighted = wanted * weights[..., None]
    # |a - b|^2 = a^2 - 2ab + b^2; b^2 is the same for all patches and decides nothing.
    cost = weights @ squares.T - 2 * weighted.reshape(len(wanted), -1) @ patches.T
    shifts = np.empty((len(wanted), len(patches), 3), np.float32)
    for channel in range(3):
        own = weighted[..., channel].sum(axis=1)
        mean = weights @ patches[:, channel::channels].T - own[:, None]
        shift = np.clip(-mean, -MOST_BIAS, MOST_BIAS)
        cost += (2 * mean + (1 + BIAS_COST) * shift) * shift
        shifts[..., channel] = shift
    best = cost.argmin(axis=1)
    return best, shifts[np.arange(len(best)), best]
