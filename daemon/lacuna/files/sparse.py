"""A mask in blocks, held only where something is selected: memory grows with the selection."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lacuna_wire.rect import Rect, bounding_rect

BLOCK_PX = 256
MISSING = 255

Mask = NDArray[np.uint8]

# Every block of which all is missing is a view of this one.
_FULL = np.full((BLOCK_PX, BLOCK_PX), MISSING, np.uint8)
_FULL.flags.writeable = False


class SparseMask:
    """(height, width) u8, 0 until something else is put there; read by slices, like an array.

    Args:
        height: Rows.
        width: Columns.
    """

    def __init__(self, height: int, width: int) -> None:
        self.shape = (height, width)
        self._blocks: dict[tuple[int, int], Mask] = {}  # by row and column of the block

    @property
    def rect(self) -> Rect:
        return Rect(0, 0, self.shape[1], self.shape[0])

    @property
    def held_bytes(self) -> int:
        """About how many bytes of memory it takes."""
        return sum(block.nbytes for block in self._blocks.values() if block.flags.writeable)

    def put(self, rect: Rect, values: Mask) -> None:
        """Set the pixels of `rect` to `values` (rect.height, rect.width), each pixel once.

        Args:
            rect: Inside the mask.
            values: u8.
        """
        if not values.any():
            return
        for key, place, seen in self._under(rect):
            part = values[seen.relative_to(rect).slices]
            if not part.any():
                continue
            block = self._blocks.setdefault(key, np.zeros((place.height, place.width), np.uint8))
            block[seen.relative_to(place).slices] = part
            if part.min() == MISSING and block.min() == MISSING:
                self._blocks[key] = _FULL[: place.height, : place.width]

    def __getitem__(self, slices: tuple[slice, slice]) -> Mask:
        """Copy the pixels of a rectangle that lies inside, named by `Rect.slices`."""
        rows, columns = slices
        rect = Rect.from_edges(columns.start, rows.start, columns.stop, rows.stop)
        values = np.zeros((rect.height, rect.width), np.uint8)
        for key, place, seen in self._under(rect):
            block = self._blocks.get(key)
            if block is not None:
                part = block[seen.relative_to(place).slices]
                values[seen.relative_to(rect).slices] = part
        return values

    def bounds(self) -> Rect:
        """Return the bounds of what is not 0; empty if everything is 0."""
        return bounding_rect([self._tight(key) for key in self._blocks])

    def count(self) -> int:
        """Count the pixels that are not 0."""
        full = sum(block.size for block in self._blocks.values() if not block.flags.writeable)
        return full + sum(
            int(np.count_nonzero(block)) for block in self._blocks.values() if block.flags.writeable
        )

    def highest(self) -> int:
        """Return the highest value."""
        return max((int(block.max()) for block in self._blocks.values()), default=0)

    def is_all_selected(self) -> bool:
        """Tell whether no pixel is 0."""
        count = -(-self.shape[0] // BLOCK_PX) * -(-self.shape[1] // BLOCK_PX)
        return len(self._blocks) == count and all(block.all() for block in self._blocks.values())

    def _under(self, rect: Rect) -> Iterator[tuple[tuple[int, int], Rect, Rect]]:
        """Yield the key of every block under `rect`, its place, and what of it is in `rect`."""
        blocks = rect.reduce(BLOCK_PX)
        for row in range(blocks.top, blocks.bottom):
            for column in range(blocks.left, blocks.right):
                place = self._place((row, column))
                seen = place.intersect(rect)
                if seen.area:
                    yield (row, column), place, seen

    def _place(self, key: tuple[int, int]) -> Rect:
        row, column = key
        return Rect(column, row, 1, 1).enlarge(BLOCK_PX).intersect(self.rect)

    def _tight(self, key: tuple[int, int]) -> Rect:
        block, place = self._blocks[key], self._place(key)
        rows, columns = np.flatnonzero(block.any(axis=1)), np.flatnonzero(block.any(axis=0))
        if not len(rows):
            return Rect(0, 0, 0, 0)
        edges = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        return Rect.from_edges(*edges).shift(place.left, place.top)
