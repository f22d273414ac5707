"""Programs that work for an editor, and end with it: what differs from system to system.

A mark is a file that is held as long as somebody works on what it marks, programs that were started
for it included. Whoever finds one that nobody holds may take away what it marks.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Mapping, Sequence

from ..errors import LacunaError

END_S = 5.0  # for a program that was asked to end


class Mark:
    """A mark that this process holds."""

    def __init__(self, path: Path) -> None:
        """Make the file and hold it.

        Raises:
            OSError: If it cannot be made.
        """
        self.path = path
        self._file: BinaryIO = path.open("a+b")
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, word: str) -> None:
        """Write down how far the work has come."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(word.encode("utf-8"))
        self._file.flush()

    def start(
        self, words: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start a program for which the mark stays held until it has ended, too.

        Raises:
            OSError: If there is no such program.
        """
        if sys.platform == "win32":
            # Its handle is not handed on, but what a program has open cannot be removed there.
            return subprocess.Popen(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                creationflags=subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP,
            )
        return subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
            pass_fds=(self._file.fileno(),),
        )

    def close(self) -> None:
        """Let go of the mark; its file stays."""
        self._file.close()


def is_held(path: Path) -> bool:
    """Whether somebody holds a mark."""
    if sys.platform == "win32":
        try:  # a file that is open cannot be moved there
            path.replace(path.with_suffix(".free"))
            path.with_suffix(".free").replace(path)
        except OSError:
            return True
        return False
    import fcntl

    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a program of `Mark.start`, with all that it has started itself."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process.pid)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            creationflags=subprocess.CREATE_NO_WINDOW,
        )
    else:
        _end_group(process.pid, signal.SIGTERM)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        if sys.platform != "win32":
            _end_group(process.pid, signal.SIGKILL)
        process.wait()


def _end_group(pid: int, with_signal: int) -> None:
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(pid, with_signal)


def require_own_user() -> None:
    """Refuse to install for somebody else, as under `sudo`.

    Raises:
        LacunaError: `not_your_home`.
    """
    if sys.platform == "win32":
        return
    home = Path.home()
    try:
        owner = home.stat().st_uid
    except OSError:
        owner = -1
    if owner != os.geteuid():
        raise LacunaError(
            f"The home folder {home} is not yours. Start this program as the user who paints.",
            code="not_your_home",
            values={"path": str(home)},
        )
