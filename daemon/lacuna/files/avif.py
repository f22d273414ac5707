"""AVIF: decoded apart by imagecodecs (libavif), its metadata by Pillow; written without loss.

Eight bits are stored as they are, without a change of colour space, so every sample comes back. Of
the profiles sRGB alone can be said, and nothing else besides the pixels.
"""

import io
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import imagecodecs
import numpy as np

from .apart import Foreign, full_range, read_only
from .format import Size
from .metadata import Metadata
from .picture import Pixels
from .refusals import MAX_PIXELS, corrupt

_MAX_SIDE = 65_536
_PIXEL_BYTES = 8  # up to four channels of 16 bits
_IDENTITY, _SRGB_PRIMARIES, _SRGB_TRANSFER = 0, 1, 13


def measure(data: bytes, path: Path) -> Size:
    """Find the size of the largest picture that the file describes."""
    sizes = [
        struct.unpack_from(">II", data, match.end() + 4)
        for match in re.finditer(rb"ispe", data[: 1 << 20])
        if match.end() + 12 <= len(data)
    ]
    if not sizes:
        raise corrupt(path, "it does not say how large it is")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return Size(width, height, _PIXEL_BYTES)


def decode(data: bytes) -> Foreign:
    pixels = imagecodecs.avif_decode(data, index=0)
    bits = _bits(data)
    # Without a change of colour space nothing need have been lost, and with one something has.
    matrix = data[data.find(b"nclx") + 8 :][:2] if b"nclx" in data else b""
    lossy = pixels.ndim == 3 and pixels.shape[2] > 2 and matrix != bytes(2)
    return Foreign(full_range(pixels, bits), _metadata(data), lossy, bits)


def encode(pixels: Pixels, _metadata: Metadata, bits: int) -> Iterable[bytes]:
    """Encode (h, w, 1 to 4) u8, or u16 of which the upper `bits` are stored."""
    gray = pixels.shape[2] < 3
    if pixels.dtype == np.uint16:
        pixels = pixels >> (16 - bits)
    options: dict[str, Any] = {} if gray else {"pixelformat": "444", "matrix": _IDENTITY}
    yield bytes(
        imagecodecs.avif_encode(
            np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels),
            level=100,  # without loss
            speed=8,
            bitspersample=bits if pixels.dtype == np.uint16 else 8,
            primaries=_SRGB_PRIMARIES,
            transfer=_SRGB_TRANSFER,
            **options,
        )
    )


def write(file: BinaryIO, pixels: Pixels, metadata: Metadata) -> None:
    file.writelines(encode(pixels, metadata, 8))


def _bits(data: bytes) -> int:
    """Read the bits of a sample from the codec's own box: 8, 10 or 12."""
    at = data.find(b"av1C")
    if at < 0 or at + 7 > len(data):
        return 8
    flags = data[at + 6]
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _metadata(data: bytes) -> Metadata:
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["AVIF"]) as image:
        info = image.info
    exif = bytes(info.get("exif", b"")).removeprefix(b"Exif\0\0")
    return Metadata(info.get("icc_profile", b"") or b"", exif, bytes(info.get("xmp", b"")))


AVIF = read_only(
    "AVIF",
    (".avif",),
    re.compile(rb".{4}ftypavi[fs]", re.DOTALL),
    measure,
    channels=frozenset({"RGB", "RGBA", "GRAY", "GRAYA"}),
    samples=frozenset({"u8"}),
    max_side=_MAX_SIDE,
    max_pixels=MAX_PIXELS,
    encode=encode,
    write=write,
    holds_profiles=False,
    leaves_out=frozenset({"EXIF", "XMP"}),
)
