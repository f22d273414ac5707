"""From nothing but the release's zip to a fill, by what the docker offers; and back again."""

import shutil
from pathlib import Path

import pytest

from lacuna_wire.engine_install import words
from tests.editors import installs
from tests.editors.daemons import end_daemon
from tests.editors.installs import left_of_engine, light_release, release, wheelhouse
from tests.editors.krita import rooms
from tests.editors.krita.kritas import Krita
from tests.editors.krita.rooms import HOST, MACHINES, PROGRAMS
from tests.editors.machines import SAFETY_S

__all__ = ["light_release", "release", "wheelhouse"]  # fixtures
DOCKER = "docker = next(d for d in krita.dockers() if d.objectName() == 'lacuna_docker'); None"
STATE = """
from lacuna_krita.engine_box import WORK
[WORK.state.kind, WORK.state.text]
"""
SEEN = "[name for name, button in docker.engine.buttons.items() if button.isVisible()]"


class BareKritaRoom(rooms.KritaRoom):
    """A home as its user knows it."""

    @property
    def environment(self):
        return installs.variables(super().environment, self)


def unpack_as_krita_does(room, archive):
    installs.unpack(archive, room.resources / "pykrita")
    (room.resources / "actions").mkdir(exist_ok=True)
    action = "lacuna_krita.action"
    shutil.move(room.resources / "pykrita" / action, room.resources / "actions" / action)


@pytest.fixture
def start(request, tmp_path):
    """Start a Krita in a home that has the plug-in of a zip, and is empty otherwise."""
    from skimage import data, io

    started = []

    def start(machine, archive, packages):
        if reason := machine.reason_to_skip(*PROGRAMS):
            pytest.skip(reason)
        warm = request.getfixturevalue("warm")[machine]
        folder = tmp_path / "room"
        folder.mkdir()
        room = BareKritaRoom(machine, folder)
        rooms.bare_room(folder, machine, ("lacuna_krita", "lacuna_test_driver"))
        shutil.copytree(warm, room.resources, symlinks=True)
        rooms.install_driver(room)
        unpack_as_krita_does(room, archive)
        installs.give_python(room, packages)
        io.imsave(folder / "small.png", data.rocket()[150:290, 60:260], check_contrast=False)
        krita = Krita(room, folder / "small.png")
        started.append(krita)
        krita.run(Path(__file__).with_name("inside.py").read_text("utf-8"))
        krita.run("open_photo(path)", path=str(folder / "small.png"))
        krita.run(DOCKER)
        krita.run("docker.show(); select(80, 50, 30, 40)")
        return krita

    yield start
    for krita in started:
        krita.close()


def press(krita, choice):
    krita.wait_for(f"docker.engine.buttons[{choice!r}].isVisible()", 60)
    krita.run(f"docker.engine.buttons[{choice!r}].click()")


def install_fill_and_remove(krita):
    """Click where nothing is installed, let it be installed, get the layer, take it all away."""
    home = krita.room.home
    assert left_of_engine(home) == []
    krita.run("click()")
    krita.wait_for(f"'install' in {SEEN}", 60)
    assert krita.run("[docker.message.text(), docker.message.failed]") == [words.WILL_GO_ON, False]
    # The docker may look once more when it is shown.
    krita.wait_for("'~/.local/share/lacuna/engine' in docker.engine.text.text()", 60)
    said = krita.run("docker.engine.text.text()")
    assert " MB" in said
    krita.picture("engine-offered")
    assert left_of_engine(home) == [], "nothing is downloaded without the click"

    krita.run("heart.reset()")
    press(krita, "install")
    krita.wait_for("WORK.state.percent" if krita.run(STATE) else "", 60)
    krita.picture("engine-installing")
    krita.wait_for("'Inpaint 1' in layers() or docker.message.failed", SAFETY_S)
    assert krita.run("layers()")[-1] == "Inpaint 1", krita.run("docker.message.text()")
    assert krita.run("heart.longest_ms") < 1000
    assert krita.run("ended()").startswith("Done in ")
    assert krita.run(STATE) == ["installed", words.INSTALLED]

    press(krita, "ask")
    assert krita.wait_for(SEEN) == ["remove", "keep"]
    krita.picture("engine-asking")
    press(krita, "remove")
    krita.wait_for("WORK.state.kind == 'removed'", SAFETY_S)
    krita.wait_for("docker.engine.text.text() == said", 20, said=words.REMOVED)
    assert krita.uncaught() == []


@pytest.mark.parametrize(
    "machine",
    [
        # There the whole release is installed as well.
        pytest.param(each, id=each.name, marks=[pytest.mark.long] if each == HOST else [])
        for each in MACHINES
    ],
)
def test_docker_installs_cancels_and_removes_and_the_first_fill_goes_on(
    start, light_release, machine
):
    krita = start(machine, light_release / "lacuna-krita.zip", light_release)
    home = krita.room.home
    krita.run("docker.hide(); krita.action('lacuna_engine').trigger()")
    krita.wait_for(f"docker.isVisible() and 'install' in {SEEN}", 60)
    press(krita, "install")
    press(krita, "cancel")
    krita.wait_for("docker.engine.buttons['again'].isVisible()", 60)
    assert "was cancelled" in krita.run("docker.engine.text.text()")
    assert left_of_engine(home) == []
    press(krita, "again")

    install_fill_and_remove(krita)

    # The daemon of the checkout, which stood for the engine's own, is not its to end.
    end_daemon(home / ".local" / "state" / "lacuna")


def test_real_release_installs_itself_from_the_docker(start, release, wheelhouse):
    """Nothing is a stand-in but the index: the packages are those of this machine's pip."""
    krita = start(HOST, release / "lacuna-krita.zip", wheelhouse)

    install_fill_and_remove(krita)

    assert left_of_engine(krita.room.home) == []
