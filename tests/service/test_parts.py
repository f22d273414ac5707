"""The parts of the front that can be looked at alone: states, spool, patience, log, supervision."""

import asyncio
import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from lacuna.service.app import EXIT_BROKEN, make_app, stop_if_broken
from lacuna.service.auth import CALLER, Caller
from lacuna.service.awake import AwakeClock
from lacuna.service.forecast import Forecast, JobPlan
from lacuna.service.handlers import FIRST_STATUS_KEYS, status_fields
from lacuna.service.job import NEXT_STATES, Job
from lacuna.service.jobs import Jobs
from lacuna.service.keys import JOBS, STOP, Stop
from lacuna.service.logs import BAD_REQUESTS_PER_MINUTE, OneLine
from lacuna.service.patience import Patience
from lacuna.service.settings import DaemonSettings
from lacuna.service.spool import Spool, SpoolFiles, allocate, sweep
from lacuna.service.supervisor import Supervisor
from lacuna_wire import LacunaError, Rect
from lacuna_wire.errors import Conflict, NoSpace, WorkerUnavailable
from lacuna_wire.messages import ENDED, STATES, UNKNOWN_KEYS, Progress
from lacuna_wire.signing import SessionKeys

from .conftest import request

SETTINGS = DaemonSettings(token="t", key="k", instance="i")


def job() -> Job:
    return Job(request(), JobPlan(Rect(24, 14, 52, 42), 4), SpoolFiles(Path("in"), Path("out")))


def forecast() -> Forecast:
    return Forecast(SETTINGS, lambda asked: JobPlan(asked.selection, 1))


def test_every_state_is_in_the_table_and_only_ends_are_final():
    assert set(NEXT_STATES) == set(STATES)
    assert {state for state, after in NEXT_STATES.items() if not after} == set(ENDED)


@given(st.lists(st.sampled_from(STATES), max_size=8))
def test_job_ends_at_most_once_whatever_is_tried(attempts):
    one = job()
    ends = 0
    for state in attempts:
        allowed = state in NEXT_STATES[one.state]
        before = one.revision
        if allowed:
            one.move(state)
            ends += state in ENDED
            assert one.revision == before + 1
        else:
            with pytest.raises(AssertionError):
                one.move(state)
            assert one.revision == before

    assert ends == one.ended


class NoWorker:
    """Notes which jobs it should leave."""

    alive = False

    def __init__(self) -> None:
        self.cancelled = []

    def require(self) -> None:
        pass

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)


@given(
    st.lists(st.sampled_from(["fail", "cancel", "close", "clock", "upload", "break"]), max_size=12)
)
def test_jobs_end_once_and_keep_no_pixels_whatever_happens(tmp_path_factory, actions):
    """Every action on every state of a job; its end is logged once, and its files are gone."""
    place = tmp_path_factory.mktemp("spool")
    spool = Spool([place], 1 << 20)
    jobs = Jobs(SETTINGS, forecast(), spool, NoWorker(), AwakeClock())
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("lacuna.jobs")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        one, _ = jobs.admit(request())
        asyncio.run(jobs.allocate(one))
        for action in actions:
            if action == "fail":
                jobs.end(one, "failed", LacunaError("x"))
            elif action == "cancel":
                jobs.cancel_or_forget(one.id)
            elif action == "close":
                jobs.close()
            elif action == "clock":
                one.last_seen = time.monotonic() - 31
                jobs.look_at_clocks(time.monotonic())
            elif one.state == "created":
                upload(jobs, one, breaks=action == "break")
            assert jobs.alive() == ([] if one.ended else [one])
        assert len(lines) == one.ended
        assert one.ended == (not list(place.rglob("*.in")))
    finally:
        logger.removeHandler(handler)
        spool.close()


def upload(jobs: Jobs, one: Job, breaks: bool) -> None:
    if not breaks:
        with jobs.uploading(one):
            pass
        return
    with pytest.raises(asyncio.CancelledError), jobs.uploading(one):
        raise asyncio.CancelledError  # what the library does when the client is gone


async def test_disk_that_others_fill_at_this_moment_is_no_space_and_leaves_no_job(
    place, monkeypatch
):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    spool = Spool([place], 1 << 20)
    jobs = Jobs(SETTINGS, forecast(), spool, NoWorker(), AwakeClock())
    one, _ = jobs.admit(request())
    with pytest.raises(NoSpace):
        await jobs.allocate(one)

    assert jobs.alive() == []
    assert spool.taken_bytes == 0
    spool.close()


async def test_job_cancelled_while_its_file_is_made_leaves_none(place):
    spool = Spool([place], 1 << 20)
    jobs = Jobs(SETTINGS, forecast(), spool, NoWorker(), AwakeClock())
    one, _ = jobs.admit(request())
    making = asyncio.create_task(jobs.allocate(one))
    await asyncio.sleep(0)
    with pytest.raises(Conflict, match="being uploaded"), jobs.uploading(one):
        pass
    jobs.cancel_or_forget(one.id)
    await making

    assert not list(place.rglob("*.in"))
    spool.close()


async def test_broken_supervisor_ends_the_daemon(tmp_path, caplog):
    """A front whose supervisor is gone would take jobs that nobody does."""
    app = make_app(SETTINGS, lambda asked: JobPlan(asked.selection, 1), ["no"], [tmp_path])

    async def broken():
        raise ZeroDivisionError("the supervisor has a bug")

    app[JOBS].work = broken
    app.freeze()
    await app.startup()
    async with asyncio.timeout(5):
        await app[STOP].requested.wait()
    await app.shutdown()
    await app.cleanup()

    assert app[STOP].exit_code == EXIT_BROKEN
    assert "the supervisor has a bug" in caplog.text


async def test_supervisor_that_returns_ends_the_daemon_too():
    stop = Stop()
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    stop_if_broken(stop, task)

    assert stop.exit_code == EXIT_BROKEN


class Unkillable:
    """A process that hangs in the kernel, where no signal reaches it."""

    pid, returncode = 12345, None
    stdin = SimpleNamespace(close=lambda: None, write=lambda _: None)

    def kill(self) -> None:
        pass

    async def wait(self) -> None:
        await asyncio.Event().wait()


async def test_worker_that_cannot_be_ended_gets_no_orders_and_no_company(monkeypatch):
    monkeypatch.setattr("lacuna.service.supervisor.REAP_S", 0.05)
    supervisor = Supervisor(
        ["/no-such-program"], replace(SETTINGS, worker_pause_s=0.3), AwakeClock()
    )
    supervisor._process = Unkillable()
    await supervisor._reap(supervisor._process, 0)

    assert supervisor.degraded
    assert not supervisor.alive
    with pytest.raises(WorkerUnavailable, match=r"12345 cannot be ended\. Its device may be lost"):
        await supervisor.fill({"id": "x"}, time.monotonic() + 10, lambda *_: None)
    await asyncio.sleep(0.3)
    supervisor.require()  # by now the driver may have let go


def test_patience_grows_with_the_jobs_own_tiles():
    now = [100.0]
    patience = Patience(SETTINGS, now[0] + SETTINGS.job_deadline_s, lambda: now[0])
    assert patience.limit_s() == (SETTINGS.first_tile_s, False)
    for tile in range(1, 6):
        now[0] += 7.0
        patience.note(Progress("filling", tile, 10))

    assert patience.limit_s() == (70.0, False)  # ten tiles of 7 s, more than 30 s
    now[0] = 100.0 + SETTINGS.job_deadline_s - 5
    assert patience.limit_s() == (5.0, True)


@pytest.mark.parametrize(
    ("headers", "keys", "told"),
    [
        (dict([UNKNOWN_KEYS]), None, True),
        ({}, None, False),
        ({UNKNOWN_KEYS[0]: "refused"}, None, False),
        ({}, SessionKeys("", b"", b""), True),
    ],
)
def test_key_that_0_1_0_did_not_have_is_told_to_clients_that_ignore_it(headers, keys, told):
    status = job().status(0, None)
    newer = SimpleNamespace(as_dict=lambda: {**status.as_dict(), "later": 1})
    request = make_mocked_request("GET", "/", headers=headers)
    request[CALLER] = Caller(keys)

    fields = status_fields(request, newer)

    assert ("later" in fields) == told
    known = status.as_dict()
    assert {key: fields[key] for key in FIRST_STATUS_KEYS} == {
        key: known[key] for key in FIRST_STATUS_KEYS
    }


def test_every_field_of_a_progress_reaches_the_status():
    one = job()
    one.move("queued")
    one.move("running")
    one.report(Progress("filling", 1, 4, 25.0))
    status = one.status(0, None)

    assert {name: getattr(status, name) for name in Progress._fields} == one.progress._asdict()


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def test_files_are_allocated_not_sparse(place):
    spool = Spool([place], 1 << 30)
    files = spool.reserve("job", 5_000_000, 0)
    allocate(files.input, 5_000_000)

    assert files.input.stat().st_size == 5_000_000
    assert files.input.stat().st_blocks * 512 >= 5_000_000
    spool.close()
    assert list(place.iterdir()) == []


def test_room_is_given_back_when_files_are_dropped(place):
    spool = Spool([place], 1000)
    files = spool.reserve("job", 600, 400)
    assert spool.taken_bytes == 1000
    with pytest.raises(NoSpace):
        spool.reserve("other", 1, 0)
    spool.drop(files.input)
    spool.drop(files.input)
    assert spool.taken_bytes == 400
    spool.reserve("other", 600, 0)
    spool.close()


def test_small_place_is_left_out_and_the_next_one_taken(place, tmp_path, monkeypatch):
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    free = {tiny: 1000, place: 1_000_000}

    def disk_usage(path):
        if path not in free:
            raise FileNotFoundError(2, "No such file or directory", path)
        return SimpleNamespace(free=free[path])

    monkeypatch.setattr("shutil.disk_usage", disk_usage)
    spool = Spool([tmp_path / "missing", tiny, place], 1 << 30)

    assert spool.reserve("small", 100, 100).input.is_relative_to(tiny)
    assert spool.reserve("large", 10_000, 0).input.is_relative_to(place)
    with pytest.raises(NoSpace, match=r"900,000 bytes"):
        spool.reserve("huge", 900_000, 0)
    spool.close()


def test_full_disk_is_no_space_and_leaves_no_file(place, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(NoSpace, match="1,234 bytes"):
        allocate(place / "file", 1234)

    assert list(place.iterdir()) == []


def test_file_that_exists_is_never_taken_over(place):
    (place / "file").write_text("precious")
    with pytest.raises(FileExistsError):
        allocate(place / "file", 10)

    assert (place / "file").read_text() == "precious"


def test_sweep_removes_only_our_own_dead_folders(place, tmp_path):
    user = os.geteuid()
    dead = place / f"lacuna-{user}-dead"
    stranger = place / "lacuna-data"
    target = tmp_path / "precious"
    for folder in (dead, stranger, target):
        folder.mkdir()
        (folder / "file").write_text("x")
    (place / f"lacuna-{user}-link").symlink_to(target)
    alive = Spool([place], 1000)
    files = alive.reserve("job", 10, 0)
    allocate(files.input, 10)

    sweep(place)

    assert not dead.exists()
    assert (stranger / "file").exists()
    assert (target / "file").exists()
    assert files.input.exists()
    alive.close()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")
def test_sweep_leaves_the_folders_of_other_users(place):
    folder = place / f"lacuna-{os.geteuid()}-planted"
    folder.mkdir()
    os.chown(folder, 12345, -1)

    sweep(place)

    assert folder.exists()


def test_bad_requests_are_short_and_few_in_the_log():
    only = OneLine()
    passed = []
    for _ in range(100):
        record = logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "bad request", (), None)
        record.exc_info = (ValueError, ValueError("x" * 1000), None)
        passed += [record] if only.filter(record) else []

    assert len(passed) == BAD_REQUESTS_PER_MINUTE
    assert passed[0].getMessage() == "bad request (ValueError)"
    assert passed[0].exc_info is None
