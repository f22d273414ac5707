"""Processes that are killed again and again: how soon it is noticed, and that no job is lost."""

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from lacuna_wire import Rect
from lacuna_wire.errors import QueueFull
from tests.service.conftest import ENDED_LINE, eventually, runs
from tests.service.talk import Upload

MIB = 1 << 20
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@contextmanager
def killing(daemon, every_s):
    """Kill -9 the worker every so often while the block runs; gives the list of the killed."""
    done, killed = threading.Event(), []

    def kill():
        while not done.wait(every_s):
            alive = [pid for pid in daemon.worker_pids if runs(pid)]
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        done.set()
        thread.join()


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def submit(daemon, **changes):
    """Submit as a patient client does."""
    while True:
        try:
            return daemon.run(**changes)
        except QueueFull:
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("jobs", "every_s"),
    [(40, 0.4), pytest.param(1000, 2.0, marks=[pytest.mark.long, pytest.mark.timeout(900)])],
)
def test_no_job_is_lost_or_ended_twice_while_workers_are_killed(start, figure, jobs, every_s):
    daemon = start("--tile-s", "0.01")

    def warm_up():  # a front with a worker has a few descriptors more than one without
        ticket, _ = daemon.run()
        daemon.wait(ticket)
        daemon.client.forget(ticket.id)

    warm_up()
    before = descriptors(daemon.process.pid)

    def one(number):
        side = random.Random(number).randint(60, 600)
        ticket, _ = submit(daemon, width=side, height=side, selection=Rect(20, 20, 20, 20))
        end = daemon.wait(ticket)
        daemon.client.forget(ticket.id)
        return ticket.id, end.state, end.error.code if end.error else None

    with killing(daemon, every_s) as killed, ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(one, range(jobs)))

    told = Counter((state, code) for _, state, code in ends)
    logged = Counter(ENDED_LINE.findall(daemon.log))
    assert set(told) <= {("done", None), ("failed", "worker_died")}
    name = f"{jobs} jobs, worker killed every {every_s:g} s"
    figure("L10", f"{name}: kills", len(killed), "", at_least=2)
    figure("L10", f"{name}: ends that clients were told", len(ends), "", jobs, jobs)
    figure("L10", f"{name}: done", told["done", None], "")
    figure("L10", f"{name}: failed, `worker_died`", told["failed", "worker_died"], "", len(killed))
    figure("L10", f"{name}: lost", sum(logged[one] == 0 for one, *_ in ends), "", 0)
    figure("L10", f"{name}: ended twice", sum(logged[one] > 1 for one, *_ in ends), "", 0)
    warm_up()
    eventually(lambda: abs(descriptors(daemon.process.pid) - before) <= 2)
    figure("L10", f"{name}: descriptors more", descriptors(daemon.process.pid) - before, "", 2)
    figure("L10", f"{name}: files in the spool", len(daemon.spooled), "", 0)
    assert daemon.client.status()["spool_bytes"] == 0


@pytest.mark.long
@pytest.mark.timeout(4000)
def test_soak(start, figure):
    """Random sizes and a kill a minute, for as many minutes as LACUNA_SOAK_MIN says (5)."""
    minutes = float(os.environ.get("LACUNA_SOAK_MIN", "5"))
    daemon = start("--tile-s", "0.01")
    front = psutil.Process(daemon.process.pid)
    until, memory, ends = time.monotonic() + 60 * minutes, [], Counter()

    def client(number):
        dice = random.Random(number)
        while time.monotonic() < until:
            width, height = dice.randint(60, 3000), dice.randint(60, 3000)
            hole = Rect(20, 20, min(width, 800) - 30, min(height, 800) - 30)
            ticket, _ = submit(daemon, width=width, height=height, selection=hole)
            if dice.random() < 0.1:
                daemon.client.cancel(ticket.id)
            ends[daemon.wait(ticket).state] += 1
            daemon.client.forget(ticket.id)
            memory.append((time.monotonic(), front.memory_info().rss / MIB))

    with killing(daemon, 60.0) as killed, ThreadPoolExecutor(3) as pool:
        list(pool.map(client, range(3)))

    logged = Counter(ENDED_LINE.findall(daemon.log))
    warm = memory[len(memory) // 4 :]
    name = f"{minutes:g} min, sizes up to 3,000 px, a kill a minute"
    figure("L10", f"{name}: jobs", sum(ends.values()), "", at_least=20)
    figure("L10", f"{name}: ended twice", sum(count > 1 for count in logged.values()), "", 0)
    figure("L10", f"{name}: not done", ends["failed"], "", len(killed))
    figure("L10", f"{name}: growth of the front after warming up", warm[-1][1] - warm[0][1], "MiB")
    eventually(lambda: not daemon.spooled)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["hang", "gil"])
def test_hanging_tile_is_killed_at_its_limit(start, figure, kind):
    daemon = start(first_tile_s=10.0, stall_s=2.0)
    ticket, _ = daemon.run(fault=f"tile.2.{kind}")
    eventually(lambda: daemon.status(ticket).tiles_done == 1)
    begun = time.time()
    (pid,) = daemon.worker_pids
    eventually(lambda: not runs(pid))
    took_s = time.time() - begun
    what = "in a C function that keeps the interpreter" if kind == "gil" else "in Python"
    figure("F5", f"tile hangs {what}, limit 2 s: worker gone after", took_s, "s", 3.0)
    assert daemon.wait(ticket).error.code == "stalled"


@pytest.mark.long
def test_killed_worker_is_noticed_and_replaced_in_time(start, figure):
    daemon = start("--tile-s", "0.2")
    noticed_s, next_s = [], []
    for _ in range(5):
        ticket, _ = daemon.run()
        eventually(lambda ticket=ticket: daemon.status(ticket).tiles_done)
        begun = time.monotonic()
        os.kill(daemon.worker_pids[-1], signal.SIGKILL)
        assert daemon.wait(ticket).error.code == "worker_died"
        noticed_s.append(time.monotonic() - begun)
        ticket, _ = daemon.run()
        eventually(lambda ticket=ticket: daemon.status(ticket).tiles_done)
        next_s.append(time.monotonic() - begun)
        daemon.wait(ticket)
    figure("F1", "worker killed in mid tile: client told, slowest of 5", max(noticed_s), "s", 1.0)
    figure("F1", "first tile of the next job, slowest of 5", max(next_s), "s", 5.0)


@pytest.mark.long
def test_cancel_is_answered_in_time(start, figure):
    daemon = start("--tile-s", "0.05", "--tiles", "200")
    (running, _), (queued, _) = daemon.run(), daemon.run()
    eventually(lambda: daemon.status(running).tiles_done)
    for ticket, what, most_s in ((queued, "queued", 0.1), (running, "running", 2.0)):
        begun = time.monotonic()
        assert daemon.client.cancel(ticket.id).state == "cancelled"
        figure("F15", f"cancel of a {what} job: told after", time.monotonic() - begun, "s", most_s)


@pytest.mark.long
def test_killed_daemon_takes_its_worker_along_in_time(start, figure):
    gone_s, left = [], 0
    for _ in range(3):
        daemon = start("--tile-s", "0.2", "--tiles", "100")
        ticket, _ = daemon.run(fault="tile.2.gil")
        eventually(lambda daemon=daemon, ticket=ticket: daemon.status(ticket).tiles_done)
        begun = time.monotonic()
        daemon.process.kill()
        eventually(lambda daemon=daemon: not any(runs(pid) for pid in daemon.worker_pids))
        gone_s.append(time.monotonic() - begun)
        daemon.process.wait()
        assert daemon.spooled
        (daemon.state / "endpoint.json").unlink()
        daemon.process.stderr.close()
        daemon.process = daemon.spawn()
        daemon.wait_for_endpoint()
        left += len(daemon.spooled)
    figure("F11", "files that the next daemon leaves of its spool", left, "", 0)
    figure("F11", "daemon killed: worker gone, slowest of 3", max(gone_s), "s", 1.0)


@pytest.mark.long
@pytest.mark.parametrize("fault", ["", "tile.2.gil"], ids=["working", "hanging"])
def test_terminated_daemon_ends_in_time(start, figure, fault):
    daemon = start("--tile-s", "0.2", "--tiles", "100")
    ticket, _ = daemon.run(fault=fault)
    eventually(lambda: daemon.status(ticket).tiles_done)
    begun = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(20) == 0
    doing = "hangs" if fault else "works"
    figure("F12", f"SIGTERM while a tile {doing}: exit 0 after", time.monotonic() - begun, "s", 5.0)
    left = [*daemon.place.iterdir(), *daemon.state.glob("endpoint.json")]
    left += [pid for pid in daemon.worker_pids if runs(pid)]
    figure("F12", f"the same, tile {doing}: processes and files left", len(left), "", 0)


@pytest.mark.long
def test_upload_that_breaks_off_is_noticed_in_time(start, figure):
    daemon = start()
    ticket = daemon.submit()
    with Upload(daemon, ticket) as upload:
        upload.body(b"x")
        eventually(lambda: daemon.status(ticket).phase == "uploading")
        time.sleep(0.1)
    begun = time.monotonic()
    eventually(lambda: daemon.status(ticket).ended)
    figure("F13", "client gone in mid upload: job ended after", time.monotonic() - begun, "s", 2.0)
    assert not daemon.spooled
