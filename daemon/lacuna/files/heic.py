"""HEIC, as phones write it: decoded apart by pillow-heif (libheif), where that is installed."""

import io
import re

import numpy as np

from .apart import Foreign, read_only
from .avif import measure
from .metadata import Metadata
from .refusals import not_installed


def decode(data: bytes) -> Foreign:
    try:
        import pillow_heif
    except ImportError:
        raise not_installed("a HEIC picture", "pillow-heif") from None
    found = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    pixels, info = np.asarray(found), found.info
    bits = int(info.get("bit_depth", 8))
    exif = bytes(info.get("exif") or b"").removeprefix(b"Exif\0\0")
    metadata = Metadata(info.get("icc_profile") or b"", exif, bytes(info.get("xmp") or b""))
    return Foreign(pixels, metadata, True, bits)


HEIC = read_only(
    "HEIC", (".heic", ".heif"), re.compile(rb".{4}ftyp(hei|hev|mif1|msf1)", re.DOTALL), measure
)
