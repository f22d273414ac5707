"""Somebody has the daemon's port where a client looks for it, and passes all on to the daemon.

Another container or computer that shares the home folder has a 127.0.0.1 of its own. Real network
namespaces, real processes of another user, and a client of its own Python in there.
"""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.reliability.test_raw_http import statuses_in
from tests.service.conftest import SAFETY_S, eventually

ROOT = Path(__file__).parents[2]
RELAY = ROOT / "tests" / "fakes" / "relay.py"
OLD_CLIENT = ROOT / "tests" / "fakes" / "protocol_1.py"
# A client that fills 60 x 50 px with recognizable pixels, and says how it ended.
CLIENT = """
import json, sys, uuid
from lacuna_wire import JobRequest, LacunaError, Rect, endpoint, session, whereabouts
from lacuna_wire.client import Client, connect, inpaint
for name in sys.argv[1:]:
    if name == "places":
        endpoint.our_whereabouts = whereabouts.Whereabouts
    if name == "peers":
        session.is_own_peer = lambda own, peer: None
try:
    request = JobRequest(str(uuid.uuid4()), 60, 50, Rect(20, 20, 10, 10))
    read = lambda window: [b"PiXl" * window.area, bytes(window.area)]
    client = Client(endpoint.read_endpoint()) if "places" in sys.argv else connect(start=False)
    answer = inpaint(client, request, read, lambda status: None, lambda: False)
    print(json.dumps(["done", len(answer.pixels)]))
except LacunaError as error:
    print(json.dumps([error.code, error.message]))
"""
UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
os.execvp(sys.argv[1], sys.argv[1:])
"""


def why_no_namespaces() -> str:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return "there are no network namespaces here, or no unshare(1)"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    return f"no network namespace may be made here: {tried.stderr}" if tried.returncode else ""


namespaces = pytest.mark.skipif(bool(why_no_namespaces()), reason=why_no_namespaces() or "-")
other_user = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root makes processes of other users"
)


@pytest.fixture
def spawn():
    """Start programs that end with the test."""
    processes = []

    def spawn(*words):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield spawn
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def stranger():
    """A user of this computer who is not the one of the daemon."""
    return pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def relay(start, spawn, stranger):
    """A daemon, and a relay of a stranger on its port in another network namespace."""
    daemon = start()
    with tempfile.TemporaryDirectory() as folder:  # its path is short enough for a unix socket
        yield Between(daemon, spawn, Path(folder), stranger)


class Between:
    """What lies between a client in one network namespace and a daemon in another."""

    def __init__(self, daemon, spawn, folder: Path, uid: int) -> None:
        self.daemon = daemon
        self._spawn = spawn
        os.chown(folder, uid, -1)
        self.received = folder / "received"
        hidden = str(folder / "socket")
        begin = [sys.executable, str(RELAY), str(uid)]
        near = spawn(*begin, hidden, str(daemon.port), str(folder / "near"))
        assert near.stdout.readline() == "listening\n"
        inside = [sys.executable, "-c", UP, *begin, str(daemon.port), hidden, str(self.received)]
        self.far = spawn("unshare", "--net", *inside)
        assert self.far.stdout.readline() == "listening\n"

    @property
    def heard(self) -> bytes:
        """All that the client has sent to the relay."""
        return self.received.read_bytes()

    def run(self, *words: str) -> subprocess.CompletedProcess:
        """Run a program in the network namespace of the relay."""
        enter = ["nsenter", f"--net=/proc/{self.far.pid}/ns/net", *words]
        paths = os.pathsep.join(str(ROOT / part) for part in ("shared", "daemon"))
        state = {"PYTHONPATH": paths, "LACUNA_STATE_DIR": str(self.daemon.state)}
        return subprocess.run(
            enter, env={**os.environ, **state}, capture_output=True, text=True, timeout=60
        )

    def client(self, *unknown: str) -> list:
        """What a client in there says, for which `places` or `peers` are unknown."""
        done = self.run(sys.executable, "-c", CLIENT, *unknown)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def statuses_of(daemon, said: bytes) -> list[int]:
    """Say these bytes, and return the statuses of the answers, up to the first 401 or the end."""
    received = b""
    with socket.create_connection(("127.0.0.1", daemon.port), SAFETY_S) as connection:
        connection.sendall(said)
        while b" 401 " not in received and (piece := connection.recv(65536)):
            received += piece
    return statuses_in(received)


def secrets_of(daemon) -> tuple[bytes, bytes]:
    return daemon.endpoint.token.encode(), daemon.endpoint.key.encode()


@namespaces
@other_user
def test_client_in_another_network_namespace_sends_nothing_to_the_port_there(relay):
    code, message = relay.client()
    assert code == "daemon_elsewhere"
    assert "runs in another container or sandbox" in message
    assert str(relay.daemon.state) in message

    shown = relay.run(sys.executable, "-m", "lacuna", "status")
    assert shown.returncode == 2
    assert "runs in another container or sandbox" in shown.stderr

    another = relay.run(*relay.daemon.command)  # the lock is held, so it steps back
    assert another.returncode == 1
    assert "runs in another container or sandbox" in another.stderr

    assert relay.heard == b""
    assert relay.daemon.client.status()["jobs"] == []
    assert ": image" not in relay.daemon.log  # no job has ended either


@namespaces
@other_user
def test_relay_of_another_user_gets_neither_request_nor_pixels(relay):
    """The file does not say where the daemon is; the kernel says whose the other end is."""
    code, message = relay.client("places")

    assert (code, "A program other than Lacuna answers" in message) == ("daemon_unreachable", True)
    assert relay.heard.startswith(b"GET /v1/hello?nonce=")
    for secret in (*secrets_of(relay.daemon), b"PiXl", b"uthorization", b"/v1/jobs"):
        assert secret not in relay.heard
    assert ": image" not in relay.daemon.log


@namespaces
@other_user
def test_relay_that_nobody_notices_learns_no_secret_and_can_repeat_nothing(relay):
    """As on a system that tells neither places nor peers: all that is left are the signatures."""
    assert relay.client("places", "peers")[0] == "done"
    heard = relay.heard
    for secret in secrets_of(relay.daemon):
        assert secret not in heard
    ended = relay.daemon.log.count(": image")
    posts = re.findall(rb"POST /v1/jobs HTTP/1.1\r\n.*?\r\n\r\n\{.*?\}\}", heard, re.S)
    assert posts

    hello = heard[: heard.index(b"\r\n\r\n") + 4]
    for said in (heard, posts[0], hello + posts[0], hello + posts[0].replace(b" 1 ", b" 2 ")):
        statuses = statuses_of(relay.daemon, said)
        assert 401 in statuses
        assert set(statuses) <= {200, 401}
        assert statuses.count(200) <= said.count(b"/v1/hello")
    assert relay.daemon.client.status()["jobs"] == []
    assert relay.daemon.log.count(": image") == ended


@namespaces
@other_user
def test_old_client_behind_a_relay_keeps_its_token(relay):
    """It sends the token to whoever speaks protocol 1: the daemon does not, to strangers."""
    done = relay.run(sys.executable, str(OLD_CLIENT), str(relay.daemon.state / "endpoint.json"))

    assert done.stdout == "another protocol: 2\n", done.stderr
    assert relay.heard.startswith(b"GET /v1/hello?nonce=")
    assert secrets_of(relay.daemon)[0] not in relay.heard


@other_user
def test_token_of_protocol_1_is_worth_nothing_to_another_user(start, spawn, stranger):
    daemon = start()
    ask = (
        "import encodings.idna, http.client, os, sys; os.setuid(int(sys.argv[1]));"
        "one = http.client.HTTPConnection('127.0.0.1', int(sys.argv[2]));"
        "one.request('GET', '/v1/status', headers={'Authorization': 'Bearer ' + sys.argv[3]});"
        "print(one.getresponse().status)"
    )
    told = (str(daemon.port), daemon.endpoint.token)

    assert spawn(sys.executable, "-c", ask, str(stranger), *told).stdout.read() == "401\n"
    assert spawn(sys.executable, "-c", ask, str(os.geteuid()), *told).stdout.read() == "200\n"


def test_daemon_that_starts_anew_is_found_anew(start):
    """Keys of the old one open nothing; a client that looks again goes on."""
    daemon = start()
    before = daemon.client
    daemon.process.kill()
    daemon.process.wait()
    daemon.process.stderr.close()
    (daemon.state / "endpoint.json").unlink()
    daemon.process = daemon.spawn()
    daemon.endpoint = daemon.wait_for_endpoint()
    after = type(before)(daemon.endpoint)

    assert after.status()["jobs"] == []
    mixed = before.endpoint._replace(port=daemon.endpoint.port)
    with pytest.raises(Exception, match="other than Lacuna"):
        type(before)(mixed).status()
    eventually(lambda: after.status()["health"] == "ok")
