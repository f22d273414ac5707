"""The spool: two files per job, in memory if they fit there, in a folder that only we can enter.

Files are allocated before they are used. A sparse file on a full tmpfs would kill whichever process
touches its memory map, so "no space" must be an answer to a small request, not a signal.
"""

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lacuna_wire.errors import NoSpace

from .lock import try_lock

SHARE_OF_FREE = 4  # all our files together take at most a quarter of what a place has free
ZEROS = bytes(1 << 20)


class SpoolFiles(NamedTuple):
    """Where the pixels of one job lie. `output` is made by the worker."""

    input: Path
    output: Path


class Spool:
    """The files of one daemon, which end with it.

    Args:
        instance: Name of this run; part of the folder's name, so it must not be guessable.
        places: Folders to put ours into, the best first; those that do not exist are left out.
        max_bytes: What all files together may take.
    """

    def __init__(self, instance: str, places: Sequence[Path], max_bytes: int) -> None:
        self._name = f"{_prefix()}{instance}"
        self._places = [place for place in places if place.is_dir() and os.access(place, os.W_OK)]
        self._max_bytes = max_bytes
        self._folders: dict[Path, int] = {}  # our folders, and the lock that says they are alive
        self._taken: dict[Path, int] = {}  # bytes by file
        for place in self._places:
            sweep(place)

    @property
    def taken_bytes(self) -> int:
        return sum(self._taken.values())

    def reserve(self, job_id: str, input_bytes: int, output_bytes: int) -> SpoolFiles:
        """Give a job room for both of its files, and say where they go; none is made yet.

        Args:
            job_id: A canonical UUID: it becomes the file name.
            input_bytes: Exact length of the upload.
            output_bytes: Greatest length of the result.

        Raises:
            NoSpace: If no place has room for both.
        """
        needed = input_bytes + output_bytes
        for place in self._places:
            if needed <= self.free_bytes(place):
                folder = self._open_folder(place)
                files = SpoolFiles(folder / f"{job_id}.in", folder / f"{job_id}.out")
                self._taken[files.input] = input_bytes
                self._taken[files.output] = output_bytes
                return files
        most = max(map(self.free_bytes, self._places), default=0)
        raise NoSpace(f"the job needs {needed:,} bytes of spool, {most:,} are free for it")

    def free_bytes(self, place: Path) -> int:
        """Return how much more we may put there."""
        taken = sum(size for path, size in self._taken.items() if path.is_relative_to(place))
        share = (shutil.disk_usage(place).free + taken) // SHARE_OF_FREE
        return min(share - taken, self._max_bytes - self.taken_bytes)

    def drop(self, path: Path) -> None:
        """Remove one file and give its room back; a second time does nothing."""
        self._taken.pop(path, None)
        path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove everything."""
        for folder, lock in self._folders.items():
            os.close(lock)  # first: Windows removes no open file
            shutil.rmtree(folder, ignore_errors=True)
        self._folders.clear()
        self._taken.clear()

    def _open_folder(self, place: Path) -> Path:
        folder = place / self._name
        if folder not in self._folders:
            # Never an existing folder: in /dev/shm it could be a trap. It takes its name when it
            # is locked, or another daemon that starts could sweep it away in between.
            unlocked = place / f".{self._name}"
            unlocked.mkdir(mode=0o700)
            lock = try_lock(unlocked / "lock")
            assert lock is not None, "a folder that was just made is nobody else's"
            unlocked.rename(folder)
            self._folders[folder] = lock
        return folder


def spool_places() -> list[Path]:
    """Return where spool files may go, memory before disk."""
    import platformdirs

    runtime = os.environ.get("XDG_RUNTIME_DIR")
    cache = Path(platformdirs.user_cache_dir("lacuna", appauthor=False))
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = Path("/dev/shm")  # nosec B108: our folder in it is new, and closed to others
    return [shared, *([Path(runtime)] if runtime else []), cache]


def allocate(path: Path, length: int) -> None:
    """Make a new file of `length` bytes whose room is really there.

    Raises:
        NoSpace: If it is not; no file is left then.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        if length and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, length)
        else:
            for start in range(0, length, len(ZEROS)):
                os.write(descriptor, ZEROS[: length - start])
    except OSError as error:
        path.unlink()
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoSpace(f"{length:,} bytes do not fit into {path.parent.parent}") from None
        raise
    finally:
        os.close(descriptor)


def sweep(place: Path) -> None:
    """Remove the folders of daemons that were killed."""
    for folder in place.glob(f"{_prefix()}*"):
        facts = folder.lstat()
        if folder.is_symlink() or not folder.is_dir():
            continue
        if os.name == "posix" and facts.st_uid != os.geteuid():
            continue
        lock = try_lock(folder / "lock")
        if lock is not None:
            os.close(lock)
            shutil.rmtree(folder, ignore_errors=True)


def _prefix() -> str:
    user = os.geteuid() if os.name == "posix" else os.environ.get("USERNAME", "")
    return f"lacuna-{user}-"
