"""GIF, its first frame: decoded apart by Pillow."""

import io
import re
import struct
from pathlib import Path

from .apart import Foreign, read_only
from .flat import flat
from .format import Size
from .refusals import corrupt

_PIXEL_BYTES = 4


def measure(data: bytes, path: Path) -> Size:
    if len(data) < 10:
        raise corrupt(path, f"it ends after {len(data):,} bytes, in its header")
    width, height = struct.unpack_from("<HH", data, 6)
    return Size(width, height, _PIXEL_BYTES)


def decode(data: bytes) -> Foreign:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the declared size was checked before
    with Image.open(io.BytesIO(data), formats=["GIF"]) as image:
        return flat(image)


GIF = read_only("GIF", (".gif",), re.compile(rb"GIF8[79]a"), measure)
