"""Integer rectangles: the only geometry that crosses the wire.

Pixels are counted from the top left corner of the image, right and down; `right` and `bottom`
are the first pixels outside.
"""

from typing import NamedTuple, Sequence, Tuple


class Rect(NamedTuple):
    """`width` x `height` pixels whose first is at (`left`, `top`).

    >>> Rect(2, 3, 10, 5).right, Rect(2, 3, 10, 5).bottom
    (12, 8)
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def from_edges(cls, left: int, top: int, right: int, bottom: int) -> "Rect":
        """Build from edges; edges that cross give an empty rectangle."""
        return cls(left, top, max(0, right - left), max(0, bottom - top))

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def slices(self) -> Tuple[slice, slice]:
        """Index of this rectangle in an array (height, width, ...)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grow(self, pixels: int) -> "Rect":
        """Move all four edges outwards by `pixels`; a negative number moves them inwards."""
        return Rect.from_edges(
            self.left - pixels, self.top - pixels, self.right + pixels, self.bottom + pixels
        )

    def shift(self, right: int, down: int) -> "Rect":
        return Rect(self.left + right, self.top + down, self.width, self.height)

    def intersect(self, other: "Rect") -> "Rect":
        """Return what both share; empty (area 0) if they do not meet."""
        return Rect.from_edges(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def union(self, other: "Rect") -> "Rect":
        """Return the smallest rectangle that holds both; an empty one adds nothing."""
        if not self.area:
            return other
        if not other.area:
            return self
        return Rect.from_edges(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def contains(self, other: "Rect") -> bool:
        return not other.area or self.union(other) == self

    def relative_to(self, frame: "Rect") -> "Rect":
        """Give the same pixels in coordinates that start at the corner of `frame`."""
        return self.shift(-frame.left, -frame.top)

    def reduce(self, factor: int) -> "Rect":
        """Cover the same pixels on a grid whose cells are `factor` pixels wide and high."""
        return Rect.from_edges(
            self.left // factor,
            self.top // factor,
            -(-self.right // factor),
            -(-self.bottom // factor),
        )

    def enlarge(self, factor: int) -> "Rect":
        """Undo `reduce`: the pixels under these cells."""
        return Rect(*(factor * side for side in self))


def bounding_rect(rects: Sequence[Rect]) -> Rect:
    """Return the smallest rectangle that holds all of `rects`; `Rect(0, 0, 0, 0)` for none."""
    whole = Rect(0, 0, 0, 0)
    for rect in rects:
        whole = whole.union(rect)
    return whole
