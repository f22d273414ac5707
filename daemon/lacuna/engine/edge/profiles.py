"""What lies along the way out of a selection: colours by their distance from its rim, in cells."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lacuna_wire import Rect

from ..pixels.document import Mask, Pixels

INNER_PX, OUTER_PX = 24, 28  # how far profiles reach
STEPS = np.arange(-INNER_PX, OUTER_PX + 1)  # 0 is the last pixel inside, 1 the first outside
BINS = len(STEPS)
CELL_PX = 8  # rim pixels in a square of this side share a profile
MOST_CELLS = 20_000  # with more of them, cells are larger
TILE_PX = 256  # side of what is measured at a time; a multiple of every cell
BORDER_PX = OUTER_PX + 2  # around it, so that distances are true

# Colours of a rectangle (h, w, C) in [0, 1], and which of its pixels have one: bool (h, w).
Read = Callable[[Rect], tuple[Pixels, NDArray[np.bool_]]]


class Cells(NamedTuple):
    """Squares through which the rim of a selection runs.

    Attributes:
        side_px: Of a square.
        grid: int32 (rows, columns), number of each square, -1 where no rim is.
        around: int32 (N, 9), numbers of a square and its neighbours; N where there is none.
    """

    side_px: int
    grid: NDArray[np.int32]
    around: NDArray[np.int32]

    def of(self, rect: Rect) -> NDArray[np.int32]:
        """List the numbers of the squares that share a pixel with a rectangle."""
        side = self.side_px
        rows = slice(rect.top // side, -(-rect.bottom // side))
        numbers = self.grid[rows, rect.left // side : -(-rect.right // side)]
        return np.asarray(numbers[numbers >= 0])

    def pool(self, values: Pixels) -> Pixels:
        """Add up every square and its neighbours: (N, ...) float32."""
        padded = np.concatenate([values, np.zeros_like(values[:1])])
        pooled = padded[self.around[:, 0]]
        for column in self.around.T[1:]:
            pooled += padded[column]
        return pooled


class Profiles(NamedTuple):
    """One profile per cell of the rim, of the pixels that are nearest to it.

    Attributes:
        cells: Where they are.
        rim: float32 (N,), pixels outside that touch the selection.
        pixels: float32 (N, BINS), how many.
        sums: float32 (N, BINS, C), of their colours.
        squares: float32 (N, BINS), of their colours' squared lengths.
    """

    cells: Cells
    rim: Pixels
    pixels: Pixels
    sums: Pixels
    squares: Pixels

    def means(self) -> Pixels:
        """Return the mean colours, float32 (N, BINS, C); 0 where no pixel is."""
        return np.asarray(self.sums / np.maximum(self.pixels, 1e-6)[..., None], np.float32)

    def pooled(self) -> "Profiles":
        """Let neighbours share what they know; `rim` stays each cell's own."""
        pool = self.cells.pool
        return self._replace(
            pixels=pool(self.pixels), sums=pool(self.sums), squares=pool(self.squares)
        )


def bin_of(step: int) -> int:
    """Return where a step from the rim stands in a profile.

    >>> int(STEPS[bin_of(1)])
    1
    """
    return step + INNER_PX


def find_cells(selected: Mask) -> Cells:
    """Find the squares through which the rim of a selection uint8 (H, W), 0 or 1, runs."""
    rim = cv2.morphologyEx(selected, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    side, grid = CELL_PX, _any_in_blocks(np.asarray(rim, np.uint8), CELL_PX)
    while np.count_nonzero(grid) > MOST_CELLS:
        side, grid = 2 * side, _any_in_blocks(grid, 2)
    numbers = np.full(grid.shape, -1, np.int32)
    rows, columns = np.nonzero(grid)
    numbers[rows, columns] = np.arange(len(rows))
    padded = np.pad(numbers, 1, constant_values=-1)
    shifts = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)]
    around = np.stack([padded[rows + 1 + down, columns + 1 + right] for down, right in shifts], 1)
    return Cells(side, numbers, np.where(around < 0, len(rows), around).astype(np.int32))


def measure(selected: Mask, read: Read) -> Profiles:
    """Collect profiles around a selection.

    Args:
        selected: uint8 (H, W), 0 or 1.
        read: Gives the colours of a part; asked only for what lies near the rim.
    """
    cells = find_cells(selected)
    count = len(cells.around)
    local = np.zeros(count, np.int64)  # numbers of cells among those of a tile
    sums: NDArray[np.float32] | None = None
    rim = np.zeros(count)
    for tile in tiles_at_rim(cells, selected.shape):
        seen = tile.grow(BORDER_PX).intersect(Rect(0, 0, selected.shape[1], selected.shape[0]))
        core, origin = tile.relative_to(seen), (seen.top, seen.left)
        image, counted = read(seen)
        if sums is None:
            sums = np.zeros((image.shape[2] + 2, count, BINS), np.float32)
        ids = cells.of(seen)
        local[ids] = np.arange(len(ids))
        for outside in (True, False):
            plane = selected[seen.slices]
            plane = np.asarray(1 - plane, np.uint8) if outside else plane
            rows, columns, steps, numbers = _reach(plane, outside, core, origin, cells)
            if outside:
                rim += np.bincount(numbers[steps == 1], minlength=count)
            kept = counted[rows, columns]
            index = (local[numbers] * BINS + steps + INNER_PX)[kept]
            colours = image[rows[kept], columns[kept]]
            weights = (None, *colours.T, np.einsum("nc,nc->n", colours, colours))
            for row, weight in enumerate(weights):
                found = np.bincount(index, weight, len(ids) * BINS)
                sums[row, ids] += found.reshape(-1, BINS)
    assert sums is not None, "a selection with a rim has tiles"
    colour_sums = np.ascontiguousarray(np.moveaxis(sums[1:-1], 0, -1))
    return Profiles(cells, rim.astype(np.float32), sums[0], colour_sums, sums[-1])


def tiles_at_rim(cells: Cells, shape: tuple[int, ...]) -> list[Rect]:
    """Cut (H, W) into tiles of TILE_PX and list those near which the rim runs."""
    reach = 1 + -(-BORDER_PX // cells.side_px)  # the rim is somewhere in its cell
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    near = cv2.dilate((cells.grid >= 0).astype(np.uint8), square)
    tile = max(TILE_PX, cells.side_px)
    near = _any_in_blocks(np.asarray(near, np.uint8), tile // cells.side_px)
    whole = Rect(0, 0, shape[1], shape[0])
    return [
        Rect(column * tile, row * tile, tile, tile).intersect(whole)
        for row, column in np.argwhere(near).tolist()
    ]


def _reach(
    plane: Mask, outside: bool, core: Rect, origin: tuple[int, int], cells: Cells
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Find the pixels of one side of the rim that a profile reaches.

    Args:
        plane: uint8 (h, w), 1 on that side.
        outside: Whether it is the outer one.
        core: Of the plane; pixels around it belong to other tiles.
        origin: Row and column of the plane's first pixel.
        cells: Of the whole selection.

    Returns:
        Rows, columns, steps and cells of the pixels.
    """
    nothing = np.empty(0, np.int64)
    if plane.all() or not plane.any():
        return nothing, nothing, nothing, nothing
    away, labels = cv2.distanceTransformWithLabels(
        plane, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    origins = np.flatnonzero(plane.ravel() == 0)
    nearest = np.zeros(len(origins) + 1, np.int64)
    nearest[labels.ravel()[origins]] = origins
    farthest = OUTER_PX if outside else INNER_PX + 1
    near = np.asarray(away)[core.slices]
    rows, columns = np.nonzero((near > 0) & (near <= farthest + 0.49))
    rows, columns = rows + core.top, columns + core.left
    steps = np.rint(np.asarray(away)[rows, columns]).astype(np.int64)
    at_row, at_column = np.divmod(nearest[labels[rows, columns]], plane.shape[1])
    place = (at_row + origin[0]) // cells.side_px, (at_column + origin[1]) // cells.side_px
    numbers = cells.grid[place].astype(np.int64)
    return rows, columns, steps if outside else 1 - steps, numbers


def _any_in_blocks(mask: Mask, side: int) -> Mask:
    """Reduce (H, W) to one value per block: 1 where any of its values is not 0."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % side), (0, -width % side)))
    blocks = padded.reshape(padded.shape[0] // side, side, -1, side)
    return np.asarray(blocks.max(axis=1).max(axis=2) > 0).astype(np.uint8)
