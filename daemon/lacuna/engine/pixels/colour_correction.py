"""Colour correction: what a network paints by itself is matched to the known ring of the hole."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .document import Pixels
from .membrane import pull_push, with_channels

RING_PX = 16  # known pixels this near to the hole say how far the fill's colours are off
CELL_PX = 8  # of which the median counts: colour casts are smooth, grain is not


def correct_colours(fill: Pixels, image: Pixels, mask: Pixels) -> Pixels:
    """Shift the fill so that it agrees with the known ring around the hole.

    A network also paints the pixels that it was shown; what it got wrong there, it got wrong inside
    as well. The median of that difference in each cell of the ring is spread over the hole as a
    membrane: a line beside the hole that the network has left out casts no tint.

    Args:
        fill: float32 (H, W, 3) in [0, 1], the network's answer: what is missing and RING_PX around.
        image: float32 (H, W, 3), true on known pixels.
        mask: float32 (H, W, 1), 1 = missing.

    Returns:
        float32 (H, W, 3) in [0, 1]; `fill` unchanged if no known pixel is near.
    """
    ring = np.asarray(cv2.dilate(mask, np.ones((2 * RING_PX + 1,) * 2, np.uint8)), np.float32)
    ring = with_channels(ring) * (1 - mask)
    if not ring.any():
        return fill
    difference, known = medians_of_cells(image - fill, ring[..., 0] > 0)
    spread = pull_push(difference, known)
    size = (fill.shape[1], fill.shape[0])
    shift = with_channels(cv2.resize(spread, size, interpolation=cv2.INTER_LINEAR))
    corrected: Pixels = np.clip(fill + shift, 0, 1)
    return corrected


def medians_of_cells(
    values: Pixels, is_counted: NDArray[np.bool_]
) -> tuple[Pixels, NDArray[np.float32]]:
    """Take the median of what is counted in each cell of CELL_PX.

    Args:
        values: float32 (H, W, C).
        is_counted: bool (H, W).

    Returns:
        float32 (ceil(H / CELL_PX), ceil(W / CELL_PX), C), 0 in cells where nothing is counted, and
        (.., .., 1), 1 where anything is.
    """
    down, across = (-(-side // CELL_PX) for side in is_counted.shape)
    rows, columns = np.nonzero(is_counted)
    cells = rows // CELL_PX * across + columns // CELL_PX
    order = np.argsort(cells, kind="stable")
    names, first = np.unique(cells[order], return_index=True)
    medians = np.zeros((down * across, values.shape[2]), np.float32)
    for name, some in zip(names, np.split(order, first[1:]), strict=True):
        medians[name] = np.median(values[rows[some], columns[some]], axis=0)
    known = np.zeros((down, across, 1), np.float32)
    known.reshape(-1)[names] = 1
    return medians.reshape(down, across, -1), known
