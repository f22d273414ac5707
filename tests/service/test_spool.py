"""The spool beside hostile neighbours and cleaners: no state of the disk is fatal for good."""

import errno
import os
import shutil
import uuid
from pathlib import Path

import pytest

from lacuna.service import own_folder
from lacuna.service.awake import AwakeClock
from lacuna.service.jobs import Jobs
from lacuna.service.own_folder import make_folder, sweep
from lacuna.service.spool import NoSpool, Spool, allocate, open_file
from lacuna.system.users import own_mark
from lacuna_wire import LacunaError
from lacuna_wire.errors import NoSpace

from .conftest import request
from .test_parts import SETTINGS, NoWorker, forecast


@pytest.fixture
def places(tmp_path):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    return folders


def out_of_descriptors(*_arguments, **_names):
    raise OSError(errno.EMFILE, "Too many open files")


def test_folder_has_another_name_every_time_and_is_ours_alone(places):
    made = [make_folder(places[0]) for _ in range(5)]
    assert len({own.path for own in made}) == 5
    for own in made:
        assert own.path.stat().st_mode & 0o777 == 0o700
        os.close(own.lock)


def test_folder_that_cannot_be_locked_leaves_nothing_and_the_next_try_works(places, monkeypatch):
    spool = Spool(places[:1], 1000)
    with monkeypatch.context() as patch:
        patch.setattr(own_folder, "try_lock", out_of_descriptors)
        with pytest.raises(NoSpool, match="Too many open files"):
            spool.reserve("job", 1, 1)
        assert spool.degraded
    assert list(places[0].iterdir()) == []
    spool.reserve("job", 1, 1)
    assert not spool.degraded
    spool.close()


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EROFS, errno.EMFILE, errno.EEXIST, errno.EIO, errno.ENOSPC]
)
def test_next_place_is_taken_whatever_is_wrong_with_the_first(places, monkeypatch, number):
    def make(place):
        if place == places[0]:
            raise OSError(number, os.strerror(number))
        return make_folder(place)

    monkeypatch.setattr("lacuna.service.spool.make_folder", make)
    spool = Spool(places, 1000)

    assert spool.reserve("job", 1, 1).place == places[1]
    assert not spool.degraded
    spool.close()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EMFILE, errno.EIO, None])
async def test_file_that_cannot_be_made_in_one_place_is_made_in_the_next(
    places, monkeypatch, number
):
    def make(path, length):
        if path.is_relative_to(places[0]):
            raise NoSpace("full") if number is None else OSError(number, os.strerror(number))
        allocate(path, length)

    monkeypatch.setattr("lacuna.service.spool.allocate", make)
    spool = Spool(places, 1 << 20)
    jobs = Jobs(SETTINGS, forecast(), spool, NoWorker(), AwakeClock())
    one, _ = jobs.admit(request())
    await jobs.allocate(one)

    assert one.files.place == places[1]
    assert one.files.input.stat().st_size == one.input_bytes
    jobs.cancel_or_forget(one.id)
    assert spool.taken_bytes == 0
    spool.close()


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EIO, "Input/output error"), FileNotFoundError(2, "No such file"), MemoryError()],
    ids=repr,
)
async def test_job_whose_file_cannot_be_made_anywhere_is_undone(places, monkeypatch, error):
    def make(*_arguments):
        raise error

    monkeypatch.setattr("lacuna.service.spool.allocate", make)
    spool = Spool(places, 1 << 20)
    jobs = Jobs(SETTINGS, forecast(), spool, NoWorker(), AwakeClock())
    for _ in range(SETTINGS.max_jobs + 1):
        one, _new = jobs.admit(request())
        with pytest.raises((NoSpool, MemoryError)):
            await jobs.allocate(one)

    assert jobs.alive() == []
    assert spool.taken_bytes == 0
    spool.close()


def test_folder_that_was_removed_is_made_anew(places):
    spool = Spool(places[:1], 1000)
    for _ in range(3):
        files = spool.reserve(str(uuid.uuid4()), 1, 1)
        allocate(files.input, 1)
        shutil.rmtree(files.input.parent)
        spool.drop(files.input)
        spool.drop(files.output)
    descriptors = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for _ in range(3):
        shutil.rmtree(spool.reserve(str(uuid.uuid4()), 1, 1).input.parent)
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) == descriptors  # no lock is left behind
    spool.close()


def test_folder_whose_lock_was_removed_keeps_its_files_until_the_end(places):
    """Another daemon that starts may sweep it away by then, so nothing new goes there."""
    spool = Spool(places[:1], 1000)
    before = spool.reserve("before", 1, 1)
    allocate(before.input, 1)
    (before.input.parent / "lock").unlink()
    after = spool.reserve("after", 1, 1)

    assert after.input.parent != before.input.parent
    assert before.input.exists()
    spool.close()
    assert list(places[0].iterdir()) == []


def test_sweep_removes_what_older_daemons_left_half_made_and_passes_by_what_it_cannot(places):
    user = own_mark()
    half_made = places[0] / f".lacuna-{user}-0123456789abcdef"
    half_made.mkdir()
    odd = places[0] / f"lacuna-{user}-odd"
    odd.mkdir()
    (odd / "lock").mkdir()  # cannot be opened as a file
    dead = places[0] / f"lacuna-{user}-zzz"
    dead.mkdir()

    sweep(places[0])

    assert not half_made.exists()
    assert not dead.exists()
    sweep(places[0] / "missing")


def test_sweep_beside_a_daemon_that_makes_its_folder_harms_neither(places, monkeypatch):
    """The sweep comes between the making of the folder and its lock."""
    lock_as_ever = own_folder.try_lock
    swept = []

    def swept_before(path):
        if not swept:
            swept.append(path.parent)
            monkeypatch.setattr(own_folder, "try_lock", lock_as_ever)
            sweep(places[0])
            assert not path.parent.exists()
        return lock_as_ever(path)

    monkeypatch.setattr(own_folder, "try_lock", swept_before)
    own = make_folder(places[0])

    assert own.is_there
    assert own.path not in swept
    os.close(own.lock)


def test_health_is_bad_without_any_place_before_a_job_is_tried(tmp_path):
    spool = Spool([tmp_path / "missing"], 1000)
    assert spool.degraded
    (tmp_path / "missing").mkdir()
    assert not spool.degraded
    spool.close()


def test_file_of_a_job_that_cannot_be_opened_is_a_sentence_and_no_link_is_followed(tmp_path):
    (tmp_path / "target").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "folder").mkdir()
    for name, code in (("missing", "pixels_lost"), ("link", "internal"), ("folder", "internal")):
        with pytest.raises(LacunaError) as caught:
            open_file(tmp_path / name, os.O_WRONLY)
        assert caught.value.code == code
    descriptor = open_file(tmp_path / "target", os.O_RDONLY)
    os.close(descriptor)
