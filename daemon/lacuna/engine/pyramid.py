"""The levels of a region: the coarse one decides structure, each finer one only adds detail.

Level 0 is the picture itself and is never held in floats; level n is reduced n times by two.
"""

from typing import NamedTuple

import cv2
import numpy as np

from lacuna_wire import Rect

from .guide import halve, plane
from .planes import Document, Mask, Pixels, strips

LONGEST_DISTANCE_SIDE = 2048  # px; distances are measured on a mask no larger than this


class Level(NamedTuple):
    """A reduced region.

    Attributes:
        image: float32 (H, W, 3) in [0, 1]: mean of the known pixels under a cell, so that nothing
            of the removed object bleeds in; 0 where none is known.
        share: float32 (H, W, 1): how much of the cell is known, 0 to 1.
    """

    image: Pixels
    share: Pixels

    @property
    def rect(self) -> Rect:
        return Rect(0, 0, self.share.shape[1], self.share.shape[0])

    @property
    def mask(self) -> Pixels:
        """What the network may not rely on: float32 (H, W, 1), 1 = some of the cell is missing."""
        return (self.share < 1).astype(np.float32)

    @property
    def some_known(self) -> Pixels:
        """float32 (H, W, 1), 1 = the image has a colour there."""
        return (self.share > 0).astype(np.float32)


def build_levels(window: Document, missing: Mask, count: int) -> list[Level]:
    """Reduce a window `count` times; level 1 comes first.

    The window is walked through in strips, so that no float copy of it is ever made.

    Args:
        window: The region's window of the document.
        missing: uint8 (H, W), 1 = missing.
        count: Levels to build.
    """
    if not count:
        return []
    half = window.rect.reduce(2)
    image = np.empty((half.height, half.width, 3), np.float32)
    share = np.empty((half.height, half.width, 1), np.float32)
    for strip in strips(window.rect):
        known = (1 - missing[strip.slices][..., None]).astype(np.float32)
        cells = strip.reduce(2).slices
        image[cells], share[cells] = halve(window.image(strip), known)
    levels = [Level(image, share)]
    while len(levels) < count:
        levels.append(Level(*halve(*levels[-1])))
    return levels


def hole_radius(missing: Mask) -> float:
    """Largest distance in pixels from a missing pixel to a known one; infinite if none is known.

    Args:
        missing: uint8 (H, W), 1 = missing.
    """
    if missing.all():
        return float("inf")
    factor = 1
    while max(missing.shape) > LONGEST_DISTANCE_SIDE:
        missing, factor = reduce_missing(missing), 2 * factor
    if missing.all():  # what is known is thinner than the reduction shows: far is all we can say
        return float(factor * max(missing.shape))
    distance = cv2.distanceTransform(missing, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(factor * np.max(distance))


def level_count(radius_px: float, bridged_px: int, window: Rect) -> int:
    """Number of levels above level 0 until the network can bridge the hole.

    A level is not reduced further when it has become so small that nothing could be seen on it.

    >>> level_count(200.0, 16, Rect(0, 0, 800, 800))
    4
    """
    levels = 0
    while radius_px > bridged_px << levels and min(window.width, window.height) >> levels > 16:
        levels += 1
    return levels


def reduce_missing(missing: Mask) -> Mask:
    """Halve a mask (H, W) uint8: a cell is 1 as soon as one of its pixels is."""
    padded = np.pad(missing, ((0, missing.shape[0] % 2), (0, missing.shape[1] % 2)), mode="edge")
    rows = np.maximum(padded[0::2], padded[1::2])
    return np.maximum(rows[:, 0::2], rows[:, 1::2])


def enlarge(coarse: Pixels, rect: Rect, finer: Rect) -> Pixels:
    """Show pixels `rect` of the next finer level, interpolated from the coarser one.

    Args:
        coarse: float32 (H, W, 3) of the coarser level.
        rect: Wanted pixels, in coordinates of the finer level.
        finer: All pixels of the finer level; an odd side has half a cell at its end.

    Returns:
        float32 (rect.height, rect.width, 3) in [0, 1].
    """
    # Cubic interpolation looks two cells far; what it sees beyond the crop must be real.
    cells = rect.reduce(2).grow(2).intersect(finer.reduce(2))
    size = (2 * cells.width, 2 * cells.height)
    enlarged = plane(cv2.resize(coarse[cells.slices], size, interpolation=cv2.INTER_CUBIC))
    return np.clip(enlarged[rect.relative_to(cells.enlarge(2)).slices], 0, 1)
