"""The four formats: their names, how their files begin, and what they can hold."""

from pathlib import Path
from typing import NamedTuple

from lacuna_wire.messages import PixelLayout

from . import jpeg, png, webp
from .refusals import MAX_SIDE


class Format(NamedTuple):
    """What a format can hold.

    Attributes:
        name: For sentences.
        suffixes: Of its files, in lower case, the usual one first.
        channels: Keys of `lacuna_wire.messages.CHANNELS`.
        samples: Keys of `lacuna_wire.messages.SAMPLE_BYTES`.
        max_side: Most pixels in a row or column.
    """

    name: str
    suffixes: tuple[str, ...]
    channels: frozenset[str]
    samples: frozenset[str]
    max_side: int

    def holds(self, layout: PixelLayout) -> bool:
        return layout.channels in self.channels and layout.sample in self.samples


_ALL = frozenset({"RGB", "RGBA", "GRAY", "GRAYA"})
PNG = Format("PNG", (".png",), _ALL, frozenset({"u8", "u16"}), MAX_SIDE)
JPEG = Format(
    "JPEG", (".jpg", ".jpeg", ".jpe"), frozenset({"RGB", "GRAY"}), frozenset({"u8"}), jpeg.MAX_SIDE
)
WEBP = Format("WebP", (".webp",), frozenset({"RGB", "RGBA"}), frozenset({"u8"}), webp.MAX_SIDE)
TIFF = Format("TIFF", (".tif", ".tiff"), _ALL, frozenset({"u8", "u16", "f16", "f32"}), 2**31 - 1)
FORMATS = (PNG, JPEG, WEBP, TIFF)
SUPPORTED_SUFFIXES = tuple(suffix for format_ in FORMATS for suffix in format_.suffixes)

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Pictures that people have and that are none of ours: they are named in the refusal.
_STRANGERS = (
    (0, b"GIF8", "a GIF"),
    (0, b"BM", "a BMP"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"gimp xcf", "a GIMP document"),
    (0, b"v/1\x01", "an OpenEXR file"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (0, b"\xff\x0a", "a JPEG XL"),
    (4, b"ftypavif", "an AVIF"),
    (4, b"ftyphei", "a HEIC"),
    (4, b"ftypmif1", "a HEIC"),
    (0, b"%PDF", "a PDF"),
    (30, b"mimetypeapplication/x-kra", "a Krita document"),
    (30, b"mimetypeimage/openraster", "an OpenRaster document"),
)
HEAD_BYTES = 64


def format_of_name(path: Path) -> Format | None:
    """Return the format that the suffix of `path` asks for."""
    suffix = path.suffix.lower()
    return next((known for known in FORMATS if suffix in known.suffixes), None)


def format_of_content(head: bytes) -> Format | None:
    """Return the format of a file that begins with `head`, whatever its name says."""
    if head.startswith(png.SIGNATURE):
        return PNG
    if head.startswith(jpeg.SIGNATURE):
        return JPEG
    if webp.is_webp(head):
        return WEBP
    return TIFF if head[:4] in _TIFF_SIGNATURES else None


def stranger(head: bytes) -> str:
    """Name a kind of picture that is known but not supported; empty for anything else."""
    for at, signature, name in _STRANGERS:
        if head[at : at + len(signature)] == signature:
            return name
    return ""


def formats_that_hold(layout: PixelLayout) -> str:
    """List formats for a sentence.

    >>> formats_that_hold(PixelLayout("RGBA", "u16"))
    'PNG and TIFF'
    """
    names = [known.name for known in FORMATS if known.holds(layout)]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
