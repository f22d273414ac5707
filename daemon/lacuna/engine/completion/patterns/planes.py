"""Planes seen in perspective: found by their lines, and seen from above.

Line segments, vanishing points by RANSAC, and a plane for each pair of them (Huang, Kang, Ahuja and
Kopf, "Image Completion using Planar Structure Guidance", SIGGRAPH 2014, section 3.1). Unlike there
patterns are looked for on the rectified plane, where steps are as even as on a facade.
"""

from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ...pixels.document import Pixels
from .view import Flags, View, grow

Floats = NDArray[np.float64]

MOST_SEGMENTS, LEAST_SEGMENTS = 400, 8
LEAST_LENGTH = 0.02  # of a segment, against the diagonal
MARGIN_PX = 4  # from a segment to the hole
AWAY = np.sin(np.deg2rad(1.5))  # so far a segment may point past a vanishing point
MOST_POINTS = 3
LEAST_SUPPORT = 0.12  # of the length of all segments, for a vanishing point
DRAWS = 2000  # pairs of segments
MOST_NEARER = 3.0  # times, that a place may be nearer or farther than the hole's middle
LEAST_SEEN = 0.2  # of the area of a pixel: else the plane is seen too much from the side
MOST_FINER, LEAST_FINER = 1.5, 0.5  # pixels of a plane for one of the picture, along an axis
FRONTAL = 0.01  # of the longer side: a warp by less is none
EVEN = 1.1


class Plane(NamedTuple):
    """A plane of the picture, as it is seen from above.

    Attributes:
        matrix: float64 (3, 3), homogeneous (x, y, 1) of the picture -> of the plane.
        height: Of the plane, in its pixels.
        width: The same.
        support: Which share of the length of all segments goes along its axes.
    """

    matrix: Floats
    height: int
    width: int
    support: float


def find_planes(view: View, most_px: int) -> list[Plane]:
    """Find the planes that the lines around a hole speak for, best first.

    Args:
        view: The hole.
        most_px: Pixels of a plane, at most.
    """
    segments = _find_segments(view)
    if len(segments) < LEAST_SEGMENTS:
        return []
    height, width = view.missing.shape
    frame = _Frame(np.array([width, height]) / 2, max(height, width) / 2)
    points = _find_vanishing_points(frame.into(segments))
    planes = [
        _rectify(one, other, view.missing, frame, most_px) for one, other in combinations(points, 2)
    ]
    found = [plane for plane in planes if plane and not _is_frontal(plane, view.missing)]
    return sorted(found, key=lambda plane: -plane.support)


def see_from_above(view: View, plane: Plane) -> View:
    """Warp a view: what the plane shows beyond the picture is neither missing nor usable."""
    size = plane.width, plane.height

    def warp(values: Pixels, border: int = cv2.BORDER_CONSTANT) -> Pixels:
        return np.asarray(
            cv2.warpPerspective(
                values, plane.matrix, size, flags=cv2.INTER_LINEAR, borderMode=border
            ),
            np.float32,
        )

    # A pixel that has anything of the hole in it is missing.
    missing = grow(warp(view.missing.astype(np.float32)) > 1e-3, 1.5)
    usable = (warp(view.usable.astype(np.float32)) > 1 - 1e-3) & ~missing
    return View(warp(view.image, cv2.BORDER_REPLICATE), missing, usable)


class _Frame(NamedTuple):
    """Coordinates in which lines are intersected: 0 in the middle of the picture, at most 1."""

    middle: Floats
    scale: float

    def into(self, points: Floats) -> Floats:
        """Convert pixels: (..., 2)."""
        found: Floats = (points - self.middle) / self.scale
        return found

    @property
    def matrix(self) -> Floats:
        """The same for homogeneous ones: (3, 3)."""
        x, y = self.middle / self.scale
        return np.array([[1 / self.scale, 0, -x], [0, 1 / self.scale, -y], [0, 0, 1]])


class _VanishingPoint(NamedTuple):
    """Homogeneous (3,), of length 1, and the share of the segments' length that goes there."""

    point: Floats
    support: float


def _find_segments(view: View) -> Floats:
    """Find line segments between known pixels, the longest first: (N, 2, 2), ends as x and y."""
    gray = np.rint(np.clip(view.image.mean(axis=2), 0, 1) * 255).astype(np.uint8)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(gray)[0]
    if found is None:
        return np.zeros((0, 2, 2))
    ends = found.reshape(-1, 2, 2).astype(np.float64)
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    height, width = gray.shape
    keep = length >= LEAST_LENGTH * np.hypot(height, width)
    near = grow(view.missing, MARGIN_PX)
    for part in (0.25, 0.5, 0.75):
        at = np.rint(ends[:, 0] * (1 - part) + ends[:, 1] * part).astype(int)
        keep &= ~near[at[:, 1].clip(0, height - 1), at[:, 0].clip(0, width - 1)]
    ends, length = ends[keep], length[keep]
    longest: Floats = ends[np.argsort(-length, kind="stable")[:MOST_SEGMENTS]]
    return longest


def _find_vanishing_points(segments: Floats) -> list[_VanishingPoint]:
    """Find where most segments go, one point after the other.

    Args:
        segments: (N, 2, 2), in a frame.
    """
    ends = np.concatenate([segments, np.ones((len(segments), 2, 1))], axis=2)
    lines = np.cross(ends[:, 0], ends[:, 1])
    lines /= np.linalg.norm(lines[:, :2], axis=1, keepdims=True)
    middle = segments.mean(axis=1)
    way = segments[:, 1] - segments[:, 0]
    length = np.linalg.norm(way, axis=1)
    way = way / length[:, None]

    def goes_to(points: Floats) -> Flags:
        """Which segments go to which points: (points, segments)."""
        to = points[:, None, :2] - points[:, None, 2:] * middle
        across = np.abs(to[..., 0] * way[:, 1] - to[..., 1] * way[:, 0])
        return np.asarray(across < AWAY * (np.linalg.norm(to, axis=2) + 1e-12))

    rng = np.random.default_rng(0)  # the same picture has the same planes every time
    left = np.ones(len(segments), bool)
    found: list[_VanishingPoint] = []
    while len(found) < MOST_POINTS and np.count_nonzero(left) >= LEAST_SEGMENTS // 2:
        some = np.flatnonzero(left)
        pairs = rng.choice(some, (2, DRAWS), p=length[some] / length[some].sum())
        points = np.cross(lines[pairs[0]], lines[pairs[1]])
        norm = np.linalg.norm(points, axis=1, keepdims=True)
        points = points[norm[:, 0] > 1e-6] / norm[norm[:, 0] > 1e-6]
        if not len(points):
            break
        votes = goes_to(points) & left
        best = int((votes @ length).argmax())
        point, agree = points[best], votes[best]
        if agree @ length < LEAST_SUPPORT * length.sum():
            break
        for _ in range(3):  # least squares over all that agree
            point = np.linalg.svd(lines[agree] * length[agree, None])[2][2]
            again = goes_to(point[None])[0] & left
            if again @ length < agree @ length:
                break
            agree = again
        found.append(_VanishingPoint(point, float(agree @ length / length.sum())))
        left &= ~goes_to(point[None])[0]
    return found


def _rectify(
    one: _VanishingPoint, other: _VanishingPoint, missing: Flags, frame: _Frame, most_px: int
) -> Plane | None:
    """Look at the plane through two vanishing points from above; None where that is no use.

    In the middle of the hole a pixel stays a pixel along both axes, or becomes a little finer.
    """
    left, top, across, down = cv2.boundingRect(missing.astype(np.uint8))
    hole: Floats = np.array([left + (across - 1) / 2, top + (down - 1) / 2])
    middle = np.append(frame.into(hole), 1.0)
    horizon = np.cross(one.point, other.point)
    if np.linalg.norm(horizon) < 1e-3 or abs(horizon @ middle) < 1e-6:
        return None
    horizon = horizon / (horizon @ middle)
    matrix = np.stack([np.cross(other.point, middle), np.cross(one.point, middle), horizon])
    local = _jacobian(matrix, middle[:2])
    for axis, point in enumerate((one.point, other.point)):
        way = point[:2] - point[2] * middle[:2]
        step = local @ (way / (np.linalg.norm(way) + 1e-12))
        if abs(step[axis]) < 1e-6:
            return None
        matrix[axis] /= step[axis]
    matrix[:2] = _upright(matrix[:2], _jacobian(matrix, middle[:2]))
    if abs(np.linalg.det(_jacobian(matrix, middle[:2]))) < LEAST_SEEN:
        return None
    whole = np.diag([frame.scale, frame.scale, 1.0]) @ matrix @ frame.matrix
    height, width = missing.shape
    grid = np.stack(np.meshgrid(np.arange(0, width, 4), np.arange(0, height, 4)), axis=-1)
    at: Floats = grid.reshape(-1, 2).astype(np.float64)
    farther = apply(whole, at)[1] / apply(whole, hole[None])[1]
    of_hole = farther[missing[::4, ::4].ravel()]
    if not len(of_hole) or of_hole.min() < 1 / MOST_NEARER or of_hole.max() > MOST_NEARER:
        return None
    seen = apply(whole, at[(farther > 1 / MOST_NEARER) & (farther < MOST_NEARER)])[0]
    low, high = seen.min(axis=0), seen.max(axis=0)
    # As fine as the nearest place of the hole, as far as there is room.
    finer = float(np.clip(of_hole.max() ** 1.5, 1, MOST_FINER))
    finer = min(finer, float(np.sqrt(most_px / np.prod(high - low + 1))))
    if finer < LEAST_FINER:
        return None
    move = np.array([[finer, 0, -low[0] * finer], [0, finer, -low[1] * finer], [0, 0, 1]])
    columns, rows = (np.ceil((high - low) * finer) + 1).astype(int)
    return Plane(move @ whole, int(rows), int(columns), one.support + other.support)


def _upright(rows: Floats, local: Floats) -> Floats:
    """Keep left to the left and up above: swap and turn the axes of a matrix."""
    if abs(local[0, 1]) > abs(local[0, 0]):
        rows, local = rows[::-1], local[::-1]
    return np.array([row * np.sign(each) for row, each in zip(rows, np.diag(local), strict=True)])


def apply(matrix: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Map points (N, 2): where they come to lie, and their depths (N,)."""
    mapped = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return mapped[:, :2] / mapped[:, 2:], mapped[:, 2]


def _jacobian(matrix: Floats, at: Floats) -> Floats:
    """Return how a map stretches around a point: (2, 2)."""
    mapped = matrix @ np.append(at, 1.0)
    stretched = matrix[:2, :2] - np.outer(mapped[:2] / mapped[2], matrix[2, :2])
    return np.asarray(stretched / mapped[2])


def _is_frontal(plane: Plane, missing: Flags) -> bool:
    """Tell whether the plane is the picture itself, but for a few pixels: nothing to rectify."""
    height, width = missing.shape
    corners: Floats = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    seen, _depth = apply(plane.matrix, corners)
    scale = np.abs(seen[3] - seen[0]) / (width, height)
    moved = np.abs(seen - seen[0] - corners * scale).max()
    return bool(moved < FRONTAL * max(height, width) and scale.max() < EVEN * scale.min())
