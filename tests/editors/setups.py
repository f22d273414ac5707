"""`lacuna setup` in the home of a room, as its user runs it, and a login after it."""

import os
import subprocess
import sys

from tests.editors.machines import PATH, SAFETY_S, Room
from tests.service.conftest import eventually

# .ci/run names one in which the built wheel is installed, and not this checkout.
PYTHON = os.environ.get("LACUNA_WHEEL_PYTHON") or sys.executable


def fresh_environment(environment: dict[str, str]) -> dict[str, str]:
    """What a user has: no variable that says where things are."""
    return {
        name: value
        for name, value in environment.items()
        if name not in ("LACUNA_STATE_DIR", "GIMP3_DIRECTORY")
    }


def lacuna(room: Room, *arguments) -> subprocess.CompletedProcess:
    """Run the program here, for the home of a room whose editor may be in a root."""
    programs = f"{room.machine.root}/usr/bin" if room.machine.root else PATH
    return subprocess.run(
        [PYTHON, "-m", "lacuna", *arguments],
        env={**room.environment, "PATH": programs},
        cwd=room.folder,  # the checkout is not to be found by chance
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SAFETY_S,
        check=False,
    )


def log_in(room: Room) -> subprocess.Popen:
    """Start what is to be started at login, and wait until the daemon answers."""
    (entry,) = (room.home / ".config" / "autostart").glob("*.desktop")
    (line,) = (
        line.removeprefix("Exec=")
        for line in entry.read_text("utf-8").splitlines()
        if line.startswith("Exec=")
    )
    # Of a path without odd letters the shell understands what a desktop does.
    process = subprocess.Popen(["sh", "-c", f"exec {line}"], env=room.environment, cwd=room.home)
    eventually(lambda: lacuna(room, "status").returncode == 0)
    return process


def left_over(room: Room) -> list[str]:
    """Everything in a home whose name is ours."""
    found = [path.relative_to(room.home).as_posix() for path in room.home.rglob("*lacuna*")]
    return [name for name in found if "test_driver" not in name]
