"""JPEG XL: decoded apart by imagecodecs (libjxl), written without loss, in every depth.

EXIF and XMP are boxes of the container. The profile lies in the coded stream, where imagecodecs
writes that of sRGB alone.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import imagecodecs
import numpy as np

from . import exif
from .apart import Foreign, read_only
from .boxes import box, boxes_of
from .format import Size
from .metadata import Metadata
from .picture import Pixels
from .refusals import MAX_PIXELS, MAX_SIDE, corrupt

_CONTAINER, _STREAM = b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"
_PIXEL_BYTES = 16  # up to four floats
_EFFORT = 3  # 24 megapixels in some seconds; more takes many times as long for a tenth
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZE_BITS = (9, 13, 18, 30)


def measure(data: bytes, path: Path) -> Size:
    """Read the header of the coded stream, which counts bits from the lowest (ISO 18181-1)."""
    stream = data
    if data.startswith(_CONTAINER):
        pieces = (
            bytes(data_of[:32] if kind == b"jxlc" else data_of[4:36])
            for kind, data_of in boxes_of(data)
            if kind in (b"jxlc", b"jxlp")
        )
        stream = next(pieces, b"")
    if not stream.startswith(_STREAM) or len(stream) < 12:
        raise corrupt(path, "it does not say how large it is")
    bits, at = int.from_bytes(stream[2:14], "little"), 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return bits >> (at - count) & (1 << count) - 1

    def side(small: int) -> int:
        return (take(5) + 1) * 8 if small else take(_SIZE_BITS[take(2)]) + 1

    is_small = take(1)
    height = side(is_small)
    ratio = take(3)
    if not ratio:
        return Size(side(is_small), height, _PIXEL_BYTES)
    across, down = _RATIOS[ratio - 1]
    return Size(height * across // down, height, _PIXEL_BYTES)


def decode(data: bytes) -> Foreign:
    pixels = imagecodecs.jpegxl_decode(data, index=0)
    found = {kind: bytes(inside) for kind, inside in boxes_of(data)}
    block = found.get(b"Exif", b"")[4:]
    # libjxl turns the pixels itself.
    metadata = Metadata(exif=exif.upright(block), xmp=found.get(b"xml ", b""))
    return Foreign(pixels, metadata._replace(dpi=exif.dpi(exif.parse(block))), False, 16)


def encode(pixels: Pixels, metadata: Metadata, _bits: int = 0) -> Iterable[bytes]:
    """Encode (h, w, 1 to 4) u8, u16, f16 or f32."""
    yield bytes(
        imagecodecs.jpegxl_encode(
            np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels),
            effort=_EFFORT,
            lossless=True,
            usecontainer=True,
        )
    )
    block = exif.with_dpi(metadata.exif, metadata.dpi)
    if block:
        yield box(b"Exif", bytes(4) + block)
    if metadata.xmp:
        yield box(b"xml ", metadata.xmp)


def write(file: BinaryIO, pixels: Pixels, metadata: Metadata) -> None:
    file.writelines(encode(pixels, metadata))


JPEG_XL = read_only(
    "JPEG XL",
    (".jxl",),
    re.compile(re.escape(_CONTAINER) + rb"|" + re.escape(_STREAM)),
    measure,
    channels=frozenset({"RGB", "RGBA", "GRAY", "GRAYA"}),
    samples=frozenset({"u8", "u16", "f16", "f32"}),
    max_side=MAX_SIDE,
    max_pixels=MAX_PIXELS,
    encode=encode,
    write=write,
    holds_profiles=False,
)
