"""Every real Krita that is here; one start of each for all tests."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lacuna_wire.client import Client
from tests.editors.daemons import HeldDaemon
from tests.editors.krita.kritas import Krita
from tests.editors.krita.rooms import MACHINES, PROGRAMS, new_room, warm_resources

# The document of the test before is closed, and a photograph is open and active.
OPEN = """
def steps():
    global document
    for each in documents():
        each.waitForDone()
    yield 200  # Krita may crash if a document is closed right after something was selected in it
    for each in documents():
        each.setModified(False)
        each.close()
    document = krita.openDocument(picture)
    krita.activeWindow().addView(document)
    while krita.activeDocument() != document or not document.activeNode():
        yield 10

steps()
"""


HOUSES = []


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem):
    """Whoever leaves this folder last turns the lights off: other tests count their processes."""
    if nextitem is None or "editors/krita" not in nextitem.path.as_posix():
        for house in HOUSES:
            house.leave()


class House:
    """A room whose Krita is started when it is needed, and again after it died.

    Besides, it has a daemon of its own that holds its jobs.
    """

    def __init__(self, room) -> None:
        self.room = room
        self.resident = None
        self.held = None

    def serve_held(self) -> HeldDaemon:
        """Start the daemon whose jobs last as long as a test likes, if it does not run."""
        if not self.held:
            self.held = HeldDaemon(self.room.folder / "held")
        return self.held

    def leave(self) -> None:
        """End all that runs."""
        resident, self.resident = self.resident, None
        held, self.held = self.held, None
        if held:
            held.stop()
        if resident:
            code = resident.close()
            assert code == 0, f"Krita ended with {code}:\n{resident.last_words}"

    def krita(self) -> Krita:
        if self.resident and not self.resident.alive:
            self.resident.close()
            self.resident = None
        if not self.resident:
            self.resident = Krita(self.room, self.room.folder / "photo.png")
        return self.resident


@pytest.fixture(scope="session")
def warm(tmp_path_factory):
    """Resources of every machine's Krita as they are after its first start; made side by side."""
    here = [each for each in MACHINES if not each.reason_to_skip(*PROGRAMS)]
    with ThreadPoolExecutor() as pool:
        made = [
            pool.submit(warm_resources, tmp_path_factory.mktemp(f"warm-{each.name}"), each)
            for each in here
        ]
        return {each: future.result() for each, future in zip(here, made, strict=True)}


@pytest.fixture(scope="session", params=MACHINES, ids=lambda machine: machine.name)
def house(request, tmp_path_factory):
    from skimage import data, io

    reason = request.param.reason_to_skip(*PROGRAMS)
    if reason:
        pytest.skip(reason)
    warm = request.getfixturevalue("warm")
    folder = tmp_path_factory.mktemp(f"krita-{request.param.name}")
    io.imsave(folder / "photo.png", data.rocket(), check_contrast=False)
    house = House(new_room(folder, request.param, warm[request.param]))
    HOUSES.append(house)
    yield house
    house.leave()


@pytest.fixture
def krita(house):
    """The Krita of this machine, with whatever the test before left open in it."""
    krita = house.krita()
    yield krita
    if krita.process.poll() != 0:  # unless the test has let it quit
        assert krita.alive, krita.last_words
        assert krita.uncaught() == []


@pytest.fixture
def document(krita):
    """Path of a photograph that has just been opened; inside Krita it is `document`."""
    picture = krita.room.folder / "photo.png"
    krita.run(OPEN, picture=str(picture))
    return picture


@pytest.fixture
def inside(krita):
    """The names of inside.py, in Krita."""
    if not krita.run('"open_photo" in globals()'):
        krita.run(Path(__file__).with_name("inside.py").read_text("utf-8"))


@pytest.fixture(scope="session")
def small_photo(house):
    """Where Krita finds 200 x 140 px of a photograph."""
    from skimage import data, io

    path = house.room.folder / "small.png"
    io.imsave(path, data.rocket()[150:290, 60:260], check_contrast=False)
    return path


@pytest.fixture
def served(house, shared_daemon):
    """Where the daemon listens that this room's Krita meets."""
    return shared_daemon.introduce(house.room.state)


@pytest.fixture
def held(house, krita, inside):
    """A daemon that Krita meets in this test, and whose jobs last as long as the test likes."""
    held = house.serve_held()
    krita.run("meet(state)", state=str(held.state))
    yield held
    held.release()
    if krita.alive:
        krita.run("meet(state)", state=str(house.room.state))


@pytest.fixture
def daemon(served):
    """What the room's daemon is asked with."""
    return Client(served)
