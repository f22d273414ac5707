"""Requests that nobody would send, made from the API's own description or from raw bytes.

Each gets an answer that is documented and is no error of the daemon; afterwards there is no job, no
file and hardly a line in the log.
"""

import random
import secrets
import string
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from lacuna.service.app import ROUTES
from lacuna_wire.signing import session_keys
from tests.service.conftest import OPENAPI, SAFETY_S, Daemon, check_documented, eventually
from tests.service.signed import signed
from tests.service.talk import Talk

schemathesis = pytest.importorskip("schemathesis")
requests = pytest.importorskip("requests")

MIB = 1 << 20
# Two that end the daemon or last as long as a job, and one that has nothing to get wrong.
LEFT_OUT = ("/v1/shutdown", "/v1/jobs/{id}/events", "/v1/health")
ENDPOINTS = [(method, path) for method, path, _ in ROUTES if path not in LEFT_OUT]
FUZZING = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LIMITS = {"client_gone_s": 0.5, "clock_s": 0.05, "max_body_bytes": MIB, "upload_idle_s": 0.5}


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """One daemon for all cases of this file: damage by one of them shows with the others."""
    daemon = Daemon(tmp_path_factory.mktemp("target"), [], LIMITS)
    yield daemon
    daemon.stop()


@contextmanager
def unhurt(daemon, figure, row, name):
    """Compare the daemon after the block with the one before it."""
    front = psutil.Process(daemon.process.pid)
    log_before, memory_before = len(daemon.log), front.memory_info().rss
    yield
    eventually(lambda: not daemon.client.status()["jobs"])
    eventually(lambda: not daemon.spooled)
    figure(row, f"{name}: log", (len(daemon.log) - log_before) / MIB, "MiB", 1)
    assert (front.memory_info().rss - memory_before) / MIB <= 10
    assert "Traceback" not in daemon.log
    assert not daemon.worker_pids
    assert daemon.client.status()["health"] == "ok"


@pytest.mark.parametrize(
    "count", [300, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1200)])]
)
@pytest.mark.parametrize(("method", "path"), ENDPOINTS, ids=lambda part: part)
def test_every_answer_to_invented_requests_is_documented(target, figure, method, path, count):
    operation = schemathesis.openapi.from_path(str(OPENAPI))[path][method]
    statuses: Counter = Counter()
    name = f"{count:,} cases of {method} {path}"
    with unhurt(target, figure, "B1", name), requests.Session() as session:
        for mode in schemathesis.GenerationMode:
            for known in (False, True) if "{id}" in path else (False,):
                ids = {"id": target.submit().id} if known else None
                share = count // (4 if "{id}" in path else 2)
                strategy = operation.as_strategy(mode, path_parameters=ids)
                send_all(strategy, share, session, target, statuses)

    errors = sum(number for status, number in statuses.items() if status >= 500)
    assert sum(statuses.values()) >= 0.9 * count
    assert statuses[401] <= 0.1 * count  # it was more than the signature that was looked at
    figure("B1", f"{name}: errors of the daemon", errors, "", 0)


class Signed(requests.auth.AuthBase):
    """Says hello and signs what is about to be sent on the same connection."""

    def __init__(self, session, daemon):
        self._session = session
        self._endpoint = daemon.endpoint
        self._url = f"http://127.0.0.1:{daemon.port}/v1/hello"

    def __call__(self, prepared):
        nonce = secrets.token_hex(16)
        asked = {"nonce": nonce, "protocol": "2"}
        hello = self._session.get(self._url, params=asked, timeout=SAFETY_S).json()
        keys = session_keys(self._endpoint.key, self._endpoint.instance, nonce, hello["nonce"])
        assert hello["proof"] == keys.proof
        told = {
            name: value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in prepared.headers.items()
        }
        one = signed(keys, prepared.method, prepared.path_url, told, prepared.body)
        prepared.headers.update(one.headers)
        prepared.body = one.body
        return prepared


def send_all(strategy, count, session, daemon, statuses):
    url = f"http://127.0.0.1:{daemon.port}"
    auth = Signed(session, daemon)

    @settings(FUZZING, max_examples=count)
    @given(case=strategy)
    def send(case):
        answer = case.call(url, session, auth=auth, timeout=SAFETY_S)
        statuses[answer.status_code] += 1
        check_documented(case.method, case.path, answer.status_code)
        assert "Traceback" not in answer.text
        if answer.headers["content-type"][0].startswith("text/plain"):
            assert answer.status_code == 400  # no valid HTTP: it never came to the application
        elif answer.status_code >= 400 and case.method != "HEAD":
            assert set(answer.json()["error"]) - {"values"} == {"code", "message"}

    send()


def mutilated(request: bytes, dice: random.Random) -> bytes:
    """Return what is left of a request after something has happened to its bytes."""
    request = bytearray(request)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(request) + 1) % max(1, len(request))
        what = dice.randrange(6)
        if what == 0:
            request[at : at + 1] = dice.randbytes(1)
        elif what == 1:
            del request[at : at + dice.randint(1, 20)]
        elif what == 2:
            request[at:at] = dice.randbytes(dice.randint(1, 20))
        elif what == 3:
            request[at:at] = dice.choice([b"\r\n", b"\n", b"\0", b": ", b" ", b"\r", b"%00"])
        elif what == 4:
            line = dice.choice(string.ascii_letters) * dice.randint(1, 9000)
            request[at:at] = f"\r\n{line}: {line[:10]}".encode()
        else:
            request = request[:at] or bytearray(b"\n")
    return bytes(request)


@pytest.mark.parametrize(
    "count", [500, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1200)])]
)
def test_mutilated_bytes_are_answered_with_4xx_or_not_at_all(target, figure, count):
    with (
        unhurt(target, figure, "S16", f"{count:,} mutilated requests"),
        ThreadPoolExecutor(16) as pool,
    ):
        statuses = Counter(pool.map(lambda seed: status_of_mutilated(target, seed), range(count)))

    errors = sum(number for status, number in statuses.items() if status >= 500)
    figure("S16", f"{count:,} mutilated requests: errors of the daemon", errors, "", 0)
    assert statuses[400] > count / 10


def status_of_mutilated(daemon, seed):
    """Mutilate a signed request; return the status of its answer, 0 if there is none."""
    with Talk(daemon) as talk:
        right = talk.sign("POST", "/v1/jobs", {"Content-Type": "application/json"}, b'{"id": 1}')
        talk.socket.settimeout(1)
        try:
            talk.send(mutilated(right.raw(daemon.port), random.Random(seed)) + b"\r\n\r\n")
            answer = talk.socket.recv(4096)
        except (ConnectionError, TimeoutError):
            return 0
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else 0
