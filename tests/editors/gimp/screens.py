"""A GIMP with a window on a screen that nobody sees."""

import json
import time
from pathlib import Path

from tests.editors import screens
from tests.editors.gimp.rooms import Room
from tests.editors.machines import SAFETY_S
from tests.service.conftest import eventually

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


class Screen(screens.Screen):
    """A screen that GIMP's window fills."""

    def __init__(self, room: Room, picture: str) -> None:
        super().__init__(room, "gimp", WIDTH, HEIGHT)
        self.open("gimp", "-s", room.folder / picture)
        name = f"{Path(picture).stem}.*GIMP$"
        self.window = eventually(lambda: self.find(name), SAFETY_S)
        self.xdotool(f"windowmove {self.window} 0 0 windowsize {self.window} {WIDTH} {HEIGHT}")
        self.focus()
        time.sleep(1.5)  # until the window is laid out anew
        self.xdotool("key ctrl+shift+j")  # fit the image into it
        time.sleep(0.7)

    def focus(self) -> None:
        self.xdotool(f"windowfocus {self.window}")

    def execute(self, code: str) -> None:
        """Run Python inside the GIMP that has the window: a second one hands it over and ends."""
        self.room.run(
            "gimp", "--batch-interpreter", "python-fu-eval", "-b", code, **self.environment
        )

    def layers(self) -> list:
        """Name, left, top, width and height of every layer, the uppermost first."""
        place = self.room.folder / "layers.json"
        place.unlink(missing_ok=True)
        self.execute(LAYERS.format(place=str(place)))
        return json.loads(eventually(lambda: place.exists() and place.read_text()))
