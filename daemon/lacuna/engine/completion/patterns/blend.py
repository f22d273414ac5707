"""Copies put together by their gradients: no step where two of them meet, or one meets the rim.

Perez, Gangnet and Blake, "Poisson Image Editing", SIGGRAPH 2003. The equation is solved on a
rectangle by cosines, and what that misses at the rim is spread over the hole as a membrane.
"""

import cv2
import numpy as np

from ...pixels.document import Pixels, Places
from ...pixels.membrane import pull_push
from .view import Flags

MARGIN_PX = 8  # around the hole


def blend(image: Pixels, missing: Flags, source: Places, usable: Flags) -> Pixels:
    """Colour a hole by copies.

    Args:
        image: float32 (H, W, C), with a start where something is missing.
        missing: bool (H, W), at least one pixel.
        source: int64 (H, W): of a missing pixel, the number of the pixel that is copied, in rows.
        usable: bool (H, W), what is known.

    Returns:
        float32 (H, W, C) in [0, 1], known pixels as they were.
    """
    height, width = missing.shape
    left, top, across, down = cv2.boundingRect(missing.astype(np.uint8))
    rows, columns = _even(top, top + down, height), _even(left, left + across, width)
    cut = np.s_[rows[0] : rows[1], columns[0] : columns[1]]
    own = np.arange(height * width, dtype=np.int64).reshape(height, width)
    place = np.where(missing, source, own)[cut]
    pixels, known = image.reshape(height * width, -1), usable.ravel()
    divergence = np.zeros((*place.shape, pixels.shape[1]), np.float32)
    for axis, step in ((1, 1), (0, width)):
        first, second = _pairs(place, axis)
        after, before = np.minimum(first + step, known.size - 1), np.maximum(second - step, 0)
        # Both copies say what the difference between two neighbours is, if they know it.
        of_first = (known[first] & known[after]).astype(np.float32)[..., None]
        of_second = (known[second] & known[before]).astype(np.float32)[..., None]
        slope = of_first * (pixels[after] - pixels[first])
        slope += of_second * (pixels[second] - pixels[before])
        slope /= np.maximum(of_first + of_second, 1)
        here, there = _pairs(divergence, axis)
        here += slope
        there -= slope
    solved = _integrate(divergence)
    at_rim = (usable & ~missing)[cut][..., None].astype(np.float32)
    solved += pull_push(image[cut] - solved, at_rim)
    blended = image.copy()
    blended[cut] = np.where(missing[cut][..., None], np.clip(solved, 0, 1), image[cut])
    return blended


def _pairs(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all but the last along an axis, and all but the first."""
    return (values[:, :-1], values[:, 1:]) if axis else (values[:-1], values[1:])


def _integrate(divergence: Pixels) -> Pixels:
    """Find what has this divergence, and slopes of 0 at its border: any one of them."""
    height, width = divergence.shape[:2]
    down = 2 * np.cos(np.pi * np.arange(height) / height) - 2
    across = 2 * np.cos(np.pi * np.arange(width) / width) - 2
    scale = (down[:, None] + across).astype(np.float32)
    scale[0, 0] = 1
    solved = np.empty_like(divergence)
    for channel in range(divergence.shape[2]):
        spectrum = cv2.dct(np.ascontiguousarray(divergence[..., channel])) / scale
        spectrum[0, 0] = 0
        solved[..., channel] = cv2.idct(spectrum)
    return solved


def _even(first: int, end: int, size: int) -> tuple[int, int]:
    """Add a margin to a range; it is even then, as cosines want it, unless all there is is odd."""
    first, end = max(0, first - MARGIN_PX), min(size, end + MARGIN_PX)
    if (end - first) % 2:
        if first:
            return first - 1, end
        return (first, end + 1) if end < size else (first, end - 1)
    return first, end
