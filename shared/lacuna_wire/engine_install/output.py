"""What pip and uv print, read line by line: how far they are, and why they have failed."""

import re
from collections import deque
from typing import Deque, Dict, Optional, Tuple

KEPT_LINES = 300
_PIP_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_PIP_FILE = re.compile(r"\s*(?:Downloading|Using cached|Processing) (\S+)")
_UV_FILE = re.compile(r"\s*(Downloading|Downloaded) (\S+)(?: \(([\d.]+)(\wiB)\))?")
_UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_NO_ROOM = re.compile(r"No space left on device|Errno 28|WinError 112|not enough space|os error 28")
_NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeout|Read timed out"
    r"|ProxyError|SSLError|Connection (?:refused|reset|aborted|broken)|Max retries exceeded"
    r"|error sending request|dns error|Could not connect|Failed to fetch|IncompleteRead"
    r"|connection error",
    re.IGNORECASE,
)


class InstallerOutput:
    """All that was said so far.

    Attributes:
        file: Which package is downloaded.
        done: Bytes that have come, of all packages.
        unpacking: Whether all have come.
    """

    def __init__(self) -> None:
        self.file = ""
        self.done = 0
        self.unpacking = False
        self._of_file = 0
        self._lines: Deque[str] = deque(maxlen=KEPT_LINES)
        self._uv_sizes: Dict[str, int] = {}

    def read(self, line: str) -> None:
        """Take one line."""
        found = _PIP_PROGRESS.match(line)
        if found:
            self.done += int(found[1]) - self._of_file
            self._of_file = int(found[1])
            return
        self._lines.append(line)
        uv = _UV_FILE.fullmatch(line.rstrip())
        if uv and (uv[3] or uv[1] == "Downloaded"):
            self._read_uv(uv[1], uv[2], _bytes(uv[3], uv[4]))
            return
        found = _PIP_FILE.match(line)
        if found:
            self._of_file = 0
            if not found[1].endswith(".metadata"):
                self.file = package_of(found[1])
        elif line.startswith(("Installing collected packages", "Prepared ")):
            self.unpacking = True

    def failure(self) -> Tuple[str, str]:
        """Return a word for why it failed, and what was said of it.

        The word is `no_room`, `no_network` or `failed`.
        """
        said = "\n".join(self._lines)
        if _NO_ROOM.search(said):
            return "no_room", ""
        if _NO_NETWORK.search(said):
            hosts = re.findall(r"(?:host=['\"]|https?://)([\w.:-]+)", said)
            return "no_network", hosts[-1].rstrip(":.") if hosts else ""
        return "failed", self._last_error()

    def _last_error(self) -> str:
        errors = [line for line in self._lines if re.match(r"\s*(?:ERROR|error)\b", line)]
        last = (errors or [line for line in self._lines if line.strip()] or [""])[-1]
        return re.sub(r"^\s*(?:ERROR|error):?\s*", "", last).strip().rstrip(".")

    def _read_uv(self, word: str, name: str, count: Optional[int]) -> None:
        if word == "Downloading":
            self.file = name
            self._uv_sizes[name] = count or 0
        else:
            self.done += self._uv_sizes.pop(name, 0)


def package_of(file: str) -> str:
    """Return the name of the package that a file or an address holds.

    >>> package_of("https://example.org/nvidia_cublas-13.1.1.3-py3-none-linux.whl")
    'nvidia_cublas'
    """
    return re.split(r"[/\\]", file)[-1].partition("-")[0]


def _bytes(number: Optional[str], unit: Optional[str]) -> Optional[int]:
    return int(float(number) * _UNITS[unit]) if number and unit in _UNITS else None
