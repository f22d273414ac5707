"""TIFF pictures of any size: a window is read from the strips or tiles it touches, no more."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tifffile import TiffFile

from lacuna_wire.messages import PixelLayout
from lacuna_wire.rect import Rect

from . import exif
from .convert import save_converted
from .directories import Flavour
from .formats import TIFF, format_of_name
from .metadata import Metadata
from .orientation import Turn, displayed, displayed_size, stored, stored_rect, turn_of
from .output import check_output, replacing
from .picture import Patch, Pixels, check_patches, check_rect
from .refusals import picture_changed, reading
from .tiff_layout import JPEG, Storage, check_segments, storage_of
from .tiff_patch import copy_with_patches
from .tiff_segments import RecentSegments, read_window

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
        lossy: Whether it has JPEG inside. Then a copy changes a little in the tiles under a patch,
            and nowhere else.
        metadata: What other formats can hold too.
        stamp: Identity, length and time of the file when it was checked.
        recent: What was decoded last.
    """

    path: Path
    stored_width: int
    stored_height: int
    turn: Turn
    storage: Storage
    lossy: bool
    metadata: Metadata
    stamp: tuple[int, int, int]
    format: str = TIFF.name
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

    def save(self, out: Path, patches: Sequence[Patch]) -> None:
        check_patches(self, patches)
        self.recent.clear()
        if format_of_name(out) is not TIFF:
            check_output(out, self)  # before a whole picture is read
            pixels = self.read(Rect(0, 0, self.width, self.height))
            for rect, patch in patches:
                pixels[rect.slices] = patch
            save_converted(out, self, pixels)
            return
        placed = [
            (stored_rect(rect, self.width, self.height, self.turn), stored(patch, self.turn))
            for rect, patch in patches
        ]
        with replacing(out) as part, self._page() as page:
            copy_with_patches(self.path, part, page, self.storage, placed)

    @contextmanager
    def _page(self) -> Iterator[Any]:
        with reading(self.path):
            if _stamp(self.path) != self.stamp:
                raise picture_changed(self.path)
            tiff = TiffFile(self.path)
        with tiff:
            yield tiff.pages.first


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


def orientation_of(page: Any) -> int:
    return int(page.tags.valueof(exif.ORIENTATION, 1))


def _metadata(tags: exif.Tags) -> Metadata:
    icc, xmp = (tags.main[tag].value if tag in tags.main else b"" for tag in (_ICC, _XMP))
    return Metadata(icc=icc, exif=exif.build(tags), xmp=xmp, dpi=exif.dpi(tags))


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
