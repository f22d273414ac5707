"""Krita's colour spaces: which of them travel as they are, and the conversion of the others.

The wire knows RGB and gray. CMYK, LAB, XYZ and YCbCr travel as RGB of a gamut that holds every
printable colour, with more depth than they have, and are converted back when they arrive.
"""

import struct
from array import array
from typing import Any, Dict, NamedTuple, Optional, Tuple, Union

from krita import Krita

from lacuna_wire import LacunaError, PixelLayout, Rect

from .qt import QByteArray
from .translation import _

CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4, "XYZA": 4, "YCbCrA": 4, "A": 1}
SAMPLE_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
# Integers lie as blue, green, red in Krita, floats as red, green, blue.
_AS_THEY_ARE = {
    ("RGBA", "U8"): ("BGRA", "u8"),
    ("RGBA", "U16"): ("BGRA", "u16"),
    ("RGBA", "F16"): ("RGBA", "f16"),
    ("RGBA", "F32"): ("RGBA", "f32"),
    ("GRAYA", "U8"): ("GRAYA", "u8"),
    ("GRAYA", "U16"): ("GRAYA", "u16"),
    ("GRAYA", "F16"): ("GRAYA", "f16"),
    ("GRAYA", "F32"): ("GRAYA", "f32"),
}
WIDE_PROFILE = "LargeRGB-elle-V2-g22.icc"  # the primaries of ProPhoto; comes with every Krita
MOST_HELD_PIXELS = 1 << 24  # the history of a document keeps everything that was ever in it

_LINEAR_WORDS = ("linear", "-g10")
_CURVED_WORDS = ("srgbtrc", "-g18", "-g22", "-labl", "-rec709", "srgb built-in")
# What a linear profile and the two usual curves make of it in sRGB: 0.46, and 0.18 to 0.2.
_DARK_GRAY, _HALF_WAY = 0.18, 0.32
_measured: Dict[Tuple[str, str], bool] = {}


class Space(NamedTuple):
    """A colour space as Krita names it: model, depth, and name of the profile."""

    model: str
    depth: str
    profile: str

    @property
    def pixel_bytes(self) -> int:
        return CHANNELS[self.model] * SAMPLE_BYTES[self.depth]


def plan_journey(space: Space) -> Tuple[Space, PixelLayout]:
    """Return the space in which pixels of this one travel, and the same in the protocol's words.

    Raises:
        LacunaError: If it is a space that Krita did not have when this was written.
    """
    if space.model not in CHANNELS or space.depth not in SAMPLE_BYTES:
        raise LacunaError(_("Lacuna does not support the colour space {} {} ({}).").format(*space))
    travel = space
    if (space.model, space.depth) not in _AS_THEY_ARE:
        # Inks have no more to say than 16 bits, and Krita 5.2 takes them for others in 32.
        deep = space.depth in ("F16", "F32") and space.model != "CMYKA"
        depth = "F32" if deep else "U16"
        travel = Space("RGBA", depth, WIDE_PROFILE)
    channels, sample = _AS_THEY_ARE[travel.model, travel.depth]
    return travel, PixelLayout(channels, sample, "linear" if is_linear(travel) else "srgb")


def is_linear(space: Space) -> bool:
    """Tell whether samples are proportional to light; Krita knows only the name of the profile.

    If the name does not say it, one colour is converted to find out, once.
    """
    name = space.profile.lower()
    if any(word in name for word in _LINEAR_WORDS):
        return True
    if any(word in name for word in _CURVED_WORDS):
        return False
    key = space.model, space.profile
    if key not in _measured:
        _measured[key] = _gray_in_srgb(space) > _HALF_WAY
    return _measured[key]


def alpha_of(pixels: Any, space: Space) -> bytes:
    """Return how opaque pixels are, 0 to 255 each; alpha is the last channel of every space."""
    data, kind = bytes(pixels), {"F16": "e", "F32": "f"}.get(space.depth)
    if kind is None:
        return data[space.pixel_bytes - 1 :: space.pixel_bytes]  # of 16 bits the upper ones
    samples = struct.unpack(f"<{len(data) // SAMPLE_BYTES[space.depth]}{kind}", data)
    channels = CHANNELS[space.model]
    return bytes(min(255, max(0, round(a * 255))) for a in samples[channels - 1 :: channels])


class Converter:
    """Converts pixels from one colour space to another, or leaves them alone if it is the same.

    Krita converts layers only. A layer of the user's document would leave a trace in its history,
    so there is a small document that nobody sees, from the first call to `close`.
    """

    def __init__(self, source: Space, target: Space) -> None:
        self.source, self.target = source, target
        self.document: Optional[Any] = None
        self.held_pixels = 0

    def __call__(self, pixels: Any, rect: Rect) -> Any:
        """Return the pixels of `rect` in the target space, as a QByteArray if they were converted.

        Raises:
            LacunaError: If Krita does not know one of the spaces.
        """
        if self.source == self.target:
            return pixels
        if self.held_pixels + rect.area > MOST_HELD_PIXELS:
            self.close()
        self.held_pixels += rect.area
        if self.document is None:
            self.document = Krita.instance().createDocument(1, 1, "Lacuna", *self.source, 72.0)
        layer = self.document and self.document.createNode("Lacuna", "paintlayer")
        if not layer:
            raise LacunaError(_("Krita has no colour space {} {} ({}).").format(*self.source))
        layer.setPixelData(QByteArray(bytes(pixels)), 0, 0, rect.width, rect.height)
        # Krita may crash over the conversion of a layer that is in no document.
        self.document.rootNode().addChildNode(layer, None)
        if not layer.setColorSpace(*self.target):
            raise LacunaError(_("Krita has no colour space {} {} ({}).").format(*self.target))
        return layer.pixelData(0, 0, rect.width, rect.height)

    def close(self) -> None:
        """Let the small document go; a later call makes a new one."""
        document, self.document = self.document, None
        self.held_pixels = 0
        if document is not None:
            document.setModified(False)  # nobody is to be asked
            document.close()


class FaithfulConverter:
    """Converts pixels to another model so that they show the colours that they had.

    A profile of inks has a table for each direction, and colours may drift on the way there and
    back: with "Chemical proof", which comes with Krita, they get darker by 6 of 255. So the result
    is converted back, and the difference is added beforehand: Newton's method, with the identity
    for a slope.
    """

    STEPS = 2

    def __init__(self, source: Space, target: Space) -> None:
        fine = {"U8": "U16", "F16": "F32"}
        finer = source._replace(depth=fine.get(source.depth, source.depth))
        there = target._replace(depth=fine.get(target.depth, target.depth))
        self.kind = {"U16": "H", "F32": "f"}[finer.depth]
        self.refine = Converter(source, finer)
        self.there, self.back = Converter(finer, there), Converter(there, finer)
        self.finish = Converter(finer, target)

    def __call__(self, pixels: Any, rect: Rect) -> Any:
        """Do what `Converter` does, and raise what it raises."""
        wanted = array(self.kind, bytes(self.refine(pixels, rect)))
        given = wanted
        for _step in range(self.STEPS):
            seen = array(self.kind, bytes(self.back(self.there(given.tobytes(), rect), rect)))
            better = (g + w - s for g, w, s in zip(given, wanted, seen))
            if self.kind == "H":
                better = (0 if b < 0 else 65535 if b > 65535 else b for b in better)
            given = array(self.kind, better)
        return self.finish(given.tobytes(), rect)

    def close(self) -> None:
        for converter in (self.refine, self.there, self.back, self.finish):
            converter.close()


def converter_back(source: Space, target: Space) -> Union[Converter, FaithfulConverter]:
    """Return what converts a fill from the space in which it travelled to that of its image."""
    simple = source == target or target.model in ("RGBA", "GRAYA")
    return (Converter if simple else FaithfulConverter)(source, target)


def _gray_in_srgb(space: Space) -> float:
    """Return the value in sRGB of a dark gray of this profile, 0 to 1."""
    source = Space(space.model, "U16", space.profile)
    level = round(_DARK_GRAY * 65535).to_bytes(2, "little")
    colour = level * (CHANNELS[space.model] - 1) + b"\xff\xff"
    convert = Converter(source, Space("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc"))
    try:
        converted = bytes(convert(colour, Rect(0, 0, 1, 1)))
    finally:
        convert.close()
    return int.from_bytes(converted[2:4], "little") / 65535
