"""Which pixels a fill may have changed, as runs of rows. Nothing in here knows Krita.

Whole rows are numbers, one bit per pixel: Python has no faster way without libraries.
"""

import re
from typing import List, NamedTuple, Tuple

from lacuna_wire import Rect

Runs = List[Tuple[int, int]]


class KeptPixels(NamedTuple):
    """What lay somewhere before a fill; only what the fill may have changed is put back.

    Attributes:
        rect: Where it lay.
        pixels: All of that place.
        runs: Of every row, where the fill may have changed it.
    """

    rect: Rect
    pixels: bytes
    runs: List[Runs]

    def shift(self, left: int, top: int) -> "KeptPixels":
        return self._replace(rect=self.rect.shift(left, top))

    def put_back(self, target: bytearray, area: Rect) -> None:
        """Write over the pixels of an area what lies in both."""
        shared = self.rect.intersect(area)
        size = len(self.pixels) // self.rect.area
        for row in range(shared.top, shared.bottom):
            source = ((row - self.rect.top) * self.rect.width - self.rect.left) * size
            goal = ((row - area.top) * area.width - area.left) * size
            for begin, end in self.runs[row - self.rect.top]:
                first = max(begin + self.rect.left, shared.left) * size
                last = min(end + self.rect.left, shared.right) * size
                if first < last:
                    target[goal + first : goal + last] = self.pixels[source + first : source + last]


_TO_DIGITS = b"0" + b"1" * 255
_ONES = re.compile("1+")


def changed_runs(selection: bytes, rect: Rect, grow: int) -> List[Runs]:
    """Find what is selected, or not farther than `grow` from it.

    Args:
        selection: One byte per pixel of `rect` grown by `grow`.
        rect: Whose rows are looked at.
        grow: Pixels, to every side.

    Returns:
        For every row the columns, counted from its left, at which runs begin and end.

    >>> changed_runs(bytes([0, 9, 0, 0]), Rect(5, 5, 2, 2), 0)
    [[(1, 2)], []]
    """
    width = rect.width + 2 * grow
    digits = selection.translate(_TO_DIGITS).decode("ascii")
    rows = [int(digits[start : start + width], 2) for start in range(0, len(digits), width)]
    reach = 2 * grow + 1
    done = 1
    while done < reach:
        step = min(done, reach - done)
        rows = [row | row >> step for row in rows]
        rows = [row | below for row, below in zip(rows, rows[step:])]
        done += step
    kept = (1 << rect.width) - 1
    texts = (format(row & kept, f"0{rect.width}b") for row in rows[: rect.height])
    return [[match.span() for match in _ONES.finditer(text)] for text in texts]


def paste_runs(
    target: bytearray, pixels: memoryview, runs: List[Runs], width: int, pixel_bytes: int
) -> None:
    """Write runs of pixels over those of the same rectangle."""
    row_bytes = width * pixel_bytes
    for row, columns in enumerate(runs):
        for begin, end in columns:
            first, last = row * row_bytes + begin * pixel_bytes, row * row_bytes + end * pixel_bytes
            target[first:last] = pixels[first:last]
