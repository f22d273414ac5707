"""A folder of our own beside those of other users: made so that nobody can be there before us.

In /dev/shm every user may make a folder of any name. So the names of ours are random, nothing that
the daemon says to anybody holds them, and a lock inside tells the living from the dead.
"""

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .lock import try_lock

TRIES = 3  # a daemon that starts beside us may sweep a folder away before it is locked


class OwnFolder(NamedTuple):
    """A folder of ours, and the lock in it, which is held as long as it is in use."""

    path: Path
    lock: int

    @property
    def is_there(self) -> bool:
        """Whether nobody has removed or replaced it."""
        try:
            return os.path.samestat(os.fstat(self.lock), os.lstat(self.path / "lock"))
        except OSError:
            return False


def make_folder(place: Path) -> OwnFolder:
    """Make a folder in `place` that only we can enter, and lock it.

    Nothing is left of a folder that can be made but not locked.

    Raises:
        OSError: If there is none after a few tries.
    """
    failure: OSError = FileNotFoundError(errno.ENOENT, "It was removed at once", str(place))
    for _ in range(TRIES):
        path = Path(tempfile.mkdtemp(prefix=_prefix(), dir=place))
        try:
            lock = try_lock(path / "lock")
        except OSError as error:
            failure = error
            _remove_empty(path)
            continue
        if lock is None:
            continue  # another daemon sweeps it away just now
        own = OwnFolder(path, lock)
        if own.is_there:
            return own
        os.close(lock)
    raise failure


def sweep(place: Path) -> None:
    """Remove the folders of daemons that were killed, also those that older ones left half made."""
    for pattern in (f"{_prefix()}*", f".{_prefix()}*"):
        for folder in place.glob(pattern):
            with suppress(OSError):  # another one sweeps too, or it is not for us to remove
                _sweep_one(folder)


def _sweep_one(folder: Path) -> None:
    facts = folder.lstat()
    if folder.is_symlink() or not folder.is_dir():
        return
    if os.name == "posix" and facts.st_uid != os.geteuid():
        return
    lock = try_lock(folder / "lock")
    if lock is None:
        return
    if os.name != "posix":
        os.close(lock)  # Windows removes no open file
    shutil.rmtree(folder, ignore_errors=True)
    if os.name == "posix":  # held until now: whoever has just made the folder makes another one
        os.close(lock)


def _remove_empty(folder: Path) -> None:
    # `shutil.rmtree` opens what it removes, and there may be no descriptor left for that.
    with suppress(OSError):
        (folder / "lock").unlink(missing_ok=True)
        folder.rmdir()


def _prefix() -> str:
    user = os.geteuid() if os.name == "posix" else os.environ.get("USERNAME", "")
    return f"lacuna-{user}-"
