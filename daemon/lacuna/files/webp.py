"""WebP: RIFF chunks, and pixels of 8 bits through imagecodecs (libwebp).

Copies are always lossless: then every pixel outside the edits stays as it was, also if the
picture itself was compressed with loss. libwebp's exact mode keeps the colours under transparent
pixels, too; imagecodecs sets it.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np

from . import exif
from .format import Format, Size
from .metadata import Chunk, Metadata
from .picture import Pixels
from .raster import Buffer, Decoded, open_raster, open_raster_mask, write_raster
from .refusals import MAX_PIXELS, check_pixels, corrupt, unsupported

_MAX_SIDE = 16_383
_EXIF_PREFIX = b"Exif\0\0"  # some programs write it although the format has none
_HAS_ICC, _HAS_ALPHA, _HAS_EXIF, _HAS_XMP, _IS_ANIMATED = 0x20, 0x10, 0x08, 0x04, 0x02
_FLAGS = {b"ICCP": _HAS_ICC, b"EXIF": _HAS_EXIF, b"XMP ": _HAS_XMP}
_PIXELS = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH"}


def measure(path: Path) -> Size:
    """Read the header."""
    chunks = dict(reversed(list(_chunks(path.read_bytes(), path))))
    if b"ANIM" in chunks:
        raise unsupported(path, "an animation", "Save one of its frames")
    width, height, has_alpha = _header(chunks, path)
    return Size(width, height, 4 if has_alpha else 3)


def decode(data: bytes, path: Path, as_mask: bool = False) -> Decoded:
    """Decode a WebP file: u8, RGB or RGBA.

    Args:
        data: The file.
        path: Its name, for sentences.
        as_mask: No difference here; every decoder has it.

    Raises:
        LacunaError: `corrupt_picture`, `unsupported_layout` or `too_large`.
    """
    chunks = list(_chunks(data, path))
    kinds = dict(reversed(chunks))  # the first of a kind counts
    if b"ANIM" in kinds or kinds.get(b"VP8X", b"\0")[0] & _IS_ANIMATED:
        raise unsupported(path, "an animation", "Save one of its frames")
    width, height, has_alpha = _header(kinds, path)
    check_pixels(path, width, height)
    pixels = imagecodecs.webp_decode(data, hasalpha=has_alpha)
    kept = [_without_thumbnail(chunk) for chunk in chunks if chunk.kind not in _PIXELS]
    is_lossy = b"VP8 " in kinds
    return Decoded(pixels, metadata_of(kept), is_lossy, partial(encode, chunks=kept))


def encode(pixels: Pixels, chunks: Iterable[Chunk]) -> Iterator[Buffer]:
    """Encode (h, w, 3 or 4) u8 without loss; yield the file piece by piece.

    Effort 20 at method 1 takes 8 s for 24 megapixels; the most thorough setting saves a quarter
    of the bytes and takes three times as long.
    """
    height, width, channels = pixels.shape
    packed = bytes(
        imagecodecs.webp_encode(np.ascontiguousarray(pixels), 20, lossless=True, method=1)
    )
    bitstream = next(chunk for chunk in _chunks(packed, Path()) if chunk.kind == b"VP8L")
    chunks = list(chunks)
    flags = _HAS_ALPHA if channels == 4 else 0
    for kind, _ in chunks:
        flags |= _FLAGS.get(kind, 0)
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    # The profile has to come before the pixels, everything else after them.
    before = [chunk for chunk in chunks if chunk.kind == b"ICCP"]
    after = [chunk for chunk in chunks if chunk.kind != b"ICCP"]
    body = [Chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides), *before, bitstream, *after]
    yield b"RIFF" + struct.pack("<I", 4 + sum(8 + -(-len(data) // 2) * 2 for _, data in body))
    yield b"WEBP"
    for kind, data in body:
        yield kind + struct.pack("<I", len(data))
        yield data
        yield bytes(len(data) % 2)


def metadata_of(chunks: Iterable[Chunk]) -> Metadata:
    """Take apart what other formats can hold too; WebP has no field for the resolution."""
    kinds = dict(chunks)
    block = kinds.get(b"EXIF", b"").removeprefix(_EXIF_PREFIX)
    return Metadata(
        icc=kinds.get(b"ICCP", b""),
        exif=block,
        xmp=kinds.get(b"XMP ", b""),
        dpi=exif.dpi(exif.parse(block)),
    )


def chunks_from(metadata: Metadata) -> list[Chunk]:
    """Write what came from another format; the resolution goes into the EXIF block."""
    block = exif.with_dpi(metadata.exif, metadata.dpi)
    found = [
        Chunk(b"ICCP", metadata.icc), Chunk(b"EXIF", block), Chunk(b"XMP ", metadata.xmp)
    ]  # fmt: skip
    return [chunk for chunk in found if chunk.data]


def _chunks(data: bytes, path: Path) -> Iterator[Chunk]:
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data) + 1:  # the last padding byte may be missing
        raise corrupt(path, f"it declares {size + 8:,} bytes and has {len(data):,}")
    at = 12
    while at + 8 <= size + 8:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise corrupt(path, f"it ends after {len(data):,} bytes, in the middle of a chunk")
        yield Chunk(kind, data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2


def _header(kinds: dict[bytes, bytes], path: Path) -> tuple[int, int, bool]:
    """Read width, height and whether there is an alpha channel."""
    if b"VP8L" in kinds:
        (bits,) = struct.unpack_from("<I", kinds[b"VP8L"], 1)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        has_alpha = bool(bits >> 28 & 1)
    elif b"VP8 " in kinds:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", kinds[b"VP8 "], 6))
        has_alpha = b"ALPH" in kinds
    else:
        raise corrupt(path, "there is no picture in it")
    # An opaque alpha channel leaves the pixels, but this flag still tells of it.
    return width, height, has_alpha or bool(kinds.get(b"VP8X", b"\0")[0] & _HAS_ALPHA)


def _without_thumbnail(chunk: Chunk) -> Chunk:
    if chunk.kind != b"EXIF":
        return chunk
    prefix = _EXIF_PREFIX if chunk.data.startswith(_EXIF_PREFIX) else b""
    block = chunk.data.removeprefix(_EXIF_PREFIX)
    return Chunk(chunk.kind, prefix + exif.without_thumbnail(block))


WEBP = Format(
    name="WebP",
    suffixes=(".webp",),
    signature=re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    channels=frozenset({"RGB", "RGBA"}),
    samples=frozenset({"u8"}),
    max_side=_MAX_SIDE,
    max_pixels=MAX_PIXELS,
    measure=measure,
    open=partial(open_raster, "WebP", decode),
    open_mask=partial(open_raster_mask, decode),
    write=partial(write_raster, encode, chunks_from),
)
