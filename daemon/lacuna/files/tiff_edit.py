"""A copy of a TIFF file in which some rectangles are replaced.

The file is copied byte for byte and only the strips or tiles under an edit are written anew: in
place, or at the end if they grew. So every tag, every private directory and every other pixel
stays what it is without being understood, and memory holds one segment at a time.

Whatever would still show the removed object is taken out: smaller copies in further pages,
previews, and the old data of segments that moved.
"""

import io
import shutil
import struct
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from tifffile import TiffFile

from lacuna_wire.errors import TooLarge

from .directories import Flavour
from .photoshop import without_thumbnail
from .picture import Edit
from .tiff_layout import COUNTS, OFFSETS, sub_pages
from .tiff_segments import (
    Segment,
    channels_of,
    decode_segment,
    encode_segment,
    is_plain,
    read_window,
    segments_under,
    write_rows,
)
from .tiff_values import TiffStorage

_BELOW, _PHOTOSHOP_RESOURCES = 330, 34377
_MAX_CLASSIC_BYTES = 2**32 - 2**20  # positions have 32 bits; some room for the tags themselves
_BLOCK_BYTES = 2**20
# A file of GDAL promises a strict order of its parts; GDAL itself corrects the promise like this.
_GDAL_PROMISE = b"KNOWN_INCOMPATIBLE_EDITION=NO\n "
_GDAL_BROKEN_PROMISE = b"KNOWN_INCOMPATIBLE_EDITION=YES\n"


class PageEdits(NamedTuple):
    """What changes in a page.

    Attributes:
        page: Of the open source.
        storage: How its samples are stored.
        edits: In pixels as stored; where two meet, the later one wins.
    """

    page: Any
    storage: TiffStorage
    edits: Sequence[Edit]


def copy_with_edits(source: Path, file: BinaryIO, changes: Sequence[PageEdits]) -> bool:
    """Write a copy of the file `source`, with edits.

    Args:
        source: The file of the pages.
        file: An empty file that takes the copy, open for reading and writing.
        changes: At least one, each of another page.

    Returns:
        Whether there were smaller copies that were removed.

    Raises:
        TooLarge: If a classic TIFF would grow over 4 GiB.
        OSError: If the copy cannot be written.
    """
    with source.open("rb") as original:
        shutil.copyfileobj(original, file, _BLOCK_BYTES)
    places = [_edit_page(file, *change) for change in changes]
    tiff = changes[0].page.parent
    if not tiff.is_bigtiff and file.seek(0, io.SEEK_END) > _MAX_CLASSIC_BYTES:
        raise TooLarge(
            f"The copy of {source} would have {file.tell():,} bytes. A classic TIFF holds at most "
            f"{_MAX_CLASSIC_BYTES:,}. Save the picture as BigTIFF first."
        )
    _correct_gdal(file)
    pages = [change.page for change in changes]
    had_smaller = _remove_smaller_copies(file, pages, places)
    for page, place in zip(pages, places, strict=True):
        _rewrite_tags(file, page, *place)
    return had_smaller


def _edit_page(
    file: BinaryIO, page: Any, storage: TiffStorage, edits: Sequence[Edit]
) -> tuple[list[int], list[int]]:
    """Write the changed segments of a page; return positions and lengths of all of them."""
    offsets, counts = list(page.dataoffsets), list(page.databytecounts)
    uses = Counter(offset for offset, count in zip(offsets, counts, strict=True) if count)
    touched: dict[int, tuple[Segment, list[Edit]]] = {}
    for edit in edits:
        for segment in segments_under(page, edit[0]):
            touched.setdefault(segment.number, (segment, []))[1].append(edit)
    for index, (segment, over) in sorted(touched.items()):
        if is_plain(page) and uses[offsets[index]] == 1:
            _edit_rows(file, page, segment, storage, over)
            continue
        data = _edited_segment(page, segment, storage, over)
        if uses[offsets[index]] == 1:
            # Blank it first: the rest of a shorter segment would still show the old pixels.
            _blank(file, offsets[index], counts[index])
        is_last = offsets[index] + counts[index] == file.seek(0, io.SEEK_END)
        if (len(data) > counts[index] and not is_last) or uses[offsets[index]] != 1:
            uses[offsets[index]] -= 1
            offsets[index] = _end(file)
            uses[offsets[index]] = 1
        counts[index] = len(data)
        file.seek(offsets[index])
        file.write(data)
    return offsets, counts


def _edit_rows(
    file: BinaryIO, page: Any, segment: Segment, storage: TiffStorage, edits: Sequence[Edit]
) -> None:
    for rect, pixels in edits:
        place = segment.rect.intersect(rect)
        if place.area:
            new = pixels[place.relative_to(rect).slices]
            new = storage.taken_back(new, read_window(page, place))
            write_rows(file, page, segment, place, channels_of(page, segment, new))


def _edited_segment(
    page: Any, segment: Segment, storage: TiffStorage, edits: Sequence[Edit]
) -> bytes:
    before = decode_segment(page, segment)
    whole = before.copy()
    for rect, pixels in edits:
        place = segment.rect.intersect(rect)
        if place.area:
            new = pixels[place.relative_to(rect).slices]
            if not storage.is_identity:
                # Needs all channels of a pixel; this segment may hold only one of them.
                new = storage.taken_back(new, read_window(page, place))
            whole[place.relative_to(segment.rect).slices] = channels_of(page, segment, new)
    return encode_segment(page, segment, whole, before)


def _remove_smaller_copies(
    file: BinaryIO, pages: Sequence[Any], places: Sequence[tuple[list[int], list[int]]]
) -> bool:
    """Blank all reduced pages, and take their directories out of the chain; tell if any were."""
    tiff = pages[0].parent
    chain = list(tiff.pages)
    kept = [page for page in chain if not page.is_reduced]
    smaller = [page for page in chain if page.is_reduced]
    smaller += [below for page in pages for below in sub_pages(tiff, page)]
    own = {at for page in kept for at in page.dataoffsets} | {
        at for offsets, _ in places for at in offsets
    }
    for other in smaller:
        for offset, count in zip(other.dataoffsets, other.databytecounts, strict=True):
            if offset not in own:
                _blank(file, offset, count)
    edited = {page.offset for page in pages}
    following = [page.offset for page in kept[1:]] + [0]
    for page, then in zip(kept, following, strict=True):
        _relink(file, page, then, page.offset in edited)
    return bool(smaller)


def _relink(file: BinaryIO, page: Any, following: int, without_below: bool) -> None:
    """Let the directory of a page be followed by another one; 0 ends the chain."""
    tiff = page.parent
    flavour = Flavour(tiff.byteorder, tiff.is_bigtiff)
    count_bytes = struct.calcsize(flavour.row_count)
    file.seek(page.offset)
    (rows,) = struct.unpack(flavour.row_count, file.read(count_bytes))
    table = [file.read(flavour.row_bytes) for _ in range(rows)]
    if without_below:
        table = [row for row in table if struct.unpack_from(flavour.row, row)[0] != _BELOW]
    file.seek(page.offset)
    file.write(struct.pack(flavour.row_count, len(table)) + b"".join(table))
    file.write(struct.pack(flavour.pointer, following))
    file.write(bytes((rows - len(table)) * flavour.row_bytes))


def _rewrite_tags(file: BinaryIO, page: Any, offsets: list[int], counts: list[int]) -> None:
    file.seek(0)
    with TiffFile(file) as tiff:
        same: Any = next(other for other in tiff.pages if other.offset == page.offset)
        tags = same.tags
        for codes, old, new in (
            (OFFSETS, page.dataoffsets, offsets),
            (COUNTS, page.databytecounts, counts),
        ):
            tag = next(tags[code] for code in codes if code in tags)
            if list(old) != new:
                # Lengths are often 16-bit numbers, and a new one may be too long for that.
                needed = tag.dtype if max(new) < 2**16 or tag.dtype != 3 else 4
                tag.overwrite(new, dtype=needed)
        resources = tags.get(_PHOTOSHOP_RESOURCES)
        if resources is not None:
            kept = without_thumbnail(bytes(resources.value))
            if len(kept) != resources.count:
                resources.overwrite(kept)


def _correct_gdal(file: BinaryIO) -> None:
    file.seek(0)
    at = file.read(512).find(_GDAL_PROMISE)
    if at >= 0:
        file.seek(at)
        file.write(_GDAL_BROKEN_PROMISE)


def _end(file: BinaryIO) -> int:
    """Return the next even position behind the file."""
    end = file.seek(0, io.SEEK_END)
    return end + end % 2


def _blank(file: BinaryIO, offset: int, count: int) -> None:
    file.seek(offset)
    for done in range(0, count, _BLOCK_BYTES):
        file.write(bytes(min(_BLOCK_BYTES, count - done)))
