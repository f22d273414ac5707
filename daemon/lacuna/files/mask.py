"""Masks: any picture of what is missing becomes (H, W) u8, 255 = missing, 0 = known."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile

from lacuna_wire.errors import Unprocessable

from .formats import TIFF
from .opening import format_of_file
from .orientation import displayed, turn_of
from .raster import open_raster
from .refusals import check_pixels, corrupt, reading, unsupported
from .tiff import orientation_of
from .tiff_layout import check_segments

MISSING = 255
# JPEG leaves a noise of some steps along every edge; painted values are not that close to the ends.
_JPEG_NOISE = 16
_BAND_ROWS = 256  # converted at a time, so that no second copy of a large mask is needed

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Read a mask as displayed: (H, W) u8, 255 = missing, 0 = known, values between are soft.

    White is missing. If the file has an alpha channel that is not opaque everywhere, alpha is the
    mask and what is painted is missing. Of colours the highest channel counts: a mask painted in
    pure red means missing, not a third of it.

    Raises:
        LacunaError: `no_such_file`, `not_a_picture`, `corrupt_picture`, `unsupported_layout`,
            `too_large`; `faint_mask` if nothing is brighter than 1 of 255.
    """
    kind = format_of_file(path)
    if kind is TIFF:
        samples, is_lossy = _tiff_samples(path)
    else:
        picture = open_raster(path, kind, as_mask=True)
        samples = displayed(picture.decoded.pixels, picture.turn)
        is_lossy = picture.lossy
    mask = _mask_of(samples, path)
    if is_lossy:
        mask[mask < _JPEG_NOISE] = 0
        mask[mask > MISSING - _JPEG_NOISE] = MISSING
    return mask


def _mask_of(samples: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """Convert (H, W, 1 to 4) of any type."""
    height, width, channels = samples.shape
    top = _top(samples.dtype)
    plane = slice(0, channels)
    if channels in (2, 4):
        is_opaque = bool((samples[..., -1] == top).all())
        plane = slice(0, channels - 1) if is_opaque else slice(channels - 1, channels)
    mask = np.empty((height, width), np.uint8)
    highest = 0.0
    for row in range(0, height, _BAND_ROWS):
        values = samples[row : row + _BAND_ROWS, :, plane].max(axis=2)
        if values.dtype.kind == "f" and not (values >= 0).all():
            raise unsupported(path, "negative numbers or NaN", "a mask goes from 0 to 1")
        highest = max(highest, float(values.max()))
        scaled = values.astype(np.float32) * (MISSING / top)
        mask[row : row + _BAND_ROWS] = np.minimum(np.rint(scaled), MISSING)
    if samples.dtype.kind == "f" and highest > top:
        raise unsupported(path, f"values up to {highest:g}", "a mask of floats goes from 0 to 1")
    if 0 < highest * MISSING / top < 2:
        raise Unprocessable(
            f"The highest value in {path} is {highest:g} of {top:g}, which is as good as nothing; "
            f"missing pixels are white.",
            code="faint_mask",
        )
    return mask


def _tiff_samples(path: Path) -> tuple[NDArray[Any], bool]:
    """Read the first page as displayed: (H, W, 1 to 4), white is high; and whether it is JPEG."""
    with reading(path), TiffFile(path) as tiff:
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
        samples = page.asarray()
        if samples.size != page.imagewidth * page.imagelength * page.samplesperpixel:
            raise corrupt(path, "its pixels do not fit its size")
        if page.samplesperpixel > 1 and page.planarconfig == 2:
            samples = np.moveaxis(samples, 0, -1)
        samples = samples.reshape(page.imagelength, page.imagewidth, -1)
        if page.photometric == _PALETTE:
            # 16 bits per colour, of which only the upper half is agreed on; some write 8 bits.
            colours = page.colormap if page.colormap.max() < 256 else page.colormap >> 8
            samples = colours.astype(np.uint8).T[samples[..., 0]]
        samples = _full_range(samples, page)
        if page.photometric == _WHITE_IS_ZERO:
            samples = np.concatenate([_inverted(samples[..., :1]), samples[..., 1:]], axis=2)
        return displayed(samples, turn_of(orientation_of(page))), page.compression in (6, 7)


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
