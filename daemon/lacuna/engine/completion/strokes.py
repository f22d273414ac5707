"""Ink on nothing: the strokes that end at a hole, joined across it by smooth curves.

Patches carry a line straight on until it meets another; where two do not meet by a hair there is a
gap, and of a circle both ends fly off. What joins them is a guide: patches are also compared by how
near their ink is to it, and so it is still the drawing's own ink that is copied.
"""

import cv2
import numpy as np

from ..pixels.document import COLOURS, Mask, Pixels
from .stroke_ends import NEAR_PX, End, Vector, angle_of, find_ends, label_pieces, pair

SHARP = np.radians(50)  # two straight ends that turn by more, together, meet in a corner
STRAIGHT = 0.35  # ends that are so much less curved than the curve they are joined by
TENSIONS = 0.5, 1.7  # least and most, of other variations
POINTS_PER_PX = 2  # of a curve
# Of what is drawn, against the same difference in opacity. Of twice as much curves come out
# jagged: all that lies near to them is copied, whether it fits its neighbours or not.
GUIDE_WEIGHT = np.float32(1.5)
SOFT_PX = 2.0  # standard deviation of what tells from afar where a stroke is
HALF = np.float32(0.5)  # opaque: what is more is ink
MOST_ASIDE_PX = 1  # of a line that is copied, against the one that is drawn
FEW_PX = 4  # of ink that is aside


def draw_guide(image: Pixels, missing: Mask, variation: int = 0) -> Pixels | None:
    """Join the strokes that a hole interrupts.

    Args:
        image: float32 (H, W, COLOURS_AND_ALPHA).
        missing: uint8 (H, W), 1 = missing.
        variation: As `Options.variation`: curves are flatter or rounder in every even one, and in
            odd ones there is no guide.

    Returns:
        `image` with the strokes in its hole, and nothing else in there; None if there are none to
        join, or more than strokes reaches into the hole.
    """
    ends = None if variation % 2 else find_ends(image, missing)
    pairs = list(pair(ends)) if ends else []
    if not ends or not pairs:
        return None
    tension = 1.0
    if variation:
        tension = np.random.default_rng(variation).uniform(*TENSIONS)
    guide = np.where(missing[..., None] > 0, 0, image).astype(np.float32)
    for one, other in pairs:
        _draw(guide, missing, one, join(one, other, tension), other)
    alone = [end for end in ends if not any(end is each for both in pairs for each in both)]
    for end in alone:
        reached = _reach(guide, missing, end)
        if reached is not None:
            _draw(guide, missing, end, join(end, reached), reached)
    return guide


def is_followed(image: Pixels, guide: Pixels, missing: Mask) -> bool:
    """Tell whether what patches have made of a hole joins the strokes, and nothing else.

    Args:
        image: float32 (H, W, COLOURS_AND_ALPHA), completed.
        guide: The same, from `draw_guide`.
        missing: uint8 (H, W), 1 = missing.
    """
    ink, wanted = ((each[..., COLOURS] > HALF).astype(np.uint8) for each in (image, guide))
    around = _grown(missing, MOST_ASIDE_PX)
    if label_pieces((ink & around) > 0).max() > label_pieces((wanted & around) > 0).max():
        return False  # in pieces
    gaps = wanted & missing & (1 - _grown(ink, MOST_ASIDE_PX))
    strays = ink & missing & (1 - _grown(wanted, 2 * MOST_ASIDE_PX))
    return not gaps.any() and int(np.count_nonzero(strays)) <= FEW_PX


def _grown(mask: Mask, radius: int) -> Mask:
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return np.asarray(cv2.dilate(mask, square), np.uint8)


def _reach(guide: Pixels, missing: Mask, end: End) -> End | None:
    """Lead an end straight on to a stroke that is drawn in the hole: where that is, or None."""
    size = np.array(missing.shape)
    for step in range(1, int(size.sum())):
        place = end.place + step * end.ahead
        cell = np.rint(place).astype(int)
        if (cell < 0).any() or (cell >= size).any():
            return None
        if guide[cell[0], cell[1], COLOURS] > HALF and missing[cell[0], cell[1]]:
            return end._replace(place=place, ahead=-end.ahead)
        if step > 2 * NEAR_PX and not missing[cell[0], cell[1]]:
            return None
    return None


def nearness_of(guide: Pixels) -> Pixels:
    """Tell what patches are compared by as well: float32 (H, W, 2), ink, and how near it is."""
    ink = guide[..., COLOURS]
    soft = cv2.GaussianBlur(ink, (0, 0), SOFT_PX)
    return GUIDE_WEIGHT * np.dstack([ink, soft])


def join(one: End, other: End, tension: float = 1.0) -> Vector:
    """Draw the way from one end to another: (N, 2) places, close together.

    Args:
        one: From here.
        other: To there.
        tension: 1 for what is nearest to an arc of a circle; with more it is led further ahead.
    """
    way = other.place - one.place
    length = float(np.hypot(*way))
    turns = angle_of(one.ahead, way), angle_of(way, -other.ahead)
    share = np.linspace(0, 1, int(POINTS_PER_PX * length) + 2)[:, None]
    turned = abs(turns[0] + turns[1])
    if turned > SHARP and (one.bend + other.bend) / 2 * length < STRAIGHT * turned:
        reach = length * np.sin(abs(turns[1])) / np.sin(turned)
        corner = one.place + reach * one.ahead
        return np.concatenate(
            [one.place + share * (corner - one.place), corner + share * (other.place - corner)]
        )
    # So far away lie the handles of the cubic curve that is nearest to an arc of a circle.
    handle = tension * length * 2 / 3 / (1 + np.cos(np.abs(turns).mean()))
    points = one.place, one.place + handle * one.ahead, other.place + handle * other.ahead
    weights = (1 - share) ** 3, 3 * (1 - share) ** 2 * share, 3 * (1 - share) * share**2
    curve = sum(weight * point for weight, point in zip(weights, points, strict=True))
    return np.asarray(curve + share**3 * other.place)


def _draw(guide: Pixels, missing: Mask, one: End, points: Vector, other: End) -> None:
    """Draw the stroke between two ends where something is missing, over what is there."""
    most = max(one.width, other.width) / 2 + 2
    top, left = np.maximum(np.floor(points.min(axis=0) - most), 0).astype(int)
    bottom, right = np.ceil(points.max(axis=0) + most).astype(int) + 1
    place = np.s_[top:bottom, left:right]
    height, width = missing[place].shape
    # The nearest point of the curve, to a pixel: labels of the pixels that it runs through.
    away = np.ones((height, width), np.uint8)
    cells = np.rint(points).astype(int) - (top, left)
    cells = np.clip(cells, 0, (height - 1, width - 1))
    away[cells[:, 0], cells[:, 1]] = 0
    _distance, labels = cv2.distanceTransformWithLabels(
        away, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    first = np.zeros(int(labels.max()) + 1, np.int64)
    first[labels[cells[:, 0], cells[:, 1]]] = np.arange(len(cells))
    nearest = first[labels]
    rows, columns = np.mgrid[top : top + height, left : left + width]
    pixels = np.stack([rows, columns], axis=2)
    distance = np.full((height, width), np.inf)
    for step in range(-2, 3):
        there = points[np.clip(nearest + step, 0, len(points) - 1)]
        distance = np.minimum(distance, np.hypot(*np.moveaxis(pixels - there, 2, 0)))
    share = (nearest / (len(points) - 1))[..., None]
    thick = one.width + (other.width - one.width) * share[..., 0]
    alpha = np.clip(thick / 2 + 0.5 - distance, 0, np.minimum(thick, 1))[..., None]
    colour = one.colour + (other.colour - one.colour) * share
    stroke = np.concatenate([colour * alpha, alpha], axis=2).astype(np.float32)
    over = (missing[place][..., None] > 0) & (alpha > guide[place][..., COLOURS:])
    np.copyto(guide[place], stroke, where=over)
