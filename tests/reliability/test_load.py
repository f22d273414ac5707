"""Large pictures, many clients, many jobs, no job at all: what the front needs for them."""

import json
import mmap
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from lacuna_wire import LacunaError, Options, Rect
from lacuna_wire.client import Client, inpaint
from lacuna_wire.endpoint import find_daemon
from lacuna_wire.errors import QueueFull
from tests.service.conftest import Daemon, check_ends, eventually, request, runs

MIB = 1 << 20
SIDE = 8192
BIG_BYTES = SIDE * SIDE * 4
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


PING = """
import http.client, json, sys, threading, time
from lacuna_wire.session import begin_session
from lacuna_wire.signing import authorization, sign_request
port, key, instance, path = sys.argv[1:]
ended, took_s = threading.Event(), []
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
keys = begin_session(connection, key, instance).keys
while not ended.wait(0.005):
    begun = time.perf_counter()
    counter = len(took_s) + 1
    signature = sign_request(keys.request, counter, "GET", path, {}.get)
    connection.request("GET", path, headers={"Authorization": authorization(counter, signature)})
    answer = connection.getresponse()
    answer.read()
    took_s.append(time.perf_counter() - begun)
    assert answer.status == 200
print(json.dumps(took_s))
"""


class Pings:
    """Asks for the status again and again, from a process of its own: threads share a lock."""

    def __init__(self, daemon):
        self.took_s = []
        secret = (daemon.endpoint.key, daemon.endpoint.instance)
        self._process = subprocess.Popen(
            [sys.executable, "-c", PING, str(daemon.port), *secret, "/v1/status"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.took_s = json.loads(self._process.communicate("", timeout=30)[0])

    @property
    def p99_ms(self):
        return 1000 * statistics.quantiles(self.took_s, n=100)[98]


class Memory:
    """The largest resident memory of a process while the block runs, in bytes."""

    def __init__(self, pid):
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.before = self.peak = self._process.memory_info().rss

    def _watch(self):
        while not self._done.wait(0.005):
            self.peak = max(self.peak, self._process.memory_info().rss)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._done.set()
        self._thread.join()

    @property
    def growth_mib(self):
        return (self.peak - self.before) / MIB


@pytest.fixture(scope="module")
def big():
    """256 MiB of pixels and their mask, of which the lower half is selected."""
    pixels = mmap.mmap(-1, BIG_BYTES)
    piece = os.urandom(MIB)
    for start in range(0, BIG_BYTES, MIB):
        pixels[start : start + MIB] = piece
    half = SIDE * SIDE // 2
    return memoryview(pixels), memoryview(bytes(half) + b"\xff" * half)


@pytest.fixture
def in_memory():
    """A daemon whose spool is in memory, as it is for users of Linux."""
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        daemon = Daemon(Path(folder), [], {})
        yield daemon
        daemon.stop()
        check_ends(daemon)


def round_trip(daemon, big):
    """Send the picture, fetch it back, and return the seconds it took."""
    whole = Rect(0, 0, SIDE, SIDE)
    begun = time.perf_counter()
    rect, result, *_more = inpaint(
        daemon.client,
        request(width=SIDE, height=SIDE, selection=whole),
        lambda _window: big,
        lambda _status: None,
        lambda: False,
    )
    took_s = time.perf_counter() - begun
    assert rect == whole
    half = BIG_BYTES // 2
    assert memoryview(result)[:half] == big[0][:half]
    flipped = bytes(byte ^ 255 for byte in big[0][:MIB])
    assert all(result[at : at + MIB] == flipped for at in range(half, BIG_BYTES, 16 * MIB))
    return took_s


def test_large_picture_comes_back_bit_for_bit_and_is_never_held_by_the_front(
    in_memory, big, figure
):
    daemon = in_memory
    with Memory(daemon.process.pid) as front, Pings(daemon) as pings:
        round_trip(daemon, big)

    figure("L2", "growth of the front over a 256 MiB job", front.growth_mib, "MiB", 64)
    figure("L3", "p99 of /v1/status meanwhile, first job", pings.p99_ms, "ms")
    eventually(lambda: not daemon.spooled)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_large_picture_in_seconds(in_memory, big, figure):
    daemon = in_memory
    round_trip(daemon, big)
    took_s = [round_trip(daemon, big) for _ in range(5)]
    figure("L1", "256 MiB there and back, warm, median of 5", statistics.median(took_s), "s", 2.0)
    with Memory(daemon.process.pid) as front:
        for _ in range(5):
            round_trip(daemon, big)
    figure("L2", "growth of the front over five 256 MiB jobs", front.growth_mib, "MiB", 64)
    took_s = []
    for _ in range(10):
        ticket = daemon.submit(width=SIDE, height=SIDE, selection=Rect(0, 0, SIDE, SIDE))
        with Pings(daemon) as pings:
            time.sleep(0.2)  # until they come
            daemon.client.upload(ticket.id, big, ticket.input_bytes)
        took_s += pings.took_s
        daemon.client.cancel(ticket.id)
        daemon.client.forget(ticket.id)
    p99_s = statistics.quantiles(took_s, n=100)[98]
    figure("L3", "p99 of /v1/status while 320 MiB are uploaded", 1000 * p99_s, "ms", 50)
    figure("L3", "slowest /v1/status meanwhile", 1000 * max(took_s), "ms", 250)


def test_many_clients_at_once_get_four_places_and_all_of_these_end(start):
    daemon = start("--tile-s", "0.02")

    def one(_number):
        try:
            ticket, _ = daemon.run()
        except QueueFull:
            return "queue_full"
        return daemon.wait(ticket).state

    with ThreadPoolExecutor(32) as pool:
        ends = list(pool.map(one, range(32)))

    assert set(ends) == {"done", "queue_full"}
    assert ends.count("done") >= 4


@linux
@pytest.mark.parametrize(
    ("seconds", "requests_per_s", "p99_ms"),
    [(2, 200, 1000), pytest.param(30, 2000, 50, marks=pytest.mark.long)],
    ids=["a little", "half a minute"],
)
def test_keep_alive_connections_are_served_without_errors(
    start, program, figure, tmp_path, seconds, requests_per_s, p99_ms
):
    wrk = program("wrk")
    daemon = start()
    (tmp_path / "errors.lua").write_text(
        "done = function(summary, latency)\n"
        "  local e = summary.errors\n"
        '  print(string.format("%d %d %d", summary.requests * 1e6 / summary.duration,'
        " e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(99)))\nend\n"
    )
    url = f"http://127.0.0.1:{daemon.port}/v1/health"
    said = subprocess.run(
        [wrk, "-t2", "-c64", f"-d{seconds}s", "-s", str(tmp_path / "errors.lua"), url],
        capture_output=True, text=True, check=True, timeout=90,
    ).stdout  # fmt: skip
    rate, errors, p99_us = map(int, said.split()[-3:])

    figure("L5", f"64 connections, {seconds} s of /v1/health: errors", errors, "", 0)
    figure("L5", f"64 connections, {seconds} s", rate, "requests/s", at_least=requests_per_s)
    figure("L5", f"64 connections, {seconds} s: p99", p99_us / 1000, "ms", p99_ms)


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@linux
@pytest.mark.parametrize(
    "jobs", [40, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)
def test_many_jobs_leave_memory_descriptors_and_spool_as_they_were(start, figure, jobs):
    daemon = start()

    def one(_number):
        ticket, _ = daemon.run(width=512, height=512, selection=Rect(200, 200, 100, 100))
        state = daemon.wait(ticket).state
        daemon.client.result(ticket.id)
        daemon.client.forget(ticket.id)
        return state

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(20)))  # warm
        front, worker = (psutil.Process(p) for p in (daemon.process.pid, daemon.worker_pids[-1]))
        eventually(lambda: not daemon.client.status()["jobs"])
        before = front.memory_info().rss, worker.memory_info().rss, descriptors(front.pid)
        states = list(pool.map(one, range(jobs)))
    eventually(lambda: abs(descriptors(front.pid) - before[2]) <= 2)

    figure("L6", f"{jobs} jobs of 4 clients: done", states.count("done"), "", at_least=jobs)
    growth = (front.memory_info().rss - before[0]) / MIB
    figure("L6", f"{jobs} jobs: growth of the front", growth, "MiB", 20)
    figure(
        "L6", f"{jobs} jobs: growth of the worker",
        100 * (worker.memory_info().rss / before[1] - 1), "%", 5,
    )  # fmt: skip
    figure("L6", f"{jobs} jobs: descriptors more", descriptors(front.pid) - before[2], "", 2)
    assert not daemon.spooled
    assert len(daemon.worker_pids) == 1


def wake_ups(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


@linux
def test_idle_daemon_gives_its_memory_back_and_sleeps(start, figure):
    daemon = start(keep_model_s=0.3)
    ticket, _ = daemon.run()
    daemon.wait(ticket)
    eventually(lambda: not any(runs(pid) for pid in daemon.worker_pids))
    front = psutil.Process(daemon.process.pid)
    before, busy_s, begun = wake_ups(front.pid), front.cpu_times(), time.monotonic()
    time.sleep(2)
    seconds = time.monotonic() - begun
    used_s = sum(front.cpu_times()[:2]) - sum(busy_s[:2])

    figure("L8", "front when idle: memory", front.memory_info().rss / MIB, "MiB", 60)
    figure("L8", "front when idle: wake-ups", (wake_ups(front.pid) - before) / seconds, "/s", 10)
    figure("L8", "front when idle: processor", 100 * used_s / seconds, "%", 3)


@linux
@pytest.mark.parametrize(
    "seconds", [40.0, pytest.param(6.0, marks=pytest.mark.long)], ids=["ever", "soon"]
)
def test_real_network_is_unloaded_when_idle_and_back_for_the_next_job(
    tmp_path, monkeypatch, figure, seconds
):
    """The shipped daemon and its shipped weights, as `lacuna serve` runs them."""
    monkeypatch.setenv("LACUNA_STATE_DIR", str(tmp_path / "state"))
    process = subprocess.Popen([sys.executable, "-m", "lacuna", "serve", "--keep-model", "1s"])
    try:
        client = Client(eventually(find_daemon))
        for _ in range(2 if seconds < 10 else 1):  # the first one may have to read from the disk
            first_tile_s = time_of_first_tile(client)
            eventually(lambda: client.status()["worker_pid"] is None)
            eventually(lambda: not psutil.Process(process.pid).children())
        figure("L9", "from a click to the first tile, network unloaded", first_tile_s, "s", seconds)
    finally:
        process.terminate()
        assert process.wait(20) == 0


def time_of_first_tile(client):
    options = Options(weights="lacuna-small")
    asked = request(width=600, height=600, selection=Rect(250, 200, 100, 200), options=options)
    begun, first = time.monotonic(), []

    def watch(status):
        if status.tiles_done and not first:
            first.append(time.monotonic() - begun)

    def read(window):
        mask = bytearray(window.area)
        hole = asked.selection.relative_to(window)
        for row in range(hole.top, hole.bottom):
            at = row * window.width + hole.left
            mask[at : at + hole.width] = b"\xff" * hole.width
        pixels = bytearray(os.urandom(window.area * 4))
        pixels[3::4] = b"\xff" * window.area  # what is transparent in places has no tiles
        return [pixels, mask]

    inpaint(client, asked, read, watch, lambda: False)
    return first[0]


@pytest.mark.parametrize(("side", "limit"), [(16384, "1,073,741,824")])
def test_picture_beyond_the_limit_is_refused_by_its_size_alone(start, side, limit):
    daemon = start()
    with pytest.raises(LacunaError, match=limit):
        daemon.submit(width=side, height=side, selection=Rect(0, 0, side, side))

    assert daemon.client.status()["jobs"] == []
