"""Why files are refused, in sentences, each with its stable code.

Every reader and writer of this package raises these, so one kind of trouble has one code and one
wording in every format.
"""

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lacuna_wire.errors import (
    Forbidden,
    LacunaError,
    NoSpace,
    NotFound,
    TooLarge,
    Unprocessable,
    UnsupportedMedia,
)

MAX_PIXELS = 2**30  # of a picture that is decoded as a whole: PNG, JPEG, WebP, and every mask
MAX_SIDE = 1_000_000  # pixels of the same; libpng goes no further

# What the decoders and tifffile raise for broken data. Their errors derive from RuntimeError and
# ValueError; the others are what parsing of hostile numbers runs into.
_BROKEN = (
    ValueError, RuntimeError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError,
    EOFError, struct.error, zlib.error,
)  # fmt: skip


def no_such_file(path: Path) -> LacunaError:
    return NotFound(f"There is no file {path}.", code="no_such_file")


def not_readable(path: Path, why: str) -> LacunaError:
    return Forbidden(f"{path} cannot be read: {why}.", code="not_readable")


def not_a_picture(path: Path, why: str, readable: str) -> LacunaError:
    """Say why a file is not a picture, and which formats are `readable`."""
    return UnsupportedMedia(
        f"{path} is not a picture that Lacuna can read: {why}. Lacuna reads {readable}.",
        code="not_a_picture",
    )


def corrupt(path: Path, why: str) -> LacunaError:
    return Unprocessable(f"{path} is damaged: {why}.", code="corrupt_picture")


def unsupported(path: Path, holds: str, instead: str) -> LacunaError:
    """Refuse a layout by what the file `holds`; `instead` is the sentence that says what to do."""
    return UnsupportedMedia(f"{path} holds {holds}. {instead}.", code="unsupported_layout")


def many_pages(path: Path, count: int) -> LacunaError:
    return UnsupportedMedia(
        f"{path} holds {count:,} pages. Add --page 1 to fill the first, or --page all.",
        code="unsupported_layout",
    )


def no_such_page(path: Path, number: int, count: int) -> LacunaError:
    pages = "1 page" if count == 1 else f"{count:,} pages"
    return Unprocessable(
        f"{path} has no page {number:,}: it holds {pages}. Leave out --page, or add --page all.",
        code="no_such_page",
    )


def not_installed(what: str, package: str) -> LacunaError:
    """Refuse what a library reads that not everybody wants."""
    return UnsupportedMedia(
        f"{what}. Run `pip install {package}` where Lacuna is installed, or save it as PNG.",
        code="unsupported_layout",
    )


def check_memory(path: Path, needed: int, free: int) -> None:
    """Refuse a picture whose samples do not fit into memory, before any of them exists.

    Raises:
        TooLarge: If `needed` bytes are more than are `free`.
    """
    if needed > free:
        raise TooLarge(
            f"{path} takes {needed >> 20:,} MiB of memory when it is decoded, and {free >> 20:,} "
            "MiB are free. Close other programs, or save it as TIFF, which is read in pieces."
        )


def other_size(mask: Path, width: int, height: int, of_width: int, of_height: int) -> LacunaError:
    return Unprocessable(
        f"{mask.name} has {width:,} x {height:,} px, its picture has {of_width:,} x "
        f"{of_height:,} px. Scale the mask to that size.",
        code="mask_size",
    )


def picture_changed(path: Path) -> LacunaError:
    return Unprocessable(
        f"Another program changed {path} while it was open.", code="picture_changed"
    )


def not_writable(path: Path, why: str) -> LacunaError:
    return Forbidden(f"{path} cannot be written: {why}.", code="not_writable")


def unsupported_output(message: str) -> LacunaError:
    return UnsupportedMedia(message, code="unsupported_output")


def no_space(path: Path, why: str) -> LacunaError:
    return NoSpace(f"{path} cannot be written: {why}.")


def check_pixels(path: Path, width: int, height: int) -> None:
    """Refuse a picture by its declared size, before anything of that size exists.

    Raises:
        TooLarge: If it has more than `MAX_PIXELS` pixels, or more than `MAX_SIDE` in a line.
        LacunaError: `corrupt_picture` if a side is 0.
    """
    if not width or not height:
        raise corrupt(path, f"its size is {width} x {height} px")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise TooLarge(
            f"{path} declares {width:,} x {height:,} px. The limit for this kind of file is "
            f"{MAX_PIXELS:,} px in all and {MAX_SIDE:,} px a side. A TIFF picture may be larger."
        )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises for the data in `path` into a sentence.

    Raises:
        LacunaError: `no_such_file`, `not_readable` or `corrupt_picture`. What is a `LacunaError`
            already passes unchanged.
    """
    try:
        yield
    except LacunaError:
        raise
    except FileNotFoundError:
        raise no_such_file(path) from None
    except OSError as error:
        raise not_readable(path, error.strerror or str(error)) from error
    except MemoryError as error:
        raise TooLarge(f"{path} needs more memory than this computer has free.") from error
    except _BROKEN as error:
        raise corrupt(path, _first_line(str(error)) or type(error).__name__) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says while `path` is written into a sentence.

    Raises:
        NoSpace: If the disk or the quota is full, or the file system takes no file of this size.
        LacunaError: `not_writable` for every other `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise no_space(path, reason) from error
        raise not_writable(path, reason) from error


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0].rstrip(".")
    return line if len(line) <= 160 else line[:157] + "..."
