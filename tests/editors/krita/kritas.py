"""A Krita with a window on a screen that nobody sees, which does what a test asks."""

import subprocess
from pathlib import Path
from typing import Any

from tests.editors import screens
from tests.editors.krita.rooms import KritaRoom
from tests.editors.machines import SAFETY_S
from tests.editors.remotes import Remote

WIDTH, HEIGHT = 1600, 1000
READY = "krita.activeWindow() and [bool(d.activeNode()) for d in documents()] == [True] * count"
QUIT = """
for each in documents():
    each.setModified(False)  # otherwise Krita asks whether to save it
QtCore.QTimer.singleShot(0, krita.action("file_quit").trigger)
"""


class Krita(screens.Screen):
    """A screen, a window manager, and a Krita that fills it."""

    def __init__(self, room: KritaRoom, *pictures: Path) -> None:
        """Start Krita with pictures open, and wait until it answers."""
        room.forget_calls()
        super().__init__(room, f"krita-{room.machine.name}", WIDTH, HEIGHT)
        with self.closed_on_failure():
            self.open("openbox")
            self.process = self.open("krita", "--nosplash", *pictures)
            self.remote = Remote(room, self.process, lambda: self.last_words)
            self.wait_for(f"bool({READY})", SAFETY_S, count=len(pictures))
            self.run("krita.activeWindow().qwindow().showMaximized()")

    @property
    def alive(self) -> bool:
        return self.remote.alive

    @property
    def last_words(self) -> str:
        """The end of what Krita said, and where it was when it crashed."""
        texts = (self.room.folder / "krita.log", self.room.calls / "fault.log")
        found = (text.read_text("utf-8", "replace") for text in texts if text.exists())
        return "\n".join(text[-3000:] for text in found)

    def run(self, code: str, /, **values: Any) -> Any:
        """Run Python inside Krita: see `Remote.run`.

        It may name `krita`, `documents`, `heart`, all of the module `krita`, the modules `QtCore`,
        `QtGui` and `QtWidgets`, and what earlier calls have left.
        """
        return self.remote.run(code, **values)

    def wait_for(self, code: str, within_s: float = 20.0, /, **values: Any) -> Any:
        """Run code until it is worth something, and return that."""
        return self.remote.wait_for(code, within_s, **values)

    def uncaught(self) -> list[str]:
        """Tracebacks that no plug-in caught since this was last asked."""
        return self.run("answer = list(uncaught); uncaught.clear(); answer")

    def key(self, keys: str) -> None:
        """Press keys as xdotool names them: `ctrl+z`."""
        self.xdotool(f"key {keys}")

    def close(self) -> int:
        """Quit without saving, turn the screen off, and return Krita's exit code."""
        try:
            if self.alive:
                self.run(QUIT)
                self.process.wait(SAFETY_S / 5)
        except (AssertionError, subprocess.TimeoutExpired):
            self.process.kill()  # its negative code tells
        finally:
            code = self.process.wait(SAFETY_S)
            super().close()
        return code
