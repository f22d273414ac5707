"""Small JSON files that only their user can read and write: the state of the daemon.

The daemon's token lies in one of them, so a link, a foreign owner or an open mode is an error.
"""

import errno
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any, Dict, Optional

from .errors import LacunaError

MAX_FILE_BYTES = 65_536


def private_folder(folder: Path) -> Path:
    """Make `folder` if it is missing, and close it to everybody but this user.

    Raises:
        LacunaError: If it cannot be made or belongs to another user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            facts = folder.stat()
            if facts.st_uid != os.geteuid():
                raise LacunaError(f"{folder} belongs to another user.", code="untrusted_file")
            if facts.st_mode & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise LacunaError(
            f"{folder} cannot be used: {error.strerror}.", code="not_writable"
        ) from error
    return folder


def write_private(path: Path, fields: Dict[str, Any]) -> None:
    """Write JSON that only this user can read; readers see the old file or the new one.

    A symbolic link in the place of `path` is replaced, never followed.
    """
    temporary = private_folder(path.parent) / f".{path.name}.{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(str(temporary), flags, 0o600), "w", encoding="utf-8") as file:
            json.dump(fields, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(str(temporary), str(path))
    except OSError as error:
        raise LacunaError(
            f"{path} cannot be written: {error.strerror}.", code="not_writable"
        ) from error
    finally:
        if temporary.exists():
            temporary.unlink()


def read_private(path: Path) -> Optional[Dict[str, Any]]:
    """Read JSON that only this user can have written, or return None if there is no file.

    Raises:
        LacunaError: If it is a link, another user's, open to others, or not a JSON object.
    """
    # O_NONBLOCK: a named pipe in its place must not hold us up.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(str(path), flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise LacunaError(
                f"{path} is a symbolic link, so it is not trusted.", code="untrusted_file"
            ) from None
        raise LacunaError(
            f"{path} cannot be read: {error.strerror}.", code="not_readable"
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
            f"{path} does not hold a JSON object. Remove it and start the daemon again.",
            code="damaged_file",
        )
    return fields


def _require_private(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise LacunaError(
            f"{path} is not a regular file, so it is not trusted.", code="untrusted_file"
        )
    if os.name != "posix":
        return  # Windows: the profile folder is closed to others by its access list
    if facts.st_uid != os.geteuid():
        raise LacunaError(
            f"{path} belongs to user {facts.st_uid}, so it is not trusted.", code="untrusted_file"
        )
    if facts.st_mode & 0o077:
        raise LacunaError(
            f"{path} is open to other users (mode {facts.st_mode & 0o777:04o}), so it is not "
            "trusted. Remove it and start the daemon again.",
            code="untrusted_file",
        )
