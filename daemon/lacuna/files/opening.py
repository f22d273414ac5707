"""What kind of picture a file is: its content decides, not its name."""

import stat
from pathlib import Path

from .format import Format
from .formats import FORMATS, HEAD_BYTES, format_of_content, stranger
from .picture import Picture
from .refusals import not_a_picture, not_readable, reading


def open_picture(path: Path) -> Picture:
    """Open a picture that can be edited.

    PNG, JPEG and WebP are decoded as a whole, a TIFF is only checked.

    Raises:
        LacunaError: `no_such_file`; `not_readable`; `not_a_picture`; `corrupt_picture`;
            `too_large`; `unsupported_layout` with what the file holds instead.
    """
    return format_of_file(path).open(path)


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
    found = format_of_content(head)
    if found is not None:
        return found
    why = f"it is {stranger(head)}" if stranger(head) else "its first bytes are of no known format"
    readable = ", ".join(known.name for known in FORMATS)
    raise not_a_picture(path, why if head else "it is empty", readable)
