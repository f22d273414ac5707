"""JPEG: segments, pixels of 8 bits through imagecodecs (libjpeg-turbo), and edits block by block.

CMYK inks are shown as a wide RGB (`inks.py`); blocks are coded from the inks.

A copy keeps the coefficients of every block without a changed pixel, so these pixels decode to the
same bits; only changed blocks are coded anew, with the file's own tables (`coefficients/`).
"""

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np

from . import exif, photoshop
from .coefficients import stream
from .coefficients.blocks import planes_of
from .coefficients.scans import coding_bytes, scans_of
from .coefficients.stream import Part, cut, frame_of, quantisation_of
from .format import Format, Size
from .inks import Inks, inks_of, wide_profile
from .metadata import Chunk, Metadata, without_film
from .picture import Edit, Pixels
from .raster import Buffer, Decoded, RecodedFile, open_raster, open_raster_mask, write_raster
from .refusals import MAX_PIXELS, check_pixels, corrupt, unsupported

_MAX_SIDE = 65_500  # of libjpeg; the format itself goes to 65,535
_MAX_SEGMENT_BYTES = 65_533
_QUALITY, _SUBSAMPLING = 95, "444"  # of a JPEG that is made from another format

_JFIF, _JFXX = b"JFIF\0", b"JFXX\0"
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_ICC, _MULTI_PICTURE, _PHOTOSHOP = b"ICC_PROFILE\0", b"MPF\0", b"Photoshop 3.0\0"
_MAX_EXIF_BYTES, _MAX_XMP_BYTES = _MAX_SEGMENT_BYTES - len(_EXIF), _MAX_SEGMENT_BYTES - len(_XMP)
_ICC_PART_BYTES = _MAX_SEGMENT_BYTES - len(_ICC) - 2

_APP0, _APP1, _APP2, _APP13, _COM = (bytes([0xE0 + n]) for n in (0, 1, 2, 13, 30))
_END = b"\xff\xd9"


def measure(path: Path) -> Size:
    """Read the header."""
    try:
        parts = cut(path.read_bytes()).parts
    except ValueError as error:
        raise corrupt(path, str(error)) from None
    return Size(*_size(parts, path))


def decode(data: bytes, path: Path, as_mask: bool = False) -> Decoded:
    """Decode a JPEG file: u8, GRAY, RGB or inks.

    Damage inside a scan is not always seen: the format has no checksums.

    Args:
        data: The file.
        path: Its name, for sentences.
        as_mask: Whether it is to be a mask, which inks cannot be.

    Raises:
        LacunaError: `corrupt_picture`, `unsupported_layout` or `too_large`.
    """
    try:
        parts, has_end, behind = cut(data)
    except ValueError as error:
        raise corrupt(path, str(error)) from None
    width, height, channels = _size(parts, path)
    if not has_end:
        _check_end(parts, path, len(data))
        data = data.rstrip(b"\xff") + _END
    metadata = metadata_of(kept for part in parts for kept in _kept(part.marker, part.data))
    working_bytes, inks = 2 * len(data) + coding_bytes(parts), None
    if channels == 4:
        if as_mask:
            raise unsupported(path, "CMYK inks", "Convert it to grey")
        inks = inks_of(path, metadata.icc, is_inverted=stream.is_of_adobe(parts))
        metadata = metadata._replace(icc=wide_profile())
        working_bytes += 4 * width * height  # inks and colours, where it becomes another format
    pixels = imagecodecs.jpeg8_decode(data).reshape(height, width, channels)
    if behind:
        what = f"{behind:,} bytes behind the picture (further pictures, a film or a gain map)"
        metadata = metadata._replace(own=(*metadata.own, what))
    return Decoded(
        pixels,
        metadata,
        True,
        partial(encode, chunks=[]),
        partial(recode, parts, behind, inks),
        working_bytes,
        inks,
    )


def encode(pixels: Pixels, chunks: Iterable[Chunk]) -> Iterator[Buffer]:
    """Encode (h, w, 1 or 3) u8 of another format; yield the file piece by piece."""
    channels = pixels.shape[2]
    packed = memoryview(
        imagecodecs.jpeg8_encode(
            np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels),
            _QUALITY,
            subsampling=_SUBSAMPLING if channels == 3 else None,
            optimize=True,
        )
    )
    yield packed[:2]
    for kind, data in chunks:
        yield b"\xff" + kind + struct.pack(">H", len(data) + 2) + data
    # The encoder's own JFIF segment says nothing that `chunks` do not say better.
    (own_length,) = struct.unpack_from(">H", packed, 4)
    yield packed[4 + own_length :]


def recode(
    parts: list[Part], behind: int, inks: Inks | None, pixels: Pixels, before: Sequence[Edit]
) -> RecodedFile:
    """Write a copy in which only blocks with changed pixels are coded anew.

    Where the scans are damaged, so that a decoder guesses, all blocks are.

    Args:
        parts: Of the file.
        behind: Bytes behind them, which are left out: they may show what was removed.
        inks: What its channels are, if no colours.
        pixels: What the copy is to show, as stored.
        before: What stood there where something may have changed.
    """
    # Here and not above: Numba takes half a second, and only who saves needs it.
    from .coefficients.passes import DamagedScan
    from .coefficients.recode import joined
    from .coefficients.recode import recode as recode_stream

    changes = [
        (rect, (pixels[rect.slices] != old).any(axis=2)) for rect, old in before if rect.area
    ]
    by_brightness = stream.has_brightness(parts)
    remark = remark_on_parts(parts)
    try:
        recoded = recode_stream(parts, pixels, changes, by_brightness)
    except DamagedScan:
        recoded = recode_stream(parts, pixels, None, by_brightness)
        remark = "Its data is damaged, so all of it was coded anew: any pixel may differ a little."
    remarks = [remark, *([inks.remark] if inks is not None else [])]
    if behind:
        remarks.append(
            f"{behind:,} bytes behind the picture (further pictures, a film or a gain map) were "
            "left out: they would still show what was removed."
        )
    return RecodedFile(joined(recoded, _kept), remarks)


def remark_on_parts(parts: list[Part]) -> str:
    """Say how far from a change pixels may differ."""
    frame = frame_of(parts)
    side = 8 if len(frame.components) == 1 else max(frame.mcu_size)
    # A decoder enlarges colours smoothly, and looks at the next sample for that.
    reach_px = side - 1 if side == 8 else side
    return f"JPEG is coded in blocks: pixels up to {reach_px} px beside what changed may differ."


def metadata_of(chunks: Iterable[Chunk]) -> Metadata:
    """Take apart what other formats can hold too."""
    found, profile, resources = Metadata(), {}, b""
    for kind, data in chunks:
        if kind == _APP0 and data.startswith(_JFIF):
            found = found._replace(dpi=_jfif_dpi(data))
        elif kind == _APP1 and data.startswith(_EXIF):
            found = found._replace(exif=data[len(_EXIF) :])
        elif kind == _APP1 and data.startswith(_XMP):
            found = found._replace(xmp=data[len(_XMP) :])
        elif kind == _APP1 and data.startswith(_EXTENDED_XMP):
            found = found._replace(own=("extended XMP",))
        elif kind == _APP13 and data.startswith(_PHOTOSHOP):
            resources += data[len(_PHOTOSHOP) :]
        elif kind == _COM and not found.comment:
            found = found._replace(comment=_text(data))
        elif kind == _APP2 and data.startswith(_ICC) and len(data) > len(_ICC) + 2:
            profile[data[len(_ICC)]] = data[len(_ICC) + 2 :]
    icc = b"".join(profile[number] for number in sorted(profile))
    dpi = found.dpi or exif.dpi(exif.parse(found.exif))
    return found._replace(icc=icc, dpi=dpi, iptc=photoshop.iptc_of(resources))


def chunks_from(metadata: Metadata) -> list[Chunk]:
    """Write what came from another format; its EXIF and XMP must fit (`JPEG.max_exif_bytes`)."""
    across, down = metadata.dpi or (1, 1)  # without a unit: pixels are square
    density = struct.pack(">BHH", bool(metadata.dpi), round(across), round(down))
    chunks = [Chunk(_APP0, _JFIF + b"\1\1" + density + b"\0\0")]
    if metadata.exif:
        chunks.append(Chunk(_APP1, _EXIF + metadata.exif))
    if metadata.xmp:
        chunks.append(Chunk(_APP1, _XMP + metadata.xmp))
    if metadata.iptc:
        chunks.append(Chunk(_APP13, _PHOTOSHOP + photoshop.with_iptc(metadata.iptc)))
    if metadata.comment:
        chunks.append(Chunk(_COM, metadata.comment.encode()[:_MAX_SEGMENT_BYTES]))
    starts = range(0, len(metadata.icc), _ICC_PART_BYTES)
    for part, start in enumerate(starts, 1):
        head = _ICC + bytes([part, len(starts)])
        chunks.append(Chunk(_APP2, head + metadata.icc[start : start + _ICC_PART_BYTES]))
    return chunks


def _size(parts: list[Part], path: Path) -> tuple[int, int, int]:
    """Return width, height and channels of a picture that can be edited."""
    try:
        frame = frame_of(parts)
    except ValueError as error:
        raise corrupt(path, str(error)) from None
    if not frame.is_common:
        raise unsupported(
            path, f"a JPEG of a rare kind (SOF{frame.marker - 0xC0}, {frame.bits} bits)",
            "Save it as PNG",
        )  # fmt: skip
    channels = len(frame.components)
    if channels not in (1, 3, 4):
        raise unsupported(path, f"{channels} channels", "Convert it to grey or RGB")
    check_pixels(path, frame.width, frame.height)
    try:
        scans_of(parts, [], frame, planes_of(frame))
    except ValueError as error:
        raise corrupt(path, f"it has {error}") from None
    if not {component.table for component in frame.components} <= set(quantisation_of(parts)):
        raise corrupt(path, "it lacks a table of quantisation")
    return frame.width, frame.height, channels


def _check_end(parts: list[Part], path: Path, file_bytes: int) -> None:
    """Tell a file that lacks its end mark alone, which every viewer shows, from half a picture."""
    from .coefficients.passes import DamagedScan
    from .coefficients.recode import check_complete

    try:
        check_complete(parts)
    except (DamagedScan, ValueError):
        why = f"it ends after {file_bytes:,} bytes, in the middle of the picture"
        raise corrupt(path, why) from None


def _kept(marker: int, data: bytes) -> Iterator[Chunk]:
    """Yield what the copy keeps of a segment: no preview, and nothing of other pictures."""
    kind = bytes([marker])
    if kind == _APP0 and data.startswith(_JFXX):
        return
    if kind == _APP2 and data.startswith(_MULTI_PICTURE):
        return  # positions of pictures behind this one, which are not copied
    if kind == _APP0 and data.startswith(_JFIF):
        data = data[:12] + b"\0\0"
    elif kind == _APP1 and data.startswith(_EXIF):
        data = _EXIF + exif.without_thumbnail(data[len(_EXIF) :])
    elif kind == _APP1 and data.startswith(_XMP):
        data = _XMP + without_film(data[len(_XMP) :])
    elif kind == _APP13 and data.startswith(_PHOTOSHOP):
        data = _PHOTOSHOP + photoshop.without_thumbnail(data[len(_PHOTOSHOP) :])
    yield Chunk(kind, data)


def _text(data: bytes) -> str:
    """Read a comment; the format does not say in which letters."""
    try:
        return data.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return data.rstrip(b"\0").decode("latin-1")


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
    held=frozenset({"iptc", "comment"}),
    max_exif_bytes=_MAX_EXIF_BYTES,
    max_xmp_bytes=_MAX_XMP_BYTES,
    is_lossy=True,
)
