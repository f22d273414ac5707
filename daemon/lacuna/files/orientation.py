"""The eight orientations of EXIF and TIFF: from the pixels as stored to the pixels as seen.

Masks are painted on what people see, so everything outside this package counts pixels there. The
file keeps its stored order and its tag: a rectangle and its pixels are turned back on the way in.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from lacuna_wire.rect import Rect


class Turn(NamedTuple):
    """How stored pixels become displayed ones: rows and columns change places, then are flipped."""

    transposed: bool
    rows_flipped: bool
    columns_flipped: bool


# By the number in tag 274. 6, for example, is a camera held upright: turn clockwise to display.
_TURNS = {
    1: Turn(False, False, False),
    2: Turn(False, False, True),
    3: Turn(False, True, True),
    4: Turn(False, True, False),
    5: Turn(True, False, False),
    6: Turn(True, False, True),
    7: Turn(True, True, True),
    8: Turn(True, True, False),
}


def turn_of(orientation: int) -> Turn:
    """Return the turn for the number in the tag; any other number means "as stored"."""
    return _TURNS.get(orientation, _TURNS[1])


def displayed_size(width: int, height: int, turn: Turn) -> tuple[int, int]:
    """Return (width, height) as seen, from those as stored."""
    return (height, width) if turn.transposed else (width, height)


def displayed(pixels: NDArray[Any], turn: Turn) -> NDArray[Any]:
    """View stored pixels (h, w, ...) as they are seen; nothing is copied."""
    if turn.transposed:
        pixels = pixels.swapaxes(0, 1)
    return _flipped(pixels, turn)


def stored(pixels: NDArray[Any], turn: Turn) -> NDArray[Any]:
    """View displayed pixels (h, w, ...) in the order of the file; undoes `displayed`."""
    pixels = _flipped(pixels, turn)
    return pixels.swapaxes(0, 1) if turn.transposed else pixels


def stored_rect(rect: Rect, width: int, height: int, turn: Turn) -> Rect:
    """Find where the file stores what is seen in `rect`.

    Args:
        rect: In displayed pixels.
        width: Columns of the picture as displayed.
        height: Rows of the picture as displayed.
        turn: From stored to displayed.

    >>> stored_rect(Rect(0, 0, 10, 2), 40, 30, turn_of(6))
    Rect(left=0, top=30, width=2, height=10)
    """
    left = width - rect.right if turn.columns_flipped else rect.left
    top = height - rect.bottom if turn.rows_flipped else rect.top
    if turn.transposed:
        return Rect(top, left, rect.height, rect.width)
    return Rect(left, top, rect.width, rect.height)


def displayed_rect(rect: Rect, width: int, height: int, turn: Turn) -> Rect:
    """Find where the pixels that the file stores in `rect` are displayed; undoes `stored_rect`.

    Args:
        rect: In stored pixels.
        width: Columns of the picture as displayed.
        height: Rows of the picture as displayed.
        turn: From stored to displayed.

    >>> displayed_rect(Rect(0, 30, 2, 10), 40, 30, turn_of(6))
    Rect(left=0, top=0, width=10, height=2)
    """
    if turn.transposed:
        rect = Rect(rect.top, rect.left, rect.height, rect.width)
    left = width - rect.right if turn.columns_flipped else rect.left
    top = height - rect.bottom if turn.rows_flipped else rect.top
    return Rect(left, top, rect.width, rect.height)


def _flipped(pixels: NDArray[Any], turn: Turn) -> NDArray[Any]:
    rows = slice(None, None, -1 if turn.rows_flipped else 1)
    columns = slice(None, None, -1 if turn.columns_flipped else 1)
    return pixels[rows, columns]
