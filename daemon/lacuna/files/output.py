"""Where a copy goes: refused early if it cannot work, replaced in one step."""

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lacuna.system.locks import hold, is_let_go
from lacuna_wire.errors import LacunaError, TooLarge
from lacuna_wire.replacing import replaced

from .format import Format
from .formats import SUPPORTED_SUFFIXES, WRITABLE, format_of_name
from .picture import Picture
from .profiles import is_srgb, name_of
from .refusals import no_space, not_writable, unsupported_output, writing


def check_output(out: Path, picture: Picture | None = None) -> None:
    """Refuse a place or a format that will not work, before any work is done.

    Args:
        out: The file to make or to replace.
        picture: What is to be saved there; None if it is not known yet.

    Raises:
        NoSpace: If the disk cannot take a copy of a TIFF picture.
        TooLarge: If the format cannot hold a picture of this size.
        LacunaError: `unsupported_output` if the suffix is unknown or the format cannot hold the
            picture; `not_writable`.
    """
    target = output_format(out)
    if picture is not None:
        check_holds(out, target, picture)
    _check_place(out)
    if picture is not None and is_streamed(picture, out):
        needed, free = picture.path.stat().st_size, shutil.disk_usage(out.parent).free
        if needed > free:
            raise no_space(out, f"the copy takes {needed:,} bytes and {free:,} are free")


def is_streamed(picture: Picture, out: Path) -> bool:
    """Tell whether neither reading windows nor saving to `out` holds the whole picture."""
    target = format_of_name(out)
    return target is not None and target.is_streamed and target.name == picture.format


def output_format(out: Path) -> Format:
    """Return the format of the suffix; raises `unsupported_output` if there is none."""
    target = format_of_name(out)
    if target is None or target.write is None:
        writable = ", ".join(SUPPORTED_SUFFIXES)
        if target is not None:
            raise unsupported_output(
                f"{out} cannot be written: Lacuna reads {target.name} and does not write it. "
                f"It writes {writable}."
            )
        if out.suffix:
            raise unsupported_output(
                f"{out} cannot be written: Lacuna does not write {out.suffix} files. "
                f"It writes {writable}."
            )
        raise unsupported_output(
            f"{out} has no suffix that says in which format it is to be written. "
            f"Add one of {writable}."
        )
    return target


def check_holds(out: Path, target: Format, picture: Picture) -> None:
    """Refuse a format that cannot hold the picture, and name those that can.

    Raises:
        LacunaError: `unsupported_output`.
        TooLarge: If the picture has too many pixels.
    """
    found = _obstacle(target, picture)
    if found is not None:
        refusal, why = found
        others = [known.name for known in WRITABLE if _obstacle(known, picture) is None]
        raise refusal(f"{out} cannot be written: {why}. {_listed(others)} can.")


def check_holds_pages(out: Path, picture: Picture, count: int) -> None:
    """Refuse a format that holds one page for a picture that has several.

    Raises:
        LacunaError: `unsupported_output`.
    """
    target = output_format(out)
    if count > 1 and target.name != picture.format:
        raise unsupported_output(
            f"{out} cannot be written: {target.name} holds one page, and there are {count:,}. "
            f"{picture.format} can."
        )


def _obstacle(target: Format, picture: Picture) -> tuple[Callable[[str], LacunaError], str] | None:
    """Say why a format cannot hold a picture, and how to refuse that; None if it can."""
    layout, name = picture.layout, target.name
    if target.name == picture.format:
        return None  # all of it came out of such a file
    if not target.holds(layout):
        kinds = f"{layout.channels} with samples of type {layout.sample}"
        return unsupported_output, f"{name} cannot hold {kinds}"
    size = f"{picture.width:,} x {picture.height:,} px"
    if max(picture.width, picture.height) > target.max_side:
        limit = f"{target.max_side:,} px a side"
        return TooLarge, f"{name} cannot hold {size}, at most {limit}"
    if picture.width * picture.height > target.max_pixels:
        limit = f"{target.max_pixels:,} px in all"
        return TooLarge, f"{name} cannot hold {size}, at most {limit}"
    if not target.holds_profiles and not is_srgb(picture.metadata.icc, layout):
        what = f'the profile "{name_of(picture.metadata.icc)}"'
        return unsupported_output, f"{name} cannot hold {what}, only sRGB"
    for what, data, limit_bytes in (
        ("EXIF", picture.metadata.exif, target.max_exif_bytes),
        ("XMP", picture.metadata.xmp, target.max_xmp_bytes),
    ):
        if limit_bytes is not None and len(data) > limit_bytes:
            needed = f"{len(data):,} bytes of {what}"
            return unsupported_output, f"{name} cannot hold {needed}, at most {limit_bytes:,}"
    return None


def _listed(names: list[str]) -> str:
    """List names for a sentence.

    >>> _listed(["PNG", "WebP", "TIFF"])
    'PNG, WebP and TIFF'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


@contextmanager
def replacing(out: Path, like: Path | None = None) -> Iterator[BinaryIO]:
    """Lend a new empty file beside `out`; when the block ends it becomes `out`, at once.

    A link is followed, and the file that it leads to is replaced. If anything is raised in the
    block, the new file is removed and `out` stays as it was.

    Args:
        out: The file to make or to replace; one that is replaced hands on its permissions.
        like: A file that hands on its permissions otherwise, less the umask.

    Raises:
        NoSpace: If the disk is full.
        LacunaError: `not_writable`.
    """
    with writing(out), replaced(out, _mode_like(like), keep_link_and_mode=True) as file:
        hold(file.fileno())
        yield file


def sweep(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder, and nothing that one still has.

    It tidies up: what it cannot do is left undone.
    """
    with suppress(OSError):
        for part in folder.glob(".lacuna-*.part"):
            with suppress(OSError):
                # An empty one may have been made just now, by somebody who has yet to hold it.
                if part.stat().st_size and is_let_go(part):
                    part.unlink()


def _mode_like(path: Path | None) -> int:
    """Return the permissions of a copy; its owner may always read and write it."""
    if path is None:
        return 0o666
    return path.stat().st_mode & 0o666 | 0o600


def _check_place(out: Path) -> None:
    folder = out.parent
    with writing(out):
        try:
            mode = _mode_of(out)
        except NotADirectoryError:
            raise not_writable(out, f"{folder} is not a folder") from None
        if mode is None and _mode_of(folder) is None:
            raise not_writable(out, f"{folder} does not exist")
        if mode is not None and stat.S_ISDIR(mode):
            raise not_writable(out, "it is a folder")
        if mode is not None and not stat.S_ISREG(mode):
            raise not_writable(out, "it is not an ordinary file")
        if mode is not None and not os.access(out, os.W_OK):
            raise not_writable(out, "it is write-protected")
        # Permissions alone do not tell, least of all for root: only trying does.
        trial = out.resolve().parent / f".lacuna-{secrets.token_hex(8)}.part"
        os.close(os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        trial.unlink()


def _mode_of(path: Path) -> int | None:
    """Return type and permissions of what a path leads to; None if that is not there.

    Raises:
        OSError: If nobody can tell: a name too long, a link to itself, a folder without access.
    """
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
