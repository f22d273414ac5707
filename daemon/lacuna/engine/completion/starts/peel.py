"""The onion peel: a small hole is filled ring by ring from its rim, so lines are carried inwards.

Every place is compared with all known patches, and by its known and already filled pixels only
("onion peel": Newson et al., "Non-Local Patch-Based Image Inpainting", IPOL 2017, section 3.3). A
smooth start knows nothing of a line that ends at the rim; this one continues it.
"""

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...pixels.document import Pixels, Places
from ..backend.kernels import BIAS_COST, RADIUS, SIDE
from ..problem import Problem, extend_edges

MAX_COMPARISONS = 20_000_000  # of a place with a patch: about half a second
# In a thinner hole every patch sees the rim on both sides, and a smooth fill shows the way as well.
MIN_DEPTH_PX = SIDE
BATCH = 512  # places that are compared with all patches at a time


def can_peel(missing: NDArray[np.bool_], sources: int, targets: int) -> bool:
    """Tell whether it is worth it, and all can be compared with all in reasonable time.

    Args:
        missing: bool (H, W).
        sources: Patches that may be copied.
        targets: Places whose patch touches the hole.
    """
    depth = cv2.distanceTransform(missing.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return bool(np.max(depth) >= MIN_DEPTH_PX) and 0 < sources * targets <= MAX_COMPARISONS


def peel(problem: Problem) -> Places:
    """Fill the hole of `problem` and find a good source of every target.

    Args:
        problem: Of a size that `can_peel` agrees to; what is in its hole is not looked at.

    Returns:
        For a missing place the patch that was best when it was filled, for a known one near the
        hole the best of all.
    """
    sources, colours = problem.find_sources(), problem.colours
    patches = cut(problem, sources)
    squares = np.square(patches).sum(axis=2)
    patches = patches.reshape(len(patches), -1)
    most = problem.most_shift[sources]
    image = problem.image.reshape(-1, problem.channels)
    filled = np.pad(~problem.missing, RADIUS)
    found = np.full(problem.is_source.size, -1, np.int64)
    while True:
        ring = cv2.dilate(filled.astype(np.uint8), np.ones((3, 3), np.uint8)) > filled
        ring[:RADIUS], ring[-RADIUS:], ring[:, :RADIUS], ring[:, -RADIUS:] = (False,) * 4
        places = np.flatnonzero(ring)
        if not len(places):
            break
        for first in range(0, len(places), BATCH):
            some = places[first : first + BATCH]
            around = some[:, None] + problem.around
            weights = problem.trust[around] * filled.ravel()[around]
            weights /= weights.sum(axis=1, keepdims=True)
            wanted = cut(problem, some)
            calm = _calmness(problem, some, sources)
            best = _nearest(wanted, weights, patches, squares, most, colours, calm)
            near = patches[best].reshape(wanted.shape)
            mean = ((near - wanted) * weights[..., None]).sum(axis=1)[:, :colours]
            middle = near[:, SIDE * SIDE // 2]
            limit = most[best, None]
            shifted = middle[:, :colours] - np.clip(mean, -limit, limit)
            middle[:, :colours] = np.clip(shifted, 0, 1)
            image[some] = middle
            found[some] = sources[best]
        filled.ravel()[places] = True
    extend_edges(problem.image)

    # Known places whose patch reaches into the hole have not been looked at yet.
    rim = problem.targets[found[problem.targets] < 0]
    for first in range(0, len(rim), BATCH):
        some = rim[first : first + BATCH]
        weights = cut_trust(problem, some)
        calm = _calmness(problem, some, sources)
        best = _nearest(cut(problem, some), weights, patches, squares, most, colours, calm)
        found[some] = sources[best]
    return found[problem.targets]


def cut(problem: Problem, places: Places) -> Pixels:
    """Copy the patches around N places: float32 (N, SIDE * SIDE, C)."""
    # A row of a patch is contiguous: seven long reads instead of 49 short ones.
    channels = problem.channels
    rows = sliding_window_view(problem.image.reshape(-1), channels * SIDE)[::channels]
    patches: Pixels = rows[places[:, None] + problem.around[::SIDE]]
    return patches.reshape(-1, SIDE * SIDE, channels)


def cut_trust(problem: Problem, places: Places) -> NDArray[np.float32]:
    """Weights of the pixels of the patches around N places: float32 (N, SIDE * SIDE), sum 1."""
    rows = sliding_window_view(problem.trust, SIDE)
    trust = rows[places[:, None] + problem.around[::SIDE]].reshape(-1, SIDE * SIDE)
    weights: NDArray[np.float32] = trust / trust.sum(axis=1, keepdims=True)
    return weights


def _nearest(
    wanted: Pixels,
    weights: NDArray[np.float32],
    patches: Pixels,
    squares: NDArray[np.float32],
    most: NDArray[np.float32],
    colours: int,
    calmness: NDArray[np.float32],
) -> Places:
    """Find the patch that costs least by `backend.kernels`, of all at once.

    Args:
        wanted: float32 (N, SIDE * SIDE, C).
        weights: (N, SIDE * SIDE) of its pixels, sum 1.
        patches: (M, SIDE * SIDE * C), all there are.
        squares: (M, SIDE * SIDE), squares of their pixels.
        most: (M,), how far their colours may be shifted.
        colours: How many of the C are colours.
        calmness: (N, M), what they cost beside what is compared.

    Returns:
        Numbers of patches (N,).
    """
    channels = wanted.shape[2]
    weighted = wanted * weights[..., None]
    # |a - b|^2 = a^2 - 2ab + b^2; b^2 is the same for all patches and decides nothing.
    cost = calmness + weights @ squares.T - 2 * weighted.reshape(len(wanted), -1) @ patches.T
    for channel in range(colours):
        own = weighted[..., channel].sum(axis=1)
        mean = weights @ patches[:, channel::channels].T - own[:, None]
        shift = np.clip(mean, -most, most)  # to be taken away
        mean *= -2
        mean += (1 + BIAS_COST) * shift
        mean *= shift
        cost += mean
    return np.asarray(cost.argmin(axis=1), np.int64)


def _calmness(problem: Problem, places: Places, sources: Places) -> NDArray[np.float32]:
    """Cost of M sources that are less active than N places expect: float32 (N, M)."""
    expected = problem.expected[problem.number[places]]
    lack = np.maximum(expected[:, None] - problem.activity[sources], 0)
    return np.asarray(lack * lack, np.float32)
