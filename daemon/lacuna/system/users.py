"""Who we are, where a system counts its users, and who owns a file."""

import os
import sys


def own_id() -> int:
    """Return the number of this user, as `st_uid` of files has it; Windows says 0 for all."""
    if sys.platform == "win32":
        return 0
    return os.geteuid()


def own_mark() -> str:
    """Return what tells this user from others in the names of files."""
    if sys.platform == "win32":
        return os.environ.get("USERNAME", "")
    return str(os.geteuid())
