"""BMP in all its kinds: decoded apart by Pillow."""

import io
import re
import struct
from pathlib import Path

from .apart import Foreign, read_only
from .flat import flat
from .format import Size
from .refusals import corrupt

_PIXEL_BYTES = 4
_OLD_HEAD = 12


def measure(data: bytes, path: Path) -> Size:
    """Read the size; a negative height means that rows begin at the top."""
    if len(data) < 26:
        raise corrupt(path, f"it ends after {len(data):,} bytes, in its header")
    (head,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if head == _OLD_HEAD else "<ii", data, 18)
    return Size(max(0, width), abs(height), _PIXEL_BYTES)


def decode(data: bytes) -> Foreign:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the declared size was checked before
    with Image.open(io.BytesIO(data), formats=["BMP"]) as image:
        return flat(image)


BMP = read_only("BMP", (".bmp", ".dib"), re.compile(rb"BM"), measure)
