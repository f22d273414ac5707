"""Where strokes end at a hole, told from the ink beside it, and which of them belong together."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels.document import COLOURS, LEAST_ALPHA, Mask, Pixels, Places

Vector = NDArray[np.float64]  # rows and columns

BANDS_PX = (6, 12, 24)  # so far from the hole is looked at an end, as long as it is one line
NEAR_PX = 2.5  # pixels as near as this to the hole are where a line ends
WIDEST_PX = 12.0  # more is no stroke but an area
MOST_SPREAD = 0.3  # of the width, from the middle of a straight line, as root mean square
INK = 0.3  # of the most opaque pixel beside the hole: less is the soft edge of ink
MOST_TURNED = np.radians(80)  # of an end against the straight way to the other
UNLIKE_WIDTH = 0.25  # cost of a pair, in squares of radians, whose widths are e to 1
TWICE_AS_WIDE = 1.5


class End(NamedTuple):
    """Where a stroke ends at a hole.

    Attributes:
        place: Row and column of its middle.
        ahead: Where it points, length 1.
        bend: By how many radians per pixel it turns there, at most.
        width: In pixels.
        colour: float32 (COLOURS,), not multiplied by alpha.
    """

    place: Vector
    ahead: Vector
    bend: float
    width: float
    colour: Pixels


def find_ends(image: Pixels, missing: Mask) -> list[End] | None:
    """Find the ends of strokes at a hole; None if there is one that cannot be told from others."""
    alpha = image[..., COLOURS]
    depth = cv2.distanceTransform(1 - missing, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    depth = np.asarray(depth, np.float32)
    beside = (depth > 0) & (depth <= BANDS_PX[0])
    if not beside.any() or alpha[beside].max() < LEAST_ALPHA:
        return []
    ink = (alpha > INK * alpha[beside].max()) & (depth > 0)
    near = label_pieces(ink & (depth <= NEAR_PX))
    found: dict[int, End] = {}
    left = set(range(1, int(near.max()) + 1))
    for band in BANDS_PX:
        for line in _lines(ink & (depth <= band)):
            rows, columns = line.T
            ends = np.unique(near[rows, columns])
            ends = ends[ends > 0]
            if len(ends) != 1:
                continue  # elsewhere, or several that meet here
            end = _measure(line, depth[rows, columns], image[rows, columns])
            if end is not None:
                found[int(ends[0])] = end
            elif depth[rows, columns].max() < 2 * NEAR_PX:
                left.discard(int(ends[0]))  # what is left of something that is to be removed
    return None if left - set(found) else list(found.values())


def _lines(ink: NDArray[np.bool_]) -> list[Places]:
    """Take ink apart into what is connected: rows and columns (N, 2) of each."""
    pixels = np.argwhere(ink)
    labels = label_pieces(ink)[ink]
    order = np.argsort(labels, kind="stable")
    return np.split(pixels[order], np.cumsum(np.bincount(labels)[1:])[:-1])


def label_pieces(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number what is connected, also over corners: int32 (H, W), from 1 on, 0 elsewhere."""
    labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[1]
    return np.asarray(labels, np.int32)


def _measure(pixels: Places, depth: Pixels, colours: Pixels) -> End | None:
    """Measure the end of a line of N pixels; None if it is too short or too wide for one."""
    alpha = colours[:, COLOURS].astype(np.float64)
    furthest = float(depth.max())
    middle = (furthest + NEAR_PX) / 2
    sections = (
        depth <= NEAR_PX,
        np.abs(depth - middle) <= NEAR_PX / 2,
        depth >= furthest - NEAR_PX,
    )
    if furthest < 2 * NEAR_PX or not sections[1].any():
        return None
    near, mid, far = (np.average(pixels[at], axis=0, weights=alpha[at]) for at in sections)
    nearer, _, further = (np.average(depth[at], weights=alpha[at]) for at in sections)
    length = float(np.hypot(*(near - far)))
    # It may leave the hole at an angle: then it is longer than it is far from the hole.
    width = float(alpha.sum()) * float(further - nearer) / max(1e-6, furthest * length)
    if length < NEAR_PX or width > WIDEST_PX:
        return None
    down, right = unit(near - far)
    aside = pixels @ np.array([right, -down])
    aside -= np.average(aside, weights=alpha)
    if np.sqrt(np.average(np.square(aside), weights=alpha)) > MOST_SPREAD * width + 1:
        return None  # they part
    bend = angle_of(mid - far, near - mid) / (length / 2)
    # The last section points to where it is in its own middle.
    ahead = _turn(unit(near - mid), bend * length / 4)
    colour = colours[:, :COLOURS].sum(axis=0) / np.float32(alpha.sum())
    return End(near, ahead, abs(bend), width, colour)


def pair(ends: list[End]) -> Iterator[tuple[End, End]]:
    """Tell which ends belong together: those first that are joined with the least turning."""
    costs = []
    for number, one in enumerate(ends):
        for further, other in enumerate(ends[:number]):
            way = other.place - one.place
            turns = abs(angle_of(one.ahead, way)), abs(angle_of(other.ahead, -way))
            unlike = UNLIKE_WIDTH * np.log(one.width / other.width) ** 2
            unlike += float(np.square(one.colour - other.colour).sum())
            if max(turns) < MOST_TURNED:
                costs.append((turns[0] ** 2 + turns[1] ** 2 + unlike, number, further))
    costs.sort()
    left = set(range(len(ends)))
    for _cost, *both in costs:
        if left.issuperset(both):
            left.difference_update(both)
            yield ends[both[0]], ends[both[1]]
    # Two strokes may leave as one that is as wide as both.
    for _cost, *both in costs:
        thin, wide = sorted(both, key=lambda number: ends[number].width)
        if thin in left and ends[wide].width > TWICE_AS_WIDE * ends[thin].width:
            left -= {thin, wide}
            yield ends[thin], ends[wide]


def unit(vector: Vector) -> Vector:
    """Make a direction of length 1; nothing stays nothing."""
    return vector / max(1e-6, float(np.hypot(*vector)))


def _turn(vector: Vector, angle: float) -> Vector:
    cosine, sine = np.cos(angle), np.sin(angle)
    down, right = vector
    return np.array([down * cosine + right * sine, right * cosine - down * sine])


def angle_of(start: Vector, end: Vector) -> float:
    """Tell by what angle in radians `_turn` brings the first direction to the second."""
    cross = end[0] * start[1] - end[1] * start[0]
    return float(np.arctan2(cross, start @ end))
