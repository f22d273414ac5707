"""End the job when GIMP ends the plug-in: Cancel there is a SIGKILL, which nobody can catch.

A second process holds the other end of a pipe. If the pipe breaks without a word, the plug-in is
gone, and its job is cancelled. The daemon alone would notice half a minute later.
"""

import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import Iterator

ENDED = b"ended\n"


@contextmanager
def guarded(job_id: str) -> Iterator[None]:
    """Cancel this job if the process ends before the block does."""
    try:
        guard = subprocess.Popen(
            [sys.executable, __file__, job_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # The guard finds `lacuna_wire` where this process did.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            # The name exists on Windows only: no console window flashes up.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:  # a sandbox without processes: the daemon ends the job when nobody asks for it
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            guard.communicate(ENDED)


def main(job_id: str) -> None:
    """Wait for the end of the plug-in, and cancel its job if the end came too early."""
    from lacuna_wire import LacunaError
    from lacuna_wire.client import connect

    if sys.stdin.buffer.readline() != ENDED:
        with suppress(LacunaError):  # the job is done already, or the daemon is gone as well
            connect(start=False).cancel(job_id)


if __name__ == "__main__":
    main(sys.argv[1])
