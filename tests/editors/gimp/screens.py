"""A GIMP with a window on a screen that nobody sees."""

from pathlib import Path
from typing import Any

from tests.editors import screens
from tests.editors.gimp.rooms import GimpRoom
from tests.editors.machines import SAFETY_S
from tests.editors.remotes import Remote
from tests.service.conftest import eventually

WIDTH, HEIGHT = 1280, 860
# Of every layer of the first image: name, left, top, width, height.
LAYERS = """
[[layer.get_name(), *layer.get_offsets()[1:], layer.get_width(), layer.get_height()]
 for image in Gimp.get_images()[:1] for layer in image.get_layers()]
"""
# Left, top, right and bottom of the selection, or nothing.
SELECTED = """
found = Gimp.Selection.bounds(Gimp.get_images()[0])
found.non_empty and [found.x1, found.y1, found.x2, found.y2]
"""


class Screen(screens.Screen):
    """A screen that GIMP's window fills."""

    def __init__(self, room: GimpRoom, picture: str) -> None:
        room.forget_calls()
        super().__init__(room, "gimp", WIDTH, HEIGHT)
        with self.closed_on_failure():
            process = self.open("gimp", "-s", room.folder / picture)
            self.remote = Remote(room, process, lambda: room.last_words("gimp"))
            self.window = self._wait_for_window(f"{Path(picture).stem}.*GIMP$")
            self.xdotool(f"windowmove {self.window} 0 0 windowsize {self.window} {WIDTH} {HEIGHT}")
            self.focus()
            self.wait_until_still()  # the window is laid out anew
            self.xdotool("key ctrl+shift+j")  # fit the image into it
            self.wait_until_still()

    def _wait_for_window(self, name: str) -> str:
        try:
            return eventually(lambda: self.find(name), SAFETY_S)
        except AssertionError as failed:
            shown, said = self.picture("without-a-window"), self.room.last_words("gimp")
            raise AssertionError(f"no window of GIMP: see {shown}\n{said}") from failed

    def focus(self) -> None:
        self.xdotool(f"windowfocus {self.window}")

    def run(self, code: str, /, **values: Any) -> Any:
        """Run Python inside GIMP: see `Remote.run`."""
        return self.remote.run(code, **values)

    def layers(self) -> list:
        """Name, left, top, width and height of every layer, the uppermost first."""
        return self.run(LAYERS)

    def selected(self) -> list:
        """Left, top, right and bottom of what is selected, or nothing."""
        return self.run(SELECTED)
