"""What a TIFF page stores, and why some pages cannot be edited.

TIFF is a family of formats. A picture is edited if its pixels are GRAY or RGB, with or without
alpha, in a depth that Lacuna has; everything else is refused by name.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC

from lacuna.samples import WORDS
from lacuna_wire.errors import TooLarge
from lacuna_wire.layout import PixelLayout

from . import exif
from .picture import Pixels, layout_of
from .refusals import MAX_PIXELS, corrupt, unsupported

NONE, JPEG = 1, 7
LOSSLESS = {
    NONE: "none", 5: "LZW", 8: "Deflate", 32946: "Deflate", 32773: "PackBits", 34925: "LZMA",
    50000: "ZSTD",
}  # fmt: skip
OFFSETS, COUNTS = (324, 273), (325, 279)  # tags of tiles, of strips
NO_PREDICTOR, HORIZONTAL, FLOATING_POINT = 1, 2, 3
SIDE_BY_SIDE, SEPARATE = 1, 2  # arrangements of the channels

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _YCBCR: 3}
_OTHER_COLOURS = {
    _PALETTE: "a palette of colours", 4: "a transparency mask", 5: "CMYK or other inks",
    8: "CIE L*a*b* colours", 9: "ICC L*a*b* colours", 10: "ITU L*a*b* colours",
    32803: "the raw mosaic of a camera", 34892: "raw colours of a camera",
}  # fmt: skip
_SIGNED, _COMPLEX = 2, (5, 6)
_PREMULTIPLIED = 1
_LAYERS_OF_PHOTOSHOP = 37724


class TiffStorage(NamedTuple):
    """How the samples of a page become those of a `PixelLayout`.

    Attributes:
        layout: As handed out: white is high, alpha is straight.
        is_white_zero: Whether the stored grey is inverted.
        is_premultiplied: Whether the stored colours are multiplied by alpha.
    """

    layout: PixelLayout
    is_white_zero: bool = False
    is_premultiplied: bool = False

    @property
    def is_identity(self) -> bool:
        """Whether samples are stored exactly as they are handed out."""
        return not self.is_white_zero and not self.is_premultiplied

    def handed_out(self, pixels: Pixels) -> Pixels:
        """Convert stored samples (h, w, channels); may return `pixels` itself."""
        if self.is_white_zero:
            pixels = np.concatenate([~pixels[..., :1], pixels[..., 1:]], axis=2)
        return _straight(pixels) if self.is_premultiplied else pixels

    def taken_back(self, pixels: Pixels, before: Pixels) -> Pixels:
        """Convert pixels to stored samples; those that equal `before` stay what they were.

        Multiplying by alpha rounds, so a pixel that nobody changed must not go through it.

        Args:
            pixels: As handed out, (h, w, channels).
            before: The stored samples that they replace.
        """
        if self.is_identity:
            return pixels
        changed = (pixels != self.handed_out(before)).any(axis=2, keepdims=True)
        if self.is_premultiplied:
            pixels = _premultiplied(pixels)
        if self.is_white_zero:
            pixels = np.concatenate([~pixels[..., :1], pixels[..., 1:]], axis=2)
        return np.where(changed, pixels, before)


def storage_of(path: Path, tiff: Any, page: Any) -> TiffStorage:
    """Check that a page can be edited, and say how it is stored.

    Args:
        path: Name of the file, for sentences.
        tiff: The open `tifffile.TiffFile`.
        page: Its first page.

    Raises:
        LacunaError: `unsupported_layout`, with what the page holds instead.
    """
    _check_pages(path, tiff, page)
    _check_samples(path, page)
    _check_coding(path, page)
    colours = _COLOURS[page.photometric]
    extra = page.samplesperpixel - colours
    if extra not in (0, 1):
        raise unsupported(
            path,
            f"{page.samplesperpixel} channels, {extra} more than its colours",
            "Save it with at most one alpha channel",
        )
    # An extra channel of unknown meaning is taken as alpha: it is what most programs mean by it.
    premultiplied = bool(extra) and tuple(page.extrasamples)[:1] == (_PREMULTIPLIED,)
    is_white_zero = page.photometric == _WHITE_IS_ZERO
    if is_white_zero and (premultiplied or page.dtype.kind == "f"):
        raise unsupported(path, "inverted grey in a rare form", "Convert it to plain grey")
    layout = layout_of(page.samplesperpixel, page.dtype)
    return TiffStorage(layout, is_white_zero, premultiplied)


def _check_pages(path: Path, tiff: Any, page: Any) -> None:
    if page.is_reduced:
        raise unsupported(path, "a preview as its first page", "Save it as an ordinary TIFF")
    if page.imagedepth > 1:
        raise unsupported(path, f"a volume of {page.imagedepth} planes", "Save one of them")
    if any(not other.is_reduced for other in [*tiff.pages[1:], *sub_pages(tiff, page)]):
        raise unsupported(path, f"{len(tiff.pages)} pages", "Save one of them as its own file")
    planes = int((tiff.imagej_metadata or {}).get("images", 1)) if page.is_imagej else 1
    if planes > 1:
        raise unsupported(path, f"an ImageJ stack of {planes} planes", "Save one of them")
    if _LAYERS_OF_PHOTOSHOP in page.tags:
        raise unsupported(
            path,
            "Photoshop layers beside the picture, which would still show what is removed",
            "Save it flattened",
        )


def sub_pages(tiff: Any, page: Any) -> list[Any]:
    """Return the pages below a page, in which some programs keep smaller copies."""
    return list(page.pages) if page.subifds else []


def _check_samples(path: Path, page: Any) -> None:
    if page.photometric not in _COLOURS:
        name = _OTHER_COLOURS.get(page.photometric)
        if name is None:
            known = page.photometric in PHOTOMETRIC.__members__.values()
            name = f"colours of type {page.photometric.name if known else page.photometric}"
        raise unsupported(path, name, "Convert it to RGB")
    if page.bitspersample == 1:
        raise unsupported(path, "black and white of 1 bit", "Convert it to 8 bits of grey")
    kind = "integers"
    if page.sampleformat in _COMPLEX:
        kind = "complex numbers"
    elif page.sampleformat == _SIGNED:
        kind = "signed integers"
    elif page.sampleformat == 3:
        kind = "floating point numbers"
    known = page.dtype is not None and page.dtype.newbyteorder("<") in WORDS
    if not known or page.bitspersample != page.dtype.itemsize * 8:
        raise unsupported(
            path,
            f"{kind} of {page.bitspersample} bits",
            "Convert it to integers of 8 or 16 bits or floating point of 16 or 32",
        )


def _check_coding(path: Path, page: Any) -> None:
    if page.compression == JPEG:
        is_plain = page.planarconfig != SEPARATE and page.dtype == np.uint8
        if not is_plain or page.samplesperpixel not in (1, 3):
            raise unsupported(path, "JPEG data in a rare form", "Save it with LZW or Deflate")
    elif page.compression not in LOSSLESS:
        known = page.compression in COMPRESSION.__members__.values()
        name = COMPRESSION(page.compression).name if known else str(page.compression)
        raise unsupported(path, f"data compressed by {name}", "Save it with LZW or Deflate")
    elif page.photometric == _YCBCR:
        raise unsupported(path, "YCbCr colours", "Convert it to RGB")
    if page.fillorder != 1:
        raise unsupported(path, "bytes with their bits reversed", "Save it with LZW or Deflate")
    fits = {NO_PREDICTOR: True, HORIZONTAL: page.dtype.kind == "u",
            FLOATING_POINT: page.dtype.kind == "f"}  # fmt: skip
    if not fits.get(page.predictor, False):
        raise unsupported(
            path, f"{page.dtype} data with predictor {page.predictor}", "Save it without predictor"
        )


def check_segments(path: Path, page: Any, file_bytes: int) -> None:
    """Refuse a page of which a part is missing, or a strip or tile too large to decode.

    Raises:
        LacunaError: `corrupt_picture` or `too_large`.
    """
    if not any(tag in page.tags for tag in OFFSETS) or not any(tag in page.tags for tag in COUNTS):
        raise corrupt(path, "it does not say where its strips or tiles are")
    if page.planarconfig not in (SIDE_BY_SIDE, SEPARATE) or page.samplesperpixel < 1:
        raise corrupt(
            path,
            f"its {page.samplesperpixel} channels are arranged in way {page.planarconfig}, "
            f"and only ways 1 and 2 exist",
        )
    width, height = segment_size(page)
    if min(width, height, page.imagewidth, page.imagelength) < 1:
        raise corrupt(path, f"its size is {page.imagewidth} x {page.imagelength} px")
    planes = page.samplesperpixel if page.planarconfig == SEPARATE else 1
    expected = -(-page.imagewidth // width) * -(-page.imagelength // height) * planes
    if len(page.dataoffsets) != expected or len(page.databytecounts) != expected:
        raise corrupt(path, f"it has {len(page.dataoffsets):,} of {expected:,} strips or tiles")
    if page.compression != NONE and width * height > MAX_PIXELS:
        raise TooLarge(
            f"{path} has compressed strips or tiles of {width:,} x {height:,} px, and the limit is "
            f"{MAX_PIXELS:,} px in all. Save it with smaller ones."
        )
    ends: NDArray[np.int64] = np.add(page.dataoffsets, page.databytecounts, dtype=np.int64)
    if ends.max() > file_bytes:
        raise corrupt(
            path, f"its pixels would end at byte {ends.max():,}, and it ends at {file_bytes:,}"
        )


def segment_size(page: Any) -> tuple[int, int]:
    """Return (width, height) of a tile, or of a strip."""
    if page.is_tiled:
        return page.tilewidth, page.tilelength
    return page.imagewidth, page.rowsperstrip


def orientation_of(page: Any) -> int:
    """Return the number in tag 274; 1 if there is none."""
    return int(page.tags.valueof(exif.ORIENTATION, 1))


def _straight(pixels: Pixels) -> Pixels:
    """Divide colours by alpha; where alpha is 0 there is no colour, so it becomes 0."""
    colours, alpha = pixels[..., :-1], pixels[..., -1:]
    result = pixels.copy()
    if pixels.dtype.kind == "f":
        wide = colours.astype(np.float32)
        result[..., :-1] = np.divide(wide, alpha, out=np.zeros_like(wide), where=alpha > 0)
        return result
    top = np.iinfo(pixels.dtype).max
    wide_alpha = alpha.astype(np.uint32)
    divided = (colours * np.uint32(top) + wide_alpha // 2) // np.maximum(wide_alpha, 1)
    result[..., :-1] = np.where(alpha > 0, np.minimum(divided, top), 0)
    return result


def _premultiplied(pixels: Pixels) -> Pixels:
    """Multiply colours by alpha."""
    colours, alpha = pixels[..., :-1], pixels[..., -1:]
    result = pixels.copy()
    if pixels.dtype.kind == "f":
        result[..., :-1] = colours * alpha
        return result
    top = np.iinfo(pixels.dtype).max
    result[..., :-1] = (colours * alpha.astype(np.uint32) + top // 2) // top
    return result
