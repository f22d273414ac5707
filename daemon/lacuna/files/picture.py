"""What a picture is to the rest of Lacuna: a size, a layout, a window to read, a copy to save."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lacuna_wire.messages import PixelLayout
from lacuna_wire.rect import Rect

from .metadata import Metadata

Pixels = NDArray[Any]  # (h, w, channels) in the picture's own depth
Patch = tuple[Rect, Pixels]
Buffer = bytes | memoryview

_CHANNELS = {1: "GRAY", 2: "GRAYA", 3: "RGB", 4: "RGBA"}
_SAMPLES = {"uint8": "u8", "uint16": "u16", "float16": "f16", "float32": "f32"}
_DTYPES = {sample: np.dtype(name) for name, sample in _SAMPLES.items()}


class Picture(Protocol):
    """A picture file that was checked and can be edited.

    Attributes:
        path: Where it is.
        format: `PNG`, `JPEG`, `WebP` or `TIFF`, by its content, not by its name.
        width: Columns as displayed: the orientation tag is applied.
        height: Rows as displayed.
        layout: RGB, RGBA, GRAY or GRAYA; integers are `srgb`, floats are `linear`.
        lossy: Whether its pixels went through a lossy compression.
        metadata: What is carried over when the copy is of another format.
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
    def metadata(self) -> Metadata: ...

    def read(self, rect: Rect) -> Pixels:
        """Copy the pixels of `rect`: (rect.height, rect.width, channels), native, contiguous.

        Raises:
            ValueError: If `rect` is not inside the picture.
        """
        ...

    def save(self, out: Path, patches: Sequence[Patch]) -> None:
        """Write a copy in which each patch replaces what is under its rectangle.

        Every other pixel stays as it is, bit for bit, unless the copy is a JPEG or the picture a
        TIFF with JPEG inside. `out` may be the picture itself. The suffix of `out` says the
        format; the file appears complete or not at all.

        Args:
            out: The file to make or to replace.
            patches: Rectangles in displayed pixels, with pixels in the picture's own layout. Where
                two of them meet, the later one wins.

        Raises:
            ValueError: If a patch does not fit the picture.
            LacunaError: If the format cannot hold the picture or the file cannot be written.
        """
        ...


class Decoded(NamedTuple):
    """A picture file that is decoded as a whole.

    Attributes:
        pixels: As stored, before any turning.
        metadata: What other formats can hold too.
        lossy: Whether the pixels went through a lossy compression.
        encode: Encodes pixels of the same layout with all that this file says besides them, and
            yields the new file piece by piece.
    """

    pixels: Pixels
    metadata: Metadata
    lossy: bool
    encode: Callable[[Pixels], Iterable[Buffer]]


def layout_of(channels: int, dtype: np.dtype[Any]) -> PixelLayout:
    """Name a layout: 1 to 4 channels of u8, u16, f16 or f32.

    Integer pictures are made for a screen and perceptual. Float pictures come from renderers and
    cameras and are proportional to light; no format of these has a field that says otherwise, and
    this is also what the editors assume.
    """
    sample = _SAMPLES[dtype.name]
    return PixelLayout(_CHANNELS[channels], sample, "linear" if sample[0] == "f" else "srgb")


def dtype_of(layout: PixelLayout) -> np.dtype[Any]:
    """Return the NumPy type of one sample, in the byte order of this machine."""
    return _DTYPES[layout.sample]


def check_rect(picture: Picture, rect: Rect) -> None:
    if not Rect(0, 0, picture.width, picture.height).contains(rect):
        raise ValueError(
            f"{rect} is not inside the picture of {picture.width} x {picture.height} px"
        )


def check_patches(picture: Picture, patches: Sequence[Patch]) -> None:
    """Raise `ValueError` unless every patch lies in the picture and has its layout."""
    dtype = dtype_of(picture.layout)
    for rect, pixels in patches:
        check_rect(picture, rect)
        shape = (rect.height, rect.width, picture.layout.channel_count)
        if pixels.shape != shape or pixels.dtype != dtype:
            raise ValueError(
                f"the patch for {rect} must be {dtype} {shape}, not {pixels.dtype} {pixels.shape}"
            )
