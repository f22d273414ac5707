"""The onion peel: a small hole is filled ring by ring from its rim, so lines are carried inwards.

Every place is compared with all known patches, and by its known and already filled pixels only
("onion peel": Newson et al., "Non-Local Patch-Based Image Inpainting", IPOL 2017, section 3.3). A
smooth start knows nothing of a line that ends at the rim; this one continues it.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...pixels.document import Pixels, Places
from ..backend.comparing import take_cheapest
from ..backend.kernels import RADIUS, SIDE, Floats
from ..backend.side_by_side import side_by_side
from ..problem import Problem, extend_edges

MAX_COMPARISONS = 20_000_000  # of a place with a patch: about half a second
# In a thinner hole every patch sees the rim on both sides, and a smooth fill shows the way as well.
MIN_DEPTH_PX = SIDE
BATCH = 256  # places that are compared with all patches at a time
SHARE = 8  # of them, for one core


class Patches(NamedTuple):
    """All patches that may be copied, as they are compared.

    Attributes:
        places: int64 (M,), their middles.
        values: float32 (M, SIDE * SIDE * C).
        squares: float32 (M, SIDE * SIDE), of their pixels, over all channels.
        colours: float32 (colours, M, SIDE * SIDE).
        most_shift: float32 (M,), how far their colours may be shifted.
        activity: float32 (M,).
    """

    places: Places
    values: Pixels
    squares: Pixels
    colours: Pixels
    most_shift: Floats
    activity: Floats


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
    patches, colours = cut_sources(problem), problem.colours
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
            best = find_nearest(problem, some, wanted, weights, patches)
            near = patches.values[best].reshape(wanted.shape)
            mean = ((near - wanted) * weights[..., None]).sum(axis=1)[:, :colours]
            middle = near[:, SIDE * SIDE // 2]
            limit = patches.most_shift[best, None]
            shifted = middle[:, :colours] - np.clip(mean, -limit, limit)
            middle[:, :colours] = np.clip(shifted, 0, 1)
            image[some] = middle
            found[some] = patches.places[best]
        filled.ravel()[places] = True
    extend_edges(problem.image)

    # Known places whose patch reaches into the hole have not been looked at yet.
    rim = problem.targets[found[problem.targets] < 0]
    for first in range(0, len(rim), BATCH):
        some = rim[first : first + BATCH]
        wanted, weights = cut(problem, some), cut_trust(problem, some)
        found[some] = patches.places[find_nearest(problem, some, wanted, weights, patches)]
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


def cut_sources(problem: Problem) -> Patches:
    """Copy all patches that may be copied."""
    places = problem.find_sources()
    values = cut(problem, places)
    colours = np.moveaxis(values[..., : problem.colours], 2, 0)
    return Patches(
        places,
        values.reshape(len(places), -1),
        np.square(values).sum(axis=2),
        np.ascontiguousarray(colours),
        problem.most_shift[places],
        problem.activity[places],
    )


def find_nearest(
    problem: Problem, places: Places, wanted: Pixels, weights: Pixels, patches: Patches
) -> Places:
    """Find the patch that costs least by `backend.kernels`, of all there are.

    Args:
        problem: Of the places.
        places: (N,), targets.
        wanted: float32 (N, SIDE * SIDE, C), the patches around them.
        weights: float32 (N, SIDE * SIDE) of their pixels, sum 1.
        patches: To choose from.

    Returns:
        Numbers of patches (N,).
    """
    weighted: Pixels = wanted * weights[..., None]
    # |a - b|^2 = a^2 - 2ab + b^2; of them a^2 is the same for all patches and decides nothing.
    squares: Pixels = weights @ patches.squares.T
    products: Pixels = weighted.reshape(len(wanted), -1) @ patches.values.T
    means = np.stack([weights @ colour.T for colour in patches.colours], axis=1)
    own: Pixels = np.ascontiguousarray(weighted[..., : problem.colours].sum(axis=1))
    expected = problem.expected[problem.number[places]]
    best = np.empty(len(places), np.int64)

    def work(some: slice) -> None:
        told = squares[some], products[some], means[some], own[some], expected[some]
        take_cheapest(*told, patches.most_shift, patches.activity, best[some])

    side_by_side(work, len(places), SHARE)
    return best
