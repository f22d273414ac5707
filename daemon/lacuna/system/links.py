"""Files that are opened only if they are what their path says, and no link to another one."""

import errno
import os
from pathlib import Path


def open_itself(path: Path, flags: int) -> int:
    """Open a file of this user as bytes, and nothing through a link in its place.

    Raises:
        OSError: If it cannot be opened, or is a symbolic link.
    """
    if os.name == "nt" and path.is_symlink():  # it has no flag for that
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    for name in ("O_NOFOLLOW", "O_BINARY"):
        flags |= getattr(os, name, 0)
    return os.open(path, flags, 0o600)
