"""A test of a real editor runs where the editor is, and says what is missing where it is not."""

import os
import sys

import pytest

from tests.editors.machines import HOST, Machine, Room

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="real editors are tested on Linux")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A root with one program, a link as Debian's alternatives make it; entered by root alone."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    programs = tmp_path / "usr" / "bin"
    programs.mkdir(parents=True)
    (programs / "import").symlink_to("/etc/alternatives/only-inside")
    return Machine("debian99", tmp_path)


def test_program_that_is_a_link_into_the_root_is_there(root):
    assert root.reason_to_skip("import") == ""


def test_missing_program_is_named_with_its_machine_and_what_brings_it(root):
    reason = root.reason_to_skip("import", "krita")

    for word in ("krita", "debian99", str(root.root), ".ci/debian13"):
        assert word in reason


def test_only_root_enters_a_root(root, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert "only root" in root.reason_to_skip("import")
    assert HOST.reason_to_skip("sh") == ""


def test_room_is_all_that_a_program_knows_of_the_world(tmp_path, monkeypatch):
    monkeypatch.setenv("OF_THIS_MACHINE", "1")
    room = Room(HOST, tmp_path)
    room.furnish()

    told = dict(line.split("=", 1) for line in room.run("env", MORE="2").stdout.splitlines())

    assert told == {**room.environment, "MORE": "2"}
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
