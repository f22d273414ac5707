"""A TIFF file made from scratch, for pictures that come from another format.

Strips first, the directory behind them: so the length of every strip is known when it is written
and nothing is written twice.
"""

import struct
from typing import BinaryIO

from . import exif
from .directories import (
    LONG,
    LONG8,
    SHORT,
    UNDEFINED,
    Flavour,
    TagEntry,
    numbers_entry,
)
from .metadata import Metadata
from .picture import Pixels
from .tiff_layout import FLOATING_POINT, HORIZONTAL
from .tiff_segments import compress

IPTC = 33723
_BYTE, _ASCII, _ICC, _XMP, _DESCRIPTION = 1, 2, 34675, 700, 270
_DEFLATE = 8
_STRAIGHT_ALPHA = 2
_STRIP_BYTES = 2**18  # before compression; small strips let other programs read windows
_MAX_CLASSIC_BYTES = 2**32 - 2**26  # positions have 32 bits; the rest is room for the tags


def write_tiff(file: BinaryIO, pixels: Pixels, metadata: Metadata) -> None:
    """Write (h, w, 1 to 4) u8, u16, f16 or f32 as strips of Deflate with a predictor.

    Args:
        file: An empty file.
        pixels: As displayed; may be a view in any order.
        metadata: Its EXIF tags become tags of the file, in their own byte order.
    """
    tags = exif.parse(metadata.exif) or exif.Tags(Flavour(), {}, {}, {})
    # Deflate never makes data longer by more than a few bytes per strip.
    flavour = Flavour(tags.flavour.order, big=pixels.nbytes > _MAX_CLASSIC_BYTES)
    height = len(pixels)
    rows = max(1, min(height, _STRIP_BYTES // max(1, pixels[0].nbytes)))
    predictor = FLOATING_POINT if pixels.dtype.kind == "f" else HORIZONTAL
    offsets, counts = [], []
    file.write(_header(flavour, 0))
    for top in range(0, height, rows):
        data = compress(pixels[top : top + rows], _DEFLATE, predictor, flavour.order)
        offsets.append(file.tell())
        counts.append(len(data))
        file.write(data)
    file.write(bytes(file.tell() % 2))  # directories begin at even bytes
    at = file.tell()
    main = {tag: entry for tag, entry in tags.main.items() if tag in exif.DESCRIPTIVE}
    long = LONG8 if flavour.big else LONG
    for tag, kind, values in (
        (256, LONG, [pixels.shape[1]]),
        (257, LONG, [height]),
        (258, SHORT, [pixels.dtype.itemsize * 8] * pixels.shape[2]),
        (259, SHORT, [_DEFLATE]),
        (262, SHORT, [2 if pixels.shape[2] > 2 else 1]),  # RGB, or black is zero
        (273, long, offsets),
        (exif.ORIENTATION, SHORT, [1]),
        (277, SHORT, [pixels.shape[2]]),
        (278, LONG, [rows]),
        (279, long, counts),
        (284, SHORT, [1]),  # channels side by side
        (317, SHORT, [predictor]),
        (339, SHORT, [3 if pixels.dtype.kind == "f" else 1] * pixels.shape[2]),
    ):
        main[tag] = numbers_entry(kind, values, flavour)
    if pixels.shape[2] in (2, 4):
        main[338] = numbers_entry(SHORT, [_STRAIGHT_ALPHA], flavour)
    if metadata.icc:
        main[_ICC] = TagEntry(UNDEFINED, len(metadata.icc), metadata.icc)
    if metadata.xmp:
        main[_XMP] = TagEntry(_BYTE, len(metadata.xmp), metadata.xmp)
    if metadata.iptc:
        main[IPTC] = TagEntry(UNDEFINED, len(metadata.iptc), metadata.iptc)
    if metadata.comment:  # has no tag of its own
        known = main[_DESCRIPTION].value.rstrip(b"\0") if _DESCRIPTION in main else b""
        lines = [line for line in (known, metadata.comment.encode()) if line]
        text = b"\n".join(dict.fromkeys(lines)) + b"\0"
        main[_DESCRIPTION] = TagEntry(_ASCII, len(text), text)
    if metadata.dpi:
        main |= exif.dpi_entries(metadata.dpi, flavour)
    file.write(exif.write_tags(tags._replace(flavour=flavour, main=main), at))
    file.seek(0)
    file.write(_header(flavour, at))


def _header(flavour: Flavour, first_directory: int) -> bytes:
    mark = b"II" if flavour.order == "<" else b"MM"
    if flavour.big:
        return mark + struct.pack(flavour.order + "HHHQ", 43, 8, 0, first_directory)
    return mark + struct.pack(flavour.order + "HI", 42, first_directory)
