"""Small JSON files that only their user can read or write: the state of the daemon.

One of them holds the daemon's secrets, so a link, another owner or an open mode is an error.
"""

import errno
import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any, Dict, Optional

from .errors import LacunaError
from .replacing import replaced

MAX_FILE_BYTES = 65_536
TRIES_S = 1.0  # for another program to put a file in its place


def private_folder(folder: Path) -> Path:
    """Make `folder` if it is missing, and close it to everybody but this user.

    Raises:
        LacunaError: `not_writable` if it cannot be made; `untrusted_file` if it belongs to another
            user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            facts = folder.stat()
            if facts.st_uid != os.geteuid():
                raise LacunaError(
                    f"{folder} belongs to another user.",
                    code="untrusted_file",
                    values={"path": str(folder)},
                )
            if facts.st_mode & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise _not_writable(folder, error) from error
    return folder


def write_private(path: Path, fields: Dict[str, Any]) -> None:
    """Write JSON that only this user can read; readers see the old file or the new one.

    A symbolic link in the place of `path` is replaced, never followed.

    Raises:
        LacunaError: `not_writable`, or what `private_folder` raises.
    """
    private_folder(path.parent)
    try:
        with replaced(path, 0o600) as file:
            file.write(json.dumps(fields).encode("utf-8"))
    except OSError as error:
        raise _not_writable(path, error) from error


def read_private(path: Path) -> Optional[Dict[str, Any]]:
    """Read JSON that only this user can have written, or return None if there is no file.

    Raises:
        LacunaError: `untrusted_file` if it is a link, belongs to another user or is open to others;
            `damaged_file` if it is not a JSON object; `not_readable`.
    """
    # O_NONBLOCK: a named pipe in its place must not hold us up.
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = _open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise _untrusted(path, "it is a symbolic link") from None
        raise LacunaError(
            f"{path} cannot be read: {error.strerror}.",
            code="not_readable",
            values={"path": str(path), "reason": str(error.strerror)},
        ) from error
    try:
        _require_private(path, os.fstat(descriptor))
        text = os.read(descriptor, MAX_FILE_BYTES)
    finally:
        os.close(descriptor)
    try:
        fields = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise LacunaError(
            f"{path} does not hold a JSON object.", code="damaged_file", values={"path": str(path)}
        )
    return fields


def _open(path: Path, flags: int) -> int:
    """Open a file; on Windows that is refused for the moment in which it is replaced."""
    if sys.platform != "win32":
        return os.open(str(path), flags)
    give_up = time.monotonic() + TRIES_S
    while True:
        if path.is_symlink():  # there is no flag for that
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        try:
            return os.open(str(path), flags)
        except PermissionError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _require_private(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise _untrusted(path, "it is not an ordinary file")
    if sys.platform == "win32":
        return  # the daemon closes the folder by its access list
    if facts.st_uid != os.geteuid():
        raise _untrusted(path, f"it belongs to user {facts.st_uid}")
    if facts.st_mode & 0o077:
        why = f"it is open to other users (mode {facts.st_mode & 0o777:04o})"
        raise _untrusted(path, f"{why}. Remove it, then run `lacuna setup` in a terminal")


def _untrusted(path: Path, why: str) -> LacunaError:
    return LacunaError(
        f"{path} is not trusted: {why}.", code="untrusted_file", values={"path": str(path)}
    )


def _not_writable(path: Path, error: OSError) -> LacunaError:
    return LacunaError(
        f"{path} cannot be written: {error.strerror}.",
        code="not_writable",
        values={"path": str(path), "reason": str(error.strerror)},
    )
