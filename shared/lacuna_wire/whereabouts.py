"""Where a process runs, as far as 127.0.0.1 goes: in which system, and in which network of it.

A home folder may be shared by computers and containers, but 127.0.0.1 is another one in each: a
port in the endpoint file means nothing to whoever reads it somewhere else.
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from .errors import DaemonElsewhere

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NETWORK = "/proc/self/ns/net"


class Whereabouts(NamedTuple):
    """A system that runs, and a network namespace in it; empty text is unknown.

    Attributes:
        boot_id: New with every start of a system, and the same in all containers on it.
        network: Of Linux, as in `net:[4026531840]`.
    """

    boot_id: str = ""
    network: str = ""


def our_whereabouts() -> Whereabouts:
    """Return where this process runs; unknown on systems other than Linux."""
    if sys.platform != "linux":
        return Whereabouts()
    try:
        return Whereabouts(_BOOT_ID.read_text("ascii").strip(), os.readlink(_NETWORK))
    except (OSError, ValueError):
        return Whereabouts()  # a sandbox that hides them


def difference(ours: Whereabouts, theirs: Whereabouts) -> str:
    """Return what another place is: `computer`, `container`, or nothing if it may be the same.

    >>> difference(Whereabouts("a", "net:[1]"), Whereabouts("a", "net:[2]"))
    'container'
    >>> difference(Whereabouts("a", "net:[1]"), Whereabouts())
    ''
    """
    if ours.boot_id and theirs.boot_id and ours.boot_id != theirs.boot_id:
        return "computer"
    if ours.network and theirs.network and ours.network != theirs.network:
        return "container"
    return ""


def elsewhere(where: str, folder: Path) -> DaemonElsewhere:
    """Return the error for a daemon that runs where `difference` says.

    Args:
        where: `computer` or `container`.
        folder: The state folder that both sides share.
    """
    if where == "computer":
        return DaemonElsewhere(
            f"The Lacuna daemon of {folder} runs on another computer. Run `lacuna stop` there, "
            "then try again here. To have a daemon in each place, set the variable "
            "LACUNA_STATE_DIR to a folder of its own.",
            values={"computer": str(folder)},
        )
    return DaemonElsewhere(
        f"The Lacuna daemon of {folder} runs in another container or sandbox than this program. "
        "Run `lacuna stop` there, then try again here. To have a daemon in each place, set the "
        "variable LACUNA_STATE_DIR to a folder of its own.",
        values={"container": str(folder)},
    )


def is_held(lock: Path) -> bool:
    """Whether a process holds this lock, wherever it runs; the kernel frees it with its process.

    On a file system that is shared by computers this is as true as its locks are. Nobody holds what
    cannot be opened, or is a link.
    """
    if sys.platform == "win32" and lock.is_symlink():
        return False
    flags = os.O_RDWR
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(str(lock), flags)
    except OSError:
        return False
    try:
        _take(descriptor)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int) -> None:
    """Take the lock that the daemon's library takes, until the descriptor is closed."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
