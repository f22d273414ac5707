"""Overlapping tiles, made into one plane without seams, band by band."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lacuna_wire import Rect

from ..pixels.document import Pixels


class Band(NamedTuple):
    """Finished rows of a blended plane.

    Attributes:
        rect: Where the band lies.
        pixels: float32 (rect.height, rect.width, C); 0 where no tile covers.
        covered: bool (rect.height, rect.width): whether any tile covers the pixel.
    """

    rect: Rect
    pixels: Pixels
    covered: NDArray[np.bool_]


def feather(length: int, ramp: int) -> Pixels:
    """Weights along one axis of a tile: 1 inside, falling towards both ends, never 0."""
    to_the_nearer_end = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1
    weights: Pixels = (np.minimum(to_the_nearer_end, ramp) / ramp).astype(np.float32)
    return weights


def tile_weights(rect: Rect, ramp: int) -> Pixels:
    """Weights (rect.height, rect.width, 1) of a tile: the product of both axes."""
    rows, columns = feather(rect.height, ramp), feather(rect.width, ramp)
    return (rows[:, None] * columns[None, :])[..., None]


def blend_tiles(
    tiles: Iterable[tuple[Rect, Pixels]], area: Rect, ramp: int, channels: int
) -> Iterator[Band]:
    """Average overlapping tiles, each trusted least near its own edge.

    The weights are divided out, so tiles that agree are reproduced to float32 rounding. Rows are
    handed out as soon as no further tile can reach them: only about one row of tiles is in memory.

    Args:
        tiles: (rect, pixels float32 (rect.height, rect.width, channels)), sorted by `rect.top`.
            Read once: pass a generator and a single tile is alive at a time.
        area: Pixels that are wanted; what tiles show outside of it is dropped.
        ramp: Pixels over which a tile's weight rises, at least 1.
        channels: Of the tiles.

    Yields:
        Bands that together cover `area` from top to bottom.

    Raises:
        ValueError: If the tiles are not sorted.
    """
    top = area.top  # first row that is not handed out yet
    # Weighted colours and the weight, from `top` on.
    sums = np.zeros((0, area.width, channels + 1), np.float32)
    for rect, pixels in tiles:
        ready = min(rect.top, area.bottom) - top
        if ready > 0:
            sums = _with_rows(sums, ready)
            yield _band(Rect(area.left, top, area.width, ready), sums[:ready])
            sums, top = sums[ready:], top + ready
        seen = rect.intersect(area)
        if not seen.area:
            continue
        if seen.top < top:
            raise ValueError(f"tile {tuple(rect)} comes after row {top} was handed out")
        sums = _with_rows(sums, seen.bottom - top)
        inside, place = seen.relative_to(rect).slices, seen.shift(-area.left, -top).slices
        window = tile_weights(rect, ramp)[inside]
        sums[place][..., :-1] += window * pixels[inside]
        sums[place][..., -1:] += window
    if top < area.bottom:
        rest = Rect(area.left, top, area.width, area.bottom - top)
        yield _band(rest, _with_rows(sums, rest.height))


def _with_rows(sums: Pixels, rows: int) -> Pixels:
    """Append empty rows until there are at least `rows`."""
    return np.pad(sums, ((0, max(0, rows - len(sums))), (0, 0), (0, 0)))


def _band(rect: Rect, sums: Pixels) -> Band:
    colour, weight = sums[..., :-1], sums[..., -1:]
    covered = weight > 0
    pixels = np.divide(colour, weight, out=np.zeros_like(colour), where=covered)
    return Band(rect, pixels, covered[..., 0])
