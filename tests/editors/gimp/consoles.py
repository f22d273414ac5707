"""A GIMP without a window, which does what a test asks."""

import shutil
from pathlib import Path
from typing import Any

from tests.editors.gimp.rooms import GimpRoom
from tests.editors.machines import SAFETY_S
from tests.editors.remotes import Remote

HERE = Path(__file__).parent


def copy_inside(room: GimpRoom) -> None:
    """Let what runs inside GIMP import inside.py."""
    shutil.copyfile(HERE / "inside.py", room.folder / "inside.py")


class Console:
    """Runs until it is closed, and knows the names of inside.py."""

    def __init__(self, room: GimpRoom) -> None:
        room.forget_calls()
        copy_inside(room)
        self.room = room
        self.process = room.start("gimp-console", "-i")
        self.remote = Remote(room, self.process, lambda: room.last_words("gimp-console"))
        self.run("from inside import *")

    def run(self, code: str, /, **values: Any) -> Any:
        """Run Python inside GIMP: see `Remote.run`."""
        return self.remote.run(code, **values)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(SAFETY_S)
