"""Find what was selected again after the canvas was cropped, enlarged or scaled.

A few rows of pixels around the selection are remembered. Nothing in here knows Krita.
"""

from typing import Callable, List, NamedTuple, Tuple

from lacuna_wire import Rect

ROWS = 16
MARGIN = 32  # pixels around the selection in which landmarks are taken

Read = Callable[[Rect], bytes]


class Landmark(NamedTuple):
    """A row of pixels, and where it was."""

    rect: Rect
    pixels: bytes


def take_landmarks(read: Read, selection: Rect, canvas: Rect) -> List[Landmark]:
    """Remember some rows around a selection that lies on the canvas."""
    area = selection.grow(MARGIN).intersect(canvas)
    step = max(1, area.height // ROWS)
    rows = [
        Rect(area.left, top, area.width, 1)
        for top in range(area.top + step // 2, area.bottom, step)
    ]
    return [Landmark(row, read(row)) for row in rows]


def are_seen(
    landmarks: List[Landmark], read: Read, canvas: Rect, shift: Tuple[int, int], pixel_bytes: int
) -> bool:
    """Tell whether most landmarks are where they should be now.

    Args:
        landmarks: From `take_landmarks`.
        read: Gives the pixels of today, in the colour space of the landmarks.
        canvas: Today's; what lies outside of it says nothing.
        shift: By how much everything is supposed to have moved.
        pixel_bytes: Length of one pixel.
    """
    found = looked = 0
    for rect, pixels in landmarks:
        now = rect.shift(*shift).intersect(canvas)
        if not now.area:
            continue
        start = (now.left - shift[0] - rect.left) * pixel_bytes
        looked += 1
        found += read(now) == pixels[start : start + now.width * pixel_bytes]
    return found * 2 > looked or not looked
