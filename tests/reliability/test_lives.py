"""Whatever happens to jobs, in whatever order: each ends once, in one state, and is never lost.

A model beside a real daemon: it does not predict the state of a job, which depends on time, but
knows which states may follow, which ends need which cause, and that an end is final.
"""

import os
import signal
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lacuna.service.job import NEXT_STATES
from lacuna_wire import LacunaError
from lacuna_wire.errors import Conflict, NotFound, QueueFull
from lacuna_wire.messages import ENDED
from tests.service.conftest import ENDED_LINE, Daemon, eventually, inverted, runs
from tests.service.talk import Upload

MAX_JOBS = 4
GONE_S = 0.8
CODES = {
    "done": {None},
    "failed": {"upload_broken", "worker_died"},
    "cancelled": {"cancelled"},
    "expired": {"expired"},
}
ONE_LIFE = settings(
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # an example starts processes: shrinking one takes longer than reading
)


class Known:
    """What the model knows of one job."""

    def __init__(self, ticket):
        self.ticket = ticket
        self.data = None
        self.state = "created"
        self.end = None
        self.broken = self.forgotten = False

    def __repr__(self):
        return f"job {self.ticket.id} ({self.state})"


def reachable(state):
    """The state itself and all that may follow on it, over any number of steps."""
    return {state}.union(*map(reachable, NEXT_STATES[state]))


def some(lives):
    return bool(lives.known)


class Lives(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        limits = {
            "max_jobs": MAX_JOBS, "client_gone_s": GONE_S, "clock_s": 0.05, "first_tile_s": 10,
        }  # fmt: skip
        self.daemon = Daemon(Path(self.folder.name), ["--tile-s", "0.03"], limits)
        self.known = []
        self.killed = False

    @initialize()
    def begin(self):
        """Have something to do, whichever rules this life is made of."""
        for _ in range(3):
            self.submit()

    @rule()
    def submit(self):
        try:
            self.known.append(Known(self.daemon.submit()))
        except QueueFull:
            assert len([job for job in self.known if job.end is None]) >= MAX_JOBS

    @rule(data=st.data())
    @precondition(some)
    def upload(self, data):
        job = self.draw(data)
        pixels = os.urandom(job.ticket.input_bytes)
        try:
            self.daemon.client.upload(job.ticket.id, [pixels], len(pixels))
        except NotFound:
            assert job.forgotten
        except LacunaError as error:
            status, code = self.look(job), error.code
            assert job.data is not None or job.broken or status.ended
            assert code in ("conflict", status.error and status.error.code)
        else:
            assert job.data is None
            assert job.end is None
            job.data = pixels

    @rule(data=st.data())
    @precondition(some)
    def vanish_while_uploading(self, data):
        job = self.draw(data)
        with Upload(self.daemon, job.ticket) as upload:
            upload.body(b"x")
            job.broken = True

    @rule(data=st.data())
    @precondition(some)
    def poll(self, data):
        self.look(self.draw(data))

    @rule(data=st.data())
    @precondition(some)
    def wait(self, data):
        job = self.draw(data)
        if job.forgotten or (job.data is None and not job.broken):
            return
        self.note(job, self.daemon.wait(job.ticket))
        assert job.end is not None

    @rule(data=st.data())
    @precondition(some)
    def fetch(self, data):
        job = self.draw(data)
        try:
            _, pixels = self.daemon.client.result(job.ticket.id)
        except NotFound:
            assert job.forgotten
        except Conflict:
            assert job.state != "done"
        else:
            assert pixels == inverted(job.data, 4)
            self.look(job)
            assert job.end[0] == "done"

    @rule(data=st.data())
    @precondition(some)
    def cancel_or_forget(self, data):
        job = self.draw(data)
        ended = job.end is not None
        self.note(job, self.daemon.client.cancel(job.ticket.id))
        assert job.end is not None
        # Where it had ended before we knew, this forgot it: only the next answer tells.
        job.forgotten = job.forgotten or (True if ended else None)
        self.look(job)

    @rule()
    def kill_worker(self):
        alive = [pid for pid in self.daemon.worker_pids if runs(pid)]
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
            self.killed = True

    @rule()
    @precondition(lambda self: any(job.end is None for job in self.known))
    def everybody_vanishes(self):
        eventually(lambda: not self.daemon.client.status()["jobs"])
        for job in self.known:
            if not job.forgotten:
                assert self.look(job).ended

    @precondition(lambda self: len(self.known) > 4)
    @rule(number=st.sampled_from([signal.SIGTERM, signal.SIGKILL]))
    def restart(self, number):
        before = self.daemon.endpoint.instance
        self.daemon.process.send_signal(number)
        assert self.daemon.process.wait(20) == (0 if number == signal.SIGTERM else -number)
        self.daemon.process.stderr.close()
        if number == signal.SIGTERM:
            assert not self.daemon.spooled
            self.check_ends()
        (self.daemon.state / "endpoint.json").unlink(missing_ok=True)
        self.daemon.process = self.daemon.spawn()
        self.daemon.endpoint = self.daemon.wait_for_endpoint()
        self.daemon.client.endpoint = self.daemon.endpoint
        self.daemon.port = self.daemon.endpoint.port
        assert self.daemon.endpoint.instance != before
        assert not self.daemon.spooled  # what a killed one left is swept
        for job in self.known:
            job.forgotten = True
            assert self.look(job) is None  # nobody takes another daemon's job for its own
        self.known.clear()
        self.begin()

    @invariant()
    def no_more_than_so_many_are_alive(self):
        facts = self.daemon.client.status()
        assert len(facts["jobs"]) <= MAX_JOBS
        assert facts["health"] == "ok"

    def draw(self, data):
        return data.draw(st.sampled_from(self.known))

    def look(self, job):
        """Ask for a job; None if it is forgotten."""
        try:
            status = self.daemon.status(job.ticket)
        except NotFound:
            assert job.forgotten is not False
            job.forgotten = True
            return None
        assert job.forgotten is not True
        job.forgotten = False
        self.note(job, status)
        return status

    def note(self, job, status):
        """Hold an answer to what was known before."""
        code = status.error.code if status.error else None
        assert status.state in reachable(job.state), f"{job.state} -> {status.state}"
        job.state = status.state
        if job.end is not None:
            assert (status.state, code) == job.end
        if status.state in ENDED:
            job.end = status.state, code
            assert code in CODES[status.state]
            assert code != "worker_died" or self.killed
            assert code != "upload_broken" or job.broken
            assert status.state != "done" or job.data is not None

    def check_ends(self):
        ends = Counter(ENDED_LINE.findall(self.daemon.log))
        for job in self.known:
            assert ends[job.ticket.id] == 1
        assert not ends or max(ends.values()) == 1

    def teardown(self):
        try:
            for job in self.known:
                for _ in range(3):  # cancel, forget, and once more
                    self.note(job, self.daemon.client.cancel(job.ticket.id))
            eventually(lambda: not self.daemon.spooled)
            assert self.daemon.client.status()["jobs"] == []
            self.check_ends()
        finally:
            code = self.daemon.stop()
            workers = self.daemon.worker_pids
            self.folder.cleanup()
        assert code == 0
        assert not any(runs(pid) for pid in workers)


def test_every_job_ends_once_whatever_happens_in_whatever_order():
    run_state_machine_as_test(
        Lives,
        settings=settings(ONE_LIFE, max_examples=8, stateful_step_count=18, derandomize=True),
    )


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_job_ends_once_in_many_more_lives(figure):
    run_state_machine_as_test(
        Lives, settings=settings(ONE_LIFE, max_examples=60, stateful_step_count=40)
    )
    figure("F15", "lives of jobs, 60 random orders of 40 events: ends missing or double", 0, "", 0)
