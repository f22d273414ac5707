"""What the plug-in does when the daemon does not run, cannot be started, dies, or is too new."""

import pytest

from lacuna_wire import sentences
from tests.editors.daemons import HeldDaemon, daemon_of_protocol_7, end_daemon, write_launch
from tests.service.conftest import SAFETY_S


@pytest.fixture
def state(krita, inside, tmp_path, small_photo):
    """A state folder of its own for this test's daemon; a photograph is open, a part selected."""
    folder = krita.room.folder / tmp_path.name / "state"
    folder.parent.mkdir()
    folder.mkdir(mode=0o700)
    krita.run("meet(state)", state=str(folder))
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run("select(80, 50, 30, 40)")
    yield folder
    krita.run("meet(state)", state=str(krita.room.state))


def test_daemon_that_is_not_running_is_started_and_krita_goes_on_meanwhile(krita, state):
    write_launch(state, krita.room.machine)
    krita.run("heart.reset()")

    facts = krita.run("fill()")

    assert facts["new"] == ["Inpaint 1"], facts
    # It takes seconds to start; what Krita may take for itself differs from machine to machine.
    assert krita.run("heart.longest_ms") < 1000
    end_daemon(state)


def test_daemon_killed_in_mid_job_is_started_again_and_the_fill_comes_all_the_same(krita, state):
    first = HeldDaemon(state.parent)
    first.hold()
    write_launch(state, krita.room.machine, *first.command)
    krita.run("click()")
    first.held_job()

    first.process.kill()
    first.process.wait(SAFETY_S)
    first.release()

    assert krita.run("ended()").startswith("Done in ")
    assert krita.run("layers()") == ["Background", "Inpaint 1"]
    end_daemon(state)
    first.stop()


def test_daemon_that_nobody_can_start_is_a_sentence_that_says_how(krita, state):
    facts = krita.run("fill()")

    assert "Run `lacuna setup` in a terminal." in facts["text"]
    assert facts["failed"]
    assert krita.run("layers()") == ["Background"]


def test_daemon_of_another_protocol_is_named_with_both_versions(krita, state):
    with daemon_of_protocol_7(state):
        facts = krita.run("fill()")

    assert facts["failed"]
    for said in ("9.1", "protocol 7", "protocol 2"):
        assert said in facts["text"]


def test_card_that_is_not_used_is_told_once_with_the_command_that_helps(krita, state):
    reason = "PyTorch 2.13.0+cpu, built for processors alone, does not use the NVIDIA RTX 4090"
    daemon = HeldDaemon(state.parent, "--device", f"CPU, 2 threads, because {reason}")
    krita.run("docker = next(d for d in krita.dockers() if d.objectName() == 'lacuna_docker')")
    krita.run("docker.show()")

    try:
        first = krita.run("fill()")
        krita.picture("unused-card")  # to be looked at
        second = krita.run("fill()")
    finally:
        daemon.stop()

    assert not first["failed"]
    done, _model, told = first["text"].split("\n")
    assert done.startswith("Done in ")
    assert told == sentences.UNUSED_CARD.format(reason)
    assert not second["failed"]
    assert reason not in second["text"]
