"""A daemon of its own for every test: real process, real socket, stand-in worker."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from functools import cache
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
import yaml

from lacuna_wire import JobRequest, JobStatus, Options, Rect
from lacuna_wire.client import Client
from lacuna_wire.endpoint import Endpoint
from lacuna_wire.errors import error_from_dict
from lacuna_wire.session import begin_session
from tests.service.signed import checked, signed

FAKES = Path(__file__).parents[1] / "fakes"
OPENAPI = Path(__file__).parents[2] / "docs" / "openapi.yaml"
SAFETY_S = 20.0  # a busy machine may be slow; nothing here takes so long when all is well
ENDED_LINE = re.compile(r"lacuna\.jobs: job ([0-9a-f-]{36}): ")


class Daemon:
    """A daemon that runs, and what a test wants to know of it."""

    def __init__(self, folder: Path, worker_arguments, settings) -> None:
        self.state = folder / "state"
        self.place = folder / "spool"
        self.starts = folder / "starts"
        self.place.mkdir(parents=True, exist_ok=True)
        self.command = [
            sys.executable,
            str(FAKES / "daemon.py"),
            json.dumps(settings),
            str(self.place),
            "--starts",
            str(self.starts),
            *worker_arguments,
        ]
        self.environment = {**os.environ, "LACUNA_STATE_DIR": str(self.state)}
        self.process = self.spawn()
        self.endpoint = self.wait_for_endpoint()
        self.client = Client(self.endpoint)
        self.port = self.endpoint.port

    def spawn(self) -> subprocess.Popen:
        return subprocess.Popen(
            self.command, env=self.environment, stderr=subprocess.PIPE, text=True
        )

    def wait_for_endpoint(self) -> Endpoint:
        path = self.state / "endpoint.json"

        def found():
            assert self.process.poll() is None, self.process.stderr.read()
            return path.exists()

        eventually(found)
        return Endpoint(**json.loads(path.read_text()))

    @property
    def log(self) -> str:
        return (self.state / "daemon.log").read_text()

    @property
    def worker_pids(self) -> list[int]:
        """Processes of every worker that was ever started, the last one last."""
        return (
            [int(line) for line in self.starts.read_text().split()] if self.starts.exists() else []
        )

    @property
    def spooled(self) -> list[Path]:
        return [path for path in self.place.rglob("*") if path.suffix in (".in", ".out")]

    def call(
        self, method, path, headers=None, body=None, token=True, begun=lambda: None
    ) -> "Answer":
        """Send a request with exactly these headers, besides Host and those that sign it.

        With `token` it is signed, and its answer must be; `begun` is called when the head of the
        answer is there, before the body is read.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SAFETY_S)
        headers = headers or {}
        try:
            if token:
                keys = begin_session(connection, self.endpoint.key, self.endpoint.instance).keys
                sent = signed(keys, method, path, headers, body)
                headers, body = sent.headers, sent.body
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            begun()
            answer = Answer(response)
            check_documented(method, path, answer.status)
            if token:
                checked(keys, sent, answer)
            return answer
        finally:
            connection.close()

    @property
    def bearer(self) -> dict[str, str]:
        """What signs a request in protocol 1."""
        return {"Authorization": f"Bearer {self.endpoint.token}"}

    def send(self, raw: bytes) -> "Answer":
        """Send these very bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SAFETY_S) as connection:
            connection.sendall(raw)
            response = HTTPResponse(connection)
            response.begin()
            return Answer(response)

    def submit(self, **changes):
        """Ask for a fill of `request(**changes)` and return its ticket."""
        return self.client.submit(request(**changes))

    def run(self, **changes):
        """Submit and upload; return the ticket and what was sent."""
        ticket = self.submit(**changes)
        data = os.urandom(ticket.input_bytes)
        self.client.upload(ticket.id, [data], ticket.input_bytes)
        return ticket, data

    def let_go(self, ticket) -> None:
        """Let a job go on whose fault is `tile.N.held`."""
        self.starts.with_name(ticket.id).touch()

    def wait(self, ticket):
        return self.client.wait(ticket.id, lambda status: None, poll_s=5)

    def status(self, ticket) -> JobStatus:
        """Ask once."""
        answer = self.call("GET", f"/v1/jobs/{ticket.id}")
        if answer.status != 200:
            raise error_from_dict(answer.json, answer.status)
        return JobStatus.from_dict(answer.json)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(SAFETY_S)
        self.process.stderr.close()
        return code


def check_documented(method, path, status) -> None:
    """Hold docs/openapi.yaml to every answer that any test gets."""
    template = re.sub(r"/v1/jobs/[^/?]+", "/v1/jobs/{id}", path.partition("?")[0])
    verbs = openapi()["paths"].get(template, {})
    if method.lower() in verbs:
        assert str(status) in verbs[method.lower()]["responses"], f"{method} {template}: {status}"


@cache
def openapi() -> dict:
    return yaml.safe_load(OPENAPI.read_text("utf-8"))


class Answer:
    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json["error"]["code"]


def request(fault="", **changes) -> JobRequest:
    """A request of its own, whose worker misbehaves as `fault` says: `tile.3.hang`."""
    fields = {"id": str(uuid.uuid4()), "width": 200, "height": 100, **changes}
    fields.setdefault("selection", Rect(40, 30, 20, 10))
    fields.setdefault("options", Options(weights=f"fault.{fault}" if fault else ""))
    return JobRequest(**fields)


def inverted(data: bytes, pixel_bytes: int) -> bytes:
    """What the stand-in makes of an upload."""
    area = len(data) // (pixel_bytes + 1)
    pixels, mask = data[: area * pixel_bytes], data[area * pixel_bytes :]
    return bytes(
        byte ^ (255 if mask[index // pixel_bytes] else 0) for index, byte in enumerate(pixels)
    )


def eventually(condition, within_s=SAFETY_S):
    """Wait until `condition()` is true, and return it."""
    give_up = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether there is such a process, a zombie not counted."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def start(tmp_path):
    """Start daemons; each is ended after the test, and must have ended every job at most once."""
    daemons = []

    def start(*worker_arguments, **settings) -> Daemon:
        daemon = Daemon(tmp_path / str(len(daemons)), worker_arguments, settings)
        daemons.append(daemon)
        return daemon

    yield start
    for daemon in daemons:
        daemon.stop()
        check_ends(daemon)


def shared_daemon(name, *worker_arguments, **settings):
    """Make a fixture: one daemon for all tests of a module, which leave nothing behind in it."""

    @pytest.fixture(scope="module", name=name)
    def fixture(tmp_path_factory):
        daemon = Daemon(tmp_path_factory.mktemp(name), worker_arguments, settings)
        yield daemon
        daemon.stop()
        check_ends(daemon)

    return fixture


shared = shared_daemon("shared")
paced = shared_daemon("paced", "--tile-s", "0.1")
endless = shared_daemon("endless", "--tiles", "1000", "--tile-s", "0.05")
impatient = shared_daemon("impatient", first_tile_s=0.7, stall_s=0.7)


def check_ends(daemon: Daemon) -> None:
    ends = Counter(ENDED_LINE.findall(daemon.log))
    assert all(count == 1 for count in ends.values()), ends
    eventually(lambda: not any(runs(pid) for pid in daemon.worker_pids), within_s=2)
