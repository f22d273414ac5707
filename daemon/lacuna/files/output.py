"""Where a copy goes: refused early if it cannot work, replaced in one step."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

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
        raise unsupported_output(
            f"{out} does not end in a suffix that Lacuna can write. "
            f"Possible suffixes are {writable}."
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
def replacing(out: Path) -> Iterator[BinaryIO]:
    """Lend a new empty file beside `out`; when the block ends it becomes `out`, at once.

    A link is followed, and the file that it leads to is replaced. A file that is replaced hands on
    its permissions. If anything is raised in the block, the new file is removed and `out` stays as
    it was.

    Raises:
        NoSpace: If the disk is full.
        LacunaError: `not_writable`.
    """
    with writing(out), replaced(out, 0o666, keep_link_and_mode=True) as file:
        yield file


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
