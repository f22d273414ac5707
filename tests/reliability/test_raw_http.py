"""Bytes that are no proper HTTP, slow clients, and names that try to be paths."""

import json
import os
import re
import socket
import statistics
import subprocess
import time
import uuid
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from lacuna_wire.session import begin_session
from lacuna_wire.signing import DIGEST, authorization, digest_of, sign_request
from tests.reliability.test_load import Pings
from tests.service.conftest import SAFETY_S, eventually, request, shared_daemon
from tests.service.signed import signed
from tests.service.talk import Talk, Upload

daemon = shared_daemon("daemon")  # nothing that is only said harms it
PROTOCOL_ANSWERS = (400, 401, 404, 408, 411, 413, 415, 421, 431)


def exchange(talk, data: bytes, wait_s=SAFETY_S) -> bytes:
    """Send bytes and return all that comes until the daemon closes or is silent for `wait_s`."""
    received = b""
    talk.socket.settimeout(wait_s)
    talk.send(data)
    try:
        while piece := talk.socket.recv(65536):
            received += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return received


def statuses_in(received: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/\d\.\d (\d{3}) ", received)]


def lines(talk, first, *headers, body=b"", counter=1):
    """Make a request of these lines, signed as far as they can be: as if its client were broken."""
    method, _, rest = first.partition(" ")
    told = {}
    for line in headers:
        name, _, value = line.partition(":")
        told.setdefault(name.lower(), []).append(value.strip())
    told[DIGEST.lower()] = [digest_of(body)]
    signature = sign_request(
        talk.keys.request, counter, method, rest.rpartition(" ")[0] or rest,
        lambda name: ", ".join(told.get(name.lower(), ())),
    )  # fmt: skip
    own = (
        f"Host: 127.0.0.1:{talk.port}",
        f"Authorization: {authorization(counter, signature)}",
        f"{DIGEST}: {digest_of(body)}",
    )
    return "\r\n".join([first, *own, *headers, "", ""]).encode("latin-1") + body


def broken_requests(talk):
    """Requests that two readers of HTTP could understand in two ways, by name."""
    json_type = "Content-Type: application/json"
    submit = "POST /v1/jobs HTTP/1.1"
    return {
        "two hosts": lines(talk, "GET /v1/status HTTP/1.1", "Host: evil.example"),
        "length and chunks": lines(
            talk, submit, json_type, "Content-Length: 2", "Transfer-Encoding: chunked",
            body=b"0\r\n\r\n",
        ),
        "two lengths": lines(
            talk, submit, json_type, "Content-Length: 2", "Content-Length: 3", body=b"{}"
        ),
        "negative length": lines(talk, submit, json_type, "Content-Length: -1", body=b"{}"),
        "long line": lines(talk, "GET /" + "a" * 9000 + " HTTP/1.1"),
        "long header": lines(talk, "GET /v1/status HTTP/1.1", "X: " + "a" * 9000),
        "200 headers": lines(talk, "GET /v1/status HTTP/1.1", *["A: b"] * 200),
        "bare line feeds": lines(talk, "GET /v1/status HTTP/1.1").replace(b"\r\n", b"\n"),
        "absolute target": lines(talk, f"GET http://127.0.0.1:{talk.port}/v1/status HTTP/1.1"),
        "foreign target": lines(talk, "GET http://evil.example/v1/status HTTP/1.1"),
        "two slashes": lines(talk, "GET //v1/status HTTP/1.1"),
        "dots": lines(talk, "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1"),
        "null byte": lines(talk, "GET /v1/status\0 HTTP/1.1"),
        "encoded null byte": lines(talk, "GET /v1/jobs/%00 HTTP/1.1"),
        "folded header": lines(talk, "GET /v1/status HTTP/1.1", "X: a\r\n b"),
        "space before the colon": lines(talk, submit, "Content-Length : 2", body=b"{}"),
        "chunk of a huge size": lines(
            talk, submit, json_type, "Transfer-Encoding: chunked", body=b"f" * 17 + b"\r\n"
        ),
        "old protocol": lines(talk, "GET /v1/status HTTP/1.0"),
        "no protocol": lines(talk, "GET /v1/status"),
        "future protocol": lines(talk, "GET /v1/status HTTP/9.9"),
        "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "websocket": lines(
            talk, "GET /v1/status HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Origin: http://evil.example",
        ),
        "tunnel": lines(talk, "CONNECT evil.example:443 HTTP/1.1"),
        "trace": lines(talk, "TRACE /v1/status HTTP/1.1"),
    }  # fmt: skip


def broken_names(daemon):
    with Talk(daemon) as talk:
        assert talk.say(lines(talk, "GET /v1/status HTTP/1.1")).status == 200  # if it is not broken
        return list(broken_requests(talk))


def test_requests_that_could_be_read_in_two_ways_are_refused(daemon):
    for name in broken_names(daemon):
        with Talk(daemon) as talk:
            found = statuses_in(exchange(talk, broken_requests(talk)[name], wait_s=0.5))
        allowed = (*PROTOCOL_ANSWERS, 403, 405)
        assert found, name
        assert set(found) <= set(allowed), (name, found)
    assert daemon.client.status()["jobs"] == []
    assert "Traceback" not in daemon.log


def test_bytes_that_are_no_request_are_answered_in_our_words_and_not_in_theirs(daemon):
    """Neither what answers and in which version, nor what was sent: a page could read it there."""
    heads = (b"GET /marker\x01 HTTP/1.1", b"marker", b"\x16\x03\x01marker")
    whole = {head: head + b"\r\n\r\n" for head in heads}
    told = re.compile(rb"marker|aiohttp|Python/|Bad (request|status)|Expected")
    broken = 0
    for name in (*broken_names(daemon), *whole):
        with Talk(daemon) as talk:
            data = {**broken_requests(talk), **whole}[name].replace(b"/v1/", b"/marker/")
            received = exchange(talk, data, wait_s=0.5)
        assert not told.search(received), data
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"\r\nserver: lacuna" in head.lower(), data
        assert b"\r\nx-content-type-options: nosniff" in head.lower(), data
        broken += b"no request of HTTP/1.1" in body
    assert broken >= 10


def test_key_that_comes_twice_is_refused_even_where_all_else_is_right(daemon):
    """One reader takes the first, another the last: what was checked may not be what is used."""
    right = json.dumps(request().as_dict())
    for twice in (right[:-1] + ', "options": {}}', right.replace('"width"', '"width": 1, "width"')):
        for path in ("/v1/jobs", "/v1/estimate"):
            answer = daemon.call("POST", path, {"Content-Type": "application/json"}, twice)
            assert (answer.status, answer.code) == (400, "bad_request")


def test_thousand_pipelined_requests_are_answered_in_turn(daemon):
    with Talk(daemon) as talk:
        many = [lines(talk, "GET /v1/status HTTP/1.1", counter=at) for at in range(1, 1000)]
        many.append(lines(talk, "GET /v1/status HTTP/1.1", "Connection: close", counter=1000))
        received = exchange(talk, b"".join(many))

    assert statuses_in(received) == [200] * 1000


def test_second_request_is_not_read_out_of_the_body_of_a_refused_one(daemon):
    """Request smuggling: what follows a refused head must never run as a request of its own."""
    json_type = "Content-Type: application/json"
    for kind, length in (
        ("", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        ("Content-Type: text/plain", "Content-Length: {}"),
        (json_type, "Content-Length: {}"),
        (json_type, "Transfer-Encoding: chunked"),
    ):
        with Talk(daemon) as talk:
            # Signed as the second one of its connection, as which it would be taken.
            hidden = lines(talk, "POST /v1/shutdown HTTP/1.1", json_type, "Content-Length: 2",
                           body=b"{}", counter=2)  # fmt: skip
            headers = [*filter(None, [kind]), *length.format(len(hidden)).split("\r\n")]
            found = exchange(
                talk, lines(talk, "POST /v1/jobs HTTP/1.1", *headers, body=hidden), 0.5
            )
        assert statuses_in(found)[0] in (400, 415), headers

    assert daemon.call("GET", "/v1/health").status == 200
    assert "shutting" not in daemon.log


HOSTILE = [
    "../../../../tmp/evil", "/etc/passwd", "..\\..\\evil", "C:\\evil", "CON", "NUL", "\x00",
    "a\x00b",
    "\u202egnp.exe", "\ud800", "\u2028", "%2e%2e%2f", "file:///etc/passwd", "http://evil.example",
    "$(touch evil)", "`touch evil`", "; touch evil", "{{7*7}}", "%s%n", "\x1b[2J", "a" * 10_000, "",
    "\u00bd\u0661", "\N{FULLWIDTH SOLIDUS}etc", "~", "-rf",
]  # fmt: skip
TEXT_FIELDS = [
    ("id",), ("layout", "channels"), ("layout", "sample"), ("layout", "transfer"),
    ("options", "weights"), ("options", "device"), ("options", "result"),
]  # fmt: skip


def files_below(*folders):
    return {str(path) for folder in folders for path in Path(folder).rglob("*")}


def test_no_text_of_a_request_becomes_a_path(daemon, home):
    before = files_below(home, daemon.state.parent)
    for field in TEXT_FIELDS:
        for text in HOSTILE:
            if field == ("options", "weights") and text == "":
                continue  # the default
            message = request().as_dict()
            place = message
            for key in field[:-1]:
                place = place[key]
            place[field[-1]] = text
            answer = daemon.call(
                "POST", "/v1/jobs", {"Content-Type": "application/json"}, json.dumps(message)
            )
            assert answer.status in (400, 415), (field, text)
            assert len(answer.body) < 500

    new = files_below(home, daemon.state.parent) - before
    assert not [path for path in new if not path.endswith("daemon.log")]
    assert daemon.client.status()["jobs"] == []


def test_no_id_in_an_address_becomes_a_path(daemon):
    for text in HOSTILE:
        quoted = quote(text.encode("utf-8", "surrogatepass"), safe="")
        for method, tail in (("GET", ""), ("GET", "/result"), ("DELETE", "")):
            with Talk(daemon) as talk:
                asked = f"{method} /v1/jobs/{quoted}{tail} HTTP/1.1"
                received = exchange(talk, lines(talk, asked, "Connection: close"))
            assert statuses_in(received)[0] in (400, 404), (method, text)


def test_silent_and_dripping_connections_are_closed_and_nobody_waits_for_them(start, figure):
    """Five hundred of them, some silent, some with half a head; others are answered meanwhile."""
    daemon = start()
    connections = []
    try:
        for number in range(500):
            connections.append(socket.create_connection(("127.0.0.1", daemon.port)))
            if number % 2:
                connections[-1].sendall(b"GET /v1/health HTTP/1.1\r\nHost: ")
        with Pings(daemon) as pings:
            time.sleep(1.5)
    finally:
        for connection in connections:
            connection.close()
    figure("S9", "p99 of /v1/status beside 500 idle connections", pings.p99_ms, "ms", 1000)


@pytest.mark.long
def test_half_a_head_is_closed_in_time(start, figure):
    daemon = start()
    took_s = []
    for sent in (b"", b"GET /v1/health HTTP/1.1\r\nHost: "):
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=60) as connection:
            connection.sendall(sent)
            while connection.recv(1000):
                pass
        took_s.append(time.monotonic() - begun)
    figure("S9", "connection without a head: closed after", max(took_s), "s", 17.0)


def connections_of(daemon):
    """How many clients the front has."""
    return sum(
        each.status == psutil.CONN_ESTABLISHED
        for each in psutil.Process(daemon.process.pid).net_connections("tcp")
    )


@pytest.mark.parametrize("kind", ["-H", "-B"], ids=["heads", "bodies"])
@pytest.mark.parametrize(
    ("connections", "seconds", "p99_ms"),
    [
        (60, 3, 1000),
        pytest.param(300, 25, 100, marks=pytest.mark.long),
    ],
)
def test_slow_clients_do_not_keep_others_waiting(
    start, program, figure, tmp_path, kind, connections, seconds, p99_ms
):
    slow = program("slowhttptest")
    daemon = start()
    path = "/v1/status" if kind == "-H" else "/v1/jobs"
    process = subprocess.Popen(
        [slow, kind, "-c", str(connections), "-r", "100", "-l", str(seconds), "-i", "1", "-x", "10",
         "-p", "5", "-u", f"http://127.0.0.1:{daemon.port}{path}"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if kind == "-H":  # bodies that are not signed are refused by their heads and never add up
            eventually(lambda: connections_of(daemon) >= connections)
        with Pings(daemon) as pings:
            time.sleep(seconds - 2)
    finally:
        process.terminate()
        process.wait()
    what = "heads" if kind == "-H" else "bodies"
    name = f"{connections} slow {what} for {seconds} s: p99 of /v1/status"
    figure("S9", name, pings.p99_ms, "ms", p99_ms)
    assert daemon.client.status()["jobs"] == []


@pytest.mark.long
@pytest.mark.parametrize("rate", [1, 500_000], ids=["a byte per second", "half a MiB per second"])
def test_slow_upload_ends_in_time(start, figure, rate):
    daemon = start()
    ticket = daemon.submit(width=4000, height=4000, selection=request().selection._replace(
        left=20, top=20, width=3900, height=3900))  # fmt: skip
    begun, answer = time.monotonic(), b""
    with Upload(daemon, ticket) as upload:
        connection = upload.socket
        connection.settimeout(5)
        while not answer and time.monotonic() < begun + 60:
            try:
                connection.sendall(bytes(max(1, rate // 10)))
                connection.settimeout(0.1 if rate > 1 else 1.0)
                answer = connection.recv(1000)
            except TimeoutError:
                connection.settimeout(5)
            except ConnectionError:
                break
    took_s = time.monotonic() - begun
    status = eventually(lambda: (now := daemon.status(ticket)).ended and now)
    assert status.error.code == "too_slow"
    figure("S9", f"upload of {rate:,} B/s: ended after", took_s, "s", 21.0)
    assert not daemon.spooled


@pytest.mark.long
@pytest.mark.timeout(300)
def test_wrong_signatures_take_the_same_time_however_near_they_are(start, figure):
    """Welch's t between one that differs in its first digit and one that does in its last."""
    daemon = start()
    flip = {"0": "1"}
    took_s = ([], [])
    connection = HTTPConnection("127.0.0.1", daemon.port, timeout=SAFETY_S)
    for number in range(10_000):
        which = number % 2
        keys = begin_session(connection, daemon.endpoint.key, daemon.endpoint.instance).keys
        right = signed(keys, "GET", "/v1/status").signature
        guesses = (flip.get(right[0], "0") + right[1:], right[:-1] + flip.get(right[-1], "0"))
        begun = time.perf_counter()
        connection.request(
            "GET", "/v1/status", headers={"Authorization": authorization(1, guesses[which])}
        )
        answer = connection.getresponse()
        answer.read()
        took_s[which].append(time.perf_counter() - begun)
        assert answer.status == 401
    connection.close()
    # The slowest tenth is what other programs do to both.
    calm = [sorted(times)[: len(times) * 9 // 10] for times in took_s]
    error = sum(statistics.variance(times) / len(times) for times in calm) ** 0.5
    t = abs(statistics.mean(calm[0]) - statistics.mean(calm[1])) / error
    figure("S1", "wrong signatures, first or last digit, 2 x 5,000: Welch's t", t, "", 4.5)


def test_unknown_job_of_any_spelling_leaves_no_trace(daemon):
    for _ in range(50):
        assert daemon.call("DELETE", f"/v1/jobs/{uuid.uuid4()}").status == 404
    assert not os.listdir(daemon.place)
