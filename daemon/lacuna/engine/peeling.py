"""A first fill of a small plane, ring by ring from the rim of the hole: lines are carried inwards.

Every place is compared with all known patches, and by its known and already filled pixels only
("onion peel": Newson et al., "Non-Local Patch-Based Image Inpainting", IPOL 2017, section 3.3). A
smooth first fill knows nothing of a line that ends at the rim; this one continues it.
"""

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .kernels import BIAS_COST, MOST_BIAS, RADIUS, SIDE
from .patches import Ground, extend_edges
from .planes import Pixels, Places

MAX_COMPARISONS = 20_000_000  # of a place with a patch: about half a second
# In a thinner hole every patch sees the rim on both sides, and a smooth fill shows the way as well.
MIN_DEPTH_PX = SIDE
BATCH = 512  # places that are compared with all patches at a time


def can_peel(ground: Ground) -> bool:
    """Tell whether it is worth it, and all can be compared with all in reasonable time."""
    depth = cv2.distanceTransform(ground.missing.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    if np.max(depth) < MIN_DEPTH_PX:
        return False
    sources = int(np.count_nonzero(ground.is_source))
    return 0 < sources * len(ground.targets) <= MAX_COMPARISONS


def peel(ground: Ground) -> Places:
    """Fill the hole of `ground` and find a good source of every target.

    Args:
        ground: Of a size that `can_peel` agrees to; what is in its hole is not looked at.

    Returns:
        For a missing place the patch that was best when it was filled, for a known one near the
        hole the best of all.
    """
    sources = ground.find_sources()
    patches = cut(ground, sources)
    squares = np.square(patches).sum(axis=2)
    patches = patches.reshape(len(patches), -1)
    image = ground.image.reshape(-1, ground.channels)
    filled = np.pad(~ground.missing, RADIUS)
    found = np.full(ground.is_source.size, -1, np.int64)
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
            wanted = cut(ground, some)
            best = _nearest(wanted, weights, patches, squares)
            near = patches[best].reshape(wanted.shape)
            mean = ((near - wanted) * weights[..., None]).sum(axis=1)[:, :3]
            colours = near[:, SIDE * SIDE // 2]
            colours[:, :3] = np.clip(colours[:, :3] - np.clip(mean, -MOST_BIAS, MOST_BIAS), 0, 1)
            image[some] = colours
            found[some] = sources[best]
        filled.ravel()[places] = True
    extend_edges(ground.image)

    # Known places whose patch reaches into the hole have not been looked at yet.
    rim = ground.targets[found[ground.targets] < 0]
    for first in range(0, len(rim), BATCH):
        some = rim[first : first + BATCH]
        best = _nearest(cut(ground, some), cut_trust(ground, some), patches, squares)
        found[some] = sources[best]
    return found[ground.targets]


def cut(ground: Ground, places: Places) -> Pixels:
    """Copy the patches around N places: float32 (N, SIDE * SIDE, C)."""
    # A row of a patch is contiguous: seven long reads instead of 49 short ones.
    channels = ground.channels
    rows = sliding_window_view(ground.image.reshape(-1), channels * SIDE)[::channels]
    patches: Pixels = rows[places[:, None] + ground.around[::SIDE]]
    return patches.reshape(-1, SIDE * SIDE, channels)


def cut_trust(ground: Ground, places: Places) -> NDArray[np.float32]:
    """Weights of the pixels of the patches around N places: float32 (N, SIDE * SIDE), sum 1."""
    rows = sliding_window_view(ground.trust, SIDE)
    trust = rows[places[:, None] + ground.around[::SIDE]].reshape(-1, SIDE * SIDE)
    weights: NDArray[np.float32] = trust / trust.sum(axis=1, keepdims=True)
    return weights


def _nearest(
    wanted: Pixels, weights: NDArray[np.float32], patches: Pixels, squares: NDArray[np.float32]
) -> Places:
    """Find the patch that fits best by `lacuna.engine.kernels.compare`, of all at once.

    Args:
        wanted: float32 (N, SIDE * SIDE, C).
        weights: (N, SIDE * SIDE) of its pixels, sum 1.
        patches: (M, SIDE * SIDE * C), all there are.
        squares: (M, SIDE * SIDE), squares of their pixels.

    Returns:
        Numbers of patches (N,).
    """
    channels = wanted.shape[2]
    weighted = wanted * weights[..., None]
    # |a - b|^2 = a^2 - 2ab + b^2; b^2 is the same for all patches and decides nothing.
    cost = weights @ squares.T - 2 * weighted.reshape(len(wanted), -1) @ patches.T
    for channel in range(3):
        own = weighted[..., channel].sum(axis=1)
        mean = weights @ patches[:, channel::channels].T - own[:, None]
        shift = np.clip(mean, -MOST_BIAS, MOST_BIAS)  # to be taken away
        mean *= -2
        mean += (1 + BIAS_COST) * shift
        mean *= shift
        cost += mean
    return np.asarray(cost.argmin(axis=1), np.int64)
