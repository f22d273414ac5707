"""JPEG: segments, and pixels of 8 bits through imagecodecs (libjpeg-turbo).

JPEG loses a little with every save. Where the file was made with the tables of the standard, as
libjpeg and most cameras and editors do, the copy uses the same tables and subsampling: most blocks
are then rounded to just what they were (90 to 99.99 % of all samples stay equal in photos, against
77 to 94 % at quality 95). Other files are saved at quality 95 without subsampling.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np

from . import exif, photoshop
from .format import Format, Size
from .metadata import Chunk, Metadata
from .picture import Pixels
from .raster import Buffer, Decoded, open_raster, open_raster_mask, write_raster
from .refusals import MAX_PIXELS, check_pixels, corrupt, unsupported

_MAX_SIDE = 65_500  # of libjpeg; the format itself goes to 65,535
_MAX_SEGMENT_BYTES = 65_533

_JFIF, _JFXX = b"JFIF\0", b"JFXX\0"
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_ICC, _MULTI_PICTURE, _PHOTOSHOP = b"ICC_PROFILE\0", b"MPF\0", b"Photoshop 3.0\0"
_MAX_EXIF_BYTES, _MAX_XMP_BYTES = _MAX_SEGMENT_BYTES - len(_EXIF), _MAX_SEGMENT_BYTES - len(_XMP)
_ICC_PART_BYTES = _MAX_SEGMENT_BYTES - len(_ICC) - 2

_APP0, _APP1, _APP2, _APP13, _APP14, _COM = (bytes([0xE0 + n]) for n in (0, 1, 2, 13, 14, 30))
_SOI, _EOI, _SOS, _DQT = 0xD8, 0xD9, 0xDA, 0xDB
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_HUFFMAN_DCT = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive
# In a scan, FF 00 is a data byte and FF D0 to FF D7 are restarts; anything else ends it.
_END_OF_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")

# (horizontal, vertical) sampling factors of the brightness, when the colours have (1, 1)
_SUBSAMPLINGS = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440", (4, 1): "411"}


class Coding(NamedTuple):
    """How pixels are compressed: quality of libjpeg, 1 to 100, and subsampling of the colours."""

    quality: int = 95
    subsampling: str = "444"


DEFAULT = Coding()


class Frame(NamedTuple):
    """What the header says: `sampling` are the factors, `tables` the quantisation per component."""

    width: int
    height: int
    sampling: tuple[tuple[int, int], ...]
    tables: tuple[bytes, ...]


def measure(path: Path) -> Size:
    """Read the header."""
    frame = _frame(_segments(path.read_bytes(), path), path)
    return Size(frame.width, frame.height, len(frame.tables))


def decode(data: bytes, path: Path, as_mask: bool = False) -> Decoded:
    """Decode a JPEG file: u8, GRAY or RGB.

    Damage inside a scan cannot be seen: the format has no checksums.

    Args:
        data: The file.
        path: Its name, for sentences.
        as_mask: No difference here; every decoder has it.

    Raises:
        LacunaError: `corrupt_picture`, `unsupported_layout` or `too_large`.
    """
    segments = _segments(data, path)
    frame = _frame(segments, path)
    pixels = imagecodecs.jpeg8_decode(data).reshape(frame.height, frame.width, -1)
    kept = [kept for segment in segments for kept in _kept(segment)]
    coding = _coding_of(frame)
    return Decoded(pixels, metadata_of(kept), True, partial(encode, chunks=kept, coding=coding))


def encode(pixels: Pixels, chunks: Iterable[Chunk], coding: Coding = DEFAULT) -> Iterator[Buffer]:
    """Encode (h, w, 1 or 3) u8; yield the file piece by piece."""
    channels = pixels.shape[2]
    packed = memoryview(
        imagecodecs.jpeg8_encode(
            np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels),
            coding.quality,
            subsampling=coding.subsampling if channels == 3 else None,
            optimize=True,
        )
    )
    yield packed[:2]
    for kind, data in chunks:
        yield b"\xff" + kind + struct.pack(">H", len(data) + 2) + data
    # The encoder's own JFIF segment says nothing that `chunks` do not say better.
    (own_length,) = struct.unpack_from(">H", packed, 4)
    yield packed[4 + own_length :]


def metadata_of(chunks: Iterable[Chunk]) -> Metadata:
    """Take apart what other formats can hold too."""
    found, profile = Metadata(), {}
    for kind, data in chunks:
        if kind == _APP0 and data.startswith(_JFIF):
            found = found._replace(dpi=_jfif_dpi(data))
        elif kind == _APP1 and data.startswith(_EXIF):
            found = found._replace(exif=data[len(_EXIF) :])
        elif kind == _APP1 and data.startswith(_XMP):
            found = found._replace(xmp=data[len(_XMP) :])
        elif kind == _APP2 and data.startswith(_ICC) and len(data) > len(_ICC) + 2:
            profile[data[len(_ICC)]] = data[len(_ICC) + 2 :]
    icc = b"".join(profile[number] for number in sorted(profile))
    return found._replace(icc=icc, dpi=found.dpi or exif.dpi(exif.parse(found.exif)))


def chunks_from(metadata: Metadata) -> list[Chunk]:
    """Write what came from another format; its EXIF and XMP must fit (`JPEG.max_exif_bytes`)."""
    across, down = metadata.dpi or (1, 1)  # without a unit: pixels are square
    density = struct.pack(">BHH", bool(metadata.dpi), round(across), round(down))
    chunks = [Chunk(_APP0, _JFIF + b"\1\1" + density + b"\0\0")]
    if metadata.exif:
        chunks.append(Chunk(_APP1, _EXIF + metadata.exif))
    if metadata.xmp:
        chunks.append(Chunk(_APP1, _XMP + metadata.xmp))
    starts = range(0, len(metadata.icc), _ICC_PART_BYTES)
    for part, start in enumerate(starts, 1):
        head = _ICC + bytes([part, len(starts)])
        chunks.append(Chunk(_APP2, head + metadata.icc[start : start + _ICC_PART_BYTES]))
    return chunks


def coding_of(data: bytes, path: Path) -> Coding:
    """Find how a file was compressed, or take the default."""
    return _coding_of(_frame(_segments(data, path), path))


def _segments(data: bytes, path: Path) -> list[Chunk]:
    """Cut the file into its segments, without the scans, up to the end of the picture.

    What comes after that (further pictures, of which MPF tells) is not read.
    """
    segments: list[Chunk] = []
    at = 2
    while True:
        at = data.find(b"\xff", at)
        while 0 <= at < len(data) - 1 and data[at + 1] == 0xFF:
            at += 1  # any number of fill bytes may stand before a marker
        marker = data[at + 1] if 0 <= at < len(data) - 1 else None
        if marker == _EOI:
            return segments
        if marker is None or at + 4 > len(data):
            raise corrupt(path, f"it ends after {len(data):,} bytes, in the middle of the picture")
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        segments.append(Chunk(bytes([marker]), data[at + 4 : end]))
        at = end
        if marker == _SOS:
            match = _END_OF_SCAN.search(data, end)
            at = match.start() if match else len(data)


def _frame(segments: list[Chunk], path: Path) -> Frame:
    tables: dict[int, bytes] = {}
    header = None
    for kind, data in segments:
        if kind[0] == _DQT:
            tables |= _quantisation(data)
        elif kind[0] in _FRAMES and header is None:
            header = kind[0], data
    if header is None:
        raise corrupt(path, "it has no header of a picture")
    marker, data = header
    bits, height, width, components = struct.unpack_from(">BHHB", data)
    if marker not in _HUFFMAN_DCT or bits != 8:
        raise unsupported(
            path, f"a JPEG of a rare kind (SOF{marker - 0xC0}, {bits} bits)", "Save it as PNG"
        )
    if components == 4:
        raise unsupported(path, "CMYK inks", "Convert it to RGB")
    if components not in (1, 3):
        raise unsupported(path, f"{components} channels", "Convert it to grey or RGB")
    check_pixels(path, width, height)
    rows = [data[6 + 3 * n : 9 + 3 * n] for n in range(components)]
    sampling = tuple((row[1] >> 4, row[1] & 15) for row in rows)
    return Frame(width, height, sampling, tuple(tables.get(row[2], b"") for row in rows))


def _quantisation(data: bytes) -> dict[int, bytes]:
    tables = {}
    while data:
        length = 128 if data[0] >> 4 else 64
        tables[data[0] & 15] = data[1 : 1 + length]
        data = data[1 + length :]
    return tables


def _coding_of(frame: Frame) -> Coding:
    """Find the quality whose tables are exactly those of the file, or take the default."""
    subsampling = _SUBSAMPLINGS.get(frame.sampling[0])
    if len(frame.sampling) == 1:
        subsampling = DEFAULT.subsampling
    if subsampling is None or any(factors != (1, 1) for factors in frame.sampling[1:]):
        return DEFAULT
    for quality in range(100, 0, -1):
        if _tables_at(quality, len(frame.tables)) == frame.tables:
            return Coding(quality, subsampling)
    return DEFAULT


@cache
def _tables_at(quality: int, components: int) -> tuple[bytes, ...]:
    """Ask the encoder which tables it uses at a quality."""
    shape = (8, 8, 3) if components == 3 else (8, 8)
    sample = bytes(imagecodecs.jpeg8_encode(np.zeros(shape, np.uint8), quality))
    return _frame(_segments(sample, Path()), Path()).tables


def _kept(segment: Chunk) -> Iterator[Chunk]:
    """Yield what the copy keeps of a segment: no preview, and nothing about the coding."""
    kind, data = segment
    if not 0xE0 <= kind[0] <= 0xEF and kind != _COM:
        return
    if kind == _APP14 and data.startswith(b"Adobe"):
        return  # says how the colours were coded, and the copy may be coded in another way
    if kind == _APP0 and data.startswith(_JFXX):
        return
    if kind == _APP2 and data.startswith(_MULTI_PICTURE):
        return  # positions of pictures behind this one, which are not copied
    if kind == _APP0 and data.startswith(_JFIF):
        data = data[:12] + b"\0\0"
    elif kind == _APP1 and data.startswith(_EXIF):
        data = _EXIF + exif.without_thumbnail(data[len(_EXIF) :])
    elif kind == _APP13 and data.startswith(_PHOTOSHOP):
        data = _PHOTOSHOP + photoshop.without_thumbnail(data[len(_PHOTOSHOP) :])
    yield Chunk(kind, data)


def _jfif_dpi(data: bytes) -> tuple[float, float] | None:
    if len(data) < 12:
        return None
    unit, across, down = struct.unpack_from(">BHH", data, 7)
    if unit not in (1, 2) or not across or not down:
        return None
    inch = 2.54 if unit == 2 else 1.0
    return across * inch, down * inch


JPEG = Format(
    name="JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe"),
    signature=re.compile(rb"\xff\xd8\xff"),
    channels=frozenset({"RGB", "GRAY"}),
    samples=frozenset({"u8"}),
    max_side=_MAX_SIDE,
    max_pixels=MAX_PIXELS,
    measure=measure,
    open=partial(open_raster, "JPEG", decode),
    open_mask=partial(open_raster_mask, decode),
    write=partial(write_raster, encode, chunks_from),
    max_exif_bytes=_MAX_EXIF_BYTES,
    max_xmp_bytes=_MAX_XMP_BYTES,
    is_lossy=True,
)
