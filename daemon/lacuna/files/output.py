"""Where a copy goes: refused early if it cannot work, written beside and put in place at once."""

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from lacuna_wire.errors import TooLarge

from . import jpeg
from .formats import (
    JPEG,
    SUPPORTED_SUFFIXES,
    TIFF,
    Format,
    format_of_name,
    formats_that_hold,
)
from .picture import Buffer, Picture
from .refusals import (
    MAX_PIXELS,
    no_space,
    not_writable,
    unsupported_output,
    writing,
)


def check_output(out: Path, picture: Picture | None = None) -> None:
    """Refuse a place or a format that will not work, before any work is done.

    Args:
        out: The file to make or to replace.
        picture: What is to be saved there; None if it is not known yet.

    Raises:
        NoSpace: If the disk cannot take a copy of a TIFF picture.
        TooLarge: If the format cannot hold a picture of this size.
        LacunaError: `unsupported_output` if the suffix is unknown or the format cannot hold the
            picture; `no_such_folder`; `not_writable`.
    """
    target = output_format(out)
    if picture is not None:
        check_holds(out, target, picture)
    _check_place(out)
    if picture is not None and picture.format == target.name == TIFF.name:
        needed, free = picture.path.stat().st_size, shutil.disk_usage(out.parent).free
        if needed > free:
            raise no_space(out, f"the copy takes {needed:,} bytes and {free:,} are free")


def is_streamed(picture: Picture, out: Path) -> bool:
    """Tell whether neither reading windows nor saving to `out` holds the whole picture."""
    return picture.format == TIFF.name and format_of_name(out) is TIFF


def output_format(out: Path) -> Format:
    """Return the format that the suffix says; raises `unsupported_output` if it says none."""
    target = format_of_name(out)
    if target is None:
        raise unsupported_output(
            f"{out} has no suffix that says a format; possible are {', '.join(SUPPORTED_SUFFIXES)}."
        )
    return target


def check_holds(out: Path, target: Format, picture: Picture) -> None:
    """Raise `unsupported_output` or `TooLarge` if the format cannot hold the picture."""
    layout = picture.layout
    if not target.holds(layout):
        raise unsupported_output(
            f"{out}: {target.name} cannot hold {layout.channels} with samples of type "
            f"{layout.sample}; {formats_that_hold(layout)} can."
        )
    size = f"{picture.width:,} x {picture.height:,} px"
    if max(picture.width, picture.height) > target.max_side:
        raise TooLarge(
            f"{out}: {target.name} holds at most {target.max_side:,} px a side, "
            f"the picture has {size}; TIFF can."
        )
    if target is not TIFF and picture.width * picture.height > MAX_PIXELS:
        raise TooLarge(f"{out}: the picture has {size}, more than {MAX_PIXELS:,}; TIFF can.")
    if target is JPEG and picture.format != JPEG.name:
        for name, data, limit in (
            ("EXIF", picture.metadata.exif, jpeg.MAX_EXIF_BYTES),
            ("XMP", picture.metadata.xmp, jpeg.MAX_XMP_BYTES),
        ):
            if len(data) > limit:
                raise unsupported_output(
                    f"{out}: JPEG holds at most {limit:,} bytes of {name}, "
                    f"the picture has {len(data):,}; PNG and TIFF can."
                )


@contextlib.contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Lend a new empty file beside `out`; when the block ends it becomes `out`, at once.

    A link is followed, so that what it points to is replaced. A file that is replaced hands on its
    permissions. If anything is raised in the block, the new file is removed and `out` stays as it
    was.

    Raises:
        NoSpace: If the disk is full.
        LacunaError: `not_writable`.
    """
    with writing(out):
        target = out.resolve()
        part = target.parent / f".lacuna-{secrets.token_hex(8)}.part"
        # Open exclusively, so that nobody can have put a link to somewhere else here.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield part
            with part.open("rb") as file:
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.chmod(part, stat.S_IMODE(target.stat().st_mode))
            os.replace(part, target)
        except BaseException:  # also when the user interrupts: no half of a picture stays behind
            part.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def write_pieces(part: Path, pieces: Iterable[Buffer]) -> None:
    """Write a file piece by piece."""
    with part.open("wb") as file:
        for piece in pieces:
            file.write(piece)


def _check_place(out: Path) -> None:
    folder = out.parent
    if out.is_dir():
        raise not_writable(out, "it is a folder")
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise not_writable(out, f"{folder} {what}")
    if out.exists() and (not out.is_file() or not os.access(out, os.W_OK)):
        why = "it is write-protected" if out.is_file() else "it is not an ordinary file"
        raise not_writable(out, why)
    # Permissions alone do not tell, least of all for root: only trying does.
    with writing(out):
        trial = out.resolve().parent / f".lacuna-{secrets.token_hex(8)}.part"
        os.close(os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        trial.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name last over a power failure, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
