"""What becomes of a selection that is grown, without the engine and without numpy.

An editor shows it before the click. Python's long integers do the work: a whole mask is one number,
and moving it by some pixels is one shift.
"""

from math import sqrt
from typing import Callable, List

from .rect import Rect

_MAX_BYTE = 255
_LANE_BITS = 16  # of a soft value: a byte, and room for the carry of a subtraction
_TO_DIGITS = bytes([ord("0")] + [ord("1")] * _MAX_BYTE)
_TO_BYTES = bytes(_MAX_BYTE * (value == ord("1")) for value in range(256))


def count_grown(mask: bytes, width: int, height: int, radius: int, image: Rect) -> int:
    """Return how many pixels of an image are selected, however softly, after growing.

    Args:
        mask: `height` rows of `width` bytes, 0 = not selected; nothing is selected outside of it.
        width: Columns.
        height: Rows.
        radius: As the option `grow`, in pixels.
        image: Seen from the first pixel of the mask, which lies inside.

    >>> count_grown(bytes([0, 9, 0]), 3, 1, 1, Rect(0, -10, 20, 20))
    5
    >>> count_grown(bytes([0, 9, 0]), 3, 1, 1, Rect(0, 0, 3, 1))
    3
    """
    if not radius:
        return len(mask) - mask.count(0)
    grown = _grow_bits(mask, width, height, radius)
    area = Rect(0, 0, width, height).grow(radius)
    inside = area.intersect(image)
    row = ("1" * inside.width).rjust(inside.right - area.left, "0").ljust(area.width, "0")
    rows = int(row * inside.height, 2) << (area.bottom - inside.bottom) * area.width
    return bin(grown & rows).count("1")


def grow_mask(mask: bytes, width: int, height: int, radius: int) -> bytes:
    """Enlarge a mask by a disc, soft values and all, as the engine does it.

    Args:
        mask: `height` rows of `width` bytes; nothing is selected outside of it.
        width: Columns.
        height: Rows.
        radius: In pixels.

    Returns:
        Rows of `width + 2 * radius` bytes, `height + 2 * radius` of them: the mask lies in their
        middle.

    >>> list(grow_mask(bytes([9]), 1, 1, 1))
    [0, 9, 0, 9, 9, 9, 0, 9, 0]
    """
    if not radius:
        return mask
    size = (width + 2 * radius) * (height + 2 * radius)
    if is_hard(mask):
        return f"{_grow_bits(mask, width, height, radius):0{size}b}".encode().translate(_TO_BYTES)
    lanes = bytearray(2 * size)
    lanes[::2] = _padded(mask, width, height, radius)
    value = _dilated(
        int.from_bytes(lanes, "little"), _LANE_BITS, width + 2 * radius, radius, _greater_of(size)
    )
    return value.to_bytes(2 * size, "little")[::2]


def is_hard(mask: bytes) -> bool:
    """Tell whether every pixel is selected wholly or not at all."""
    return mask.count(0) + mask.count(_MAX_BYTE) == len(mask)


def disc(radius: int) -> List[int]:
    """Return how far the rows of the engine's disc reach sideways, from its middle row outwards.

    >>> disc(3)
    [3, 3, 2, 0]
    """
    square = radius * radius
    return [round(radius * sqrt((square - dy * dy) / square)) for dy in range(radius + 1)]


def _grow_bits(mask: bytes, width: int, height: int, radius: int) -> int:
    """Return what is selected after growing, one bit per pixel, the first pixel in the highest."""
    digits = _padded(mask, width, height, radius).translate(_TO_DIGITS)
    # A base that is a power of two: linear, and without Python's limit of digits.
    return _dilated(int(digits, 2), 1, width + 2 * radius, radius, int.__or__)


def _padded(mask: bytes, width: int, height: int, radius: int) -> bytes:
    """Return the mask with a rim of nothing, so that no shift takes a pixel into another row."""
    rim = bytes(radius)
    above = bytes((width + 2 * radius) * radius)
    rows = (rim + mask[first : first + width] + rim for first in range(0, width * height, width))
    return above + b"".join(rows) + above


def _dilated(
    value: int, pixel_bits: int, stride: int, radius: int, union: Callable[[int, int], int]
) -> int:
    """Lay a mask over itself, moved by every offset of the disc."""
    reach = disc(radius)
    row, wide = value, 0
    answer = 0
    for dy in range(radius, -1, -1):  # the disc's rows become wider from its end to its middle
        while wide < reach[dy]:
            wide += 1
            aside = wide * pixel_bits
            row = union(row, union(value << aside, value >> aside))
        down = dy * stride * pixel_bits
        answer = union(answer, row << down)
        answer = union(answer, row >> down)
    return answer


def _greater_of(pixels: int) -> Callable[[int, int], int]:
    """Return the function that takes the greater value of every lane of two numbers."""
    carries = int.from_bytes(b"\0\1" * pixels, "little")

    def greater(first: int, second: int) -> int:
        # A lane's carry is left where the first value is not the smaller one.
        left = ((first | carries) - second) & carries
        from_first = left - (left >> 8)
        return (first & from_first) | (second & ~from_first)

    return greater
