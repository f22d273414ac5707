"""The mask, cut into regions: missing parts, each with the context that its fill needs.

Work is spent only where something is missing. Parts whose windows would see each other's hole are
filled together; only specks, of which a scan has thousands, are shared out among small windows.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lacuna_wire import Rect
from lacuna_wire.errors import Unprocessable
from lacuna_wire.rect import bounding_rect

from ..pixels.document import Mask, Readable, strips
from .context import MIN_CONTEXT_PX, context_window

# Side of a cell of the coarse map on which parts are told apart. Parts nearer than this are one
# part anyway (their contexts overlap), and a map of cells keeps memory flat on gigapixel masks.
CELL_PX = 16
STRIP_ROWS = 16 * CELL_PX  # read at a time
# Parts up to this size are filled as well with a neighbour's hole in sight as with its fill: what
# decides lies nearer. Where they are so dense that each sees the next, uniting them all would make
# one window of the whole picture.
SPECK_PX = MIN_CONTEXT_PX
SHARED_PX = 512  # longest side of a window that specks share with what they see


class Region(NamedTuple):
    """`part` bounds the missing pixels, `window` adds their context; picture coordinates."""

    part: Rect
    window: Rect


def plan_regions(selection: Readable, grow: int) -> list[Region]:
    """Find the regions of a selection (H, W) uint8, 0 = known, after growing it by `grow` pixels.

    The selection is read in strips.

    Returns:
        Regions from top to bottom. No two parts meet, and no window meets another region's part
        but where one of the two is made of specks and a window for both would be longer than
        SHARED_PX.

    Raises:
        Unprocessable: If nothing is selected (code `empty_selection`).
    """
    height, width = selection.shape[:2]
    picture = Rect(0, 0, width, height)
    parts = [part.grow(grow).intersect(picture) for part in _parts(selection)]
    if not parts:
        raise Unprocessable(
            f"Nothing is selected: all {width:,} x {height:,} values of the mask are 0.",
            code="empty_selection",
        )
    regions = _merge(parts, picture)
    return sorted(regions, key=lambda region: (region.part.top, region.part.left))


def _parts(selection: Readable) -> list[Rect]:
    """Bound the connected parts, told apart on cells of CELL_PX."""
    cells = _occupied_cells(selection)
    _count, _labels, stats, _centres = cv2.connectedComponentsWithStats(cells, connectivity=8)
    height, width = selection.shape[:2]
    parts = []
    for left, top, cells_wide, cells_high, _area in stats[1:].tolist():  # 0 is the background
        rect = Rect(left, top, cells_wide, cells_high).enlarge(CELL_PX)
        parts.append(tighten(selection, rect.intersect(Rect(0, 0, width, height))))
    return parts


def _occupied_cells(selection: Readable) -> Mask:
    """Reduce (H, W) to one value per cell: 1 where any pixel is selected."""
    height, width = selection.shape[:2]
    rows, columns = -(-height // CELL_PX), -(-width // CELL_PX)
    cells = np.zeros((rows, columns), np.uint8)
    for top in range(0, height, STRIP_ROWS):
        place = Rect(0, top, width, min(STRIP_ROWS, height - top))
        strip = selection[place.slices]
        padding = ((0, -strip.shape[0] % CELL_PX), (0, columns * CELL_PX - width))
        blocks = np.pad(strip, padding).reshape(-1, CELL_PX, columns, CELL_PX)
        first = top // CELL_PX
        # Rows first: the reduction then runs over contiguous memory.
        cells[first : first + len(blocks)] = blocks.max(axis=1).max(axis=2) > 0
    return cells


def tighten(selection: Readable, rect: Rect) -> Rect:
    """Shrink `rect` to the values of `selection` (H, W) in it that are not 0; empty if all are."""
    return bounding_rect([_tight(selection, strip) for strip in strips(rect)])


def _tight(selection: Readable, rect: Rect) -> Rect:
    inside = selection[rect.slices] != 0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return Rect(0, 0, 0, 0)
    tight = Rect.from_edges(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return tight.shift(rect.left, rect.top)


def _merge(parts: list[Rect], picture: Rect) -> list[Region]:
    """Unite parts until they are regions as `plan_regions` promises."""
    waiting = [(part, max(part.width, part.height) <= SPECK_PX) for part in parts]
    done = np.empty((0, 9), np.int64)  # part, window, and 1 if it is made of specks
    while waiting:
        part, specks = waiting.pop()
        window = context_window(part, picture)
        seen = _overlap(done[:, :4], window) | _overlap(done[:, 4:8], part)
        near = _overlap(done[:, :4], part)
        if not specks:
            near |= seen & (done[:, 8] == 0)
        if not near.any():
            # One at a time: each fits, but all of them together may not.
            for row in np.flatnonzero(seen):
                shared = context_window(part.union(Rect(*done[row, :4].tolist())), picture)
                if max(shared.width, shared.height) <= SHARED_PX:
                    near[row] = True
                    break
        if not near.any():
            done = np.vstack([done, np.array([*part, *window, specks])])
            continue
        # The united part is larger, wants more context and may meet further ones: look again.
        united = bounding_rect([part, *(Rect(*row[:4]) for row in done[near].tolist())])
        waiting.append((united, specks and bool(done[near, 8].all())))
        done = done[~near]
    return [Region(Rect(*row[:4]), Rect(*row[4:8])) for row in done.tolist()]


def _overlap(rects: NDArray[np.int64], other: Rect) -> NDArray[np.bool_]:
    """Tell which rows (left, top, width, height) share a pixel with `other`."""
    left, top, width, height = rects.T
    meets: NDArray[np.bool_] = (
        (left < other.right)
        & (left + width > other.left)
        & (top < other.bottom)
        & (top + height > other.top)
    )
    return meets
