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

from . import exif
from .directories import Flavour
from .format import Format, Size
from .metadata import Metadata
from .orientation import Turn, displayed, displayed_size, stored, stored_rect, turn_of
from .picture import Edit, Pixels, check_rect
from .refusals import picture_changed, reading
from .tiff_edit import copy_with_edits
from .tiff_layout import JPEG, TiffStorage, check_segments, orientation_of, storage_of
from .tiff_mask import open_tiff_mask
from .tiff_new import write_tiff
from .tiff_segments import RecentSegments, read_window

_NAME = "TIFF"
_MAX_SIDE = 2**31 - 1
_ICC, _XMP = 34675, 700

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
        lossy: Whether it has JPEG inside. Then a copy changes a little in the tiles under an edit,
            and nowhere else.
        metadata: What other formats can hold too.
        stamp: Identity, length and time of the file when it was checked.
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
    format: str = _NAME
    recent: RecentSegments = field(default_factory=RecentSegments, repr=False, compare=False)

    @property
    def width(self) -> int:
        return displayed_size(self.stored_width, self.stored_height, self.turn)[0]

    @property
    def height(self) -> int:
        return displayed_size(self.stored_width, self.stored_height, self.turn)[1]

    @property
    def layout(self) -> PixelLayout:
        return self.storage.layout

    def read(self, rect: Rect) -> Pixels:
        check_rect(self, rect)
        place = stored_rect(rect, self.width, self.height, self.turn)
        with self._page() as page:
            pixels = self.storage.handed_out(read_window(page, place, self.recent))
        return np.ascontiguousarray(displayed(pixels, self.turn))

    def write_copy(self, file: BinaryIO, edits: Sequence[Edit]) -> None:
        self.recent.clear()
        placed = [
            (stored_rect(rect, self.width, self.height, self.turn), stored(new, self.turn))
            for rect, new in edits
        ]
        with self._page() as page:
            copy_with_edits(self.path, file, page, self.storage, placed)

    @contextmanager
    def edited(self, edits: Sequence[Edit]) -> Iterator[Pixels]:
        self.recent.clear()
        pixels = self.read(Rect(0, 0, self.width, self.height))
        for rect, new in edits:
            pixels[rect.slices] = new
        yield pixels

    @contextmanager
    def _page(self) -> Iterator[Any]:
        with reading(self.path):
            if _stamp(self.path) != self.stamp:
                raise picture_changed(self.path)
            tiff = TiffFile(self.path)
        with tiff:
            yield tiff.pages.first


def measure(path: Path) -> Size:
    """Read the first directory."""
    with TiffFile(path) as tiff:
        page: Any = tiff.pages.first
        return Size(page.imagewidth, page.imagelength)


def open_tiff(path: Path) -> TiffPicture:
    """Check a TIFF file without reading its pixels.

    Raises:
        LacunaError: If it is damaged or of a layout that cannot be edited.
    """
    with reading(path):
        stamp = _stamp(path)
        with TiffFile(path) as tiff:
            page: Any = tiff.pages.first
            storage = storage_of(path, tiff, page)
            check_segments(path, page, stamp[1])
            flavour = Flavour(tiff.byteorder, tiff.is_bigtiff)
            tags = exif.read_tags(tiff.filehandle, page.offset, flavour)
            return TiffPicture(
                path=path,
                stored_width=page.imagewidth,
                stored_height=page.imagelength,
                turn=turn_of(orientation_of(page)),
                storage=storage,
                lossy=page.compression == JPEG,
                metadata=_metadata(tags),
                stamp=stamp,
            )


def _metadata(tags: exif.Tags) -> Metadata:
    icc, xmp = (tags.main[tag].value if tag in tags.main else b"" for tag in (_ICC, _XMP))
    return Metadata(icc=icc, exif=exif.build(tags), xmp=xmp, dpi=exif.dpi(tags))


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
    is_streamed=True,
)
