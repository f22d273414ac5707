"""Locks that the kernel takes back when their holder dies, however it dies."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from .links import open_itself


def try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock on `path` until it is closed, or None if taken.

    The file itself means nothing and may stay: only the lock counts.

    Raises:
        OSError: If there is no such file and none can be made, or if something that is not an
            ordinary file is in its place, even a link to one.
    """
    from filelock import lock_descriptor  # not for commands that lock nothing

    # O_NONBLOCK: a named pipe in its place must not hold us up.
    flags = os.O_RDWR | os.O_CREAT
    for name in ("O_NONBLOCK", "O_NOINHERIT"):
        flags |= getattr(os, name, 0)
    descriptor = open_itself(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "It is not an ordinary file", str(path))
        if lock_descriptor(descriptor, blocking=False):
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def hold(descriptor: int) -> None:
    """Say of an open file that somebody works on it, until it is closed; `is_let_go` asks.

    Where a file system has no locks nothing is said.
    """
    from filelock import lock_descriptor

    if os.name != "nt":  # there an open file cannot be removed anyway, and locks keep others out
        with suppress(OSError):
            lock_descriptor(descriptor, blocking=False)


def is_let_go(path: Path) -> bool:
    """Tell whether nobody holds a file: whoever did has closed it or died.

    Raises:
        OSError: If nobody can tell.
    """
    if os.name == "nt":
        return True
    lock = try_lock(path)
    if lock is not None:
        os.close(lock)
    return lock is not None
