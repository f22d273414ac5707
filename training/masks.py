"""Holes to learn from: wide irregular strokes, boxes, blobs, outlines of objects, thin strokes."""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from training.drawn import SUBPIXEL, curve

Mask = NDArray[np.uint8]  # (H, W), 1 = missing

LEAST_COVER, MOST_COVER = 0.1, 0.5
SHRINK = 0.8  # of a shape that would cover too much


def draw_mask(
    side: int,
    rng: np.random.Generator,
    least: float = LEAST_COVER,
    most: float = MOST_COVER,
    kinds: str = "",
) -> Mask:
    """Draw a hole: uint8 (side, side), 1 = missing, that covers between `least` and `most`.

    Shapes of one kind are added until there is enough; one that is too much is drawn smaller.

    Args:
        side: In pixels.
        rng: Decides everything.
        least: Smallest share of missing pixels.
        most: Largest share, above `least`.
        kinds: Names of KINDS, separated by spaces; empty for all.
    """
    names = kinds.split() or list(KINDS)
    add = KINDS[names[int(rng.integers(len(names)))]]
    wanted, size = rng.uniform(least, most) * 0.9, 1.0
    mask = np.zeros((side, side), np.uint8)
    while mask.mean() < max(least, wanted):
        tried = mask.copy()
        add(tried, size, rng)
        if tried.mean() <= most:
            mask = tried
        else:
            size *= SHRINK
    return mask


def add_stroke(mask: Mask, size: float, rng: np.random.Generator, wide: float = 0.2) -> None:
    """A brush stroke that turns and changes its width."""
    side = len(mask)
    x, y = rng.uniform(0, side, 2)
    angle = rng.uniform(0, 2 * math.pi)
    width = rng.uniform(0.1 * wide, wide) * side * size
    for _ in range(int(rng.integers(1, 8))):
        angle += rng.normal(0, 0.8)
        length = rng.uniform(0.05, 0.3) * side * size
        x2, y2 = x + length * math.cos(angle), y + length * math.sin(angle)
        width = float(np.clip(width * rng.uniform(0.7, 1.4), 2, wide * side))
        ends = (int(x), int(y)), (int(x2), int(y2))
        cv2.line(mask, *ends, 1, max(1, int(width)))
        cv2.circle(mask, ends[1], int(width / 2), 1, -1)
        x, y = x2, y2


def add_thin_stroke(mask: Mask, size: float, rng: np.random.Generator) -> None:
    """A wire, a scratch, a whisker: 2 to 12 px wide at 256 px."""
    add_stroke(mask, size, rng, wide=0.045)


def add_box(mask: Mask, size: float, rng: np.random.Generator) -> None:
    """An upright rectangle."""
    side = len(mask)
    width, height = (max(2, int(value)) for value in rng.uniform(0.08, 0.5, 2) * side * size)
    left, top = (int(value) for value in rng.uniform(-0.1, 0.9, 2) * side)
    mask[max(top, 0) : top + height, max(left, 0) : left + width] = 1


def add_blob(mask: Mask, size: float, rng: np.random.Generator) -> None:
    """A few ellipses on one heap."""
    side = len(mask)
    centre = rng.uniform(0.05, 0.95, 2) * side
    for _ in range(int(rng.integers(1, 5))):
        x, y = centre + rng.normal(0, 0.08 * side * size, 2)
        axes = tuple(max(1, int(value)) for value in rng.uniform(0.04, 0.22, 2) * side * size)
        cv2.ellipse(mask, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)


def add_outline(mask: Mask, size: float, rng: np.random.Generator) -> None:
    """Something with bays and limbs, as a person would select an object."""
    outline = curve(len(mask), rng)
    centre = outline.mean(axis=0, keepdims=True)
    smaller = ((outline - centre) * size + centre).astype(np.int32)
    cv2.fillPoly(mask, [smaller], 1, cv2.LINE_8, SUBPIXEL)


KINDS: dict[str, Callable[[Mask, float, np.random.Generator], None]] = {
    "stroke": add_stroke,
    "thin": add_thin_stroke,
    "box": add_box,
    "blob": add_blob,
    "outline": add_outline,
}
