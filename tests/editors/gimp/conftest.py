"""The real GIMP 3, new for every file of tests."""

import pytest

from tests.editors.gimp.consoles import Console
from tests.editors.gimp.rooms import new_room, reason_to_skip


def pytest_collection_modifyitems(items):
    reason = reason_to_skip()
    for item in items:
        if reason and "editors/gimp" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    """A GIMP with the plug-in and without a window, and a photograph that everybody has."""
    from skimage import data, io

    room = new_room(tmp_path_factory.mktemp("gimp"), all_plugins=False)
    io.imsave(room.folder / "photo.png", data.rocket(), check_contrast=False)
    console = Console(room)
    yield console
    console.close()
