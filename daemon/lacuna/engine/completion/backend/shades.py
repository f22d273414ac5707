"""How far the colours of a patch may be shifted as a whole: as far as colours like them differ.

A sky has no two places alike, so a patch is made lighter or darker to meet its place. Beside ink
that would turn paper gray, step by step, though nothing known is gray. So a patch is shifted by no
more than twice the root mean square by which known colours that are like its own differ from it:
paper has one white, and a sky all shades.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ...pixels.document import COLOURS
from .compiled import compiled, inlined
from .kernels import Floats

BINS = 32  # per channel: colours are alike up to three cells of 8 of 255 further
ALIKE = 3
SPREADS = np.float32(2)  # a gradient of which a third is missing goes on through the hole
# Of a cell: how many pixels, the sum of each channel, and the sum of their squares.
COUNT, SUM, SQUARES = 0, 1, COLOURS + 1
LEAST_COUNT = np.float32(1e-3)


@inlined
def bin_of(value: np.float32) -> int:
    """Return in which of the BINS a value is."""
    return int(min(max(value * BINS, np.float32(0)), np.float32(BINS - 1)))


@compiled
def add_up(
    values: Floats, is_counted: NDArray[np.bool_], channels: int, cells: NDArray[np.float64]
) -> None:
    """Add up the colours of places.

    Args:
        values: float32 (places * C + some,), colours first.
        is_counted: bool (places,).
        channels: C.
        cells: (BINS, BINS, BINS, SQUARES + 1), added to.
    """
    for place in range(len(is_counted)):
        if is_counted[place]:
            red, green, blue = values[place * channels : place * channels + COLOURS]
            cell = cells[bin_of(red), bin_of(green), bin_of(blue)]
            cell[COUNT] += 1
            cell[SUM] += red
            cell[SUM + 1] += green
            cell[SUM + 2] += blue
            cell[SQUARES] += red * red + green * green + blue * blue


@compiled
def look_up(
    values: Floats, channels: int, cells: NDArray[np.float64], counts: Floats, squares: Floats
) -> None:
    """Tell of each place how many known colours are like its own, and how far they are from it.

    Args:
        values: As in `add_up`.
        channels: C.
        cells: Sums over all cells that are alike.
        counts: (places,), gets the number of pixels.
        squares: (places,), gets the sum of the squares of their differences in all channels.
    """
    for place in range(len(counts)):
        red, green, blue = values[place * channels : place * channels + COLOURS]
        cell = cells[bin_of(red), bin_of(green), bin_of(blue)]
        across = red * cell[SUM] + green * cell[SUM + 1] + blue * cell[SUM + 2]
        own = red * red + green * green + blue * blue
        counts[place] = cell[COUNT]
        squares[place] = max(cell[SQUARES] - 2 * across + own * cell[COUNT], 0.0)


def most_shifts(
    values: Floats, stride: int, is_counted: NDArray[np.bool_], side: int, most: np.float32
) -> Floats:
    """Return how far the colours of the patch around each place may be shifted: float32 (places,).

    Within a patch a colour counts as often as there are pixels like it: the gray rims of lines are
    rare.

    Args:
        values: float32 (places * C + some,), colours in [0, 1] first.
        stride: Places per row.
        is_counted: bool (places,), whose colours are known and may be copied.
        side: Of a patch.
        most: Limit.
    """
    channels = len(values) // len(is_counted)
    cells = np.zeros((BINS, BINS, BINS, SQUARES + 1))
    add_up(values, is_counted, channels, cells)
    for axis in range(COLOURS):
        sums = np.cumsum(cells, axis=axis)
        upper = np.minimum(np.arange(BINS) + ALIKE, BINS - 1)
        lower = np.arange(BINS) - ALIKE - 1
        below = np.take(sums, np.maximum(lower, 0), axis=axis)
        below *= np.moveaxis((lower >= 0)[:, None, None, None], 0, axis)
        cells = np.take(sums, upper, axis=axis) - below
    counts, squares = (np.empty(len(is_counted), np.float32) for _ in range(2))
    look_up(values, channels, cells, counts, squares)
    pooled = [cv2.blur(each.reshape(-1, stride), (side, side)) for each in (squares, counts)]
    # Running sums leave a little less than nothing.
    spread = np.sqrt(np.maximum(pooled[0], 0) / (COLOURS * np.maximum(pooled[1], LEAST_COUNT)))
    return np.asarray(np.minimum(SPREADS * spread, most), np.float32).ravel()
