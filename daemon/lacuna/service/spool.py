"""The spool: two files per job, in memory if they fit, in a folder that only we can enter.

Files are allocated before they are used. A sparse file on a full tmpfs would kill the process that
touches its memory map, so "no space" must be the answer to a small request, not a signal.

Others may write beside our folder, and cleaners may remove it: its name cannot be foretold, it is
made anew when it is gone, and a place that fails is left for the next one.
"""

import asyncio
import errno
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from lacuna.system.links import open_itself
from lacuna.system.places import short_lived_folders
from lacuna.system.removing import discard
from lacuna.system.room import make_room
from lacuna_wire import LacunaError
from lacuna_wire.errors import NoSpace

from .own_folder import OwnFolder, make_folder, sweep

log = logging.getLogger("lacuna.spool")

SHARE_OF_FREE = 4  # all our files together take at most a quarter of what a file system has free


class PixelsLost(LacunaError):
    """The files of a job are gone: another program has removed them.

    Args:
        folder: Where they were.
    """

    code, status = "pixels_lost", 500

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The pixels of the job are gone: another program has removed them from {folder}. "
            "Try again."
        )


class NoSpool(NoSpace):
    """No folder can hold the files of a job.

    Args:
        failed: Places that were tried, and why they failed.
    """

    code = "no_spool"

    def __init__(self, failed: Mapping[Path, str]) -> None:
        tried = "; ".join(f"{place}: {reason}" for place, reason in failed.items()) or "none exists"
        super().__init__(
            f"There is no folder for the pixels of jobs: {tried}. Make one of them writable and "
            "try again.",
            values={"tried": tried},
        )


class SpoolFiles(NamedTuple):
    """Where the pixels of one job are. `output` is made by the worker."""

    input: Path
    output: Path

    @property
    def place(self) -> Path:
        """The folder in which our own one lies."""
        return self.input.parent.parent


class Spool:
    """The files of one daemon; they are removed when it ends.

    Args:
        places: Where to put our folder, the best first; one that fails is left for the next one.
        max_bytes: What all files together may take.

    Attributes:
        trouble: Why no place could be used the last time that one was needed; empty if one could.
    """

    def __init__(self, places: Sequence[Path], max_bytes: int) -> None:
        self.trouble = ""
        self._places = list(places)
        self._max_bytes = max_bytes
        self._own: dict[Path, OwnFolder] = {}  # by place
        self._left: list[OwnFolder] = []  # whose lock was removed: jobs may still lie there
        self._taken: dict[Path, int] = {}  # bytes by file
        for place in self._places:
            sweep(place)

    @property
    def degraded(self) -> bool:
        """Whether jobs would be refused for now, because there is nowhere to put them."""
        return bool(self.trouble) or not any(
            os.access(place, os.W_OK | os.X_OK) for place in self._places
        )

    @property
    def taken_bytes(self) -> int:
        return sum(self._taken.values())

    def reserve(
        self,
        job_id: str,
        input_bytes: int,
        output_bytes: int,
        failed: Mapping[Path, str] = MappingProxyType({}),
    ) -> SpoolFiles:
        """Reserve room for both files of a job, and say where they go; none is made yet.

        Args:
            job_id: A canonical UUID: it becomes the file name.
            input_bytes: Exact length of the upload.
            output_bytes: Greatest length of the result.
            failed: Places that have failed this job already, and why.

        Raises:
            NoSpace: If no folder has room for both.
            NoSpool: If no folder can be written at all.
        """
        needed, most = input_bytes + output_bytes, -1
        failed = dict(failed)
        for place in self._places:
            if place in failed:
                continue
            try:
                free = self.free_bytes(place)
                if needed > free:
                    most = max(most, free, 0)
                    continue
                folder = self._own_folder(place)
            except OSError as error:
                failed[place] = str(error.strerror)
                continue
            self.trouble = ""
            files = SpoolFiles(folder / f"{job_id}.in", folder / f"{job_id}.out")
            self._taken[files.input] = input_bytes
            self._taken[files.output] = output_bytes
            return files
        if most < 0:
            self._note(NoSpool(failed))
            raise NoSpool(failed)
        raise NoSpace(
            f"The job needs {needed:,} bytes of spool; {most:,} are free for it.",
            values={"needed_bytes": needed, "free_bytes": most},
        )

    async def make_input(self, files: SpoolFiles) -> SpoolFiles:
        """Make the reserved input file, in a thread: a large one takes a tenth of a second.

        Returns:
            The files as they came, or those in another place if the first one failed.

        Raises:
            NoSpace: If no place has room, or none can be written; nothing is reserved then.
        """
        sizes = self._taken[files.input], self._taken[files.output]
        failed: dict[Path, str] = {}
        while True:
            full: NoSpace | None = None
            try:
                await asyncio.to_thread(allocate, files.input, sizes[0])
                return files
            except NoSpace as error:
                full, failed[files.place] = error, error.message
            except OSError as error:
                failed[files.place] = str(error.strerror)
            self.drop(files.input)
            self.drop(files.output)
            try:
                files = self.reserve(files.input.stem, *sizes, failed)
            except NoSpace as error:
                raise full or error from None

    def look_again(self) -> None:
        """Try once more to make a folder, if the last try failed: health has to tell the truth."""
        if not self.trouble:
            return
        failed: dict[Path, str] = {}
        for place in self._places:
            try:
                self._own_folder(place)
            except OSError as error:
                failed[place] = str(error.strerror)
            else:
                log.info("the spool is in %s", place)
                self.trouble = ""
                return
        self._note(NoSpool(failed))

    def free_bytes(self, place: Path) -> int:
        """Return how many more bytes we may put there; raises `OSError` if it cannot be seen."""
        taken = sum(size for path, size in self._taken.items() if path.is_relative_to(place))
        share = (shutil.disk_usage(place).free + taken) // SHARE_OF_FREE
        return min(share - taken, self._max_bytes - self.taken_bytes)

    def drop(self, path: Path) -> None:
        """Remove one file and give its room back; a second call does nothing."""
        self._taken.pop(path, None)
        with suppress(OSError):  # it is gone, with its folder perhaps
            discard(path)

    def close(self) -> None:
        """Remove everything."""
        for own in (*self._own.values(), *self._left):
            os.close(own.lock)  # first: Windows removes no open file
            shutil.rmtree(own.path, ignore_errors=True)
        self._own.clear()
        self._left.clear()
        self._taken.clear()

    def _own_folder(self, place: Path) -> Path:
        """Return our folder in a place, made anew if it is gone; raises `OSError` if it cannot."""
        own = self._own.get(place)
        if own is not None and not own.is_there:
            log.warning("another program has removed %s; another one is made", own.path)
            del self._own[place]
            if own.path.is_dir():
                self._left.append(own)
            else:
                os.close(own.lock)
            own = None
        if own is None:
            own = self._own[place] = make_folder(place)
        return own.path

    def _note(self, error: LacunaError) -> None:
        if self.trouble != error.message:
            log.error("no jobs for now: %s", error.message)
        self.trouble = error.message


def spool_folders() -> list[Path]:
    """Return where spool files may go, memory before disk."""
    import platformdirs

    cache = Path(platformdirs.user_cache_dir("lacuna", appauthor=False))
    with suppress(OSError):  # then it is left out when it is needed, and the reason is said
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    places = [*short_lived_folders(), cache]
    return [place for place in places if place == cache or place.is_dir()]


def open_file(path: Path, flags: int) -> int:
    """Open a file of a job, and no other one through a link in its place.

    Raises:
        PixelsLost: If it is gone.
        LacunaError: If it cannot be opened, as when too many files are open.
    """
    try:
        return open_itself(path, flags)
    except FileNotFoundError:
        raise PixelsLost(path.parent) from None
    except OSError as error:
        raise file_error(error) from error


def file_error(error: OSError) -> LacunaError:
    """Return what to say of a file of a job that cannot be used."""
    return LacunaError(f"A file of the job cannot be used: {error.strerror}.", code="internal")


def allocate(path: Path, length: int) -> None:
    """Make a new file of `length` bytes for which there really is room.

    Raises:
        NoSpace: If there is not; no file is left then.
        OSError: If it cannot be made, as when its folder is gone.
    """
    descriptor = open_itself(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        make_room(descriptor, length)
    except OSError as error:
        os.close(descriptor)  # first: Windows removes no open file
        path.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            folder = path.parent.parent
            raise NoSpace(
                f"{length:,} bytes do not fit into {folder}.",
                values={"needed_bytes": length, "folder": str(folder)},
            ) from None
        raise
    os.close(descriptor)
