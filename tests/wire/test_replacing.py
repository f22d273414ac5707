"""A file is replaced in one step: the old one or the new one is there, and never anything else."""

import errno
import os
import stat

import pytest

from lacuna_wire.replacing import replaced


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old"
    path.write_bytes(b"old")
    path.chmod(0o640)
    return path


@pytest.fixture
def tiny_disk(disk_of):
    return disk_of("64k")


def replace(path, content=b"new", **options):
    with replaced(path, **options) as file:
        file.write(content)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def mode_of(path):
    return stat.S_IMODE(path.lstat().st_mode)


def failing(number):
    def fail(*_arguments):
        raise OSError(number, os.strerror(number))

    return fail


def test_new_file_is_there_when_the_block_ends_and_not_before(old):
    with replaced(old) as file:
        file.write(b"new")
        file.flush()
        assert old.read_bytes() == b"old"

    assert old.read_bytes() == b"new"
    assert names(old.parent) == ["old"]


def test_what_was_written_can_be_read_and_changed_before_it_is_there(tmp_path):
    with replaced(tmp_path / "new") as file:
        file.write(b"half")
        file.seek(0)
        assert file.read() == b"half"
        file.seek(0)
        file.write(b"w")

    assert (tmp_path / "new").read_bytes() == b"walf"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_error_in_the_block_leaves_the_old_file_and_nothing_else(old, error):
    def interrupted():
        with replaced(old) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        interrupted()

    assert (old.read_bytes(), mode_of(old), names(old.parent)) == (b"old", 0o640, ["old"])


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_error_of_the_system_leaves_the_old_file_and_nothing_else(old, monkeypatch, call, number):
    monkeypatch.setattr(os, call, failing(number))

    with pytest.raises(OSError, match=os.strerror(number)):
        replace(old, keep_link_and_mode=True)

    assert (old.read_bytes(), mode_of(old), names(old.parent)) == (b"old", 0o640, ["old"])


@pytest.mark.parametrize("size", [70_000, 10_000_000], ids=["a little too much", "far too much"])
def test_full_disk_leaves_the_old_file_and_nothing_else(tiny_disk, size):
    (tiny_disk / "old").write_bytes(b"old")

    with pytest.raises(OSError, match="No space left"):
        replace(tiny_disk / "old", bytes(size))

    assert (tiny_disk / "old").read_bytes() == b"old"
    assert names(tiny_disk) == ["old"]


def test_buffer_that_a_full_disk_refuses_twice_leaves_no_file(tiny_disk):
    """What is small stays in the buffer until the end; closing it tries to write it again."""
    (tiny_disk / "filler").write_bytes(bytes(64 << 10))

    with pytest.raises(OSError, match="No space left"):
        replace(tiny_disk / "new", b"small")

    assert names(tiny_disk) == ["filler"]


def test_content_is_on_the_disk_before_its_name_and_the_name_before_the_end(old, monkeypatch):
    calls = []
    fsync, replace_ = os.fsync, os.replace

    def watched_fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        assert is_folder or os.fstat(descriptor).st_size == len(b"new")
        calls.append("folder" if is_folder else "content")
        fsync(descriptor)

    def watched_replace(source, target):
        calls.append("name")
        replace_(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    replace(old)

    assert calls == ["content", "name", "folder"]


def test_folder_that_cannot_be_synced_is_no_error_because_the_new_file_is_there(old, monkeypatch):
    """Windows opens no folder, and some network drives sync none."""
    open_ = os.open

    def no_folders(path, *options, **more):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return open_(path, *options, **more)

    monkeypatch.setattr(os, "open", no_folders)
    replace(old)

    assert old.read_bytes() == b"new"


@pytest.mark.parametrize(("mode", "expected"), [(0o600, 0o600), (0o666, 0o640)])
def test_new_file_has_the_mode_less_the_umask(tmp_path, mode, expected):
    umask = os.umask(0o027)
    try:
        replace(tmp_path / "new", mode=mode)
    finally:
        os.umask(umask)

    assert mode_of(tmp_path / "new") == expected


def test_old_file_hands_on_its_mode_if_it_is_to_be_kept(old):
    replace(old)
    assert mode_of(old) == 0o600
    old.chmod(0o604)
    replace(old, mode=0o666, keep_link_and_mode=True)

    assert (old.read_bytes(), mode_of(old)) == (b"new", 0o604)


def test_what_was_closed_to_others_is_closed_while_it_is_written(old):
    old.chmod(0o600)

    with replaced(old, 0o666, keep_link_and_mode=True) as file:
        assert not os.fstat(file.fileno()).st_mode & 0o077


def test_link_is_replaced_and_not_followed(old, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(old)
    replace(link)

    assert not link.is_symlink()
    assert (link.read_bytes(), old.read_bytes()) == (b"new", b"old")


def test_link_that_is_to_be_kept_leads_to_the_new_file(old, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link"
    link.symlink_to(old)
    replace(link, keep_link_and_mode=True)

    assert link.is_symlink()
    assert (old.read_bytes(), mode_of(old)) == (b"new", 0o640)
    assert names(link.parent) == ["link"]


def test_name_beside_the_target_is_hidden_new_each_time_and_short(tmp_path):
    """The longest name that a file system takes leaves no room for more letters."""
    target = tmp_path / ("n" * 255)
    seen = set()
    for _ in range(3):
        with replaced(target) as file:
            (name,) = set(names(tmp_path)) - {target.name}
            assert os.path.samefile(file.name, tmp_path / name)
            seen.add(name)

    assert len(seen) == 3
    assert all(name.startswith(".") for name in seen)
