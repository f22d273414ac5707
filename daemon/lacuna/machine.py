"""What this machine has: processor cores, free memory, and what a process holds of it."""

import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")  # Linux; see proc(5)


def usable_cores() -> int:
    """Return the cores this process may run on, which in a container are fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory_bytes() -> int | None:
    """Return the memory that programs can still get.

    Where the system only says how much there is, half of it is taken for free; None where it
    says nothing at all.
    """
    try:
        for line in MEMINFO.read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):  # Windows; a name that this system lacks
        return None


def resident_bytes(pid: int | None) -> int | None:
    """Return the memory that a process holds, or None where the system does not say."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def is_stopped(pid: int) -> bool:
    """Whether a signal or a debugger has stopped a process; False where the system does not say."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        # The name before the state is the program's own, and may hold anything.
        state = facts.rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in ("T", "t")
