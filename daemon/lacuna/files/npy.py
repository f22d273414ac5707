"""Arrays of NumPy as masks: what programs that find objects write."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lacuna_wire.rect import Rect

from .format import Format, Pieces, Size
from .picture import Picture
from .refusals import check_pixels, reading, unsupported

_BAND_ROWS = 256


def measure(path: Path) -> Size:
    array = _opened(path)
    return Size(array.shape[1], array.shape[0])


@contextmanager
def open_mask(path: Path) -> Iterator[Pieces]:
    """Lend an array in bands: true or the highest value is white.

    Raises:
        LacunaError: If it is damaged, too large, or no grey or RGB.
    """
    with reading(path):
        array = _opened(path)
    height, width = array.shape[:2]
    bands = (
        (Rect(0, top, width, min(_BAND_ROWS, height - top)), _band(array, top))
        for top in range(0, height, _BAND_ROWS)
    )
    yield Pieces(width, height, False, bands)


def _opened(path: Path) -> NDArray[Any]:
    # Pickles would run whatever a stranger wrote.
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    flat = array[..., None] if array.ndim == 2 else array
    if flat.ndim != 3 or not 1 <= flat.shape[2] <= 4 or array.dtype.kind not in "buif":
        what = f"an array of {array.dtype} with shape {array.shape}"
        raise unsupported(path, what, "A mask has rows and columns of numbers")
    check_pixels(path, flat.shape[1], flat.shape[0])
    return flat


def _band(array: NDArray[Any], top: int) -> NDArray[Any]:
    band = np.array(array[top : top + _BAND_ROWS])
    return band.astype(np.uint8) * np.uint8(255) if band.dtype == np.bool_ else band


def _refused(path: Path) -> Picture:
    raise unsupported(path, "an array, which can be a mask and no picture", "Save it as TIFF")


NPY = Format(
    name="NPY",
    suffixes=(".npy",),
    signature=re.compile(rb"\x93NUMPY"),
    channels=frozenset(),
    samples=frozenset(),
    max_side=0,
    max_pixels=0,
    measure=measure,
    open=_refused,
    open_mask=open_mask,
    write=None,
)
