"""Masks: any picture of what is missing becomes (H, W) u8, 255 = missing, 0 = known.

Its pieces are taken one by one, as the format lends them: only the sparse mask that comes out of
them lives on.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lacuna_wire.errors import Unprocessable
from lacuna_wire.rect import Rect

from .opening import format_of_file
from .refusals import unsupported
from .sparse import MISSING, SparseMask

# Lossy compression rings along every edge, and far into a block of 8 or 16 px: what is bright
# there is noise, and what is gray in between cannot be told from it.
LOSSY_THRESHOLD = MISSING // 2
# Below a tenth nobody sees a fill: numbers that mean something else have been taken for brightness.
LEAST_BRIGHTNESS = 26


class MaskMeaning(NamedTuple):
    """What the values of a mask stand for.

    Attributes:
        inverted: Whether black is missing.
        threshold: What is brighter than this of 255 is white, all else is black; None keeps gray
            as it is, but for masks of a lossy format, which are cut at half.
    """

    inverted: bool = False
    threshold: int | None = None


WHITE_IS_MISSING = MaskMeaning()


def read_mask(path: Path, meaning: MaskMeaning = WHITE_IS_MISSING) -> SparseMask:
    """Read a mask as displayed: (H, W) u8, 255 = missing, 0 = known, values between are soft.

    White is missing. If the file has an alpha channel that is not opaque everywhere, alpha is the
    mask and what is painted is missing. Of colours the highest channel counts: a mask painted in
    pure red means missing, not a third of it.

    Raises:
        LacunaError: `no_such_file`, `not_a_picture`, `corrupt_picture`, `unsupported_layout`,
            `too_large`; `faint_mask` if nothing in it is as bright as a tenth of white, or as what
            a threshold asks for.
    """
    with format_of_file(path).open_mask(path) as picture:
        size = picture.height, picture.width, meaning, picture.is_lossy
        painted, alpha = _Plane(*size), _Plane(*size)
        is_opaque = True
        for rect, samples in picture.pieces:
            top, channels = _top(samples.dtype), samples.shape[2]
            has_alpha = channels in (2, 4)
            painted.put(rect, samples[..., : channels - has_alpha].max(axis=2))
            if has_alpha:
                # Which of the two is the mask is known at the end.
                is_opaque &= bool((samples[..., -1] == top).all())
                alpha.put(rect, samples[..., -1])
    plane = painted if is_opaque else alpha
    plane.check(path)
    return plane.mask


class _Plane:
    """One channel of a picture that becomes a mask, and what is wrong with it."""

    def __init__(self, height: int, width: int, meaning: MaskMeaning, is_lossy: bool) -> None:
        self.mask = SparseMask(height, width)
        self._inverted, self._threshold = meaning
        self._is_cut_as_lossy = is_lossy and self._threshold is None
        if self._is_cut_as_lossy:
            self._threshold = LOSSY_THRESHOLD
        self._highest = 0.0
        self._dtype = np.dtype(np.uint8)
        self._is_no_number = False

    def put(self, rect: Rect, values: NDArray[Any]) -> None:
        """Convert (rect.height, rect.width) of any type."""
        self._dtype = values.dtype
        if values.dtype.kind == "f":
            is_number = values >= 0
            self._is_no_number |= not is_number.all()
            values = np.where(is_number, values, 0)
        self._highest = max(self._highest, float(values.max()))
        scaled = values.astype(np.float32) * np.float32(MISSING / _top(values.dtype))
        if self._threshold is not None:
            mask = np.where(scaled > self._threshold, np.uint8(MISSING), np.uint8(0))
        else:
            mask = np.minimum(np.rint(scaled), MISSING).astype(np.uint8)
        self.mask.put(rect, MISSING - mask if self._inverted else mask)

    def check(self, path: Path) -> None:
        """Refuse values that do not make a mask."""
        highest, top = self._highest, _top(self._dtype)
        if self._is_no_number:
            raise unsupported(path, "negative numbers or NaN", "A mask goes from 0 to 1")
        if self._dtype.kind == "f" and highest > top:
            raise unsupported(
                path, f"values up to {highest:g}", "A mask of floats goes from 0 to 1"
            )
        brightness, threshold = highest * MISSING / top, self._threshold
        has = f"its highest value is {highest:,g} of {top:,}"
        if threshold is None and 0 < brightness < LEAST_BRIGHTNESS:
            raise _faint(
                f"{path} selects next to nothing: {has}, so a fill would hardly show. "
                f"{self._cause()} Add --mask-threshold 0 to take all that is not black for white."
            )
        if threshold is not None and 0 < brightness <= threshold:
            whose = "a JPEG or lossy WebP is cut at" if self._is_cut_as_lossy else "the cut is at"
            raise _faint(
                f"{path} selects nothing: {has}, and {whose} {threshold} of {MISSING}. "
                f"Add --mask-threshold {round(brightness / 2)}, which is half as bright as that."
            )

    def _cause(self) -> str:
        """Say what such numbers most likely are."""
        if self._dtype.kind == "f":
            return "White is 1."
        if self._highest == MISSING:
            return f"It looks like a mask of 8 bit in a file of {8 * self._dtype.itemsize}."
        if self._highest == 1:
            return "It looks like a mask of zeros and ones."
        return f"It looks like labels that count from 0 to {self._highest:g}."


def _top(dtype: np.dtype[Any]) -> int:
    return 1 if dtype.kind == "f" else int(np.iinfo(dtype).max)


def _faint(message: str) -> Unprocessable:
    return Unprocessable(message, code="faint_mask")
