"""How stored samples of a TIFF page become those of a `PixelLayout`, and back.

White is high, alpha is straight, there is neither palette nor ink. What nobody changed is never
converted back: rounding stays away from it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lacuna.samples import FULL_SCALE
from lacuna_wire.layout import PixelLayout

from .inks import Inks
from .picture import Pixels

_NEAREST_AT_A_TIME = 1 << 14  # pixels that are compared with a whole palette


class TiffStorage(NamedTuple):
    """How the samples of a page are stored.

    Attributes:
        layout: As handed out: white is high, alpha is straight.
        is_white_zero: Whether the stored grey is inverted.
        is_premultiplied: Whether the stored colours are multiplied by alpha.
        bits: Of a stored grey of less than 8, or of an index.
        palette: (N, 3) u8, if an index is stored; None otherwise.
        kept: Channels at the end of each pixel that are nobody's colours and stay as they are.
        numbers: The stored type, if its numbers are handed out as floats; None otherwise.
        nodata: The number that stands for nothing; handed out as an alpha channel.
        inks: Stored CMYK inks, which are handed out as a wide RGB; None for colours.
        is_flag: Whether it is a mask: what is not 0 is handed out as 1, and 1 stored as all bits.
        has_mask: Whether another page of the file says what is there; handed out as alpha.
    """

    layout: PixelLayout
    is_white_zero: bool = False
    is_premultiplied: bool = False
    bits: int = 8
    palette: NDArray[np.uint8] | None = None
    kept: int = 0
    numbers: np.dtype[Any] | None = None
    nodata: float | None = None
    inks: Inks | None = None
    is_flag: bool = False
    has_mask: bool = False

    @property
    def is_identity(self) -> bool:
        """Whether samples are stored exactly as they are handed out."""
        return self.palette is None and self == TiffStorage(self.layout)

    def handed_out(self, pixels: Pixels, valid: Pixels | None = None) -> Pixels:
        """Convert stored samples (h, w, channels); may return `pixels` itself.

        Args:
            pixels: As stored.
            valid: (h, w, 1), not 0 where the page that is the mask says so.
        """
        if self.kept:
            pixels = pixels[..., : -self.kept]
        nothing = None if self.nodata is None else self._is_nothing(pixels)
        pixels = self._colours(pixels)
        if nothing is not None:
            valid = ~nothing
        if valid is None:
            return pixels
        full = pixels.dtype.type(FULL_SCALE[self.layout.sample])
        return np.concatenate([pixels, np.where(valid > 0, full, 0).astype(pixels.dtype)], axis=2)

    def taken_back(self, pixels: Pixels, before: Pixels) -> Pixels:
        """Convert pixels to stored samples; those that equal `before` stay what they were.

        Args:
            pixels: As handed out, (h, w, channels).
            before: The stored samples that they replace.
        """
        if self.is_identity:
            return pixels
        if self.nodata is not None or self.has_mask:
            pixels, opaque = pixels[..., :-1], pixels[..., -1:] > 0
        else:
            opaque = None
        used = before[..., : -self.kept] if self.kept else before
        changed = (pixels != self._colours(used)).any(axis=2, keepdims=True)
        if opaque is not None and self.nodata is not None:
            changed |= opaque & self._is_nothing(used)
        new = used.copy()
        where = changed[..., 0]
        if where.any():
            new[where] = self._stored(pixels[where][None])[0]
        return np.concatenate([new, before[..., -self.kept :]], axis=2) if self.kept else new

    def _colours(self, pixels: Pixels) -> Pixels:
        if self.palette is not None:
            return np.asarray(self.palette[np.minimum(pixels[..., 0], len(self.palette) - 1)])
        if self.inks is not None:
            return self.inks.colours_of(pixels)
        if self.numbers is not None:
            return pixels.astype(np.float32)
        if self.is_flag:
            return np.asarray((pixels != 0).astype(np.uint8))
        if self.bits < 8:
            step = np.uint8(255 // (2**self.bits - 1))
            pixels = pixels.astype(np.uint8) * step
        if self.is_white_zero:
            pixels = np.concatenate([~pixels[..., :1], pixels[..., 1:]], axis=2)
        return _straight(pixels) if self.is_premultiplied else pixels

    def _stored(self, pixels: Pixels) -> Pixels:
        if self.palette is not None:
            return _nearest(pixels, self.palette)
        if self.inks is not None:
            return self.inks.stored(pixels)
        if self.numbers is not None:
            pixels = _as_numbers(pixels, self.numbers)
        if self.is_flag:
            return pixels * np.uint8(2**self.bits - 1)
        if self.is_premultiplied:
            pixels = _premultiplied(pixels)
        if self.is_white_zero:
            pixels = np.concatenate([~pixels[..., :1], pixels[..., 1:]], axis=2)
        if self.bits < 8:
            top = 2**self.bits - 1
            pixels = ((pixels.astype(np.uint16) * top + 127) // 255).astype(np.uint8)
        if self.nodata is not None:
            pixels = self._nudged(pixels)
        return pixels

    def _is_nothing(self, stored: Pixels) -> NDArray[np.bool_]:
        """Tell where no sample is one: of floats any, of integers all have to say so."""
        same = stored == stored.dtype.type(self.nodata)
        if stored.dtype.kind == "f":
            return np.asarray(same.any(axis=2, keepdims=True))
        return np.asarray(same.all(axis=2, keepdims=True))

    def _nudged(self, stored: Pixels) -> Pixels:
        """Move what happens to be the number for nothing to the next one."""
        assert self.nodata is not None
        nothing = self._is_nothing(stored)
        if stored.dtype.kind == "f":
            other = np.nextafter(stored.dtype.type(self.nodata), stored.dtype.type(0))
        else:
            top = np.iinfo(stored.dtype).max
            other = stored.dtype.type(self.nodata - 1 if self.nodata >= top else self.nodata + 1)
        return np.where(nothing & (stored == stored.dtype.type(self.nodata)), other, stored)


def is_there(pixels: Pixels) -> Pixels:
    """Tell where pixels (h, w, channels with alpha) are more than half there: (h, w, 1) u8."""
    top = 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)
    return (pixels[..., -1:] >= top / 2).astype(np.uint8)


def remarks_on(storage: TiffStorage) -> list[str]:
    """Say what a copy has made of filled pixels, where that is not what was filled."""
    remarks = []
    if storage.palette is not None:
        remarks.append(
            f"Its palette of {len(storage.palette)} colours was kept: filled pixels have the "
            "nearest of them. Save it as PNG for all colours."
        )
    elif storage.bits < 8:
        remarks.append(f"It still has {2**storage.bits} greys: filled pixels have the nearest.")
    if storage.kept:
        what = "The last channel" if storage.kept == 1 else f"The last {storage.kept} channels"
        remarks.append(f"{what} of each pixel, which no program has to show, stayed as it was.")
    if storage.inks is not None:
        remarks.append(storage.inks.remark)
    return remarks


def _as_numbers(pixels: Pixels, dtype: np.dtype[Any]) -> Pixels:
    if dtype.kind == "f":
        return pixels.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(pixels.astype(np.float64)), limits.min, limits.max).astype(dtype)


def _nearest(pixels: Pixels, palette: NDArray[np.uint8]) -> Pixels:
    """Find the index of the colour in the palette that is nearest to each pixel: (h, w, 1) u8."""
    flat, wide = pixels.reshape(-1, 3), palette.astype(np.int32)
    found = np.empty(len(flat), np.uint8)
    for at in range(0, len(flat), _NEAREST_AT_A_TIME):
        part = flat[at : at + _NEAREST_AT_A_TIME].astype(np.int32)
        found[at : at + len(part)] = ((part[:, None] - wide) ** 2).sum(axis=2).argmin(axis=1)
    return found.reshape(*pixels.shape[:2], 1)


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
