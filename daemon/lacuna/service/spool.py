"""The spool: two files per job, in memory if they fit, in a folder that only we can enter.

Files are allocated before they are used. A sparse file on a full tmpfs would kill the process that
touches its memory map, so "no space" must be the answer to a small request, not a signal.
"""

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lacuna_wire.errors import NoSpace

from .lock import try_lock

SHARE_OF_FREE = 4  # all our files together take at most a quarter of what a file system has free
ZEROS = bytes(1 << 20)


class SpoolFiles(NamedTuple):
    """Where the pixels of one job are. `output` is made by the worker."""

    input: Path
    output: Path


class Spool:
    """The files of one daemon; they are removed when it ends.

    Args:
        instance: Name of this run; part of the folder's name, so it must not be guessable.
        folders: Where to put ours, the best first; those that do not exist are left out.
        max_bytes: What all files together may take.
    """

    def __init__(self, instance: str, folders: Sequence[Path], max_bytes: int) -> None:
        self._name = f"{_prefix()}{instance}"
        self._parents = [each for each in folders if each.is_dir() and os.access(each, os.W_OK)]
        self._max_bytes = max_bytes
        self._own: dict[Path, int] = {}  # our folders, and the lock that says they are alive
        self._taken: dict[Path, int] = {}  # bytes by file
        for parent in self._parents:
            sweep(parent)

    @property
    def taken_bytes(self) -> int:
        return sum(self._taken.values())

    def reserve(self, job_id: str, input_bytes: int, output_bytes: int) -> SpoolFiles:
        """Reserve room for both files of a job, and say where they go; none is made yet.

        Args:
            job_id: A canonical UUID: it becomes the file name.
            input_bytes: Exact length of the upload.
            output_bytes: Greatest length of the result.

        Raises:
            NoSpace: If no folder has room for both.
        """
        needed = input_bytes + output_bytes
        for parent in self._parents:
            if needed <= self.free_bytes(parent):
                folder = self._own_folder(parent)
                files = SpoolFiles(folder / f"{job_id}.in", folder / f"{job_id}.out")
                self._taken[files.input] = input_bytes
                self._taken[files.output] = output_bytes
                return files
        most = max(map(self.free_bytes, self._parents), default=0)
        raise NoSpace(
            f"The job needs {needed:,} bytes of spool; {most:,} are free for it.",
            values={"needed_bytes": needed, "free_bytes": max(0, most)},
        )

    def free_bytes(self, parent: Path) -> int:
        """Return how many more bytes we may put there."""
        taken = sum(size for path, size in self._taken.items() if path.is_relative_to(parent))
        share = (shutil.disk_usage(parent).free + taken) // SHARE_OF_FREE
        return min(share - taken, self._max_bytes - self.taken_bytes)

    def drop(self, path: Path) -> None:
        """Remove one file and give its room back; a second call does nothing."""
        self._taken.pop(path, None)
        path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove everything."""
        for folder, lock in self._own.items():
            os.close(lock)  # first: Windows removes no open file
            shutil.rmtree(folder, ignore_errors=True)
        self._own.clear()
        self._taken.clear()

    def _own_folder(self, parent: Path) -> Path:
        folder = parent / self._name
        if folder not in self._own:
            # Never an existing folder: in /dev/shm it could be a trap. It gets its name only when
            # it is locked, or another daemon that starts could sweep it away in between.
            unlocked = parent / f".{self._name}"
            unlocked.mkdir(mode=0o700)
            lock = try_lock(unlocked / "lock")
            assert lock is not None, "a folder that was just made belongs to no other process"
            unlocked.rename(folder)
            self._own[folder] = lock
        return folder


def spool_folders() -> list[Path]:
    """Return where spool files may go, memory before disk."""
    import platformdirs

    runtime = os.environ.get("XDG_RUNTIME_DIR")
    cache = Path(platformdirs.user_cache_dir("lacuna", appauthor=False))
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = Path("/dev/shm")  # nosec B108: our folder in it is new, and closed to others
    return [shared, *([Path(runtime)] if runtime else []), cache]


def allocate(path: Path, length: int) -> None:
    """Make a new file of `length` bytes for which there really is room.

    Raises:
        NoSpace: If there is not; no file is left then.
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
            folder = path.parent.parent
            raise NoSpace(
                f"{length:,} bytes do not fit into {folder}.",
                values={"needed_bytes": length, "folder": str(folder)},
            ) from None
        raise
    finally:
        os.close(descriptor)


def sweep(parent: Path) -> None:
    """Remove the folders of daemons that were killed."""
    for folder in parent.glob(f"{_prefix()}*"):
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
