"""What another user of the same computer can do to the daemon: he cannot sign."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from lacuna_wire import Rect
from lacuna_wire.endpoint import find_daemon
from lacuna_wire.signing import TAG_BYTES
from tests.reliability.strangers import a_crowd, run_as_stranger
from tests.reliability.test_load import MIB, Memory, Pings
from tests.reliability.test_raw_http import connections_of, exchange, lines, statuses_in
from tests.service.conftest import Daemon, check_ends, eventually, inverted
from tests.service.talk import Talk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")


@pytest.fixture
def open_folder():
    """A folder in which every user may make something, as in /dev/shm."""
    folder = Path(tempfile.mkdtemp(prefix="open-to-all-"))
    folder.chmod(0o755)
    (folder / "spool").mkdir()
    (folder / "spool").chmod(0o1777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def fill(daemon):
    ticket, data = daemon.run()
    assert daemon.wait(ticket).state == "done"
    assert daemon.client.result(ticket.id)[1] == inverted(data, 4)
    daemon.client.forget(ticket.id)


SQUAT = """
connection = HTTPConnection("127.0.0.1", port)
connection.request("GET", "/v1/hello?nonce=" + "0" * 32)
told = json.loads(connection.getresponse().read())
names = {str(value) for value in told.values()} | set(facts["guesses"])
made = []
for name in names:
    for prefix in ("", "lacuna-", "lacuna-%d-" % facts["user"], ".lacuna-%d-" % facts["user"]):
        try:
            os.mkdir(os.path.join(facts["place"], prefix + name))
            made.append(prefix + name)
        except OSError:
            pass
print(json.dumps(made))
"""


def test_folder_that_another_user_makes_first_stops_no_job(open_folder):
    daemon = Daemon(open_folder, [], {})
    try:
        made = run_as_stranger(
            SQUAT, daemon.port, place=str(daemon.place), user=os.geteuid(),
            guesses=[str(daemon.process.pid), str(daemon.port)],
        )  # fmt: skip
        assert f"lacuna-{os.geteuid()}-{daemon.endpoint.instance}" in made
        fill(daemon)
        assert daemon.call("GET", "/v1/health", token=False).json == {"state": "ok"}
        own = [path for path in daemon.place.iterdir() if path.stat().st_uid == os.geteuid()]
        assert own
        assert not any(daemon.endpoint.instance in path.name for path in own)
    finally:
        daemon.stop()
    check_ends(daemon)
    assert not [path for path in daemon.place.iterdir() if path.stat().st_uid == os.geteuid()]


class Limited(Daemon):
    """A daemon that may have so many files open: the limit of most systems is 1,024."""

    limit = "-S -n 1024"

    def spawn(self):
        return subprocess.Popen(
            ["sh", "-c", f'ulimit {self.limit}; exec "$@"', "sh", *self.command],
            env=self.environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


class Narrow(Limited):
    limit = "-n 64"


@pytest.fixture
def limited(tmp_path):
    daemon = Limited(tmp_path / "limited", [], {})
    yield daemon
    daemon.stop()
    check_ends(daemon)


def test_daemon_without_descriptors_to_spare_fills_beside_any_number_of_strangers(tmp_path):
    daemon = Narrow(tmp_path, [], {})
    try:
        with a_crowd(daemon.port, silent=400):
            for _ in range(3):
                fill(daemon)
        assert daemon.call("GET", "/v1/health").json == {"state": "ok"}
        assert "Traceback" not in daemon.log
    finally:
        daemon.stop()
    check_ends(daemon)


def test_clients_find_the_daemon_beside_more_connections_than_it_had_descriptors(
    limited, monkeypatch
):
    monkeypatch.setenv("LACUNA_STATE_DIR", str(limited.state))
    with a_crowd(limited.port, silent=1100):
        assert find_daemon() == limited.endpoint
        fill(limited)
    assert len(limited.log) < 64 * 1024


@pytest.mark.parametrize(
    ("seconds", "p99_ms"),
    [(4, 1000), pytest.param(30, 100, marks=[pytest.mark.long, pytest.mark.timeout(300)])],
    ids=["a little", "half a minute"],
)
def test_crowd_of_strangers_takes_neither_time_nor_memory_nor_log(limited, figure, seconds, p99_ms):
    """2,000 silent connections, and 200 that ask and do not read, all opened anew when closed."""
    daemon = limited
    fill(daemon)
    log_bytes = len(daemon.log)
    with Memory(daemon.process.pid) as front, a_crowd(daemon.port, silent=2000, mute=200):
        with Pings(daemon) as pings:
            time.sleep(seconds)
        fill(daemon)
    what = f"2,200 connections of another user for {seconds} s"
    figure("S17", f"{what}: p99 of /v1/status", pings.p99_ms, "ms", p99_ms)
    figure("S17", f"{what}: memory of the front", front.peak / MIB, "MiB", 100)
    figure("S17", f"{what}: growth of the log", (len(daemon.log) - log_bytes) / 1024, "KiB", 64)
    assert "Traceback" not in daemon.log


def test_heads_without_an_end_are_cut_before_they_take_memory(start, figure):
    daemon = start()
    with Memory(daemon.process.pid) as front:
        with a_crowd(daemon.port, silent=100, head=480_000, again=False):
            eventually(lambda: connections_of(daemon) == 0)
        fill(daemon)
    figure("S18", "100 heads of 480 kB without an end: growth of the front", front.growth_mib,
           "MiB", 16)  # fmt: skip


def test_head_of_too_many_bytes_or_fields_is_refused(start):
    daemon = start()
    for headers in ([f"A{n}: {'b' * 2000}" for n in range(20)], ["A: b"] * 40):
        with Talk(daemon) as talk:
            received = exchange(talk, lines(talk, "GET /v1/status HTTP/1.1", *headers), wait_s=0.5)
        assert statuses_in(received)[0] in (400, 431)
    with Talk(daemon) as talk:
        long = lines(talk, "GET /v1/status HTTP/1.1", *[f"A{n}: {'b' * 1200}" for n in range(20)])
        assert statuses_in(exchange(talk, long, wait_s=0.5)) == [200]


@pytest.mark.parametrize("path", ["health", "status"], ids=["stranger", "known"])
def test_caller_that_asks_and_never_reads_is_closed(start, path):
    daemon = start(write_s=1.5, stranger_write_s=0.5)
    with Talk(daemon, buffer_bytes=4096) as talk:
        talk.socket.settimeout(0.2)
        for first in range(1, 40_000, 100):  # more than the kernel takes on its own
            some = range(first, first + 100)
            try:
                talk.send(
                    b"".join(lines(talk, f"GET /v1/{path} HTTP/1.1", counter=n) for n in some)
                )
            except OSError:
                break
        eventually(lambda: connections_of(daemon) == 0)
    assert "Traceback" not in daemon.log


def test_callers_who_sign_keep_their_connections_beside_strangers(start):
    daemon = start(max_connections=16)
    known = [Talk(daemon) for _ in range(6)]
    for talk in known:
        assert talk.say(talk.sign("GET", "/v1/status")).status == 200
    with a_crowd(daemon.port, silent=60, mute=10):
        eventually(lambda: connections_of(daemon) <= 16)
        for counter in (2, 3, 4):
            time.sleep(0.5)
            for talk in known:
                assert talk.say(talk.sign("GET", "/v1/status", counter=counter)).status == 200
    for talk in known:
        talk.close()


def deleted_files(pid) -> list[str]:
    """Files that a process holds open though they have been removed, of the spool."""
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(link))
        except OSError:
            continue
    return [link for link in links if re.search(r"\.(in|out) \(deleted\)$", link)]


@pytest.mark.parametrize("how", ["forgotten", "old"])
def test_result_that_nobody_reads_is_given_back(start, how):
    """The editor hangs, or is in a debugger: its result must not stay in memory without a name."""
    daemon = start(write_s=1.0, result_ttl_s=600 if how == "forgotten" else 0.3, clock_s=0.1)
    ticket, _ = daemon.run(width=4096, height=2048, selection=_most_of(4096, 2048))
    while daemon.status(ticket).state != "done":
        time.sleep(0.02)
    with Talk(daemon, buffer_bytes=4096) as talk:
        talk.send(talk.sign("GET", f"/v1/jobs/{ticket.id}/result"))
        assert talk.socket.recv(100).startswith(b"HTTP/1.1 200")
        if how == "forgotten":
            daemon.client.forget(ticket.id)
            assert deleted_files(daemon.process.pid)
        eventually(lambda: not daemon.spooled and not deleted_files(daemon.process.pid))
    fill(daemon)


def _most_of(width, height):
    return Rect(16, 16, width - 32, height - 32)


def test_result_that_is_forgotten_while_it_is_read_is_cut_off(start):
    """Its pixels are gone then, also for a client that reads on."""
    daemon = start()
    ticket, data = daemon.run(width=4096, height=2048, selection=_most_of(4096, 2048))
    while daemon.status(ticket).state != "done":
        time.sleep(0.02)
    received = 0
    with Talk(daemon, buffer_bytes=4096) as talk:
        talk.send(talk.sign("GET", f"/v1/jobs/{ticket.id}/result"))
        received += len(talk.socket.recv(1000))
        daemon.client.forget(ticket.id)
        while piece := talk.socket.recv(1 << 20):
            received += len(piece)
        assert not deleted_files(daemon.process.pid)
    assert 0 < received < len(data) * 4 // 5
    assert "Traceback" not in daemon.log


def test_result_that_is_read_slowly_comes_whole_though_its_time_is_over(start):
    daemon = start(result_ttl_s=0.3, clock_s=0.05)
    ticket, data = daemon.run(width=4096, height=2048, selection=_most_of(4096, 2048))
    while daemon.status(ticket).state != "done":
        time.sleep(0.01)
    received = bytearray()
    with Talk(daemon, buffer_bytes=65536) as talk:
        talk.send(talk.sign("GET", f"/v1/jobs/{ticket.id}/result", {"Connection": "close"}))
        while piece := talk.socket.recv(1 << 20):
            received += piece
            time.sleep(0.005)
    pixels = received[received.index(b"\r\n\r\n") + 4 : -TAG_BYTES]
    assert len(pixels) == len(data) * 4 // 5
    assert pixels[-1000:] == inverted(data[len(data) * 4 // 5 - 1000 :][:1000] + data[-250:], 4)


def test_requests_and_bodies_in_one_piece_are_no_endless_heads(start):
    """The longest JSON body comes in one write with its head, before its signature is looked at."""
    daemon = start()
    body = b"{" + b" " * 65_000 + b"}"
    kind = {"Content-Type": "application/json", "Connection": "close"}
    for _ in range(20):
        with Talk(daemon) as talk:
            assert talk.say(talk.sign("POST", "/v1/estimate", kind, body)).status == 400


def test_descriptors_are_raised_to_what_is_sensible(limited):
    soft, hard = psutil.Process(limited.process.pid).rlimit(psutil.RLIMIT_NOFILE)
    assert soft >= min(hard if hard > 0 else 4096, 4096)


def test_connections_that_cannot_be_taken_are_one_line_in_the_log(start):
    daemon = start()
    front = psutil.Process(daemon.process.pid)
    limits = front.rlimit(psutil.RLIMIT_NOFILE)
    front.rlimit(psutil.RLIMIT_NOFILE, (front.num_fds(), limits[1]))
    with a_crowd(daemon.port, silent=50):
        eventually(lambda: "connections could not be taken" in daemon.log)
        time.sleep(2.5)  # asyncio tries again every second
        front.rlimit(psutil.RLIMIT_NOFILE, limits)
        eventually(lambda: daemon.client.status()["health"] == "ok")
    assert "Traceback" not in daemon.log
    assert daemon.log.count("connections could not be taken") == 1
    assert len(daemon.log.splitlines()) < 10
    fill(daemon)
