"""State that cannot be written and state that cannot be read are told apart, in sentences."""

import errno
import os

import pytest

from lacuna_wire import LacunaError
from lacuna_wire.private_files import private_folder, read_private, write_private


def refusal_of(act, *arguments):
    with pytest.raises(LacunaError) as refusal:
        act(*arguments)
    assert str(refusal.value).endswith(".")
    return refusal.value


@pytest.fixture
def file(tmp_path):
    (tmp_path / "file").write_text("x")
    return tmp_path / "file"


def test_folder_that_cannot_be_made_is_not_writable(file):
    for act in (private_folder, lambda folder: write_private(folder / "state.json", {})):
        refusal = refusal_of(act, file / "folder")
        assert (refusal.code, str(file) in str(refusal)) == ("not_writable", True)


def test_file_that_cannot_be_written_is_not_writable_and_stays(tmp_path, monkeypatch):
    path = tmp_path / "state" / "state.json"
    write_private(path, {"a": 1})

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refusal = refusal_of(write_private, path, {"a": 2})

    assert refusal.code == "not_writable"
    assert str(refusal) == f"{path} cannot be written: No space left on device."
    assert read_private(path) == {"a": 1}
    assert os.listdir(path.parent) == ["state.json"]


def test_file_that_cannot_be_opened_is_not_readable(file):
    refusal = refusal_of(read_private, file / "state.json")

    assert refusal.code == "not_readable"
    assert str(refusal) == f"{file / 'state.json'} cannot be read: Not a directory."


def test_file_that_is_not_json_is_damaged(tmp_path):
    for content in ("", "[1]", "{", '"text"'):
        (tmp_path / "state.json").write_text(content)
        (tmp_path / "state.json").chmod(0o600)
        assert refusal_of(read_private, tmp_path / "state.json").code == "damaged_file"
