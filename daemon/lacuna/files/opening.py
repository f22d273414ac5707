"""What kind of picture a file is: its content decides, not its name."""

import stat
from pathlib import Path

from lacuna.machine import free_memory_bytes

from .format import Format, Size
from .formats import FORMATS, HEAD_BYTES, format_of_content, stranger
from .picture import Picture
from .refusals import (
    check_memory,
    no_such_page,
    not_a_picture,
    not_readable,
    other_size,
    reading,
)
from .tiff import TIFF, count_pages, open_tiff


def open_picture(path: Path) -> Picture:
    """Open a picture that can be edited.

    A TIFF is only checked, all others are decoded as a whole.

    Raises:
        LacunaError: `no_such_file`; `not_readable`; `not_a_picture`; `corrupt_picture`;
            `too_large`; `unsupported_layout` with what the file holds instead.
    """
    found = format_of_file(path)
    check_memory(path, _measured(found, path).byte_count, free_memory_bytes())
    return found.open(path)


def open_page(path: Path, number: int) -> Picture:
    """Open a page of a TIFF, counted from 1; other pictures have one.

    Raises:
        LacunaError: As `open_picture`; `no_such_page`.
    """
    if format_of_file(path) is TIFF:
        return open_tiff(path, number)
    if number != 1:
        raise no_such_page(path, number, 1)
    return open_picture(path)


def page_count(path: Path) -> int:
    """Count the pages of a picture; only a TIFF may have several."""
    return count_pages(path) if format_of_file(path) is TIFF else 1


def check_alike(image: Path, mask: Path) -> None:
    """Refuse a mask of another size by what both files declare, before either is decoded.

    Which side is the longer one may change with an orientation, so that is left to `check_size`.

    Raises:
        Unprocessable: If it has another one (`mask_size`).
        LacunaError: As `open_picture`.
    """
    sizes = [_measured(format_of_file(path), path) for path in (image, mask)]
    if sorted(sizes[0][:2]) != sorted(sizes[1][:2]):
        raise other_size(mask, *sizes[1][:2], *sizes[0][:2])


def _measured(found: Format, path: Path) -> Size:
    with reading(path):
        return found.measure(path)


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
