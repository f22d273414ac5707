"""Masks: any picture of what is missing becomes (H, W) u8, 255 = missing, 0 = known.

A TIFF is read segment by segment, what is decoded as a whole is walked through in bands: only the
sparse mask that comes out lives on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile

from lacuna_wire.errors import Unprocessable
from lacuna_wire.rect import Rect

from .formats import TIFF, Format
from .opening import format_of_file
from .orientation import displayed, displayed_rect, displayed_size, turn_of
from .raster import open_raster
from .refusals import check_pixels, reading, unsupported
from .sparse import MISSING, SparseMask
from .tiff import orientation_of
from .tiff_layout import check_segments
from .tiff_segments import is_plain, path_of, read_window, segments_under

# JPEG leaves a noise of some steps along every edge; painted values are not that close to the ends.
_JPEG_NOISE = 16
_BAND_ROWS = 256  # converted at a time, so that no second copy of a large mask is needed

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6

Piece = tuple[Rect, NDArray[Any]]  # pixels as displayed: (h, w, 1 to 4) of any type, white is high


class Pieces(NamedTuple):
    """A picture of a mask, piece by piece.

    Attributes:
        width: Columns as displayed.
        height: Rows as displayed.
        is_lossy: Whether it is JPEG or a lossy WebP.
        pieces: Its pixels, each of them once.
    """

    width: int
    height: int
    is_lossy: bool
    pieces: Iterator[Piece]


def read_mask(path: Path) -> SparseMask:
    """Read a mask as displayed: (H, W) u8, 255 = missing, 0 = known, values between are soft.

    White is missing. If the file has an alpha channel that is not opaque everywhere, alpha is the
    mask and what is painted is missing. Of colours the highest channel counts: a mask painted in
    pure red means missing, not a third of it.

    Raises:
        LacunaError: `no_such_file`, `not_a_picture`, `corrupt_picture`, `unsupported_layout`,
            `too_large`; `faint_mask` if nothing is brighter than 1 of 255.
    """
    kind = format_of_file(path)
    opened = _tiff_pieces(path) if kind is TIFF else _raster_pieces(path, kind)
    with opened as picture:
        shape = picture.height, picture.width
        painted, alpha = _Plane(*shape), _Plane(*shape)
        is_opaque = True
        for rect, samples in picture.pieces:
            top, channels = _top(samples.dtype), samples.shape[2]
            has_alpha = channels in (2, 4)
            painted.put(rect, samples[..., : channels - has_alpha].max(axis=2), picture.is_lossy)
            if has_alpha:
                # Which of the two is the mask is known at the end.
                is_opaque &= bool((samples[..., -1] == top).all())
                alpha.put(rect, samples[..., -1], picture.is_lossy)
    plane = painted if is_opaque else alpha
    plane.check(path)
    return plane.mask


class _Plane:
    """One channel on its way to a mask, and what is wrong with it."""

    def __init__(self, height: int, width: int) -> None:
        self.mask = SparseMask(height, width)
        self.highest = 0.0
        self.top = 1.0
        self.is_float = self.is_no_number = False

    def put(self, rect: Rect, values: NDArray[Any], is_lossy: bool) -> None:
        """Convert (rect.height, rect.width) of any type."""
        self.top = _top(values.dtype)
        if values.dtype.kind == "f":
            self.is_float = True
            is_number = values >= 0
            self.is_no_number |= not is_number.all()
            values = np.where(is_number, values, 0)
        self.highest = max(self.highest, float(values.max()))
        scaled = np.rint(values.astype(np.float32) * np.float32(MISSING / self.top))
        mask = np.minimum(scaled, MISSING).astype(np.uint8)
        if is_lossy:
            mask[mask < _JPEG_NOISE] = 0
            mask[mask > MISSING - _JPEG_NOISE] = MISSING
        self.mask.put(rect, mask)

    def check(self, path: Path) -> None:
        """Refuse values that are no mask."""
        highest, top = self.highest, self.top
        if self.is_no_number:
            raise unsupported(path, "negative numbers or NaN", "a mask goes from 0 to 1")
        if self.is_float and highest > top:
            raise unsupported(
                path, f"values up to {highest:g}", "a mask of floats goes from 0 to 1"
            )
        if 0 < highest * MISSING / top < 2:
            raise Unprocessable(
                f"The highest value in {path} is {highest:g} of {top:g}, which is as good as "
                f"nothing; missing pixels are white.",
                code="faint_mask",
            )


@contextmanager
def _raster_pieces(path: Path, kind: Format) -> Iterator[Pieces]:
    """Decode a PNG, JPEG or WebP as a whole."""
    picture = open_raster(path, kind, as_mask=True)
    whole = displayed(picture.decoded.pixels, picture.turn)
    height, width = whole.shape[:2]
    bands = (
        (Rect(0, top, width, min(_BAND_ROWS, height - top)), whole[top : top + _BAND_ROWS])
        for top in range(0, height, _BAND_ROWS)
    )
    yield Pieces(width, height, picture.lossy, bands)


@contextmanager
def _tiff_pieces(path: Path) -> Iterator[Pieces]:
    """Open the first page of a TIFF."""
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
        raise unsupported(path, f"{1 + len(others)} pages", "save one as its own file")
    known = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR)
    if page.photometric not in known or page.imagedepth > 1 or page.samplesperpixel > 4:
        raise unsupported(path, "no grey and no RGB", "save the mask as PNG")
    if page.dtype is None or page.dtype.kind not in "buf":
        raise unsupported(path, f"samples of {page.dtype}", "save the mask as PNG")
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
        return samples.astype(np.uint8) * np.uint8(MISSING)
    if samples.dtype.kind == "f" or page.photometric == _PALETTE or not isinstance(bits, int):
        return samples
    whole = samples.dtype.itemsize * 8
    if bits == whole:
        return samples
    stretched = samples.astype(np.uint64) * _top(samples.dtype) // (2**bits - 1)
    return np.asarray(stretched.astype(samples.dtype))


def _inverted(samples: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 - samples if samples.dtype.kind == "f" else ~samples)


def _top(dtype: np.dtype[Any]) -> int:
    return 1 if dtype.kind == "f" else int(np.iinfo(dtype).max)
