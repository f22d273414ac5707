"""A screen that nobody sees, for an editor with a window: a mouse, keys, a camera."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.editors.machines import CHECKOUT, SAFETY_S, Room
from tests.service.conftest import eventually

ARTEFACTS = Path(os.environ.get("LACUNA_ARTEFACTS") or CHECKOUT / "build" / "artefacts")


class Screen:
    """An X server, a message bus, and the programs that are opened on them; `close` ends all."""

    def __init__(self, room: Room, prefix: str, width: int, height: int) -> None:
        """Turn the screen on.

        Args:
            room: Where its programs run.
            prefix: How the names of its pictures begin.
            width: Pixels.
            height: Pixels.
        """
        self.room, self.prefix = room, prefix
        self.processes: list[subprocess.Popen] = []
        self.environment: dict[str, str] = {}
        display_file, bus_file = room.folder / "display", room.folder / "bus"
        for left_over in (display_file, bus_file):
            left_over.unlink(missing_ok=True)
        with self.closed_on_failure():
            # The server chooses a number that is free, and writes it down.
            self.open("sh", "-c", f"exec Xvfb -displayfd 3 -screen 0 {width}x{height}x24 "
                      f"-nolisten tcp 3>{display_file}")  # fmt: skip
            eventually(lambda: display_file.exists() and display_file.read_text().endswith("\n"))
            bus = f"unix:path={bus_file}"
            self.environment = {
                "DISPLAY": f":{display_file.read_text().strip()}",
                "DBUS_SESSION_BUS_ADDRESS": bus,
            }
            self.open("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={bus}")
            eventually(bus_file.exists)

    @contextmanager
    def closed_on_failure(self) -> Iterator[None]:
        """End what was opened so far if what is opened next does not come up."""
        try:
            yield
        except BaseException:
            Screen.close(self)  # an editor that never came up cannot be asked to quit
            raise

    def open(self, *words) -> subprocess.Popen:
        """Start a program on the screen, which ends with it."""
        process = self.room.start(*words, **self.environment)
        self.processes.append(process)
        return process

    def find(self, name: str) -> str:
        """The window of this name, or nothing."""
        found = self.room.run(
            "xdotool", "search", "--onlyvisible", "--name", name, **self.environment
        )
        return found.stdout.split("\n")[0]

    def windows(self) -> set[str]:
        """All windows that have a name and are seen."""
        found = self.room.run(
            "xdotool", "search", "--onlyvisible", "--name", ".", **self.environment
        )
        return set(found.stdout.split())

    def xdotool(self, line: str) -> None:
        done = self.room.run("xdotool", *shlex.split(line), **self.environment)
        assert done.returncode == 0, done.stderr

    def drag(self, left: int, top: int, right: int, bottom: int) -> None:
        steps = 12
        # As slow as a hand: an editor takes a drag at once for a click.
        moves = " sleep 0.03 ".join(
            f"mousemove {left + (right - left) * i // steps} {top + (bottom - top) * i // steps}"
            for i in range(steps + 1)
        )
        self.xdotool(f"mousemove {left} {top} mousedown 1 sleep 0.1 {moves} sleep 0.1 mouseup 1")

    def picture(self, name: str) -> Path:
        """Take a picture of the screen and keep it among the artefacts."""
        place = self.room.folder / f"{name}.png"
        taken = self.room.run("import", "-window", "root", place, **self.environment)
        assert taken.returncode == 0, taken.stderr
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(place, ARTEFACTS / f"{self.prefix}-{name}.png"))

    def wait_until_still(self) -> None:
        """Wait until nothing moves any more: two pictures in a row are the same."""
        seen = None

        def still() -> bool:
            nonlocal seen
            before, seen = seen, self.look()
            return before == seen

        eventually(still, SAFETY_S)

    def look(self) -> bytes:
        """What is on the screen: RGB of 16 bits."""
        dumped = subprocess.run(
            self.room.machine.command(self.room.folder, ("import", "-window", "root", "rgb:-")),
            env={**self.room.environment, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SAFETY_S,
            check=True,
        )
        return dumped.stdout

    def close(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(3)
            if process.poll() is None:
                process.kill()
                process.wait(SAFETY_S)
