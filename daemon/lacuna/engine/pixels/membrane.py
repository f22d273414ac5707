"""The rim of a hole, drawn into it as a membrane: pull-push with a few relaxations per level."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .document import Pixels

SMALLEST_PX = 2  # the pull stops here: one mean colour is left
# Plain pull-push shows the grid of its cells: the colour in the middle of a hole jumps when the
# hole moves by a pixel. A few relaxations per level (cascadic multigrid) make it a membrane; more
# of them gain nothing.
RELAXATIONS = 8


def pull_push(image: Pixels, known: Pixels) -> Pixels:
    """Fill the missing pixels smoothly from the rim of the hole, over any distance.

    Mask-weighted means are pulled down to a few pixels, then pushed up again, each finer level
    keeping what is known there (Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4) and
    relaxing what is not (Bornemann and Deuflhard, "The cascadic multigrid method", 1996).

    Args:
        image: float32 (H, W, C); values of missing pixels are not looked at.
        known: float32 (H, W, 1), 1 = known, 0 = missing, or a weight between.

    Returns:
        float32 (H, W, C), known pixels (weight 1) as they were. All 0 if nothing is known.
    """
    height, width = known.shape[:2]
    if min(height, width) <= SMALLEST_PX:
        total = (image * known).sum(axis=(0, 1), keepdims=True)
        mean = total / np.maximum(known.sum(axis=(0, 1), keepdims=True), 1e-6)
        return np.asarray(image * known + mean * (1 - known), np.float32)
    coarse_image, coarse_known = halve(image, known)
    # Even a single known pixel of four decides its cell: weights saturate on the way down.
    smooth = pull_push(coarse_image, np.minimum(4 * coarse_known, 1))
    smooth = with_channels(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR))
    missing, own = 1 - known, image * known
    filled: Pixels = own + smooth * missing
    for _ in range(RELAXATIONS):
        filled = own + with_channels(cv2.blur(filled, (3, 3))) * missing
    return filled


def halve(image: Pixels, known: Pixels) -> tuple[Pixels, Pixels]:
    """Reduce by two: means over the known pixels of each 2 x 2 cell, and their share.

    Args:
        image: float32 (H, W, C).
        known: float32 (H, W, 1), 1 = known.

    Returns:
        Image (ceil(H/2), ceil(W/2), C), 0 where a cell has no known pixel, and the share of known
        pixels (ceil(H/2), ceil(W/2), 1) in [0, 1]. A last odd row or column counts as if it were
        there twice.
    """
    weight = mean_of_cells(known)
    colour = mean_of_cells(image * known)
    colour /= np.maximum(weight, 1e-6)
    return colour, weight


def mean_of_cells(values: Pixels) -> Pixels:
    """Mean of every 2 x 2 cell: (H, W, C) -> (ceil(H/2), ceil(W/2), C)."""
    height, width = values.shape[:2]
    if height % 2 or width % 2:
        values = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    size = (values.shape[1] // 2, values.shape[0] // 2)
    return with_channels(cv2.resize(values, size, interpolation=cv2.INTER_AREA))


def with_channels(values: NDArray[np.generic]) -> Pixels:
    """Give (H, W, C) float32 whatever OpenCV made of it: it drops an axis of length 1."""
    array = np.asarray(values, np.float32)
    return array if array.ndim == 3 else array[..., None]
