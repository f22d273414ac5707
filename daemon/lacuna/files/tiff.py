"""TIFF pictures of any size: a window is read from the strips or tiles it touches, no more."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from tifffile import TiffFile

from lacuna_wire.layout import SAMPLE_BYTES, PixelLayout
from lacuna_wire.rect import Rect

from . import exif, photoshop
from .directories import LONG, Flavour
from .format import Format, Size
from .inks import wide_profile
from .metadata import Metadata
from .orientation import Turn, displayed, displayed_size, stored, stored_rect, turn_of
from .picture import Edit, Pixels, check_rect
from .refusals import corrupt, many_pages, no_such_page, picture_changed, reading
from .tiff_edit import PageEdits, copy_with_edits
from .tiff_jpeg import remarks_on as remarks_on_blocks
from .tiff_layout import (
    JPEG,
    check_segments,
    full_pages,
    mask_of,
    mask_storage,
    orientation_of,
    storage_of,
)
from .tiff_mask import open_tiff_mask
from .tiff_new import IPTC, write_tiff
from .tiff_segments import RecentSegments, read_window
from .tiff_values import TiffStorage, is_there, remarks_on

_NAME = "TIFF"
_MAX_SIDE = 2**31 - 1
_ICC, _XMP, _PHOTOSHOP_RESOURCES = 34675, 700, 34377
_RECORD = b"\x1c"  # each of IPTC begins with it
# What no other format has a place for.
_OWN = {
    (33550, 33922, 34264, 34735): "the place on earth (GeoTIFF keys)",
    (42112,): "notes of GDAL",
    (50838, 50839): "notes of ImageJ",
}
_NO_SMALLER = (
    "Its smaller copies (overviews) still showed what was removed and were left out; "
    "`gdaladdo` makes new ones."
)

# What tifffile notes about odd files is said by the refusals, if it matters.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class TiffPicture:
    """A `Picture` that stays in its file, which is opened for each reading and each saving.

    Attributes:
        path: Where it is.
        stored_width: Columns, before any turning.
        stored_height: Rows, before any turning.
        turn: From stored to displayed.
        storage: How samples are stored.
        lossy: Whether it has JPEG inside. Then a copy changes a little in the blocks under an edit,
            and nowhere else.
        metadata: What other formats can hold too.
        stamp: Identity, length and time of the file when it was checked.
        page_at: Position of its directory.
        recent: What was decoded last.
    """

    path: Path
    stored_width: int
    stored_height: int
    turn: Turn
    storage: TiffStorage
    lossy: bool
    metadata: Metadata
    stamp: tuple[int, int, int]
    page_at: int
    format: str = _NAME
    recent: RecentSegments = field(default_factory=RecentSegments, repr=False, compare=False)

    @property
    def width(self) -> int:
        return displayed_size(self.stored_width, self.stored_height, self.turn)[0]

    @property
    def height(self) -> int:
        return displayed_size(self.stored_width, self.stored_height, self.turn)[1]

    @property
    def working_bytes(self) -> int:
        return 0  # a strip or tile at a time

    @property
    def layout(self) -> PixelLayout:
        return self.storage.layout

    @property
    def alpha_is_unknown(self) -> bool:
        return self.storage.nodata is not None

    def read(self, rect: Rect) -> Pixels:
        check_rect(self, rect)
        place, valid = stored_rect(rect, self.width, self.height, self.turn), None
        with self.opened() as tiff:
            page = self.page_in(tiff)
            if self.storage.has_mask:
                valid = read_window(mask_of(tiff, page), place)
            pixels = self.storage.handed_out(read_window(page, place, self.recent), valid)
        return np.ascontiguousarray(displayed(pixels, self.turn))

    def write_copy(self, file: BinaryIO, edits: Sequence[Edit]) -> list[str]:
        return write_pages(file, [(self, edits)])

    def placed(self, edits: Sequence[Edit]) -> list[Edit]:
        """Turn edits as displayed into those as stored."""
        self.recent.clear()
        return [
            (stored_rect(rect, self.width, self.height, self.turn), stored(new, self.turn))
            for rect, new in edits
        ]

    @contextmanager
    def edited(self, edits: Sequence[Edit]) -> Iterator[Pixels]:
        self.recent.clear()
        pixels = self.read(Rect(0, 0, self.width, self.height))
        for rect, new in edits:
            pixels[rect.slices] = new
        yield pixels

    def page_in(self, tiff: Any) -> Any:
        return next(page for page in tiff.pages if page.offset == self.page_at)

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Open the file again.

        Raises:
            LacunaError: `picture_changed` if it is not what it was.
        """
        with reading(self.path):
            if _stamp(self.path) != self.stamp:
                raise picture_changed(self.path)
            tiff = TiffFile(self.path)
        with tiff:
            yield tiff


def measure(path: Path) -> Size:
    """Read the first directory."""
    with _opened(path) as tiff:
        page: Any = tiff.pages.first
        return Size(page.imagewidth, page.imagelength)


def open_tiff(path: Path, number: int | None = None) -> TiffPicture:
    """Check a TIFF file without reading its pixels.

    Args:
        path: The file.
        number: Of the page, from 1 on; None if there is to be but one.

    Raises:
        LacunaError: If it is damaged, of a layout that cannot be edited, or has no such page.
    """
    with reading(path):
        stamp = _stamp(path)
        with _opened(path) as tiff:
            pages = full_pages(path, tiff)
            if number is None and len(pages) > 1:
                raise many_pages(path, len(pages))
            number = 1 if number is None else number
            if not 1 <= number <= len(pages):
                raise no_such_page(path, number, len(pages))
            page: Any = pages[number - 1]
            mask = mask_of(tiff, page)
            storage = storage_of(path, tiff, page, mask)
            for each in (page, mask) if mask is not None else (page,):
                check_segments(path, each, stamp[1])
            flavour = Flavour(tiff.byteorder, tiff.is_bigtiff)
            metadata = _metadata(exif.read_tags(tiff.filehandle, page.offset, flavour))
            if storage.inks is not None:
                metadata = metadata._replace(icc=wide_profile())
            return TiffPicture(
                path=path,
                stored_width=page.imagewidth,
                stored_height=page.imagelength,
                turn=turn_of(orientation_of(page)),
                storage=storage,
                lossy=page.compression == JPEG,
                metadata=metadata,
                stamp=stamp,
                page_at=page.offset,
            )


def count_pages(path: Path) -> int:
    """Count the pages of a TIFF that are pictures of their own."""
    with reading(path), _opened(path) as tiff:
        return len(full_pages(path, tiff))


def write_pages(
    file: BinaryIO, pictures: Sequence[tuple[TiffPicture, Sequence[Edit]]]
) -> list[str]:
    """Write a copy of a TIFF in which some of its pages are edited; return what is to be said."""
    first = pictures[0][0]
    with first.opened() as tiff:
        changes = []
        for picture, edits in pictures:
            page, placed = picture.page_in(tiff), picture.placed(edits)
            changes.append(PageEdits(page, picture.storage, placed))
            if picture.storage.has_mask:
                mask = mask_of(tiff, page)
                valid = [(rect, is_there(new)) for rect, new in placed]
                changes.append(PageEdits(mask, mask_storage(mask), valid))
        had_smaller = copy_with_edits(first.path, file, changes)
        remarks = remarks_on_blocks(first.page_in(tiff)) if first.lossy else []
    return [*remarks, *remarks_on(first.storage), *([_NO_SMALLER] if had_smaller else [])]


def _opened(path: Path) -> TiffFile:
    tiff = TiffFile(path)
    try:
        _ = tiff.pages.first.offset
    except IndexError:
        tiff.close()
        raise corrupt(path, "there is no picture in it") from None
    return tiff


def _metadata(tags: exif.Tags) -> Metadata:
    icc, xmp, iptc, resources = (
        tags.main[tag].value if tag in tags.main else b""
        for tag in (_ICC, _XMP, IPTC, _PHOTOSHOP_RESOURCES)
    )
    own = tuple(name for some, name in _OWN.items() if any(tag in tags.main for tag in some))
    return Metadata(
        icc=icc,
        exif=exif.build(tags),
        xmp=xmp,
        dpi=exif.dpi(tags),
        iptc=_iptc(iptc, tags) or photoshop.iptc_of(resources),
        own=own,
    )


def _iptc(value: bytes, tags: exif.Tags) -> bytes:
    """Return records of IPTC; some programs store them as numbers of 32 bits, in their order."""
    entry = tags.main.get(IPTC)
    if entry is not None and entry.type == LONG and value[:1] != _RECORD:
        value = np.frombuffer(value, tags.flavour.order + "u4").astype(">u4").tobytes()
    return value if value[:1] == _RECORD else b""


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


TIFF = Format(
    name=_NAME,
    suffixes=(".tif", ".tiff"),
    signature=re.compile(rb"II[*+]\0|MM\0[*+]"),
    channels=frozenset({"RGB", "RGBA", "GRAY", "GRAYA"}),
    samples=frozenset(SAMPLE_BYTES),
    max_side=_MAX_SIDE,
    max_pixels=_MAX_SIDE**2,
    measure=measure,
    open=open_tiff,
    open_mask=open_tiff_mask,
    write=write_tiff,
    held=frozenset({"iptc", "comment"}),
    is_streamed=True,
)
