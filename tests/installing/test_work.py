"""What an editor shows and lets be clicked, from nothing to an engine and back."""

import pytest

from lacuna_wire.endpoint import is_startable, launch_file, write_launch
from lacuna_wire.engine_install import words
from lacuna_wire.engine_install import work as works
from lacuna_wire.engine_install.places import installed_engine
from lacuna_wire.engine_install.work import CHOICES, EngineWork, can_offer
from tests.fakes.wheels import make_engine_wheel
from tests.installing.conftest import all_below
from tests.service.conftest import eventually

ALONE = "--yes --no-krita --no-gimp"


@pytest.fixture
def work(home, carried, own_python, monkeypatch):
    from lacuna_wire.engine_install import offer

    monkeypatch.setattr(offer, "find_maker", lambda: own_python)
    monkeypatch.setenv("LACUNA_TEST_LAUNCH", '{"command": ["/bin/true"]}')
    return EngineWork()


def until_done(work):
    eventually(lambda: not work.state.is_busy, 120)
    return work.state


def click(work, choice):
    assert choice in work.state.choices
    work.do(choice)
    return until_done(work)


def test_engine_is_offered_installed_and_removed(work, home, asked):
    assert can_offer()
    work.look(shown=False)
    assert until_done(work).kind == "offered"
    assert all_below(home) == set()

    assert click(work, "install").text == words.INSTALLED
    assert work.installed == 1
    assert is_startable()
    assert not can_offer()

    assert click(work, "ask").kind == "asking"
    assert "~/.local/share/lacuna/engine/0.1.0-" in work.state.text
    assert click(work, "keep").kind == "installed"
    click(work, "ask")
    assert click(work, "remove").kind == "removed"
    assert installed_engine() is None
    assert asked() == [f"0.1.0 setup {ALONE}", f"0.1.0 uninstall {ALONE}"]
    assert click(work, "again").kind == "offered"


def test_newer_wheel_is_offered_as_an_update(work, home, carried, asked):
    work.look()
    until_done(work)
    click(work, "install")
    carried.unlink()
    make_engine_wheel(carried.parent, "0.2.0")

    work.do("close")
    work.look(shown=False)
    state = until_done(work)
    assert state.kind == "outdated"
    assert "0.1.0 is older than this plug-in, 0.2.0" in state.text

    click(work, "update")
    assert installed_engine().version == "0.2.0"
    work.do("close")
    work.look(shown=False)
    assert until_done(work).kind == "nothing"


def test_engine_whose_python_is_gone_is_offered_anew(work, home, asked):
    """As after an update of the system."""
    work.look()
    until_done(work)
    click(work, "install")
    gone = installed_engine()
    gone.python.unlink()
    write_launch([str(gone.python), "-m", "lacuna", "serve"])
    work.do("close")

    assert can_offer()
    work.look(shown=False)
    assert until_done(work).kind == "offered"
    click(work, "install")
    assert installed_engine().folder != gone.folder
    assert not gone.folder.exists()


def test_failure_can_be_looked_at_again(work, monkeypatch):
    monkeypatch.setenv("LACUNA_TEST_SETUP", "fails")
    work.look()
    until_done(work)

    state = click(work, "install")
    assert state.kind == "failed"
    assert "It does not answer" in state.text
    monkeypatch.delenv("LACUNA_TEST_SETUP")
    assert click(work, "again").kind == "offered"
    assert click(work, "install").kind == "installed"


def test_editor_that_quits_waits_until_nothing_is_left(work, home, asked, monkeypatch):
    monkeypatch.setenv("LACUNA_TEST_SETUP", "hangs")
    work.look()
    until_done(work)
    work.do("install")
    eventually(asked, 120)

    work.quit(60)

    assert work.state.kind == "cancelled"
    assert all_below(home) == set()


def test_bug_is_told_and_ends_nothing(work, monkeypatch, capsys):
    monkeypatch.setattr(works, "make_offer", lambda _wheel: 1 / 0)
    work.look()

    assert until_done(work).kind == "failed"
    assert "ZeroDivisionError" in work.state.text


def test_what_is_not_offered_cannot_be_clicked(work):
    work.do("install")
    work.do("remove")

    assert work.state.kind == "nothing"


def test_every_choice_is_a_button():
    assert {choice for choices in CHOICES.values() for choice in choices} == set(words.BUTTONS)


def test_daemon_with_a_damaged_record_is_not_taken_for_a_missing_one(home, carried):
    launch_file().parent.mkdir(mode=0o700, parents=True)
    launch_file().write_text("{")
    launch_file().chmod(0o600)

    assert not can_offer(), "its own sentence says more"
