"""From a home without Lacuna to a fill in Krita, by `lacuna setup` alone, and back."""

import shutil
from pathlib import Path

import pytest

from tests.editors.krita import rooms
from tests.editors.krita.kritas import Krita
from tests.editors.krita.rooms import HOST, PROGRAMS
from tests.editors.setups import fresh_environment, lacuna, left_over, log_in
from tests.service.conftest import SAFETY_S


class FreshKritaRoom(rooms.KritaRoom):
    """A home as its user knows it."""

    @property
    def environment(self):
        return fresh_environment(super().environment)


@pytest.fixture
def room(tmp_path):
    """A home in which Krita has run once; its kritarc has other lines than ours."""
    if reason := HOST.reason_to_skip(*PROGRAMS):
        pytest.skip(reason)
    from skimage import data, io

    folder = tmp_path / "room"
    folder.mkdir()
    rooms.bare_room(folder, HOST, ("lacuna_test_driver",))
    room = FreshKritaRoom(HOST, folder)
    io.imsave(folder / "small.png", data.rocket()[150:290, 60:260], check_contrast=False)
    return room


def test_setup_login_krita_and_a_fill(room, request):
    warm = request.getfixturevalue("warm")
    shutil.copytree(warm[HOST], room.resources, symlinks=True)
    rooms.install_driver(room)
    before = (room.home / ".config" / "kritarc").read_text()

    done = lacuna(room, "setup", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert lacuna(room, "stop").returncode == 0
    daemon = log_in(room)
    krita = Krita(room, room.folder / "small.png")
    try:
        krita.run(Path(__file__).with_name("inside.py").read_text("utf-8"))
        krita.run("open_photo(path)", path=str(room.folder / "small.png"))
        krita.run("select(80, 50, 30, 40)")
        facts = krita.run("fill()")
        assert facts["new"] == ["Inpaint 1"], facts
    finally:
        krita.close()
        removed = lacuna(room, "uninstall", "--yes")
        daemon.wait(SAFETY_S)

    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert left_over(room) == []
    assert set(before.splitlines()) <= set((room.home / ".config/kritarc").read_text().splitlines())
