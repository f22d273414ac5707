"""Inks of printers (CMYK): shown as a wide RGB through the profile of their picture, and back.

Little CMS converts, through imagecodecs.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np

from lacuna_wire.layout import PixelLayout

from .picture import Pixels
from .refusals import unsupported

SHOWN_AS = PixelLayout("RGB", "u16", "srgb")
_RELATIVE = 1  # intent: white stays white
# Of ROMM RGB (ISO 22028-2), in which all inks have a place; 16 bits keep its steps apart.
_PRIMARIES, _WHITE, _GAMMA = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001), (0.3457, 0.3585), 1.8
_BAND_ROWS = 256  # that are converted at a time


class Inks(NamedTuple):
    """How stored inks are to be understood.

    Attributes:
        profile: Of the printer.
        bits: Of a sample, 8 or 16.
        is_inverted: Whether 0 is all of an ink, as Adobe's programs write JPEG.
    """

    profile: bytes
    bits: int = 8
    is_inverted: bool = False

    def colours_of(self, inks: Pixels) -> Pixels:
        """Convert stored inks (h, w, 4) to colours (h, w, 3) u16."""
        colours = np.empty((*inks.shape[:2], 3), np.uint16)
        for top in range(0, len(inks), _BAND_ROWS):
            band = np.ascontiguousarray(inks[top : top + _BAND_ROWS])
            colours[top : top + _BAND_ROWS] = imagecodecs.cms_transform(
                ~band if self.is_inverted else band, self.profile, wide_profile(),
                colorspace="cmyk", outcolorspace="rgb", outdtype="u2", intent=_RELATIVE,
            )  # fmt: skip
        return colours

    def stored(self, colours: Pixels) -> Pixels:
        """Convert colours (h, w, 3) u16 to inks."""
        inks: Pixels = imagecodecs.cms_transform(
            np.ascontiguousarray(colours), wide_profile(), self.profile, colorspace="rgb",
            outcolorspace="cmyk", outdtype=f"u{self.bits // 8}", intent=_RELATIVE,
        )  # fmt: skip
        return ~inks if self.is_inverted else inks

    def taken_back(self, colours: Pixels, before: Pixels) -> Pixels:
        """Convert colours to inks; those that equal what `before` looks like stay what they were.

        Args:
            colours: (h, w, 3) u16.
            before: The inks that they replace.
        """
        changed = (colours != self.colours_of(before)).any(axis=2)
        inks = before.copy()
        if changed.any():
            inks[changed] = self.stored(colours[changed][None])[0]
        return inks

    @property
    def remark(self) -> str:
        """What a copy with filled pixels has to say."""
        return "Filled pixels were converted to the inks of its profile."


def inks_of(path: Path, profile: bytes, bits: int = 8, is_inverted: bool = False) -> Inks:
    """Return inks whose colours are known.

    Args:
        path: Name of the file, for sentences.
        profile: What the file says of its colours; empty for nothing.
        bits: Of a sample.
        is_inverted: Whether 0 is all of an ink.

    Raises:
        LacunaError: `unsupported_layout` if there is no profile, or not one by which inks become
            colours and colours inks.
    """
    instead = "Save it with the profile of its printer"
    if not profile:
        raise unsupported(
            path, "CMYK inks without a profile, so nobody knows their colours", instead
        )
    inks = Inks(profile, bits, is_inverted)
    try:
        inks.stored(inks.colours_of(np.zeros((1, 1, 4), f"u{bits // 8}")))
    except imagecodecs.CmsError:
        what = f"CMYK inks, and its profile of {len(profile):,} bytes does not say their colours"
        raise unsupported(path, what, instead) from None
    return inks


@cache
def wide_profile() -> bytes:
    """Make the profile in which inks are handed out."""
    return bytes(
        imagecodecs.cms_profile("rgb", primaries=_PRIMARIES, whitepoint=_WHITE, gamma=_GAMMA)
    )
