"""The command `lacuna` of an engine: it sets up what lies outside of it, and takes that back."""

import subprocess
from typing import List, Sequence

from ..outside import environment_of_others
from .places import Engine

# Editors are left alone: the plug-in is there, and another one was not asked for.
ENGINE_ALONE = ("--no-krita", "--no-gimp")


def setup_command(engine: Engine) -> List[str]:
    """Return the words that start an engine, now and at login."""
    return [str(engine.python), "-I", "-m", "lacuna", "setup", "--yes", *ENGINE_ALONE]


def uninstall_command(engine: Engine) -> List[str]:
    """Return the words that end an engine, and remove what lies outside of its folder."""
    return [str(engine.python), "-I", "-m", "lacuna", "uninstall", "--yes", *ENGINE_ALONE]


def run_own(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run one of them to its end; what it says is `stdout`."""
    # The name is there on Windows only: no console window of its own.
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        return subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment_of_others(), "PYTHONUTF8": "1"},
            check=False,
            encoding="utf-8",
            errors="replace",
            creationflags=flags,
        )
    except OSError as error:
        return subprocess.CompletedProcess(list(command), 1, str(error.strerror))


def failed_rows(said: str) -> str:
    """Return what `lacuna setup` or `uninstall` says of what failed."""
    rows = [line.split("\t") for line in said.splitlines()]
    return " ".join(row[2] for row in rows if len(row) == 3 and row[1] == "failed").rstrip(".")
