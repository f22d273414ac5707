"""The file formats that Lacuna reads and writes: one module each, one line each in this table."""

import re
from pathlib import Path

from .avif import AVIF
from .bmp import BMP
from .format import Format
from .gif import GIF
from .heic import HEIC
from .jpeg import JPEG
from .jpeg2000 import JPEG_2000
from .jpegxl import JPEG_XL
from .npy import NPY
from .png import PNG
from .pnm import PNM
from .tiff import TIFF
from .webp import WEBP

FORMATS: tuple[Format, ...] = (
    PNG, JPEG, WEBP, TIFF, JPEG_XL, AVIF, JPEG_2000, HEIC, BMP, GIF, PNM, NPY,
)  # fmt: skip
WRITABLE = tuple(known for known in FORMATS if known.write is not None)
SUPPORTED_SUFFIXES = tuple(suffix for known in WRITABLE for suffix in known.suffixes)
READABLE_SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.suffixes)
HEAD_BYTES = 64  # as much as any signature looks at

# Pictures that people have and that are none of ours: the refusal names them.
_STRANGERS = (
    (rb"8BPS", "a Photoshop document"),
    (rb"gimp xcf", "a GIMP document"),
    (rb"v/1\x01", "an OpenEXR file"),
    (rb"%PDF", "a PDF"),
    (rb".{30}mimetypeapplication/x-kr", "a Krita document"),
    (rb".{30}mimetypeimage/openraster", "an OpenRaster document"),
)


def format_of_name(path: Path) -> Format | None:
    """Return the format that the suffix of `path` asks for."""
    suffix = path.suffix.lower()
    return next((known for known in FORMATS if suffix in known.suffixes), None)


def format_of_content(head: bytes) -> Format | None:
    """Return the format of a file that begins with `head`, whatever its name says."""
    return next((known for known in FORMATS if known.signature.match(head)), None)


def stranger(head: bytes) -> str:
    """Name a kind of picture that is known but not supported; empty for anything else."""
    found = (name for signature, name in _STRANGERS if re.match(signature, head, re.DOTALL))
    return next(found, "")
