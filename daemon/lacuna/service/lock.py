"""Locks that the kernel takes back when their holder dies: one daemon per user, one per spool."""

import os
import sys
from pathlib import Path


def try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock on `path` until it is closed, or None if taken.

    The file itself means nothing and may stay: only the lock counts, and `kill -9` frees it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
