"""What the plug-in does when the daemon does not run, cannot be started, or is of another age."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.editors.daemons import HeldDaemon, daemon_of_protocol_7, end_daemon, write_launch
from tests.service.conftest import SAFETY_S

ONE_FILL = """
image = load()
image.select_rectangle(Gimp.ChannelOps.REPLACE, 200, 150, 20, 20)
fill("one", image, image.get_layers()[0], "R'G'B'A u8")
image.delete()
report["one"]
"""


@pytest.fixture
def state(console):
    """The state folder that GIMP knows, as it is before any daemon has run."""
    folder = console.room.state
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def test_daemon_that_is_not_running_is_started(console, state):
    write_launch(state, console.room.machine)

    facts = console.run(ONE_FILL)

    assert facts["error"] is None
    assert facts["layers_more"] == 1
    end_daemon(state)


def test_daemon_killed_in_mid_job_is_started_again_and_the_fill_comes_all_the_same(console, state):
    first = HeldDaemon(console.room.folder)
    assert first.state == state
    first.hold()
    write_launch(state, console.room.machine, *first.command)

    with ThreadPoolExecutor() as pool:
        filled = pool.submit(console.run, ONE_FILL)
        first.held_job()
        first.process.kill()
        first.process.wait(SAFETY_S)
        first.release()
        facts = filled.result()

    assert facts["error"] is None
    assert facts["layers_more"] == 1
    end_daemon(state)
    first.stop()


def test_daemon_that_nobody_can_start_is_a_sentence_that_says_how(console, state):
    facts = console.run(ONE_FILL)

    assert "Run `lacuna setup` in a terminal." in facts["error"]


def test_daemon_of_another_protocol_is_named_with_both_versions(console, state):
    with daemon_of_protocol_7(state):
        facts = console.run(ONE_FILL)

    assert "9.1" in facts["error"]
    assert "protocol 7" in facts["error"]
    assert "protocol 2" in facts["error"]
