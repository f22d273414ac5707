"""The real GIMP 3 and the real daemon, new for every file of tests."""

import pytest

from tests.editors.gimp.rooms import new_room, reason_to_skip
from tests.editors.machines import start_daemon
from tests.service.conftest import SAFETY_S


def pytest_collection_modifyitems(items):
    reason = reason_to_skip()
    for item in items:
        if reason and "editors/gimp" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A GIMP with the plug-in, a photograph that everybody has, and a daemon that runs."""
    from skimage import data, io

    room = new_room(tmp_path_factory.mktemp("gimp"))
    io.imsave(room.folder / "photo.png", data.rocket(), check_contrast=False)
    daemon = start_daemon(room)
    yield room
    daemon.terminate()
    daemon.wait(SAFETY_S)
