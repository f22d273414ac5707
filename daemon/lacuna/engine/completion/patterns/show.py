"""A completed plane, put back into the picture: each pixel is read once, where its source lies.

Nothing is warped twice, and no level lies in between: a missing pixel is looked up on the plane,
and its source there, seen back in the picture, lies between four pixels of the document.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from lacuna_wire import Rect

from ...pixels.document import Document, Mask, Pixels
from ..backend.kernels import RADIUS
from ..backend.side_by_side import side_by_side
from ..problem import Matches, Problem
from .planes import Floats, Plane, apply
from .view import Flags

# Cells whose matches are asked what a pixel is: its own, and those beside it.
VOTERS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
SLICE_OF_PIXELS = 16_384  # that a thread looks up at a time


class CompletedPlane(NamedTuple):
    """A plane that was completed from a level of a window.

    Attributes:
        plane: Of the level.
        factor: Pixels of the window along a cell of the level.
        image: float32 (H, W, 3), the plane with its hole filled.
        problem: Of the plane.
        matches: Its own.
    """

    plane: Plane
    factor: int
    image: Pixels
    problem: Problem
    matches: Matches


def show_plane(done: CompletedPlane, window: Document, missing: Mask, rect: Rect) -> Pixels:
    """Complete a part of a window from a plane.

    Args:
        done: The plane.
        window: The region's window of the document.
        missing: uint8 (H, W) of the window, 1 = missing.
        rect: Wanted pixels, in window coordinates.

    Returns:
        float32 (rect.height, rect.width, 3), of meaning where pixels are missing.
    """
    shown = window.image(rect)
    rows, columns = np.nonzero(missing[rect.slices])
    colours = np.empty((len(rows), shown.shape[2]), np.float32)

    def work(some: slice) -> None:
        at = np.stack([columns[some] + rect.left, rows[some] + rect.top], axis=1)
        colours[some] = _look_up(done, window, missing, at.astype(np.float64))

    side_by_side(work, len(rows), SLICE_OF_PIXELS)
    shown[rows, columns] = np.clip(colours, 0, 1)
    return shown


def _look_up(done: CompletedPlane, window: Document, missing: Mask, at: Floats) -> Pixels:
    """Return the colours of missing pixels (N, 2), x and y."""
    problem, matches, factor = done.problem, done.matches, done.factor
    height, width = problem.missing.shape
    back = np.asarray(np.linalg.inv(done.plane.matrix), np.float64)
    on_plane = apply(done.plane.matrix, np.asarray((at + 0.5) / factor - 0.5, np.float64))[0]
    total = np.zeros((len(at), window.colour_count), np.float32)
    votes = np.zeros((len(at), 1), np.float32)
    for down, right in VOTERS:
        cell = np.rint(on_plane).astype(np.int64) + np.array([right, down])
        cell = cell.clip(0, (width - 1, height - 1))
        number = problem.number[(cell[:, 1] + RADIUS) * problem.stride + cell[:, 0] + RADIUS]
        rows, columns = np.divmod(matches.source[number], problem.stride)
        shift = np.stack([columns, rows], axis=1) - RADIUS - cell
        source = apply(back, np.asarray(on_plane + shift, np.float64))[0]
        at_source = np.asarray((source + 0.5) * factor - 0.5, np.float64)
        colour, told = _read(window, missing, at_source)
        told &= number >= 0
        total += told[:, None] * (colour + matches.bias[number])
        votes += told[:, None]
    cell = np.rint(on_plane).astype(np.int64).clip(0, (width - 1, height - 1))
    by_plane = done.image[cell[:, 1], cell[:, 0]]
    return np.where(votes > 0, total / np.maximum(votes, 1), by_plane)


def _read(window: Document, missing: Mask, at: Floats) -> tuple[Pixels, Flags]:
    """Read between four pixels: colours, and whether all four are known."""
    height, width = missing.shape
    corner = np.floor(at).astype(np.int64)
    part = (at - corner).astype(np.float32)
    colour = np.zeros((len(at), window.colour_count), np.float32)
    told = np.ones(len(at), bool)
    for right, down in product((0, 1), (0, 1)):
        column, row = corner[:, 0] + right, corner[:, 1] + down
        told &= (row >= 0) & (row < height) & (column >= 0) & (column < width)
        row, column = row.clip(0, height - 1), column.clip(0, width - 1)
        told &= missing[row, column] == 0
        across = part[:, 0] if right else 1 - part[:, 0]
        along = part[:, 1] if down else 1 - part[:, 1]
        colour += (across * along)[:, None] * window.colours(row, column)
    return colour, told
