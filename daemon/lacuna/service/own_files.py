"""Files that only the daemon writes: what is said when something else is in their place."""

import os
import stat
from pathlib import Path

from lacuna.system.shell import removal
from lacuna_wire import LacunaError


def what_is_in_the_way(path: Path) -> str:
    """Say what is in the place of a file of ours; empty if nothing is, or an ordinary file."""
    if not os.path.lexists(path):
        return ""
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"


def not_our_file(path: Path, error: OSError) -> LacunaError:
    """Build the error for a file that cannot be opened: what is wrong, and what to type."""
    what = what_is_in_the_way(path)
    if what:
        return LacunaError(
            f"{path} is {what}, where the daemon keeps a file of its own. Remove it with "
            f"`{removal(path)}`.",
            code="untrusted_file",
            values={"path": str(path)},
        )
    return LacunaError(
        f"{path} cannot be written: {error.strerror}. Make its folder writable, or name another "
        "one in the variable LACUNA_STATE_DIR.",
        code="not_writable",
        values={"path": str(path), "reason": str(error.strerror)},
    )


def open_own(name: str, flags: int) -> int:
    """Open a file for `open(..., opener=open_own)`; a link in its place is never followed.

    Raises:
        OSError: Also if it is not an ordinary file.
    """
    path = Path(name)
    if what := what_is_in_the_way(path):
        raise OSError(None, f"It is {what}", name)
    # Between the look and this nobody else can put a link there: the folder is ours alone.
    return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
