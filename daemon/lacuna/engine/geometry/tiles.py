"""Equal tiles over an area: where the network looks, one window at a time."""

from lacuna_wire import Rect


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Place equal tiles on an axis: the first starts at 0, the last ends flush with the end.

    What is left over is spread over all the overlaps, so there is never a thin last tile that
    starves the network of context.

    Args:
        length: Pixels to cover.
        tile: Pixels per tile.
        overlap: Pixels that neighbours share at least.

    Raises:
        ValueError: If tiles that overlap so much cannot advance.

    >>> tile_starts(1000, tile=512, overlap=64)
    [0, 244, 488]
    """
    if not 0 <= overlap < tile:
        raise ValueError(f"an overlap of {overlap} px does not fit tiles of {tile} px")
    room = max(0, length - tile)
    steps = -(-room // (tile - overlap))
    return [room * step // steps for step in range(steps + 1)] if steps else [0]


def plan_tiles(area: Rect, plane: Rect, tile: int, overlap: int, multiple: int) -> list[Rect]:
    """Cover `area` with equal tiles that lie inside `plane`, row by row from the top.

    A side shorter than a tile gets one tile of just that length, rounded up to a multiple with real
    pixels from around the area as far as the plane has some.

    Args:
        area: Pixels that have to be covered, inside `plane`.
        plane: All pixels that exist.
        tile: Longest side of a tile.
        overlap: Pixels that neighbours share at least.
        multiple: Pixels that a side should be a multiple of.
    """
    columns = _spans(area.left, area.width, plane.left, plane.width, tile, overlap, multiple)
    rows = _spans(area.top, area.height, plane.top, plane.height, tile, overlap, multiple)
    return [Rect(left, top, width, height) for top, height in rows for left, width in columns]


def _spans(
    start: int, length: int, first: int, available: int, tile: int, overlap: int, multiple: int
) -> list[tuple[int, int]]:
    """(start, length) of the tiles on one axis."""
    if length > tile:
        return [(start + offset, tile) for offset in tile_starts(length, tile, overlap)]
    span = min(-(-length // multiple) * multiple, tile, available)
    span = max(span, length)
    start = max(first, min(start - (span - length) // 2, first + available - span))
    return [(start, span)]


def round_down(length: int, multiple: int) -> int:
    """Return the largest multiple that is no longer.

    >>> round_down(63, 8)
    56
    """
    return length // multiple * multiple


def largest_overlap(tile_px: int) -> int:
    """Return the most that neighbouring tiles should share: a quarter, or too few would advance."""
    return tile_px // 4
