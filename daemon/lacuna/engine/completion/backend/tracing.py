"""Where pixels of a finer level come from, by a coarser level's matches: lookups of `show.py`."""

import numpy as np
from numpy.typing import NDArray

from ...pixels.document import COLOURS_AND_ALPHA
from .compiled import compiled
from .kernels import RADIUS, Floats, Places


@compiled
def trace(
    rows: Places,
    columns: Places,
    shifts: Places,
    missing: NDArray[np.uint8],
    size: tuple[int, int],
    stride: int,
    number: NDArray[np.int32],
    source: Places,
    down: Places,
    right: Places,
    match: Places,
) -> None:
    """Find where pixels of the next finer level come from, by what their neighbours' sources were.

    Args:
        rows: Of the pixels; with `columns`.
        shifts: (K, 2), rows and columns from a pixel to its neighbours.
        missing: uint8 (H, W) of the finer level, 1 = missing.
        size: Rows and columns of the coarser level; `stride`, `number` and `source` are of it.
        down: (len(rows), K), gets the row of a known pixel, or the pixel's own if there is none.
        right: The same for columns.
        match: (len(rows), K), gets the position of the match that said so, or -1.
    """
    height, width = missing.shape
    for i in range(len(rows)):
        for k in range(len(shifts)):
            down[i, k], right[i, k], match[i, k] = rows[i], columns[i], -1
            row = min(max(rows[i] + shifts[k, 0], 0), height - 1)
            column = min(max(columns[i] + shifts[k, 1], 0), width - 1)
            cell = (min(row // 2, size[0] - 1) + RADIUS) * stride
            position = number[cell + min(column // 2, size[1] - 1) + RADIUS]
            if position < 0:
                continue
            place = source[position]
            there = 2 * (place // stride - RADIUS) + row % 2 + rows[i] - row
            across = 2 * (place % stride - RADIUS) + column % 2 + columns[i] - column
            inside = 0 <= there < height and 0 <= across < width
            if inside and not missing[there, across]:
                down[i, k], right[i, k], match[i, k] = there, across, position


@compiled
def average(colours: Floats, match: Places, bias: Floats, mean: Floats) -> None:
    """Average what was found for each pixel.

    Args:
        colours: (pixels, K, 3), or 4 with alpha.
        match: (pixels, K), position of the match whose bias is to be added; what has none, -1, does
            not count.
        bias: (matches, 3): alpha has none.
        mean: (pixels, 3 or 4) in [0, 1], written where anything counts.
    """
    with_alpha = mean.shape[1] == COLOURS_AND_ALPHA
    for i in range(len(mean)):
        votes = np.float32(0)
        red, green, blue, alpha = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for k in range(match.shape[1]):
            position = match[i, k]
            if position >= 0:
                votes += np.float32(1)
                red += colours[i, k, 0] + bias[position, 0]
                green += colours[i, k, 1] + bias[position, 1]
                blue += colours[i, k, 2] + bias[position, 2]
                if with_alpha:
                    alpha += colours[i, k, 3]
        if votes > 0:
            mean[i, 0] = min(max(red / votes, np.float32(0)), np.float32(1))
            mean[i, 1] = min(max(green / votes, np.float32(0)), np.float32(1))
            mean[i, 2] = min(max(blue / votes, np.float32(0)), np.float32(1))
            if with_alpha:
                mean[i, 3] = min(max(alpha / votes, np.float32(0)), np.float32(1))
