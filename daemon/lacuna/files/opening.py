"""The door: what kind of picture a file is, decided by its content."""

import stat
from pathlib import Path

from .formats import FORMATS, HEAD_BYTES, TIFF, Format, format_of_content, stranger
from .picture import Picture
from .raster import open_raster
from .refusals import not_a_picture, not_readable, reading
from .tiff import open_tiff


def open_picture(path: Path) -> Picture:
    """Open a picture that can be edited.

    PNG, JPEG and WebP are decoded as a whole, a TIFF is only checked.

    Raises:
        LacunaError: `no_such_file`; `not_readable`; `not_a_picture`; `corrupt_picture`;
            `too_large`; `unsupported_layout` with what the file holds instead.
    """
    kind = format_of_file(path)
    return open_tiff(path) if kind is TIFF else open_raster(path, kind)


def format_of_file(path: Path) -> Format:
    """Return the format of a file by its first bytes.

    Raises:
        LacunaError: `no_such_file`, `not_readable` or `not_a_picture`.
    """
    with reading(path):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise not_readable(path, "it is a folder")
        if not stat.S_ISREG(mode):
            raise not_readable(path, "it is not an ordinary file")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    kind = format_of_content(head)
    if kind is not None:
        return kind
    if not head:
        raise not_a_picture(path, "it is empty")
    supported = ", ".join(known.name for known in FORMATS)
    name = stranger(head)
    why = f"it is {name}" if name else "its first bytes are of no known format"
    raise not_a_picture(path, f"{why}, and supported are {supported}")
