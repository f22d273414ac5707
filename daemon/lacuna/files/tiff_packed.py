"""Samples of less than 8 bits, several in a byte, and the codes of faxes for black and white."""

import io
from typing import Any

import numpy as np
from tifffile import TiffFile

from .picture import Pixels

_FAX_NAMES = {2: "tiff_ccitt", 3: "group3", 4: "group4"}  # of Pillow
_ROWS_PER_STRIP = 278


def pack(pixels: Pixels, bits: int) -> Pixels:
    """Pack (rows, columns, 1) of 1, 2 or 4 bits: (rows, bytes, 1) u8, each row a whole number."""
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    rows = np.pad(pixels[..., 0], ((0, 0), (0, -pixels.shape[1] % len(shifts))))
    parts = rows.reshape(len(rows), -1, len(shifts)).astype(np.uint8) << shifts
    packed: Pixels = parts.sum(axis=2, dtype=np.uint8)
    return packed[..., None]


def code_as_fax(pixels: Pixels, compression: int) -> bytes:
    """Code (rows, columns, 1), 0 or 1, by libtiff, which Pillow brings: 0 is what is common."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] > 0).save(
        file, "TIFF", compression=_FAX_NAMES[compression], tiffinfo={_ROWS_PER_STRIP: len(pixels)}
    )
    file.seek(0)
    with TiffFile(file) as tiff:
        page: Any = tiff.pages.first
        file.seek(page.dataoffsets[0])
        return file.read(page.databytecounts[0])
