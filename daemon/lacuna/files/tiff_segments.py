"""Strips and tiles of a TIFF page: which ones a rectangle touches, and their pixels.

Uncompressed segments are read row by row, because a whole scan may be one strip of gigabytes.
Compressed ones are decoded one at a time.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import imagecodecs
import numpy as np

from lacuna_wire.rect import Rect

from .picture import Pixels
from .refusals import corrupt, reading, unsupported
from .tiff_jpeg import new_segment, recode_segment
from .tiff_layout import FAX, FLOATING_POINT, HORIZONTAL, JPEG, NO_PREDICTOR, NONE, SEPARATE
from .tiff_layout import segment_size as segment_size_of
from .tiff_packed import code_as_fax, pack

RECENT_BYTES = 64 << 20
_PACKBITS = 32773
_LOWEST_BIT_FIRST = 2
_COMPRESS = {
    5: imagecodecs.lzw_encode, 8: imagecodecs.deflate_encode, 32946: imagecodecs.deflate_encode,
    34925: imagecodecs.lzma_encode, 50000: imagecodecs.zstd_encode,
}  # fmt: skip


class Segment(NamedTuple):
    """One strip or tile.

    Attributes:
        number: Its place in the tags of positions and lengths.
        plane: Which channel it holds, if the planes are separate; else 0.
        rect: Its pixels that are inside the picture, as stored.
        row_pixels: Pixels per row in the file; a tile may reach over the edge of the picture.
    """

    number: int
    plane: int
    rect: Rect
    row_pixels: int


def segments_under(page: Any, rect: Rect) -> Iterator[Segment]:
    """Yield the segments that hold pixels of `rect` (as stored, inside the picture)."""
    width, height = segment_size_of(page)
    across, down = -(-page.imagewidth // width), -(-page.imagelength // height)
    picture = Rect(0, 0, page.imagewidth, page.imagelength)
    for plane in range(page.samplesperpixel if page.planarconfig == SEPARATE else 1):
        for row in range(rect.top // height, -(-rect.bottom // height)):
            for column in range(rect.left // width, -(-rect.right // width)):
                place = Rect(column * width, row * height, width, height).intersect(picture)
                yield Segment((plane * down + row) * across + column, plane, place, width)


def path_of(page: Any) -> Path:
    return Path(page.parent.filehandle.path)


def is_plain(page: Any) -> bool:
    """Tell whether rows lie in the file as they are: nothing compressed, predicted or packed."""
    return bool(
        page.compression == NONE
        and page.predictor == NO_PREDICTOR
        and page.bitspersample == 8 * page.dtype.itemsize
        and page.fillorder == 1
        and not page.is_subsampled
    )


class RecentSegments:
    """The compressed segments that were decoded last: windows side by side share their strips.

    Up to RECENT_BYTES of them are held, and the last one however large it is: a page that is one
    compressed strip would otherwise be decoded as a whole for every window.
    """

    def __init__(self) -> None:
        self._pixels: dict[int, Pixels] = {}  # by number, the one used last at the end

    def decode(self, page: Any, segment: Segment) -> Pixels:
        """Return what `decode_segment` does; not to be written to."""
        pixels = self._pixels.pop(segment.number, None)
        if pixels is None:
            channels = 1 if page.planarconfig == SEPARATE else page.samplesperpixel
            needed = math.prod(segment_size_of(page)) * channels * page.dtype.itemsize
            while self._pixels and sum(kept.nbytes for kept in self._pixels.values()) + needed > (
                RECENT_BYTES
            ):
                del self._pixels[next(iter(self._pixels))]
            pixels = decode_segment(page, segment)
        self._pixels[segment.number] = pixels
        return pixels

    def clear(self) -> None:
        self._pixels.clear()


def read_window(page: Any, rect: Rect, recent: RecentSegments | None = None) -> Pixels:
    """Read stored samples: (rect.height, rect.width, channels), native byte order.

    Args:
        page: Of an open `tifffile.TiffFile`.
        rect: As stored, inside the picture.
        recent: Of the same page, for more windows of it.

    Raises:
        LacunaError: `corrupt_picture` or `not_readable`.
    """
    decode: Callable[[Any, Segment], Pixels] = recent.decode if recent else decode_segment
    dtype = np.uint8 if page.dtype == np.bool_ else page.dtype
    window = np.empty((rect.height, rect.width, page.samplesperpixel), dtype)
    for segment in segments_under(page, rect):
        part = segment.rect.intersect(rect)
        target = channels_of(page, segment, window)[part.relative_to(rect).slices]
        if is_plain(page) and page.databytecounts[segment.number]:
            _read_rows(page, segment, part, target)
        else:
            target[:] = decode(page, segment)[part.relative_to(segment.rect).slices]
    return window


def decode_segment(page: Any, segment: Segment) -> Pixels:
    """Decode a whole segment: (rows, row_pixels, channels), also what is outside the picture."""
    with reading(path_of(page)):
        pixels, _, shape = page.decode(
            _data(page, segment) or None,
            segment.number,
            jpegtables=page.jpegtables,
            _fullsize=page.is_tiled,
        )
    if pixels is None:  # never written: such files are allowed to be sparse
        return np.full(shape[1:], page.nodata, page.dtype)
    least = (1, segment.rect.height, segment.rect.width, shape[3])
    if any(found < side for found, side in zip(pixels.shape, least, strict=True)):
        raise corrupt(
            path_of(page), f"strip or tile {segment.number:,} is smaller than the file says"
        )
    return np.asarray(pixels[0])


def encode_segment(page: Any, segment: Segment, pixels: Pixels, before: Pixels) -> bytes:
    """Compress a whole segment in the way of its page; of JPEG, only blocks that changed.

    Args:
        page: Of an open `tifffile.TiffFile`.
        segment: Which one.
        pixels: (rows, row_pixels, channels), native byte order.
        before: What it decodes to now.

    Raises:
        LacunaError: `unsupported_layout` if it does not decode to the same pixels again. Nobody
            should lose a picture to a rare combination of codecs.
    """
    if page.compression == JPEG:
        old = _data(page, segment)
        with reading(path_of(page)):
            data = recode_segment(page, old, pixels, before) if old else new_segment(page, pixels)
    else:
        bits = min(8, page.bitspersample)
        data = compress(pixels, page.compression, page.predictor, page.parent.byteorder, bits)
        if page.fillorder == _LOWEST_BIT_FIRST:
            data = bytes(imagecodecs.bitorder_encode(data))
    again, _, _ = page.decode(
        data, segment.number, jpegtables=page.jpegtables, _fullsize=page.is_tiled
    )
    same = again.shape[1:] == pixels.shape and (
        page.compression == JPEG or again.astype(pixels.dtype).tobytes() == pixels.tobytes()
    )
    if not same:
        raise unsupported(
            path_of(page), "data that cannot be compressed again", "Save it with LZW or Deflate"
        )
    return data


def write_rows(file: BinaryIO, page: Any, segment: Segment, part: Rect, pixels: Pixels) -> None:
    """Write rows of an uncompressed segment, in place.

    Args:
        file: The file to change, laid out like that of `page`.
        page: Of the open original.
        segment: Where to write.
        part: Pixels of the segment, as stored.
        pixels: (part.height, part.width, channels of the segment), native byte order.
    """
    ordered = pixels.astype(page.dtype.newbyteorder(page.parent.byteorder), copy=False)
    for row, at in enumerate(_row_positions(page, segment, part)):
        file.seek(at)
        file.write(ordered[row].tobytes())


def channels_of(page: Any, segment: Segment, pixels: Pixels) -> Pixels:
    """View those channels of pixels (h, w, all channels) that the segment holds."""
    if page.planarconfig == SEPARATE:
        return pixels[..., segment.plane : segment.plane + 1]
    return pixels


def _read_rows(page: Any, segment: Segment, part: Rect, target: Pixels) -> None:
    file = page.parent.filehandle
    ordered = page.dtype.newbyteorder(page.parent.byteorder)
    length = part.width * target.shape[2] * page.dtype.itemsize
    with reading(path_of(page)):
        for row, at in enumerate(_row_positions(page, segment, part)):
            file.seek(at)
            target[row] = np.frombuffer(file.read(length), ordered).reshape(target.shape[1:])


def _data(page: Any, segment: Segment) -> bytes:
    file = page.parent.filehandle
    file.seek(page.dataoffsets[segment.number])
    return bytes(file.read(page.databytecounts[segment.number]))


def _row_positions(page: Any, segment: Segment, part: Rect) -> Iterator[int]:
    channels = 1 if page.planarconfig == SEPARATE else page.samplesperpixel
    pixel_bytes = channels * page.dtype.itemsize
    inside = part.relative_to(segment.rect)
    for row in range(inside.top, inside.bottom):
        pixel = row * segment.row_pixels + inside.left
        yield page.dataoffsets[segment.number] + pixel * pixel_bytes


def compress(
    pixels: Pixels,
    compression: int,
    predictor: int,
    byte_order: Literal["<", ">"],
    bits: int = 8,
) -> bytes:
    """Compress (rows, columns, channels) as one segment, without loss.

    Args:
        pixels: Native byte order.
        compression: TIFF's number.
        predictor: TIFF's number.
        byte_order: Of the file.
        bits: Of a sample, if less than 8; then there is one channel.
    """
    if predictor == HORIZONTAL:
        pixels = imagecodecs.delta_encode(np.ascontiguousarray(pixels), axis=-2)
    if predictor == FLOATING_POINT:  # sorts the bytes of a row, highest first: has no byte order
        pixels = imagecodecs.floatpred_encode(np.ascontiguousarray(pixels), axis=-2)
    else:
        pixels = pixels.astype(pixels.dtype.newbyteorder(byte_order), copy=False)
    if bits < 8:
        if compression in FAX:
            return code_as_fax(pixels, compression)
        pixels = pack(pixels, bits)
    if compression == NONE:
        return pixels.tobytes()
    if compression == _PACKBITS:  # must not run on from one row to the next
        return b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in pixels)
    return bytes(_COMPRESS[compression](pixels.tobytes()))
