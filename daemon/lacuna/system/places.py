"""Where large files for a short time go: into memory where a system has a folder for that."""

import os
import sys
import tempfile
from pathlib import Path


def short_lived_folders() -> list[Path]:
    """Return folders for files that are gone within minutes, the best first; some may be missing.

    Linux keeps what lies in the first two in memory. macOS and Windows have no such folder, but
    each user has a temporary one there that is closed to others and emptied now and then.
    """
    if sys.platform == "linux":
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        shared = Path("/dev/shm")  # nosec B108: our folder in it is new, and closed to others
        return [shared, *([Path(runtime)] if runtime else [])]
    return [Path(tempfile.gettempdir())]
