"""The memory that a process to be started may have at most."""

import sys
from typing import Any


def memory_limited(most_bytes: int) -> dict[str, Any]:
    """Return arguments for `subprocess.Popen` that limit the memory of the child.

    Only Linux holds to it: macOS does not count, and Windows has other means.
    """
    if sys.platform != "linux":
        return {}
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return {"preexec_fn": limit}
