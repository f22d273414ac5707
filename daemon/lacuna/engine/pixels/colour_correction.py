"""Colour correction: the fill's cast is taken from the known ring around the hole and removed."""

import cv2
import numpy as np

from .document import Pixels
from .membrane import halve, pull_push, with_channels

RING_PX = 16  # known pixels this near to the hole say how far the fill's colours are off
# Halvings before the difference is spread: colour casts are smooth, grain is not.
RING_REDUCTION = 3


def correct_colours(fill: Pixels, image: Pixels, mask: Pixels) -> Pixels:
    """Shift the fill so that it agrees with the known ring around the hole.

    A network also paints the pixels that it was shown; what it got wrong there, it got wrong inside
    as well. That difference is smoothed and spread over the hole as a membrane.

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
    difference, weight = image - fill, ring
    for _ in range(RING_REDUCTION):
        difference, weight = halve(difference, weight)
    spread = pull_push(difference, (weight > 0).astype(np.float32))
    size = (fill.shape[1], fill.shape[0])
    shift = with_channels(cv2.resize(spread, size, interpolation=cv2.INTER_LINEAR))
    corrected: Pixels = np.clip(fill + shift, 0, 1)
    return corrected
