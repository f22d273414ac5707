"""What a picture is to the rest of Lacuna: a size, a layout, a window to read, a copy to write."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from lacuna.samples import DTYPES, WORDS
from lacuna_wire.layout import CHANNELS, PixelLayout
from lacuna_wire.rect import Rect

from .metadata import Metadata

Pixels = NDArray[Any]  # (h, w, channels) in the picture's own depth
Edit = tuple[Rect, Pixels]  # where, and what replaces it

# Editors alone keep blue first; no file does.
_CHANNEL_ORDERS = {count: order for order, count in CHANNELS.items() if order != "BGRA"}


class Picture(Protocol):
    """A picture file that was checked and can be edited.

    Attributes:
        path: Where it is.
        format: `PNG`, `JPEG`, `WebP` or `TIFF`, by its content, not by its name.
        width: Columns as displayed: the orientation tag is applied.
        height: Rows as displayed.
        layout: RGB, RGBA, GRAY or GRAYA; integers are `srgb`, floats are `linear`.
        lossy: Whether its pixels went through a lossy compression.
        alpha_is_unknown: Whether transparency stands for what nobody has measured, so that fills
            are never transparent.
        metadata: What is carried over when the copy is of another format.
        working_bytes: Memory beside the pixels that opening and saving take at most.
    """

    @property
    def path(self) -> Path: ...
    @property
    def format(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def layout(self) -> PixelLayout: ...
    @property
    def lossy(self) -> bool: ...
    @property
    def alpha_is_unknown(self) -> bool: ...
    @property
    def metadata(self) -> Metadata: ...
    @property
    def working_bytes(self) -> int: ...

    def read(self, rect: Rect) -> Pixels:
        """Copy the pixels of `rect`: (rect.height, rect.width, channels), native, contiguous.

        Raises:
            ValueError: If `rect` is not inside the picture.
        """
        ...

    def write_copy(self, file: BinaryIO, edits: Sequence[Edit]) -> list[str]:
        """Write a copy of the same format into an empty file; see `save_picture`.

        Returns:
            Sentences on what differs beside the edits.
        """
        ...

    def edited(self, edits: Sequence[Edit]) -> AbstractContextManager[Pixels]:
        """Lend all pixels as displayed, (height, width, channels), with the edits in them."""
        ...


def layout_of(channels: int, dtype: np.dtype[Any]) -> PixelLayout:
    """Name a layout: 1 to 4 channels of u8, u16, f16 or f32.

    Integer pictures are made for a screen and perceptual. Float pictures come from renderers and
    cameras and are proportional to light; no format of these has a field that says otherwise, and
    this is also what the editors assume.
    """
    sample = WORDS[dtype.newbyteorder("<")]
    transfer = "linear" if dtype.kind == "f" else "srgb"
    return PixelLayout(_CHANNEL_ORDERS[channels], sample, transfer)


def check_rect(picture: Picture, rect: Rect) -> None:
    if not Rect(0, 0, picture.width, picture.height).contains(rect):
        raise ValueError(
            f"{rect} is not inside the picture of {picture.width} x {picture.height} px"
        )


def check_edits(picture: Picture, edits: Sequence[Edit]) -> None:
    """Raise `ValueError` unless every edit lies in the picture and has its layout."""
    dtype = DTYPES[picture.layout.sample]
    for rect, pixels in edits:
        check_rect(picture, rect)
        shape = (rect.height, rect.width, picture.layout.channel_count)
        if pixels.shape != shape or pixels.dtype != dtype:
            raise ValueError(
                f"the edit at {rect} must be {dtype} {shape}, not {pixels.dtype} {pixels.shape}"
            )
