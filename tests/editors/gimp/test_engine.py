"""From nothing but the release's zip to a fill, by what the window offers; and back again."""

import shutil

import pytest

from tests.editors import installs
from tests.editors.daemons import end_daemon
from tests.editors.gimp import rooms
from tests.editors.gimp.screens import Screen
from tests.editors.installs import left_of_engine, light_release, release, wheelhouse
from tests.editors.machines import DEBIAN13, SAFETY_S
from tests.service.conftest import eventually

__all__ = ["light_release", "release", "wheelhouse"]  # fixtures
WINDOW = "^Lacuna Engine$"
LINE_PX = 90


class BareGimpRoom(rooms.GimpRoom):
    """A home as its user knows it, but for where GIMP keeps its settings."""

    @property
    def environment(self):
        own = installs.variables(super().environment, self)
        return {**own, "GIMP3_DIRECTORY": str(self.folder / "config")}


@pytest.fixture
def start(tmp_path):
    """Start a GIMP in a home that has the plug-in of a zip, and is empty otherwise."""
    from skimage import data, io

    started = []

    def start(archive, packages):
        plugins = rooms.new_room(tmp_path).folder / "config" / "plug-ins"
        shutil.rmtree(plugins / rooms.PLUGIN.name)
        installs.unpack(archive, plugins)
        room = BareGimpRoom(DEBIAN13, tmp_path)
        installs.give_python(room, packages)
        io.imsave(tmp_path / "photo.png", data.rocket(), check_contrast=False)
        screen = Screen(room, "photo.png")
        started.append(screen)
        screen.run(
            """
            image = Gimp.get_images()[0]
            image.select_rectangle(Gimp.ChannelOps.REPLACE, 200, 150, 20, 20)
            None
            """
        )
        return screen

    yield start
    for screen in started:
        screen.close()


def open_window(screen):
    """Ask for a fill, and wait for what is offered in its place."""
    screen.focus()
    screen.xdotool("key ctrl+alt+i")
    return wait_for_window(screen)


def wait_for_window(screen):
    window = eventually(lambda: screen.find(WINDOW), SAFETY_S)
    eventually(lambda: has_buttons(screen, window), SAFETY_S)
    screen.wait_until_still()
    screen.xdotool(f"windowfocus {window} sleep 0.3")
    return window


def has_buttons(screen, window):
    """Whether there is something to click: without it the window is one line of text."""
    words = ("xdotool", "getwindowgeometry", "--shell", window)
    said = screen.room.run(*words, **screen.environment).stdout
    return int(dict(line.split("=") for line in said.split())["HEIGHT"]) > LINE_PX


def install_and_fill(screen):
    home = screen.room.home
    open_window(screen)
    screen.picture("engine-offered")
    assert left_of_engine(home) == [], "nothing is downloaded without the click"

    screen.xdotool("key Return sleep 2")
    screen.picture("engine-installing")
    layers = eventually(lambda: len(screen.layers()) == 2 and screen.layers(), SAFETY_S)
    assert layers[0][0] == "Inpaint 1"
    assert not screen.find(WINDOW)


def remove(screen):
    screen.focus()
    screen.xdotool("key ctrl+alt+e")
    window = wait_for_window(screen)
    screen.picture("engine-there")
    screen.xdotool("key Return sleep 0.5")
    screen.wait_until_still()
    screen.picture("engine-asking")
    screen.xdotool(f"windowfocus {window} key Return")
    eventually(lambda: not list(screen.room.home.glob(".local/share/lacuna/engine/*")), SAFETY_S)


def test_window_installs_cancels_and_removes_and_the_fill_goes_on(start, light_release):
    screen = start(light_release / "lacuna-gimp.zip", light_release)
    home = screen.room.home
    window = open_window(screen)
    screen.xdotool("key Return")
    eventually(lambda: left_of_engine(home), 60)
    screen.xdotool(f"windowfocus {window} sleep 0.3 key Return")
    eventually(lambda: not left_of_engine(home), 60)
    screen.xdotool(f"windowfocus {window} sleep 0.5 key Escape")
    eventually(lambda: not screen.find(WINDOW), 60)
    assert len(screen.layers()) == 1

    install_and_fill(screen)
    remove(screen)

    end_daemon(home / ".local" / "state" / "lacuna")


@pytest.mark.long
def test_real_release_installs_itself_from_the_window(start, release, wheelhouse):
    """Nothing is a stand-in but the index: the packages are those of this machine's pip."""
    screen = start(release / "lacuna-gimp.zip", wheelhouse)

    install_and_fill(screen)
    remove(screen)

    eventually(lambda: left_of_engine(screen.room.home) == [], 60)
