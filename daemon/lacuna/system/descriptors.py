"""How many files a process may have open: POSIX limits that, and begins with a low limit."""

import sys

MAX_DESCRIPTORS = 4096  # of those that the system would let us have


def raise_descriptor_limit() -> int | None:
    """Let this process open as many files as is sensible; return how many, None for no limit."""
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)
