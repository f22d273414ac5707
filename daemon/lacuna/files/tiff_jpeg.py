"""JPEG inside TIFF: a strip or tile whose changed blocks are coded anew, and one that never was.

The tables of all strips or tiles often stand once, in a tag of the page.
"""

from typing import Any

import imagecodecs
import numpy as np

from lacuna_wire.rect import Rect

from .coefficients.stream import Part, cut, frame_of
from .jpeg import remark_on_parts
from .picture import Pixels

_RGB, _YCBCR = 2, 6
_SUBSAMPLING, _USUAL_SUBSAMPLING = 530, (2, 2)
_QUALITY = 95  # of a tile that was left out of a sparse file
_NAMES = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440", (4, 1): "411"}


def recode_segment(page: Any, data: bytes, pixels: Pixels, before: Pixels) -> bytes:
    """Code the changed blocks of a strip or tile anew, with the tables that it had.

    Where the scans are damaged, all blocks are.

    Args:
        page: Of an open `tifffile.TiffFile`.
        data: The strip or tile.
        pixels: (rows, columns, channels) u8, what it is to show; at least as much as it codes.
        before: The same, what it shows.

    Raises:
        ValueError: If it is not what can be coded anew.
    """
    from .coefficients.passes import DamagedScan
    from .coefficients.recode import joined, recode

    parts, known = cut(data).parts, _tables(page)
    frame = frame_of(parts)
    pixels, before = (whole[: frame.height, : frame.width] for whole in (pixels, before))
    changed = (pixels != before).any(axis=2)
    changes = [(Rect(0, 0, frame.width, frame.height), changed)]
    found = b""
    for with_own_tables in (True, False):
        try:
            recoded = recode(parts, pixels, changes, is_ycbcr(page), known, with_own_tables)
        except DamagedScan:
            recoded = recode(parts, pixels, None, is_ycbcr(page), known, with_own_tables)
        shorter = b"".join(joined(recoded, lambda marker, segment: [(bytes([marker]), segment)]))
        found = shorter if not found or len(shorter) <= len(data) else found
        if len(found) <= len(data):
            break  # else tables of its own may let it stay where it is
    return found


def new_segment(page: Any, pixels: Pixels) -> bytes:
    """Code a strip or tile that was not there: (rows, columns, channels) u8."""
    gray = page.samplesperpixel == 1
    subsampling = _NAMES.get(_subsampling(page)) if is_ycbcr(page) else None
    return bytes(
        imagecodecs.jpeg8_encode(
            np.ascontiguousarray(pixels[..., 0] if gray else pixels),
            _QUALITY,
            colorspace=None if gray else "RGB",
            outcolorspace=None if gray else ("YCBCR" if is_ycbcr(page) else "RGB"),
            subsampling=subsampling,
        )
    )


def is_ycbcr(page: Any) -> bool:
    """Tell whether samples are brightness and colours.

    Some scanners write them with a JFIF head into pages that claim to be RGB.
    """
    return bool(page.photometric == _YCBCR or (page.photometric == _RGB and page.is_jfif))


def remarks_on(page: Any) -> list[str]:
    """Say how far from a change pixels may differ."""
    at = next((n for n, count in enumerate(page.databytecounts) if count), None)
    if at is None:
        return []
    file = page.parent.filehandle
    file.seek(page.dataoffsets[at])
    try:
        return [remark_on_parts(cut(file.read(page.databytecounts[at])).parts)]
    except ValueError:  # a damaged one, which no edit touched
        return []


def _subsampling(page: Any) -> tuple[int, int]:
    if page.photometric != _YCBCR:
        return 1, 1
    across, down = page.tags.valueof(_SUBSAMPLING, _USUAL_SUBSAMPLING)
    return int(across), int(down)


def _tables(page: Any) -> list[Part]:
    return cut(page.jpegtables).parts if page.jpegtables else []
