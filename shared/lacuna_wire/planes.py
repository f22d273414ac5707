"""Planes of pixels, or of masks, over a rectangle: what both editors do to their bytes.

Rows follow one another without padding. Python's own operations on bytes do the work, for there is
no NumPy in an editor.
"""

from typing import Any, Callable, Optional

from .editor import cut_into_strips
from .rect import Rect

STRIP_ROWS = 512  # that are searched at a time
ALLOWED = 255  # of the plane `sources`
FIRST_STEP_PX = 64  # no further than the window of any job reaches
FEWEST_SOURCES_PX = 64 * 64  # what a speck sees of its neighbourhood


def enough_sources(missing_px: int) -> int:
    """Return how many pixels in sight have to be allowed to be copied for so many missing ones."""
    return max(FEWEST_SOURCES_PX, missing_px)


def mask_bounds(read: Callable[[Rect], bytes], within: Rect) -> Optional[Rect]:
    """Return the bounds of all in `within` that is at least 1/255 in a mask, or None."""
    bounds = Rect(0, 0, 0, 0)
    for strip in cut_into_strips(within, within.width * STRIP_ROWS) if within.area else ():
        found = nonzero_bounds(read(strip), strip.width)
        bounds = bounds.union(found.shift(strip.left, strip.top))
    return bounds if bounds.area else None


def nearest_sources(
    read: Callable[[Rect], bytes], within: Rect, part: Rect, image: Rect
) -> Optional[Rect]:
    """Return the bounds of what a fill needs of the plane `sources`, for `JobRequest.sources`.

    That is the nearest of what may be copied, as much as the engine would look for, or all of it
    if there is less: a mask may cover a picture of which a fill needs a corner.

    Args:
        read: Gives the plane, one byte per pixel, 255 = may be copied.
        within: Bounds outside of which nothing may be copied, or the image.
        part: Bounds of what is filled, inside the image.
        image: All there is.

    Returns:
        The bounds, inside the image; None if nothing may be copied.
    """
    enough = enough_sources(part.area) + _count_allowed(read, part.intersect(within))
    step, seen = FIRST_STEP_PX, part
    while not seen.contains(within):
        seen, step = seen.grow(step).intersect(image), 2 * step
        if _count_allowed(read, seen.intersect(within)) >= enough:
            break
    return mask_bounds(read, seen.intersect(within))


def _count_allowed(read: Callable[[Rect], bytes], rect: Rect) -> int:
    strips = cut_into_strips(rect, rect.width * STRIP_ROWS) if rect.area else []
    return sum(bytes(read(strip)).count(ALLOWED) for strip in strips)


def nonzero_bounds(mask: bytes, width: int) -> Rect:
    """Return the bounds of the bytes that are not 0 in rows of `width`; empty if there are none.

    >>> nonzero_bounds(bytes([0, 0, 0, 0, 0, 7, 9, 0]), 4)
    Rect(left=1, top=1, width=2, height=1)
    """
    first = len(mask) - len(mask.lstrip(b"\0"))
    if first == len(mask):
        return Rect(0, 0, 0, 0)
    top, bottom = first // width, (len(mask.rstrip(b"\0")) - 1) // width + 1
    left, right = width, 0
    for start_of_row in range(top * width, bottom * width, width):
        row = mask[start_of_row : start_of_row + width]
        selected = row.lstrip(b"\0")
        if selected:
            left = min(left, width - len(selected))
            right = max(right, len(row.rstrip(b"\0")))
    return Rect.from_edges(left, top, right, bottom)


def paste(onto: bytearray, frame: Rect, pixels: Any, rect: Rect) -> None:
    """Copy the part of `pixels`, which cover `rect`, that lies in `frame` over its pixels.

    >>> pixels = bytearray(b"......")
    >>> paste(pixels, Rect(0, 0, 3, 2), b"abcd", Rect(1, 1, 2, 2)); bytes(pixels)
    b'....ab'
    """
    both = frame.intersect(rect)
    if not both.area:
        return
    depth = len(onto) // frame.area
    source = memoryview(pixels)
    for row in range(both.top, both.bottom):
        start_there = ((row - frame.top) * frame.width + both.left - frame.left) * depth
        start_here = ((row - rect.top) * rect.width + both.left - rect.left) * depth
        size = both.width * depth
        onto[start_there : start_there + size] = source[start_here : start_here + size]
