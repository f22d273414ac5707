"""What a picture file says besides its pixels.

Copies of the same format keep the file's own pieces (`Chunk`) in their order and byte for byte:
no library in reach writes back all that it reads, so the pieces are cut out of the container and
put around the newly encoded pixels. Only when the format changes are they taken apart into
`Metadata`, which every format can hold.

Small previews of the picture are left out on purpose: they still show what was removed.
"""

import re
from typing import NamedTuple

from . import exif

INCH_M = 0.0254


class Chunk(NamedTuple):
    """One piece of a container: a PNG chunk, a JPEG segment or a RIFF chunk."""

    kind: bytes
    data: bytes


class Metadata(NamedTuple):
    """What survives a change of format, as far as the other one has a place for it.

    Attributes:
        icc: Colour profile; empty for none.
        exif: EXIF block, beginning with its TIFF header; empty for none.
        xmp: XMP packet; empty for none.
        dpi: Pixels per inch, across and down.
        iptc: Records of IPTC, as they are; empty for none.
        comment: What somebody wrote into the file, outside of all standards.
        texts: Texts with their keywords, as PNG has them.
        own: Names of what no other format has a place for.
    """

    icc: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    iptc: bytes = b""
    comment: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    own: tuple[str, ...] = ()


# What not every format has a place for, and its name in a sentence.
_NAMES = {"iptc": "IPTC captions", "comment": "the comment", "texts": "texts of PNG"}


def left_out(metadata: Metadata, held: frozenset[str]) -> list[str]:
    """Name what a format has no place for.

    Args:
        metadata: Of a picture of another format.
        held: Fields of `Metadata` that the format holds, of those that not every one does.
    """
    found = [
        f"{name} ({', '.join(keyword for keyword, _ in metadata.texts)})"
        if field == "texts"
        else name
        for field, name in _NAMES.items()
        if field not in held and getattr(metadata, field)
    ]
    return [*found, *metadata.own]


def upright(metadata: Metadata) -> Metadata:
    """Say that the pixels need no turning, wherever the orientation was written."""
    xmp = re.sub(rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))[2-8]""", rb"\g<1>1", metadata.xmp)
    return metadata._replace(exif=exif.upright(metadata.exif), xmp=xmp)


def without_film(xmp: bytes) -> bytes:
    """Say that there is no film behind the picture, as phones put one there; as long as before."""
    what = rb"""((?:GCamera|Camera):(?:MotionPhoto|MicroVideo)\s*(?:=\s*["']|>\s*))1"""
    return re.sub(what, rb"\g<1>0", xmp)
