"""Replace a file in one step: whoever looks finds the old one or the new one, never a half."""

import os
import secrets
import stat
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Iterator, Optional

TRIES_S = 2.0  # for another program to close the file


@contextmanager
def replaced(path: Path, mode: int = 0o600, keep_link_and_mode: bool = False) -> Iterator[BinaryIO]:
    """Lend a new, empty file beside `path`; at the end of the block it takes the place of `path`.

    The content is on the disk before the name is, so the step survives a power cut. If anything is
    raised, in the block or here, the new file goes and `path` stays as it was.

    Args:
        path: The file to make or to replace. Its folder must exist.
        mode: Permissions of the new file, less the umask.
        keep_link_and_mode: Whether a symbolic link stays and the file that it leads to is
            replaced, and whether an old file hands on its permissions. Otherwise a link is
            replaced like any other file, and never followed.

    Yields:
        A file open for reading and writing, whose `name` is its path. Nobody can guess that name,
        so nobody can have put a link there.

    Raises:
        OSError: If the file cannot be made, written or moved.
    """
    target = path.resolve() if keep_link_and_mode else path
    old_mode = _mode_of(target) if keep_link_and_mode else None
    # What was closed to others stays closed while it is written.
    first_mode = mode if old_mode is None else 0o600
    part = target.parent / f".lacuna-{secrets.token_hex(8)}.part"
    with open(part, "x+b", opener=lambda name, flags: os.open(name, flags, first_mode)) as file:
        try:
            yield file
            file.flush()
            if old_mode is not None:
                os.chmod(part, old_mode)
            os.fsync(file.fileno())
            file.close()  # Windows moves and removes only what nobody has open
            _replace(part, target)
        except BaseException:  # also when the user interrupts
            _close_and_remove(file, part)
            raise
    _sync_folder(target.parent)


def _replace(part: Path, target: Path) -> None:
    """Move a file to its place; on Windows that is refused as long as a reader has the old one."""
    give_up = time.monotonic() + TRIES_S
    while True:
        try:
            return os.replace(part, target)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _mode_of(path: Path) -> Optional[int]:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _close_and_remove(file: BinaryIO, part: Path) -> None:
    with suppress(OSError):  # a full disk refuses what is still in the buffer once more
        file.close()
    with suppress(FileNotFoundError):
        part.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name last, where the system can: Windows opens no folder."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
