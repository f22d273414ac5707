"""A file on its way: its bytes so far, and the tag of the file that they belong to."""

import re
from pathlib import Path


def read_etag(part: Path) -> str:
    """Return the tag of the file that a partial one belongs to; nothing if nobody knows."""
    try:
        return _etag_path(part).read_text("ascii")
    except (OSError, ValueError):
        return ""


def write_etag(part: Path, etag: str) -> None:
    """Remember which file the partial one belongs to; weak tags do not promise equal bytes."""
    if re.fullmatch(r'"[!#-~]{1,200}"', etag):
        _etag_path(part).write_text(etag, "ascii")
    else:
        forget_etag(part)


def forget_etag(part: Path) -> None:
    """Have the next try begin anew."""
    _etag_path(part).unlink(missing_ok=True)


def forget(part: Path) -> None:
    """Delete a partial file and its tag."""
    part.unlink(missing_ok=True)
    forget_etag(part)


def kept_bytes(part: Path) -> int:
    """Return the bytes that the next run can go on from; what it cannot use is deleted."""
    if not read_etag(part):
        forget(part)
    return part.stat().st_size if part.exists() else 0


def _etag_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")
