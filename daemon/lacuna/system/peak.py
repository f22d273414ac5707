"""The most memory that this process has held, as far as its system tells."""

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def forget_peak() -> None:
    """Begin anew, where the system allows it; that is Linux alone."""
    if sys.platform == "linux" and _CLEAR.exists():
        _CLEAR.write_text("5")


def peak_bytes() -> int:
    """Return the most bytes held since `forget_peak`, or since the process began."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "linux" and _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
