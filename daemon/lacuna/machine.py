"""What this machine has: processor cores, free memory, and what a process holds of it.

psutil is imported when it is asked: the daemon's front waits from login on, often for nothing.
"""


def usable_cores() -> int:
    """Return the cores this process may run on, which in a container are fewer than there are."""
    import psutil

    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):  # macOS binds no process to cores
        return len(process.cpu_affinity())
    return psutil.cpu_count() or 1


def processor_name() -> str:
    """Name the processor for people, as the device of a fill."""
    return f"CPU, {usable_cores()} threads"


def free_memory_bytes() -> int:
    """Return the memory that programs can still get."""
    import psutil

    return int(psutil.virtual_memory().available)


def resident_bytes(pid: int | None) -> int | None:
    """Return the memory that a process holds, or None if there is no such process."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss) if pid is not None else None
    except psutil.Error:
        return None


def is_stopped(pid: int) -> bool:
    """Whether a signal or a debugger has stopped a process; False where the system does not say."""
    import psutil

    try:
        return psutil.Process(pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    except psutil.Error:
        return False
