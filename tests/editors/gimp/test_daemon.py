"""What the plug-in does when the daemon does not run, cannot be started, or is of another age."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.editors.daemons import client_of, daemon_of_protocol_7, end_daemon, write_launch
from tests.editors.machines import start_daemon
from tests.service.conftest import SAFETY_S, eventually


@pytest.fixture
def state(room, tmp_path):
    """A state folder of its own, which GIMP sees too."""
    folder = room.folder / tmp_path.name
    folder.mkdir(mode=0o700)
    return folder


def one_fill(room, state, script="one_fill.py"):
    room.gimp(script, LACUNA_STATE_DIR=str(state))
    return json.loads((room.folder / "report.json").read_text())["one"]


def test_daemon_that_does_not_run_is_started(room, state):
    write_launch(state, room.machine)

    facts = one_fill(room, state)

    assert facts["error"] is None
    assert facts["layers_more"] == 1
    end_daemon(state)


def test_daemon_killed_in_mid_job_is_started_again_and_the_fill_comes_all_the_same(room, state):
    first = start_daemon(room, state)
    write_launch(state, room.machine)
    client = client_of(state)

    with ThreadPoolExecutor() as pool:
        filled = pool.submit(one_fill, room, state, "long_fill.py")
        eventually(lambda: any(job["state"] == "running" for job in client.status()["jobs"]))
        first.kill()
        first.wait(SAFETY_S)
        facts = filled.result()

    assert facts["error"] is None
    assert facts["layers_more"] == 1
    end_daemon(state)


def test_daemon_that_nobody_can_start_is_a_sentence_that_says_how(room, state):
    facts = one_fill(room, state)

    assert "Start it once with `lacuna serve`" in facts["error"]


def test_daemon_of_another_protocol_is_named_with_both_versions(room, state):
    with daemon_of_protocol_7(state):
        facts = one_fill(room, state)

    assert "9.1" in facts["error"]
    assert "protocol 7" in facts["error"]
    assert "protocol 1" in facts["error"]
