"""A daemon that runs but does not answer: found by its lock, and ended by its process."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lacuna_wire import LacunaError

if TYPE_CHECKING:
    import psutil

BEGIN_S = 3.0  # for one that is just starting
END_S = 3.0  # for one that hears that it is to end
REAP_S = 5.0  # for the kernel


def require_answer() -> None:
    """Return if no daemon runs; to be called when none has answered.

    Raises:
        LacunaError: `daemon_stuck` if one runs all the same.
    """
    if is_silent():
        raise LacunaError(in_words(), code="daemon_stuck")


def is_silent() -> bool:
    """Tell whether a daemon runs that does not answer, not even after a moment."""
    from lacuna_wire.endpoint import find_daemon, lock_file
    from lacuna_wire.whereabouts import is_held

    give_up = time.monotonic() + BEGIN_S
    while is_held(lock_file()):
        if time.monotonic() > give_up:
            return True
        if find_daemon() is not None:
            return False
        time.sleep(0.05)
    return False


def in_words() -> str:
    """Say that it runs and how it is ended; true only after `is_silent`."""
    process = _process()
    who = "The Lacuna daemon" if process is None else f"The Lacuna daemon (process {process.pid})"
    return (
        f"{who} is running, but does not answer. `lacuna stop` ends it, and `lacuna setup` starts "
        "it anew."
    )


def end_silent() -> int:
    """End a daemon that does not answer, and return the number that its process had.

    Raises:
        LacunaError: `daemon_stuck` if its process cannot be found or ended.
    """
    import psutil

    from lacuna_wire.endpoint import lock_file
    from lacuna_wire.whereabouts import is_held

    process = _process()
    if process is None:
        raise LacunaError(
            f"A Lacuna daemon holds {lock_file()}, but its process cannot be found. "
            "Log out and in again to end it.",
            code="daemon_stuck",
        )
    try:
        for end, wait_s in ((process.terminate, END_S), (process.kill, REAP_S)):
            end()
            give_up = time.monotonic() + wait_s
            while time.monotonic() < give_up:
                # Not for the process: whoever started it may not look after it.
                if not is_held(lock_file()):
                    return int(process.pid)
                time.sleep(0.05)
    except psutil.NoSuchProcess:
        return int(process.pid)
    except psutil.AccessDenied as error:
        raise LacunaError(
            f"The process {process.pid} cannot be ended: it belongs to another user.",
            code="daemon_stuck",
        ) from error
    raise LacunaError(
        f"The process {process.pid} did not end within {END_S + REAP_S:g} s.", code="daemon_stuck"
    )


def _process() -> "psutil.Process | None":
    """Return the process that holds the lock, if it can be told."""
    import psutil

    from lacuna_wire.endpoint import endpoint_file, lock_file, read_endpoint

    try:
        endpoint = read_endpoint()
        if endpoint is not None:
            process = psutil.Process(endpoint.pid)
            # Another process that got its number has begun after the file was written.
            if process.create_time() <= endpoint_file().stat().st_mtime + 1:
                return process
    except (LacunaError, OSError, psutil.Error):
        pass
    return _holder(lock_file())


def _holder(path: Path) -> "psutil.Process | None":
    """Look through the open files of this user's processes."""
    import psutil

    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if any(Path(file.path) == path for file in process.open_files()):
                return process
        except (psutil.Error, OSError):
            continue
    return None
