"""What a TIFF page stores, and why some pages cannot be edited.

TIFF is a family of formats. A picture is edited if its pixels can be shown as GRAY or RGB, with or
without alpha, in a depth that Lacuna has, and be stored again; all else is refused by name.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC

from lacuna.samples import WORDS
from lacuna_wire.errors import TooLarge
from lacuna_wire.layout import PixelLayout

from . import exif
from .inks import inks_of
from .picture import layout_of
from .refusals import MAX_PIXELS, corrupt, unsupported
from .tiff_values import TiffStorage

NONE, JPEG = 1, 7
LOSSLESS = {
    NONE: "none", 5: "LZW", 8: "Deflate", 32946: "Deflate", 32773: "PackBits", 34925: "LZMA",
    50000: "ZSTD",
}  # fmt: skip
FAX = (2, 3, 4)  # of black and white alone
OFFSETS, COUNTS = (324, 273), (325, 279)  # tags of tiles, of strips
NO_PREDICTOR, HORIZONTAL, FLOATING_POINT = 1, 2, 3
SIDE_BY_SIDE, SEPARATE = 1, 2  # arrangements of the channels

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _SEPARATED, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOURS = {
    _WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _SEPARATED: 4, _YCBCR: 3,
}  # fmt: skip
_OTHER_COLOURS = {
    4: "a transparency mask",
    8: "CIE L*a*b* colours", 9: "ICC L*a*b* colours", 10: "ITU L*a*b* colours",
    32803: "the raw mosaic of a camera", 34892: "raw colours of a camera",
}  # fmt: skip
_SIGNED, _COMPLEX = 2, (5, 6)
_PREMULTIPLIED, _STRAIGHT = 1, 2
_AS_THEY_ARE = frozenset(WORDS)
_AS_FLOATS = frozenset(np.dtype(f"<{kind}") for kind in ("i1", "i2", "i4", "u4", "f8"))
_IS_MASK = 4  # bit of what a page is
_ICC, _GDAL_METADATA, _GDAL_NODATA, _GEO_KEYS = 34675, 42112, 42113, (33550, 33922, 34264, 34735)
_LAYERS_OF_PHOTOSHOP = 37724


def storage_of(path: Path, tiff: Any, page: Any, mask: Any = None) -> TiffStorage:
    """Check that a page can be edited, and say how it is stored.

    Args:
        path: Name of the file, for sentences.
        tiff: The open `tifffile.TiffFile`.
        page: The page.
        mask: Another one that says where the first is a picture, if there is one.

    Raises:
        LacunaError: `unsupported_layout`, with what the page holds instead.
    """
    _check_page(path, tiff, page)
    _check_samples(path, page)
    _check_coding(path, page)
    has_mask, nodata = mask is not None, _nodata_of(page)
    colours = _COLOURS[page.photometric]
    extra = page.samplesperpixel - colours
    # An extra channel of a kind that the file does not name may be infrared: it is kept as it is.
    kinds = tuple(page.extrasamples)
    has_alpha = extra > 0 and bool(kinds) and kinds[0] in (_PREMULTIPLIED, _STRAIGHT)
    if page.photometric in (_PALETTE, _SEPARATED):
        has_alpha = False
    storage = TiffStorage(
        layout=PixelLayout("RGB"),
        is_white_zero=page.photometric == _WHITE_IS_ZERO,
        is_premultiplied=has_alpha and kinds[0] == _PREMULTIPLIED,
        bits=page.bitspersample if page.bitspersample < 8 else 8,
        kept=extra - has_alpha,
        numbers=page.dtype if page.dtype.newbyteorder("<") in _AS_FLOATS else None,
        nodata=None if has_alpha or has_mask else nodata,
        has_mask=has_mask and not has_alpha,
    )
    if storage.is_white_zero and (storage.is_premultiplied or page.dtype.kind == "f"):
        raise unsupported(path, "inverted grey in a rare form", "Convert it to plain grey")
    channels, dtype = colours + has_alpha, page.dtype
    if page.photometric == _PALETTE:
        storage, channels = storage._replace(palette=_palette_of(page)), 3
    elif page.photometric == _SEPARATED:
        profile = bytes(page.tags.valueof(_ICC, b"") or b"")
        storage = storage._replace(inks=inks_of(path, profile, page.bitspersample))
        channels, dtype = 3, np.dtype(np.uint16)
    elif storage.numbers is not None:
        dtype = np.dtype(np.float32)
    elif storage.bits < 8:
        dtype = np.dtype(np.uint8)
    channels += storage.nodata is not None or storage.has_mask
    return storage._replace(layout=layout_of(channels, dtype))


def _palette_of(page: Any) -> NDArray[np.uint8]:
    """Return (N, 3) u8; of the 16 bits the upper half is agreed on, and some write 8 bits."""
    colours = page.colormap if page.colormap.max() < 256 else page.colormap >> 8
    return np.ascontiguousarray(colours.astype(np.uint8).T)


def _nodata_of(page: Any) -> float | None:
    """Return what the file says stands for nothing, if it is a number that a sample can be."""
    text = page.tags.valueof(_GDAL_NODATA, "")
    try:
        number = float(str(text).strip(" \0"))
    except ValueError:
        return None
    if page.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) or page.bitspersample < 8:
        return None
    if page.dtype.kind == "f":
        with np.errstate(over="ignore"):
            number = float(page.dtype.type(number))
        return number if np.isfinite(number) else None
    limits = np.iinfo(page.dtype)
    return number if number.is_integer() and limits.min <= number <= limits.max else None


def is_mask(page: Any) -> bool:
    """Tell whether a page says where another one is a picture."""
    return bool(int(page.subfiletype) & _IS_MASK)


def full_pages(path: Path, tiff: Any) -> list[Any]:
    """Return the pages that are pictures of their own: no previews, no masks of others.

    Raises:
        LacunaError: `unsupported_layout` if there are none.
    """
    pages = [page for page in tiff.pages if not page.is_reduced and not is_mask(page)]
    if not pages or tiff.pages.first.is_reduced:
        raise unsupported(path, "a preview as its first page", "Save it as an ordinary TIFF")
    return pages


def mask_of(tiff: Any, page: Any) -> Any:
    """Return the page that is the mask of another one; None if there is none."""
    is_next = False
    for other in tiff.pages:
        if other.offset == page.offset:
            is_next = True
        elif is_next and is_mask(other) and not other.is_reduced:
            same = (other.imagewidth, other.imagelength) == (page.imagewidth, page.imagelength)
            return other if same and other.samplesperpixel == 1 else None
        elif is_next and not other.is_reduced:
            return None
    return None


def mask_storage(mask: Any) -> TiffStorage:
    """Say how a mask is stored: 1 of 1 bit, or the highest number, is where there is a picture."""
    bits = int(mask.bitspersample)
    return TiffStorage(PixelLayout("GRAY"), is_flag=True, bits=min(8, bits))


def _check_page(path: Path, tiff: Any, page: Any) -> None:
    if page.imagedepth > 1:
        raise unsupported(path, f"a volume of {page.imagedepth} planes", "Save one of them")
    below = [other for other in sub_pages(tiff, page) if not other.is_reduced]
    if below:
        raise unsupported(path, f"{len(below)} pages below a page", "Save one of them")
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
    kind = "integers"
    if page.sampleformat in _COMPLEX:
        kind = "complex numbers"
    elif page.sampleformat == _SIGNED:
        kind = "signed integers"
    elif page.sampleformat == 3:
        kind = "floating point numbers"
    is_whole = page.dtype is not None and page.bitspersample == page.dtype.itemsize * 8
    known = is_whole and page.dtype.newbyteorder("<") in {*_AS_THEY_ARE, *_AS_FLOATS}
    if page.photometric == _SEPARATED:
        known = is_whole and page.dtype in (np.uint8, np.uint16)
    elif page.photometric == _PALETTE:
        known = page.bitspersample in (1, 2, 4, 8)
    elif _COLOURS[page.photometric] == 1 and page.samplesperpixel == 1:
        known = known or page.bitspersample in (1, 2, 4)
    if not known:
        raise unsupported(
            path,
            f"{kind} of {page.bitspersample} bits",
            "Convert it to integers of 8 or 16 bits or floating point of 16 or 32",
        )
    if page.bitspersample < 8 and page.planarconfig == SEPARATE and page.samplesperpixel > 1:
        raise unsupported(path, "packed samples in separate planes", "Convert it to 8 bits")


def _check_coding(path: Path, page: Any) -> None:
    if page.compression == JPEG:
        is_plain = page.planarconfig != SEPARATE and page.dtype == np.uint8
        if not is_plain or page.samplesperpixel not in (1, 3):
            raise unsupported(path, "JPEG data in a rare form", "Save it with LZW or Deflate")
    elif page.compression not in LOSSLESS and page.compression not in FAX:
        known = page.compression in COMPRESSION.__members__.values()
        name = COMPRESSION(page.compression).name if known else str(page.compression)
        raise unsupported(path, f"data compressed by {name}", "Save it with LZW or Deflate")
    elif page.photometric == _YCBCR:
        raise unsupported(path, "YCbCr colours", "Convert it to RGB")
    if page.fillorder != 1 and page.compression not in (NONE, *FAX):
        raise unsupported(path, "bytes with their bits reversed", "Save it with LZW or Deflate")
    fits = {NO_PREDICTOR: True, HORIZONTAL: page.dtype.kind in "ui" and page.bitspersample >= 8,
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
    empty = sum(not count for count in page.databytecounts)
    if empty and not _is_of_gdal(page):
        raise corrupt(path, f"{empty:,} of its {expected:,} strips or tiles have no bytes")
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


def _is_of_gdal(page: Any) -> bool:
    """Tell whether segments without bytes mean something: in files of GDAL they hold nothing."""
    return any(tag in page.tags for tag in (_GDAL_METADATA, _GDAL_NODATA, *_GEO_KEYS))


def segment_size(page: Any) -> tuple[int, int]:
    """Return (width, height) of a tile, or of a strip."""
    if page.is_tiled:
        return page.tilewidth, page.tilelength
    return page.imagewidth, page.rowsperstrip


def orientation_of(page: Any) -> int:
    """Return the number in tag 274; 1 if there is none."""
    return int(page.tags.valueof(exif.ORIENTATION, 1))
