"""The computer sleeps, or somebody stops the front, the worker or both: no job ends by it.

Linux does not count a suspend in its monotonic clock, but other systems do; stopped processes are
the same to the front, and can be had anywhere.
"""

import os
import signal
import sys
import time

import pytest

from tests.service.conftest import eventually, inverted
from tests.service.talk import Upload

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")

LIMIT_S = (
    1.5  # for a client that asks nothing, a worker that says nothing, a body that stands still
)
SLEEP_S = 4.0
LIMITS = {
    "client_gone_s": LIMIT_S, "first_tile_s": LIMIT_S, "stall_s": LIMIT_S, "upload_idle_s": LIMIT_S,
    "job_deadline_s": 60, "clock_s": 0.1,
}  # fmt: skip


def stopped_for(pids, seconds, meanwhile=lambda: None):
    """Stop processes, the last one first, and let them go on, the first one first."""
    for pid in reversed(pids):
        os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        meanwhile()
        time.sleep(0.2)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("who", ["front", "worker", "both"])
def test_job_goes_on_when_those_that_were_stopped_go_on(start, who):
    daemon = start("--tiles", "16", "--tile-s", "0.25", **LIMITS)
    ticket, data = daemon.run()
    eventually(lambda: daemon.status(ticket).tiles_done >= 2)
    front, worker = daemon.process.pid, daemon.worker_pids[-1]
    pids = {"front": [front], "worker": [worker], "both": [front, worker]}[who]
    asks = (lambda: daemon.status(ticket)) if who == "worker" else (lambda: None)
    stopped_for(pids, SLEEP_S, asks)
    end = daemon.wait(ticket)

    assert (end.state, end.tiles_done) == ("done", 16)
    assert daemon.client.result(ticket.id)[1] == inverted(data, 4)
    assert daemon.worker_pids == [worker]
    assert "is tried again" not in daemon.log


@pytest.mark.parametrize("moment", ["created", "queued"])
def test_job_that_waits_is_not_ended_by_a_sleep(start, moment):
    daemon = start("--tiles", "16", "--tile-s", "0.15", **LIMITS)
    first, _ = daemon.run()
    eventually(lambda: daemon.status(first).tiles_done)
    if moment == "queued":
        second, _ = daemon.run()
    else:
        second = daemon.submit()
    stopped_for([daemon.process.pid, daemon.worker_pids[-1]], SLEEP_S)
    if moment == "created":
        daemon.client.upload(second.id, [bytes(second.input_bytes)], second.input_bytes)
    while not daemon.status(first).ended:
        daemon.status(second)
        time.sleep(0.1)

    assert daemon.wait(second).state == "done"
    assert daemon.status(first).state == "done"


def test_upload_goes_on_after_a_sleep(start):
    daemon = start(**LIMITS)
    ticket = daemon.submit()
    with Upload(daemon, ticket) as upload:
        upload.body(bytes(1000))
        time.sleep(0.3)
        stopped_for([daemon.process.pid], SLEEP_S)
        time.sleep(0.3)
        upload.body(bytes(ticket.input_bytes - 1000))
        assert upload.end().startswith(b"HTTP/1.1 202")
    assert daemon.wait(ticket).state == "done"


def test_worker_that_hangs_awake_is_still_ended(start):
    """The limits are moved by a sleep, and hold after it."""
    daemon = start(**LIMITS)
    ticket, _ = daemon.run(fault="tile.2.hang")
    eventually(lambda: daemon.status(ticket).tiles_done == 1)
    stopped_for([daemon.process.pid], SLEEP_S)

    assert daemon.wait(ticket).error.code == "stalled"


def test_client_that_is_gone_awake_is_still_noticed(start):
    daemon = start("--tiles", "1000", "--tile-s", "0.05", **LIMITS)
    daemon.run()
    eventually(lambda: daemon.worker_pids)
    stopped_for([daemon.process.pid], SLEEP_S)

    eventually(lambda: not daemon.client.status()["jobs"])
    assert ", cancelled (cancelled)" in daemon.log
