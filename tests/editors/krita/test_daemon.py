"""What the plug-in does when the daemon does not run, cannot be started, dies, or is too new."""

import pytest

from tests.editors.daemons import client_of, daemon_of_protocol_7, end_daemon, write_launch
from tests.editors.machines import start_daemon
from tests.service.conftest import SAFETY_S, eventually


@pytest.fixture
def state(krita, inside, tmp_path, small_photo):
    """A state folder of its own for this test's daemon; a photograph is open, a part selected."""
    folder = krita.room.folder / tmp_path.name
    folder.mkdir(mode=0o700)
    where = "import os; os.environ['LACUNA_STATE_DIR'] = folder"
    krita.run(where, folder=str(folder))
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run("select(80, 50, 30, 40)")
    yield folder
    krita.run(where, folder=str(krita.room.state))


def test_daemon_that_does_not_run_is_started_and_krita_goes_on_meanwhile(krita, state):
    write_launch(state, krita.room.machine)
    krita.run("heart.reset()")

    facts = krita.run("fill()")

    assert facts["new"] == ["Background inpainted"], facts
    # It takes seconds to start; what Krita may take for itself differs from machine to machine.
    assert krita.run("heart.longest_ms") < 1000
    end_daemon(state)


def test_daemon_killed_in_mid_job_is_started_again_and_the_fill_comes_all_the_same(krita, state):
    first = start_daemon(krita.room, state)
    write_launch(state, krita.room.machine)
    client = client_of(state)
    krita.run("open_photo(path)", path=str(krita.room.folder / "photo.png"))
    krita.run("select(180, 100, 280, 220); click()")
    eventually(lambda: any(job["state"] == "running" for job in client.status()["jobs"]))

    first.kill()
    first.wait(SAFETY_S)

    assert krita.run("ended()").startswith("Done in ")
    assert krita.run("layers()") == ["Background", "Background inpainted"]
    end_daemon(state)


def test_daemon_that_nobody_can_start_is_a_sentence_that_says_how(krita, state):
    facts = krita.run("fill()")

    assert "Start it once with `lacuna serve`" in facts["text"]
    assert facts["failed"]
    assert krita.run("layers()") == ["Background"]


def test_daemon_of_another_protocol_is_named_with_both_versions(krita, state):
    with daemon_of_protocol_7(state):
        facts = krita.run("fill()")

    assert facts["failed"]
    for said in ("9.1", "protocol 7", "protocol 1"):
        assert said in facts["text"]
