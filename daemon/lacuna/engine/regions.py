"""The mask, cut into regions: missing parts, each with the context that its fill needs.

Work is spent only where something is missing, and parts whose windows would see each other's hole
are filled together, so that no two crops ever overwrite each other.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lacuna_wire import Rect
from lacuna_wire.errors import Unprocessable

from .context import context_window
from .planes import Mask

# Side of a cell of the coarse map on which parts are told apart. Parts nearer than this are one
# part anyway (their contexts overlap), and a map of cells keeps memory flat on gigapixel masks.
CELL_PX = 16
STRIP_ROWS = 64 * CELL_PX


class Region(NamedTuple):
    """`part` bounds the missing pixels, `window` adds their context; picture coordinates."""

    part: Rect
    window: Rect


def plan_regions(selection: Mask, grow: int) -> list[Region]:
    """Find the regions of a selection (H, W) uint8, 0 = known, after growing it by `grow` pixels.

    Returns:
        Regions from top to bottom. No region's window meets another region's part.

    Raises:
        Unprocessable: If nothing is selected (code `empty_selection`).
    """
    height, width = selection.shape
    picture = Rect(0, 0, width, height)
    parts = [part.grow(grow).intersect(picture) for part in _parts(selection)]
    if not parts:
        raise Unprocessable(
            f"Nothing is selected: all {width:,} x {height:,} values of the mask are 0.",
            code="empty_selection",
        )
    regions = [Region(part, context_window(part, picture)) for part in parts]
    return sorted(_merge(regions, picture), key=lambda region: (region.part.top, region.part.left))


def _parts(selection: Mask) -> list[Rect]:
    """Bound the connected parts, told apart on cells of CELL_PX."""
    cells = _occupied_cells(selection)
    _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(cells, connectivity=8)
    height, width = selection.shape
    parts = []
    for left, top, cells_wide, cells_high, _area in stats[1:].tolist():  # 0 is the background
        rect = Rect(left, top, cells_wide, cells_high).enlarge(CELL_PX)
        parts.append(tighten(selection, rect.intersect(Rect(0, 0, width, height))))
    return parts


def _occupied_cells(selection: Mask) -> Mask:
    """Reduce (H, W) to one value per cell: 1 where any pixel is selected."""
    height, width = selection.shape
    rows, columns = -(-height // CELL_PX), -(-width // CELL_PX)
    cells = np.zeros((rows, columns), np.uint8)
    for top in range(0, height, STRIP_ROWS):
        strip = selection[top : top + STRIP_ROWS]
        padding = ((0, -strip.shape[0] % CELL_PX), (0, columns * CELL_PX - width))
        blocks = np.pad(strip, padding).reshape(-1, CELL_PX, columns, CELL_PX)
        first = top // CELL_PX
        # Rows first: the reduction then runs over contiguous memory.
        cells[first : first + len(blocks)] = blocks.max(axis=1).max(axis=2) > 0
    return cells


def tighten(selection: NDArray[np.generic], rect: Rect) -> Rect:
    """Shrink `rect` to the values of `selection` (H, W) in it that are not 0."""
    inside = selection[rect.slices] != 0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return Rect(rect.left, rect.top, 0, 0)
    tight = Rect.from_edges(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return tight.shift(rect.left, rect.top)


def _merge(regions: list[Region], picture: Rect) -> list[Region]:
    """Unite regions until no window meets the part of another one."""
    waiting, done = list(regions), np.empty((0, 8), np.int64)
    while waiting:
        region = waiting.pop()
        near = _meets(done, region)
        if not near.any():
            done = np.vstack([done, np.array([*region.part, *region.window])])
            continue
        for row in done[near].tolist():
            region = Region(region.part.union(Rect(*row[:4])), region.window)
        done = done[~near]
        # The united part is larger, wants more context and may meet further ones: look again.
        waiting.append(Region(region.part, context_window(region.part, picture)))
    return [Region(Rect(*row[:4]), Rect(*row[4:])) for row in done.tolist()]


def _meets(rows: NDArray[np.int64], region: Region) -> NDArray[np.bool_]:
    """Tell which rows (part, window as left, top, width, height) see `region` or are seen by it."""
    return _overlap(rows[:, :4], region.window) | _overlap(rows[:, 4:], region.part)


def _overlap(rects: NDArray[np.int64], other: Rect) -> NDArray[np.bool_]:
    left, top, width, height = rects.T
    meets: NDArray[np.bool_] = (
        (left < other.right)
        & (left + width > other.left)
        & (top < other.bottom)
        & (top + height > other.top)
    )
    return meets
