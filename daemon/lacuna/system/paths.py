"""Paths that are longer than Windows lets most programs have."""

import os
import sys
from pathlib import Path

MOST = 247  # of 260, less a name of 8.3 and a zero: what a folder may have


def reachable(path: Path) -> Path:
    """Return a path by which a file can be opened, however long its name is.

    Windows takes up to 260 characters unless its user has changed that; behind a prefix it takes
    as many as its disks.
    """
    if sys.platform != "win32":
        return path
    whole = os.path.abspath(path)
    longer = extended(whole)
    return path if longer == whole else Path(longer)


def extended(path: str) -> str:
    r"""Put the prefix before an absolute path of Windows that is too long without.

    >>> extended("C:" + "\\folder" * 40)[:11]
    '\\\\?\\C:\\fold'
    """
    if len(path) <= MOST or path.startswith("\\\\?\\"):
        return path
    if path.startswith("\\\\"):  # of another computer: \\server\share
        return "\\\\?\\UNC" + path[1:]
    return "\\\\?\\" + path
