"""What of a picture may be copied into its holes, from one or two mask files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lacuna_wire.errors import Unprocessable
from lacuna_wire.rect import Rect

from .mask import read_mask
from .refusals import other_size
from .sparse import MISSING, Mask, SparseMask

STRIP_ROWS = 512  # looked at at a time


@dataclass(frozen=True)
class AllowedPixels:
    """(height, width) u8, 255 = may be copied, 0 = must not; read by slices, like an array.

    Attributes:
        shape: Rows and columns.
        only: White is what may be copied; None if all of the picture may.
        never: Whatever is not black must not be copied; None if there is no such mask.
    """

    shape: tuple[int, int]
    only: SparseMask | None = None
    never: SparseMask | None = None

    @property
    def bounds(self) -> Rect:
        """Bounds outside of which nothing may be copied."""
        everything = Rect(0, 0, self.shape[1], self.shape[0])
        return everything if self.only is None else self.only.bounds()

    @property
    def held_bytes(self) -> int:
        """About how many bytes of memory the masks take."""
        return sum(mask.held_bytes for mask in (self.only, self.never) if mask is not None)

    def __getitem__(self, slices: tuple[slice, slice]) -> Mask:
        """Give the pixels of a rectangle that lies inside, named by `Rect.slices`."""
        rows, columns = slices
        size = rows.stop - rows.start, columns.stop - columns.start
        allowed = np.ones(size, np.bool_) if self.only is None else self.only[slices] == MISSING
        if self.never is not None:
            allowed &= self.never[slices] == 0
        return allowed * np.uint8(MISSING)

    def has_any(self, selection: SparseMask | None = None) -> bool:
        """Tell whether any pixel may be copied; with a selection, any that is not selected."""
        return any(strip.any() for strip in self._beside(selection))

    def count(self) -> int:
        """Count the pixels that may be copied."""
        return sum(int(np.count_nonzero(strip)) for strip in self._beside(None))

    def _beside(self, selection: SparseMask | None) -> Iterator[NDArray[np.bool_]]:
        left, top, width, height = self.bounds
        for row in range(top, top + height, STRIP_ROWS):
            strip = Rect(left, row, width, min(STRIP_ROWS, top + height - row)).slices
            allowed = self[strip] > 0
            yield allowed if selection is None else allowed & (selection[strip] == 0)


def read_allowed(only: Path | None, never: Path | None, selection: SparseMask) -> AllowedPixels:
    """Read what may be copied into a selection.

    Args:
        only: A mask whose white pixels may be copied, and no others.
        never: A mask of what must not be copied, where it is not black. With both, what is white in
            the first and black in the second may be.
        selection: Of the same picture.

    Raises:
        LacunaError: As `read_mask`; `mask_size` if one has another size; `too_few_sources` if
            nothing may be copied.
    """
    masks = [_read_like(path, selection) if path is not None else None for path in (only, never)]
    allowed = AllowedPixels(selection.shape, *masks)
    if not allowed.has_any():
        raise _nothing_allowed(only, never, allowed)
    if not allowed.has_any(selection):
        raise _nothing(
            f"Nothing is left to copy from: all {allowed.count():,} px that may be copied are "
            "selected themselves. Let some beside the selection be copied."
        )
    return allowed


def check_size(path: Path, mask: SparseMask, width: int, height: int) -> None:
    """Return if a mask has the size of its picture.

    Raises:
        Unprocessable: If it has another one (`mask_size`).
    """
    if mask.shape != (height, width):
        raise other_size(path, mask.shape[1], mask.shape[0], width, height)


def _read_like(path: Path, selection: SparseMask) -> SparseMask:
    mask = read_mask(path)
    height, width = selection.shape
    check_size(path, mask, width, height)
    return mask


def _nothing_allowed(
    only: Path | None, never: Path | None, allowed: AllowedPixels
) -> Unprocessable:
    height, width = allowed.shape
    white = AllowedPixels(allowed.shape, allowed.only).count()
    if only is not None and (never is None or not white):
        return _nothing(
            f"{only.name} lets nothing be copied: none of its {width:,} x {height:,} px is white. "
            "Paint white what may be copied."
        )
    assert never is not None
    if only is None:
        return _nothing(
            f"{never.name} lets nothing be copied: none of its {width:,} x {height:,} px is black. "
            "Leave black what may be copied."
        )
    return _nothing(
        f"{only.name} and {never.name} together let nothing be copied: of the {white:,} px that "
        "are white in the first, none is black in the second. Leave some of them black there."
    )


def _nothing(sentence: str) -> Unprocessable:
    return Unprocessable(sentence, code="too_few_sources")
