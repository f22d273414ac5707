"""PNG: chunks, and pixels of 8 or 16 bits through imagecodecs (libpng)."""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np

from . import exif
from .format import Format, Size
from .metadata import INCH_M, Chunk, Metadata
from .picture import Pixels
from .png_packed import Packing, packing_of
from .raster import Buffer, Decoded, RecodedFile, open_raster, open_raster_mask, write_raster
from .refusals import MAX_PIXELS, MAX_SIDE, check_pixels, corrupt, unsupported

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = b"XML:com.adobe.xmp"
_MAX_INFLATED_BYTES = 2**26  # profiles and texts are compressed in the file, or are bombs
_LOWER_CASE = 0x20  # in a letter of a chunk's name: not critical (first), safe to copy (fourth)
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by colour type
_MAX_DEFLATE = 1_032  # no deflate stream expands by more than this factor

# The critical chunks are made anew and animations are refused. A chunk that is unsafe to copy when
# pixels change (capital fourth letter) is dropped unless we know that it stays true.
_STAYS_TRUE = {
    b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"tIME",
}  # fmt: skip
# These describe samples, and no longer fit when tRNS has become a channel.
_ABOUT_SAMPLES = {b"sBIT", b"bKGD"}


def measure(path: Path) -> Size:
    """Read the header; a palette with transparent colours becomes four channels."""
    with path.open("rb") as file:
        head = file.read(len(SIGNATURE) + 18)
    if len(head) < len(SIGNATURE) + 18:
        raise corrupt(path, f"it ends after {len(head):,} bytes, in its header")
    width, height, bits, colour = struct.unpack_from(">IIBB", head, len(SIGNATURE) + 8)
    check_pixels(path, width, height)
    return Size(width, height, max(1, bits // 8) * (4 if colour == 3 else _SAMPLES.get(colour, 1)))


def decode(data: bytes, path: Path, as_mask: bool = False) -> Decoded:
    """Decode a PNG file: u8 or u16, 1 to 4 channels, transparent colours as an alpha channel.

    Palettes become RGB, and less than 8 bits become 8.

    Args:
        data: The file.
        path: Its name, for sentences.
        as_mask: No palette need be written again.

    Raises:
        LacunaError: `corrupt_picture`, `unsupported_layout` or `too_large`.
    """
    chunks = list(_chunks(data, path))
    if chunks[0].kind != b"IHDR" or len(chunks[0].data) != 13:
        raise corrupt(path, "it does not begin with a header")
    width, height, bits, colour = struct.unpack(">IIBB", chunks[0].data[:10])
    _check_layout(path, chunks, bits, colour)
    check_pixels(path, width, height)
    packed = sum(len(chunk.data) for chunk in chunks if chunk.kind == b"IDAT")
    if width * _SAMPLES[colour] * bits // 8 * height > packed * _MAX_DEFLATE:
        raise corrupt(
            path, f"{packed:,} bytes cannot hold the {width:,} x {height:,} px that it declares"
        )
    pixels = imagecodecs.png_decode(_for_libpng(data))
    pixels = pixels.reshape(height, width, -1)
    has_alpha_of_colour = any(chunk.kind == b"tRNS" for chunk in chunks)
    kept = [
        _without_thumbnail(chunk)
        for chunk in chunks
        if _is_kept(chunk.kind) and not (has_alpha_of_colour and chunk.kind in _ABOUT_SAMPLES)
    ]
    plain = partial(encode, chunks=kept)
    packing = None if as_mask else packing_of(bits, colour, chunks)
    if packing is None or pixels.dtype != np.uint8:
        return Decoded(pixels, metadata_of(kept), False, plain)
    kept_as_packed = [*packing.chunks, *(chunk for chunk in kept if chunk.kind != b"iCCP")]
    profile = [chunk for chunk in kept if chunk.kind == b"iCCP"]  # has to precede a palette
    recode = partial(_recode, packing=packing, chunks=[*profile, *kept_as_packed], plain=kept)
    return Decoded(pixels, metadata_of(kept), False, plain, recode)


def _recode(
    pixels: Pixels,
    _before: object,
    packing: Packing,
    chunks: Iterable[Chunk],
    plain: Iterable[Chunk],
) -> RecodedFile:
    """Write pixels with the palette or the few bits that the file had, if they can be."""
    packed = packing.packed(pixels)
    if packed is None:
        own = [chunk for chunk in plain if chunk.kind not in _ABOUT_SAMPLES]
        return RecodedFile(encode(pixels, own), packing.remark(False))
    header, samples = packed
    file = [Chunk(b"IHDR", header), *chunks, Chunk(b"IDAT", samples), Chunk(b"IEND", b"")]
    return RecodedFile([SIGNATURE, *map(_packed, file)], packing.remark(True))


def encode(pixels: Pixels, chunks: Iterable[Chunk]) -> Iterator[Buffer]:
    """Encode (h, w, 1 to 4) u8 or u16 without loss; yield the file piece by piece.

    The filters are chosen per row. Level 3 of zlib takes 2.5 s for a photo of 24 megapixels,
    level 6 almost three times as long for a tenth less bytes. The grain in 16 bits does not
    compress, so level 1 is as small there.
    """
    channels = pixels.shape[2]
    packed = memoryview(
        imagecodecs.png_encode(
            np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels),
            level=3 if pixels.dtype == np.uint8 else 1,
            filter=imagecodecs.PNG.FILTER.ALL,
        )
    )
    ihdr_end = len(SIGNATURE) + 12 + 13
    yield packed[:ihdr_end]
    for chunk in chunks:
        yield _packed(chunk)
    yield packed[ihdr_end:]


def metadata_of(chunks: Iterable[Chunk]) -> Metadata:
    """Take apart what other formats can hold too."""
    found = Metadata()
    for kind, data in chunks:
        if kind == b"iCCP":
            found = found._replace(icc=_inflated(data.partition(b"\0")[2][1:]))
        elif kind == b"eXIf":
            found = found._replace(exif=data)
        elif kind == b"iTXt" and data.startswith(_XMP_KEYWORD + b"\0"):
            found = found._replace(xmp=_international_text(data))
        elif kind == b"pHYs" and len(data) == 9 and data[8] == 1:
            across, down = struct.unpack(">II", data[:8])
            if across and down:
                # Whole pixels per metre are coarse: 300 dpi come as 11811, 299.9994 dpi.
                dpi = round(across * INCH_M, 2), round(down * INCH_M, 2)
                found = found._replace(dpi=dpi)
    return found if found.dpi else found._replace(dpi=exif.dpi(exif.parse(found.exif)))


def chunks_from(metadata: Metadata) -> list[Chunk]:
    """Write what came from another format."""
    chunks = []
    if metadata.icc:
        chunks.append(Chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi:
        across, down = (round(side / INCH_M) for side in metadata.dpi)
        chunks.append(Chunk(b"pHYs", struct.pack(">IIB", across, down, 1)))
    if metadata.exif:
        chunks.append(Chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append(Chunk(b"iTXt", _XMP_KEYWORD + b"\0\0\0\0\0" + metadata.xmp))
    return chunks


def _chunks(data: bytes, path: Path) -> Iterator[Chunk]:
    at = len(SIGNATURE)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at) if at + 12 <= len(data) else (0, b"")
        if not kind or at + 12 + length > len(data):
            raise corrupt(path, f"it ends after {len(data):,} bytes, in the middle of a chunk")
        chunk = Chunk(kind, data[at + 8 : at + 8 + length])
        # libpng checks this, too, but prints a line of its own before it fails.
        if not kind[0] & _LOWER_CASE and not data.startswith(_checksum(chunk), at + 8 + length):
            raise corrupt(path, f"the checksum of its {kind.decode('ascii', 'replace')} is wrong")
        yield chunk
        if kind == b"IEND":
            return
        at += 12 + length


def _for_libpng(data: bytes) -> bytes:
    """Leave only what pixels are made of: libpng prints warnings about the other chunks."""
    view, at, pieces = memoryview(data), len(SIGNATURE), [memoryview(SIGNATURE)]
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            pieces.append(view[at : at + 12 + length])
        if kind == b"IEND":
            break
        at += 12 + length
    return b"".join(pieces)


def _check_layout(path: Path, chunks: list[Chunk], bits: int, colour: int) -> None:
    if colour not in (0, 2, 3, 4, 6) or bits not in (1, 2, 4, 8, 16):
        raise corrupt(path, f"its header names colour type {colour} with {bits} bits")
    for kind, data in chunks:
        if kind == b"acTL" and int.from_bytes(data[:4], "big") > 1:
            frames = int.from_bytes(data[:4], "big")
            raise unsupported(path, f"an animation of {frames} frames", "Save one of them")


def _is_kept(kind: bytes) -> bool:
    is_critical, is_unsafe = not kind[0] & _LOWER_CASE, not kind[3] & _LOWER_CASE
    if is_critical or kind in (b"acTL", b"fcTL", b"fdAT", b"tRNS", b"hIST"):
        return False
    return not is_unsafe or kind in _STAYS_TRUE


def _without_thumbnail(chunk: Chunk) -> Chunk:
    if chunk.kind != b"eXIf":
        return chunk
    return Chunk(chunk.kind, exif.without_thumbnail(chunk.data))


def _international_text(data: bytes) -> bytes:
    _keyword, _, rest = data.partition(b"\0")
    is_compressed, (*_languages, text) = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    return _inflated(text) if is_compressed else text


def _inflated(data: bytes) -> bytes:
    """Decompress; a broken profile or text becomes empty, it is no reason to refuse a picture."""
    try:
        return zlib.decompressobj().decompress(data, _MAX_INFLATED_BYTES)
    except zlib.error:
        return b""


def _packed(chunk: Chunk) -> bytes:
    return struct.pack(">I", len(chunk.data)) + chunk.kind + chunk.data + _checksum(chunk)


def _checksum(chunk: Chunk) -> bytes:
    return struct.pack(">I", zlib.crc32(chunk.data, zlib.crc32(chunk.kind)))


PNG = Format(
    name="PNG",
    suffixes=(".png",),
    signature=re.compile(re.escape(SIGNATURE)),
    channels=frozenset({"RGB", "RGBA", "GRAY", "GRAYA"}),
    samples=frozenset({"u8", "u16"}),
    max_side=MAX_SIDE,
    max_pixels=MAX_PIXELS,
    measure=measure,
    open=partial(open_raster, "PNG", decode),
    open_mask=partial(open_raster_mask, decode),
    write=partial(write_raster, encode, chunks_from),
)
