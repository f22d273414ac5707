"""Programs outside of an editor: what they get of its surroundings, and what they say."""

import os
import subprocess
from typing import Dict, Mapping, Optional, Sequence

# Editors in an AppImage or a bundle point these at their own Python and libraries.
FOREIGN_PREFIXES = ("PYTHON", "LD_", "DYLD_")


def environment_of_others() -> Dict[str, str]:
    """Return the variables for programs that are no part of the editor in which this runs."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_PREFIXES)
    }


def output_of(
    words: Sequence[str], timeout_s: float, environment: Optional[Mapping[str, str]] = None
) -> str:
    """Return what a program says; nothing if it is not there, fails or takes too long.

    Args:
        words: Its name and arguments.
        timeout_s: After so many seconds it is ended.
        environment: Its variables; None for those of this process.
    """
    # The name is there on Windows only: no console window of its own.
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        ran = subprocess.run(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=None if environment is None else dict(environment),
            timeout=timeout_s,
            check=False,
            creationflags=flags,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return "" if ran.returncode else ran.stdout.decode("utf-8", "replace")
