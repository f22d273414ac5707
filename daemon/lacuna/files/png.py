"""PNG: chunks, and pixels of 8 or 16 bits through imagecodecs (libpng)."""

import os
import re
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np

from . import exif
from .colours import profile_of_code, profile_of_gamma
from .format import Format, Size
from .metadata import INCH_M, Chunk, Metadata
from .picture import Pixels
from .png_packed import Packing, bytes_of_chunk, checksum, packing_of
from .png_texts import (
    COMMENT,
    inflated,
    international_text,
    iptc_chunk,
    iptc_of,
    is_raw,
    is_xmp,
    text_chunk,
    text_of,
)
from .raster import Buffer, Decoded, RecodedFile, open_raster, open_raster_mask, write_raster
from .refusals import MAX_PIXELS, MAX_SIDE, check_pixels, corrupt, unsupported

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP_KEYWORD = b"XML:com.adobe.xmp"
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
    with _without_warnings():
        pixels = imagecodecs.png_decode(_for_libpng(data))
    pixels = pixels.reshape(height, width, -1)
    has_alpha_of_colour = any(chunk.kind == b"tRNS" for chunk in chunks)
    kept = [
        _without_thumbnail(chunk)
        for chunk in chunks
        if _is_kept(chunk.kind) and not (has_alpha_of_colour and chunk.kind in _ABOUT_SAMPLES)
    ]
    found = metadata_of(kept, _SAMPLES[colour] >= 3 or colour == 3)
    plain = partial(encode, chunks=kept)
    packing = None if as_mask else packing_of(bits, colour, chunks)
    if packing is None or pixels.dtype != np.uint8:
        return Decoded(pixels, found, False, plain)
    kept_as_packed = [*packing.chunks, *(chunk for chunk in kept if chunk.kind != b"iCCP")]
    profile = [chunk for chunk in kept if chunk.kind == b"iCCP"]  # has to precede a palette
    recode = partial(_recode, packing=packing, chunks=[*profile, *kept_as_packed], plain=kept)
    return Decoded(pixels, found, False, plain, recode)


def _recode(
    pixels: Pixels,
    _before: object,
    packing: Packing,
    chunks: Iterable[Chunk],
    plain: Iterable[Chunk],
) -> RecodedFile:
    """Write pixels with the palette or the few bits that the file had, if they can be."""
    found = packing.packed(pixels)
    if found is None:
        own = [chunk for chunk in plain if chunk.kind not in _ABOUT_SAMPLES]
        return RecodedFile(encode(pixels, own), packing.remarks(False))
    header, samples = found
    file = [Chunk(b"IHDR", header), *chunks, Chunk(b"IDAT", samples), Chunk(b"IEND", b"")]
    return RecodedFile([SIGNATURE, *map(bytes_of_chunk, file)], packing.remarks(True))


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
        yield bytes_of_chunk(chunk)
    yield packed[ihdr_end:]


def metadata_of(chunks: Iterable[Chunk], is_rgb: bool = True) -> Metadata:
    """Take apart what other formats can hold too.

    Args:
        chunks: Of the file.
        is_rgb: Whether it has colours: of grey, no profile is made.
    """
    found, kinds, texts = Metadata(), dict[bytes, bytes](), list[tuple[str, str]]()
    for chunk in chunks:
        kind, data = chunk
        kinds.setdefault(kind, data)
        text = text_of(chunk)
        if text is not None:
            texts.append(text)
        elif kind == b"iCCP":
            found = found._replace(icc=inflated(data.partition(b"\0")[2][1:]))
        elif kind == b"eXIf":
            found = found._replace(exif=data)
        elif is_xmp(chunk):
            found = found._replace(xmp=international_text(data))
        elif kind == b"pHYs" and len(data) == 9 and data[8] == 1:
            across, down = struct.unpack(">II", data[:8])
            if across and down:
                # Whole pixels per metre are coarse: 300 dpi come as 11811, 299.9994 dpi.
                dpi = round(across * INCH_M, 2), round(down * INCH_M, 2)
                found = found._replace(dpi=dpi)
    found = found._replace(
        icc=found.icc or (_profile(kinds) if is_rgb else b""),
        iptc=iptc_of(texts),
        comment=next((text for keyword, text in texts if keyword == COMMENT), ""),
        texts=tuple(text for text in texts if text[0] != COMMENT and not is_raw(text[0])),
    )
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
    if metadata.iptc:
        chunks.append(iptc_chunk(metadata.iptc))
    if metadata.comment:
        chunks.append(text_chunk(COMMENT, metadata.comment))
    return chunks + [text_chunk(*text) for text in metadata.texts]


def _profile(kinds: dict[bytes, bytes]) -> bytes:
    """Make a profile of colours that are described in numbers, for formats that have no others."""
    profile = profile_of_code(kinds.get(b"cICP", b""))
    if (
        not profile
        and b"cICP" not in kinds
        and b"sRGB" not in kinds
        and len(kinds.get(b"gAMA", b"")) == 4
    ):
        gamma = int.from_bytes(kinds[b"gAMA"], "big") / 100_000
        profile = profile_of_gamma(gamma, kinds.get(b"cHRM", b""))
    return profile


def _chunks(data: bytes, path: Path) -> Iterator[Chunk]:
    at = len(SIGNATURE)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at) if at + 12 <= len(data) else (0, b"")
        if not kind or at + 12 + length > len(data):
            raise corrupt(path, f"it ends after {len(data):,} bytes, in the middle of a chunk")
        chunk = Chunk(kind, data[at + 8 : at + 8 + length])
        # libpng checks this, too, but prints a line of its own before it fails.
        if not kind[0] & _LOWER_CASE and not data.startswith(checksum(chunk), at + 8 + length):
            raise corrupt(path, f"the checksum of its {kind.decode('ascii', 'replace')} is wrong")
        yield chunk
        if kind == b"IEND":
            return
        at += 12 + length


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep what libpng prints about odd files to ourselves, and hand on what others print."""
    try:
        before = os.dup(2)
    except OSError:  # there is nowhere to print
        yield
        return
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)
            printed.seek(0)
            for line in printed:
                if not line.startswith(b"PNG warning"):
                    os.write(2, line)


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
    held=frozenset({"iptc", "comment", "texts"}),
)
