"""From a home without Lacuna to a fill in GIMP, by `lacuna setup` alone, and back."""

import json

import pytest

from tests.editors.gimp import rooms
from tests.editors.machines import DEBIAN13
from tests.editors.setups import fresh_environment, lacuna, left_over, log_in
from tests.service.conftest import SAFETY_S


class FreshGimpRoom(rooms.GimpRoom):
    """A home as its user knows it."""

    @property
    def environment(self):
        return fresh_environment(super().environment)


@pytest.fixture
def room(tmp_path):
    """A home in which GIMP never ran."""
    from skimage import data, io

    room = FreshGimpRoom(DEBIAN13, tmp_path)
    room.furnish()
    io.imsave(tmp_path / "photo.png", data.rocket(), check_contrast=False)
    return room


def test_setup_login_gimp_and_a_fill(room):
    done = lacuna(room, "setup", "--yes", "--no-krita")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "GIMP 3.0\tdone" in done.stdout
    assert lacuna(room, "stop").returncode == 0
    daemon = log_in(room)
    try:
        room.gimp("one_fill.py")
        facts = json.loads((room.folder / "report.json").read_text())["one"]
        assert facts["error"] is None
        assert facts["layers_more"] == 1
    finally:
        removed = lacuna(room, "uninstall", "--yes")
        daemon.wait(SAFETY_S)

    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert left_over(room) == []
