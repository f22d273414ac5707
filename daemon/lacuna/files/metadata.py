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
    """What survives a change of format.

    Attributes:
        icc: Colour profile; empty for none.
        exif: EXIF block, beginning with its TIFF header; empty for none.
        xmp: XMP packet; empty for none.
        dpi: Pixels per inch, across and down.
    """

    icc: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None


def upright(metadata: Metadata) -> Metadata:
    """Say that the pixels need no turning, wherever the orientation was written."""
    xmp = re.sub(rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))[2-8]""", rb"\g<1>1", metadata.xmp)
    return metadata._replace(exif=exif.upright(metadata.exif), xmp=xmp)
