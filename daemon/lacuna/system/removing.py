"""Files that may still be open elsewhere when they are to go."""

import os
from pathlib import Path

_left: set[Path] = set()


def discard(path: Path) -> None:
    """Remove a file if it is there.

    Windows removes no file that a process has open or mapped; it is tried again with the next one,
    and whatever is left in the end goes with its folder.

    Raises:
        OSError: If it cannot be removed for another reason.
    """
    for each in (*_left, path):
        try:
            each.unlink(missing_ok=True)
            _left.discard(each)
        except PermissionError:
            if os.name != "nt":
                raise
            _left.add(each)
