"""A GIMP with a window on a screen that nobody sees: a mouse, keys, a camera."""

import os
import shlex
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.editors.gimp.rooms import CHECKOUT, SAFETY_S, Room
from tests.service.conftest import eventually

ARTEFACTS = Path(os.environ.get("LACUNA_ARTEFACTS") or CHECKOUT / "build" / "artefacts")
WIDTH, HEIGHT = 1280, 860
# Runs inside the GIMP that has the window, and says what is in its first image.
LAYERS = """
import json
image = Gimp.get_images()[0]
facts = [[layer.get_name(), *layer.get_offsets()[1:], layer.get_width(), layer.get_height()]
         for layer in image.get_layers()]
open({place!r} + '.new', 'w').write(json.dumps(facts))
import os
os.rename({place!r} + '.new', {place!r})
"""


class Screen:
    """An X server, a message bus and a GIMP in it; `close` ends all three."""

    def __init__(self, room: Room, picture: str) -> None:
        self.room = room
        self.processes = []
        display_file = room.folder / "display"
        # The server chooses a number that is free, and writes it down.
        self.open("sh", "-c", f"exec Xvfb -displayfd 3 -screen 0 {WIDTH}x{HEIGHT}x24 "
                  f"-nolisten tcp 3>{display_file}")  # fmt: skip
        eventually(lambda: display_file.exists() and display_file.read_text().endswith("\n"))
        bus = f"unix:path={room.folder}/bus"
        self.environment = {
            "DISPLAY": f":{display_file.read_text().strip()}",
            "DBUS_SESSION_BUS_ADDRESS": bus,
        }
        self.open("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={bus}")
        eventually((room.folder / "bus").exists)
        self.open("gimp", "-s", room.folder / picture)
        name = f"{Path(picture).stem}.*GIMP$"
        self.window = eventually(lambda: self.find(name), SAFETY_S)
        self.xdotool(f"windowmove {self.window} 0 0 windowsize {self.window} {WIDTH} {HEIGHT}")
        self.focus()
        time.sleep(1.5)  # until the window is laid out anew
        self.xdotool("key ctrl+shift+j")  # fit the image into it
        time.sleep(0.7)

    def open(self, *words) -> None:
        more = getattr(self, "environment", {})
        self.processes.append(self.room.start(*words, **more))

    def find(self, name: str) -> str:
        """The window of this name, or nothing."""
        found = self.room.run(
            "xdotool", "search", "--onlyvisible", "--name", name, **self.environment
        )
        return found.stdout.split("\n")[0]

    def focus(self) -> None:
        self.xdotool(f"windowfocus {self.window}")

    def xdotool(self, line: str) -> None:
        done = self.room.run("xdotool", *shlex.split(line), **self.environment)
        assert done.returncode == 0, done.stderr

    def drag(self, left: int, top: int, right: int, bottom: int) -> None:
        steps = 12
        # As slow as a hand: GIMP takes a drag at once for a click.
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
        return Path(shutil.copyfile(place, ARTEFACTS / f"gimp-{name}.png"))

    def execute(self, code: str) -> None:
        """Run Python inside the GIMP that has the window: a second one hands it over and ends."""
        self.room.run(
            "gimp", "--batch-interpreter", "python-fu-eval", "-b", code, **self.environment
        )

    def layers(self) -> list:
        """Name, left, top, width and height of every layer, the uppermost first."""
        import json

        place = self.room.folder / "layers.json"
        place.unlink(missing_ok=True)
        self.execute(LAYERS.format(place=str(place)))
        return json.loads(eventually(lambda: place.exists() and place.read_text()))

    def close(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(3)
            if process.poll() is None:
                process.kill()
                process.wait(SAFETY_S)
