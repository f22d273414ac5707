"""JPEG 2000, as scanners of archives write it: decoded apart by imagecodecs (OpenJPEG)."""

import re
import struct
from pathlib import Path

import imagecodecs
import numpy as np

from .apart import Foreign, full_range, read_only
from .boxes import boxes_of
from .format import Size
from .metadata import Metadata
from .refusals import corrupt, unsupported

_SIZE_MARKER = b"\xff\x4f\xff\x51"
_PIXEL_BYTES = 8
_RESTRICTED = 2  # way of a colour box to hold a profile
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def measure(data: bytes, path: Path) -> Size:
    """Read the size from the head of the coded stream."""
    at = data.find(_SIZE_MARKER, 0, 1 << 24)
    if at < 0 or at + 24 > len(data):
        raise corrupt(path, "it does not say how large it is")
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    return Size(max(0, right - left), max(0, bottom - top), _PIXEL_BYTES)


def decode(data: bytes) -> Foreign:
    at = data.find(_SIZE_MARKER)
    depth = data[at + 42]
    bits = (depth & 0x7F) + 1
    if depth & 0x80 or bits > 16:
        raise unsupported(Path(), f"signed or wide samples of {bits} bits", "Save it as TIFF")
    pixels = imagecodecs.jpeg2k_decode(data)
    if pixels.dtype == np.uint8 and bits < 8:
        pixels = (pixels.astype(np.uint16) * 255 // (2**bits - 1)).astype(np.uint8)
    reversible = data[data.find(b"\xff\x52", at) + 13 :][:1] == b"\1"
    return Foreign(full_range(pixels, bits), _metadata(data), not reversible, bits)


def _metadata(data: bytes) -> Metadata:
    found = Metadata()
    for kind, inside in boxes_of(data):
        if kind == b"uuid" and bytes(inside[:16]) == _XMP:
            found = found._replace(xmp=bytes(inside[16:]))
        elif kind == b"jp2h":
            for inner, profile in boxes_of(inside):
                if inner == b"colr" and len(profile) > 3 and profile[0] == _RESTRICTED:
                    found = found._replace(icc=bytes(profile[3:]))
    return found


JPEG_2000 = read_only(
    "JPEG 2000",
    (".jp2", ".j2k", ".jpx"),
    re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|" + re.escape(_SIZE_MARKER)),
    measure,
)
