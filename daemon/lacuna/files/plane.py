"""A window of a picture or a mask, read from its file piece by piece."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from lacuna_wire import Rect


@dataclass(frozen=True)
class FilePlane:
    """A `Readable` of the engine that is read from a file.

    Attributes:
        read: Gives the contiguous pixels of a rectangle of the picture.
        window: The part of the picture that is shown.
    """

    read: Callable[[Rect], NDArray[Any]]
    window: Rect

    @property
    def shape(self) -> tuple[int, ...]:
        return self.window.height, self.window.width

    def __getitem__(self, slices: tuple[slice, slice], /) -> NDArray[Any]:
        rows, columns = slices
        rect = Rect.from_edges(columns.start, rows.start, columns.stop, rows.stop)
        return self.read(rect.shift(self.window.left, self.window.top))
