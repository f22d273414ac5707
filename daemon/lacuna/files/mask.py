"""Masks: any picture of what is missing becomes (H, W) u8, 255 = missing, 0 = known.

Its pieces are taken one by one, as the format lends them: only the sparse mask that comes out of
them lives on.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lacuna_wire.errors import Unprocessable
from lacuna_wire.rect import Rect

from .opening import format_of_file
from .refusals import unsupported
from .sparse import MISSING, SparseMask

# JPEG leaves a noise of some steps along every edge; painted values are not that close to the ends.
_JPEG_NOISE = 16


def read_mask(path: Path) -> SparseMask:
    """Read a mask as displayed: (H, W) u8, 255 = missing, 0 = known, values between are soft.

    White is missing. If the file has an alpha channel that is not opaque everywhere, alpha is the
    mask and what is painted is missing. Of colours the highest channel counts: a mask painted in
    pure red means missing, not a third of it.

    Raises:
        LacunaError: `no_such_file`, `not_a_picture`, `corrupt_picture`, `unsupported_layout`,
            `too_large`; `faint_mask` if nothing is brighter than 1 of 255.
    """
    with format_of_file(path).open_mask(path) as picture:
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
    """One channel of a picture that becomes a mask, and what is wrong with it."""

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
        """Refuse values that do not make a mask."""
        highest, top = self.highest, self.top
        if self.is_no_number:
            raise unsupported(path, "negative numbers or NaN", "A mask goes from 0 to 1")
        if self.is_float and highest > top:
            raise unsupported(
                path, f"values up to {highest:g}", "A mask of floats goes from 0 to 1"
            )
        if 0 < highest * MISSING / top < 2:
            raise Unprocessable(
                f"{path} selects next to nothing: its highest value is {highest:g} of {top:g}. "
                "Paint what is missing in white.",
                code="faint_mask",
            )


def _top(dtype: np.dtype[Any]) -> int:
    return 1 if dtype.kind == "f" else int(np.iinfo(dtype).max)
