"""The first page of a TIFF as the picture of a mask: read by segments, every depth allowed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile

from lacuna_wire.rect import Rect

from .format import Pieces
from .orientation import displayed, displayed_rect, displayed_size, turn_of
from .refusals import check_pixels, reading, unsupported
from .tiff_layout import check_segments, orientation_of
from .tiff_segments import is_plain, path_of, read_window, segments_under

_BAND_ROWS = 256  # read at a time where rows lie in the file as they are

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6


@contextmanager
def open_tiff_mask(path: Path) -> Iterator[Pieces]:
    """Open a TIFF and lend its first page.

    Raises:
        LacunaError: If it is damaged, too large, or of a layout that does not make a mask.
    """
    with reading(path):
        tiff = TiffFile(path)
    with tiff:
        with reading(path):
            page = _checked_page(path, tiff)
            turn = turn_of(orientation_of(page))
        width, height = displayed_size(page.imagewidth, page.imagelength, turn)
        pieces = (
            (displayed_rect(rect, width, height, turn), displayed(_samples(page, rect), turn))
            for rect in _walk(page)
        )
        yield Pieces(width, height, page.compression in (6, 7), pieces)


def _checked_page(path: Path, tiff: TiffFile) -> Any:
    page: Any = tiff.pages.first
    others: list[Any] = list(tiff.pages[1:])
    check_pixels(path, page.imagewidth, page.imagelength)
    check_segments(path, page, path.stat().st_size)
    if not all(other.is_reduced for other in others):
        raise unsupported(path, f"{1 + len(others)} pages", "Save one as its own file")
    known = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR)
    if page.photometric not in known or page.imagedepth > 1 or page.samplesperpixel > 4:
        raise unsupported(path, "colours that are neither grey nor RGB", "Save the mask as PNG")
    if page.dtype is None or page.dtype.kind not in "buf":
        raise unsupported(path, f"samples of {page.dtype}", "Save the mask as PNG")
    return page


def _walk(page: Any) -> Iterator[Rect]:
    """Cut a page (as stored) into what is read at a time."""
    stored = Rect(0, 0, page.imagewidth, page.imagelength)
    for segment in segments_under(page, stored):
        if segment.plane:
            break  # the first plane has shown all places
        place = segment.rect
        # A strip may be the whole page; rows that lie in the file as they are can be had alone.
        rows = _BAND_ROWS if is_plain(page) else place.height
        for top in range(place.top, place.bottom, rows):
            yield Rect(place.left, top, place.width, min(rows, place.bottom - top))


def _samples(page: Any, rect: Rect) -> NDArray[Any]:
    """Read pixels as stored: (h, w, 1 to 4), white is high."""
    samples = read_window(page, rect)
    if page.photometric == _PALETTE:
        with reading(path_of(page)):
            # 16 bits per colour, of which only the upper half is agreed on; some write 8 bits.
            colours = page.colormap if page.colormap.max() < 256 else page.colormap >> 8
            samples = colours.astype(np.uint8).T[samples[..., 0]]
    samples = _full_range(samples, page)
    if page.photometric == _WHITE_IS_ZERO:
        samples = np.concatenate([_inverted(samples[..., :1]), samples[..., 1:]], axis=2)
    return samples


def _full_range(samples: NDArray[Any], page: Any) -> NDArray[Any]:
    """Stretch samples of 1, 2, 4, 10 or 12 bits over the whole range of 8 or 16."""
    bits = page.bitspersample
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype.kind == "f" or page.photometric == _PALETTE or not isinstance(bits, int):
        return samples
    whole = samples.dtype.itemsize * 8
    if bits == whole:
        return samples
    stretched = samples.astype(np.uint64) * int(np.iinfo(samples.dtype).max) // (2**bits - 1)
    return np.asarray(stretched.astype(samples.dtype))


def _inverted(samples: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 - samples if samples.dtype.kind == "f" else ~samples)
