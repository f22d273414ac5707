"""Whoever passes messages on can neither change nor repeat them, nor mix them up."""

import json
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from lacuna_wire import LacunaError, session, signing
from lacuna_wire.errors import DaemonUnreachable, NotFound
from lacuna_wire.signing import DIGEST, PLAIN, SIGNATURE, TAG_BYTES, TRAILING

from .conftest import SAFETY_S, Answer, inverted, request
from .relays import message_from, relay_to
from .talk import Talk

JSON = {"Content-Type": "application/json"}
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def talk(shared):
    """Begin talks with the shared daemon."""
    talks = []

    def begin(daemon=shared) -> Talk:
        talks.append(Talk(daemon))
        return talks[-1]

    yield begin
    for one in talks:
        one.close()


def refused(answer: Answer) -> bool:
    return (answer.status, answer.code) == (401, "unauthorized")


# --- replayed, reordered, on another connection


def test_requests_of_one_connection_are_taken_in_their_order(talk):
    one = talk()
    for counter in (1, 2, 3):
        assert one.say(one.sign("GET", "/v1/status", counter=counter)).status == 200


def test_request_that_comes_twice_is_refused_the_second_time(shared, talk):
    ticket = shared.submit()
    one = talk()
    again = one.sign("GET", f"/v1/jobs/{ticket.id}")

    assert one.say(again).status == 200
    assert refused(one.say(again))
    shared.client.forget(ticket.id)


@pytest.mark.parametrize("counter", [0, 2, 3, -1, 10**14])
def test_request_that_overtakes_another_is_refused(talk, counter):
    one = talk()

    assert refused(one.say(one.sign("GET", "/v1/status", counter=counter)))


def test_session_is_over_after_one_wrong_word(talk):
    one = talk()
    later = one.sign("GET", "/v1/status", counter=2)
    assert refused(one.say(later))

    assert refused(one.say(one.sign("GET", "/v1/status")))
    assert refused(one.say(later))
    one.keys = one.hello()
    assert one.say(one.sign("GET", "/v1/status")).status == 200


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [("health", "127.0.0.1", 200), ("health", "evil", 421), ("status", "evil", 421)],
)
def test_session_is_over_after_anything_that_is_not_signed(talk, path, host, status):
    """Or a relay could keep the connection alive with it, and hold back a request for hours."""
    one = talk()
    held_back = one.sign("GET", "/v1/status")
    between = f"GET /v1/{path} HTTP/1.1\r\nHost: {host}:{one.port}\r\n\r\n".encode()
    assert one.say(between).status == status

    assert refused(one.say(held_back))


def test_request_of_one_connection_is_worth_nothing_on_another(talk):
    one, other = talk(), talk()

    assert refused(other.say(one.sign("GET", "/v1/status")))
    assert one.say(one.sign("GET", "/v1/status")).status == 200


def test_new_hello_ends_what_was_signed_before_it(talk):
    one = talk()
    before = one.sign("GET", "/v1/status")
    one.keys = one.hello()

    assert refused(one.say(before))


def test_recorded_talk_is_refused_from_its_first_word(shared):
    with relay_to(shared) as (relay, client):
        ticket = client.submit(request())
        client.cancel(ticket.id)
        recorded = list(relay.requests)
    assert len(recorded) == 2
    jobs = len(shared.client.status()["jobs"])
    for one in recorded:
        with socket.create_connection(("127.0.0.1", shared.port), timeout=SAFETY_S) as connection:
            hello = f"GET /v1/hello?nonce={'0' * 32}&protocol=2 HTTP/1.1\r\n"
            connection.sendall(f"{hello}Host: 127.0.0.1:{shared.port}\r\n\r\n".encode())
            assert message_from(connection).startswith(b"HTTP/1.1 200")
            connection.sendall(one)
            assert message_from(connection).startswith(b"HTTP/1.1 401")
    assert len(shared.client.status()["jobs"]) == jobs


def test_request_for_another_daemon_is_refused(shared, start, talk):
    other = start()
    one = talk()
    strange = Talk(other)
    try:
        assert refused(one.say(strange.sign("GET", "/v1/status")))
    finally:
        strange.close()
    for key, instance in (
        (other.endpoint.key, shared.endpoint.instance),
        (shared.endpoint.key, other.endpoint.instance),
    ):
        mixed = shared.endpoint._replace(key=key, instance=instance)
        with pytest.raises(DaemonUnreachable, match="A program other than Lacuna"):
            type(shared.client)(mixed).status()


# --- changed requests


def submit_message() -> str:
    return json.dumps(request().as_dict())


CHANGES = {
    "method": lambda one: one._replace(method="POST"),
    "path": lambda one: one._replace(path="/v1/health/../jobs"),
    "other route": lambda one: one._replace(path="/v1/estimate"),
    "query": lambda one: one._replace(path="/v1/jobs?x=1"),
    "body": lambda one: one._replace(body=one.body.replace(b'"width": 200', b'"width": 201')),
    "digest": lambda one: one._replace(headers={**one.headers, DIGEST: "0" * 64}),
    "no digest": lambda one: one._replace(
        headers={name: value for name, value in one.headers.items() if name != DIGEST}
    ),
    "two digests": lambda one: one._replace(
        headers={**one.headers, DIGEST.lower(): one.headers[DIGEST]}
    ),
    "type": lambda one: one._replace(headers={**one.headers, "Content-Type": "text/plain"}),
    "length": lambda one: one._replace(
        headers={**one.headers, "Content-Length": str(len(one.body) + 1)}
    ),
    "counter": lambda one: one._replace(
        headers={**one.headers, "Authorization": one.headers["Authorization"].replace(" 1 ", " 2 ")}
    ),
    "peer": lambda one: one._replace(headers={**one.headers, "Lacuna-Peer": "own"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_request_is_refused_and_makes_no_job(shared, talk, change):
    one = talk()
    method = "PUT" if change is CHANGES["method"] else "POST"
    right = one.sign(method, "/v1/jobs", JSON, submit_message())
    jobs = len(shared.client.status()["jobs"])

    assert refused(one.say(change(right)))
    assert len(shared.client.status()["jobs"]) == jobs


def swapped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("at", [0, 10_919, 10_920, 10_951], ids=["first", "last", "tag", "end"])
def test_changed_upload_is_no_input(shared, at):
    """The job ends before a worker sees it."""
    ticket = shared.submit()
    with relay_to(shared) as (relay, client):
        relay.change_request = lambda one: swapped(one, len(one) - 10_952 + at)
        with pytest.raises(LacunaError, match="not the ones that were signed") as caught:
            client.upload(ticket.id, [os.urandom(ticket.input_bytes)], ticket.input_bytes)
    status = shared.status(ticket)

    assert caught.value.code == status.error.code == "upload_broken"
    assert (status.state, status.tiles_done) == ("failed", 0)
    assert not [path for path in shared.spooled if ticket.id in path.name]


@pytest.mark.parametrize("digest", [None, PLAIN, "0" * 64, "x"])
def test_upload_without_a_tag_is_refused_before_it_is_read(shared, talk, digest):
    ticket = shared.submit()
    one = talk()
    headers = {**OCTETS, "Content-Length": str(ticket.input_bytes)}
    if digest:
        headers[DIGEST] = digest
    told = one.sign("PUT", f"/v1/jobs/{ticket.id}/input", headers)

    answer = one.say(told)
    assert (answer.status, answer.code) == (400, "bad_request")
    assert shared.client.cancel(ticket.id).state == "cancelled"


@pytest.mark.parametrize("kept", [0, 100, 10_919, 10_920, 10_951])
def test_truncated_upload_is_no_input(shared, talk, kept):
    ticket = shared.submit()
    one = talk()
    whole = one.sign("PUT", f"/v1/jobs/{ticket.id}/input", OCTETS, os.urandom(10_920)).raw(one.port)
    one.connection.sock.sendall(whole[: len(whole) - 10_952 + kept])
    one.close()
    with ThreadPoolExecutor(1) as pool:
        status = pool.submit(shared.wait, ticket).result()

    assert (status.state, status.error.code) == ("failed", "upload_broken")


# --- changed answers


def with_status(answer: bytes, status: bytes) -> bytes:
    return re.sub(rb"^HTTP/1.1 \d+", b"HTTP/1.1 " + status, answer)


def with_header(name: str, value: bytes):
    return lambda answer: re.sub(rb"(?i)\r\n%s: [^\r]*" % name.encode(), value, answer)


LINE = SIGNATURE.encode()
ANSWER_CHANGES = {
    "status": lambda answer: with_status(answer, b"201"),
    "success made an error": lambda answer: with_status(answer, b"500"),
    "body": lambda answer: answer.replace(b'"health": "ok"', b'"health": "no"'),
    "type": with_header("Content-Type", b"\r\nContent-Type: text/html"),
    "digest": with_header(DIGEST, b"\r\nLacuna-Digest: " + b"0" * 64),
    "no digest": with_header(DIGEST, b""),
    "signature": with_header(SIGNATURE, b"\r\nLacuna-Signature: " + b"0" * 64),
    "no signature": with_header(SIGNATURE, b""),
    "more headers": lambda answer: answer.replace(b"\r\n\r\n", b"\r\nLacuna-Rect: 1,1,1,1\r\n\r\n"),
    "another answer": lambda _answer: (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    ),
    "unsigned refusal": lambda _answer: (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 47\r\n\r\n"
        b'{"error": {"code": "not_found", "message": "No"}}'
    ),
    "nothing": lambda _answer: b"",
    "cut": lambda answer: answer[:-1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
}


@pytest.mark.parametrize("change", ANSWER_CHANGES.values(), ids=ANSWER_CHANGES)
def test_changed_answer_is_not_believed(shared, change):
    with relay_to(shared) as (relay, client):
        assert client.status()["health"] == "ok"  # the relay alone does no harm
        relay.change_answer = lambda _number, answer: change(answer)
        with pytest.raises(DaemonUnreachable):
            client.status()


def test_refusal_is_believed_as_it_was_said_and_not_otherwise(shared):
    ticket = shared.submit()
    with relay_to(shared) as (relay, client):
        with pytest.raises(NotFound):
            client.cancel("00000000-0000-0000-0000-000000000001")
        relay.change_answer = lambda _number, answer: answer.replace(b"There is", b"There was")
        with pytest.raises(DaemonUnreachable, match="other than Lacuna"):
            client.cancel("00000000-0000-0000-0000-000000000001")
    shared.client.forget(ticket.id)


def test_answer_to_another_request_is_not_believed(shared):
    """Not even to the same question, asked a moment ago."""
    with relay_to(shared) as (relay, client):
        client.status()
        relay.change_answer = lambda _number, _answer: relay.answers[0]
        with pytest.raises(DaemonUnreachable, match="other than Lacuna"):
            client.status()


def test_answers_that_are_exchanged_are_not_believed(shared, talk):
    one = talk()
    first, second = (one.sign("GET", "/v1/status", counter=counter) for counter in (1, 2))
    answers = [one.say(first), one.say(second)]

    for asked, answer in ((first, answers[1]), (second, answers[0])):
        expected = signing.sign_answer(
            one.keys.answer,
            asked.signature,
            200,
            lambda name, a=answer: a.headers.get(name.lower()),
        )
        assert answer.headers[SIGNATURE.lower()] != expected


RESULT_CHANGES = {
    "first pixel": lambda answer: swapped(answer, answer.index(b"\r\n\r\n") + 4),
    "last pixel": lambda answer: swapped(answer, len(answer) - TAG_BYTES - 1),
    "tag": lambda answer: swapped(answer, len(answer) - 1),
    "place": with_header("Lacuna-Rect", b"\r\nLacuna-Rect: 25,14,52,42"),
    "said to be plain": with_header(DIGEST, b"\r\nLacuna-Digest: plain"),
    "cut": lambda answer: answer[:-1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
}


@pytest.mark.parametrize("change", RESULT_CHANGES.values(), ids=RESULT_CHANGES)
def test_changed_result_is_not_taken(shared, change):
    ticket, data = shared.run()
    shared.wait(ticket)
    with relay_to(shared) as (relay, client):
        assert client.result(ticket.id)[1] == inverted(data, 4)
        relay.change_answer = lambda _number, answer: change(answer)
        with pytest.raises(DaemonUnreachable):
            client.result(ticket.id)
    shared.client.forget(ticket.id)


# --- large pixels


BIG = {"width": 3000, "height": 3000}
WHOLE = {**BIG, "selection": request(**BIG).image}


@pytest.mark.parametrize("peer", [True, None], ids=["the kernel vouches", "nobody vouches"])
def test_large_pixels_have_a_tag_unless_the_kernel_says_who_is_there(shared, monkeypatch, peer):
    monkeypatch.setattr(session, "is_own_peer", lambda _own, _peer: peer)
    with relay_to(shared) as (relay, client):
        ticket = client.submit(request(**WHOLE))
        assert ticket.input_bytes > signing.ALWAYS_TAGGED_BYTES
        data = bytes(ticket.input_bytes)
        client.upload(ticket.id, [data], ticket.input_bytes)
        assert shared.wait(ticket).state == "done"
        rect, pixels = client.result(ticket.id)
        upload, result = relay.requests[1], relay.answers[-1]
        digest = b"\r\nLacuna-Digest: " + (PLAIN if peer else TRAILING).encode()
        for message, length in ((upload, len(data)), (result, len(pixels))):
            head = message.partition(b"\r\n\r\n")[0]
            assert digest in head
            told = int(re.search(rb"Content-Length: (\d+)", head)[1])
            assert told == length + (0 if peer else TAG_BYTES)
        if not peer:
            relay.change_answer = lambda _number, answer: swapped(answer, len(answer) // 2)
            with pytest.raises(DaemonUnreachable):
                client.result(ticket.id)
            relay.change_answer = lambda _number, answer: with_header(
                DIGEST, b"\r\nLacuna-Digest: plain"
            )(answer)
            with pytest.raises(DaemonUnreachable):
                client.result(ticket.id)
    assert rect == request(**WHOLE).image
    shared.client.forget(ticket.id)


def test_program_of_another_user_that_knows_the_answers_gets_no_request(shared, monkeypatch):
    """It has them from the daemon; the kernel says whose end of the connection it is."""
    monkeypatch.setattr(session, "is_own_peer", lambda _own, _peer: False)
    with relay_to(shared) as (relay, client):
        with pytest.raises(DaemonUnreachable, match="other than Lacuna"):
            client.status()
        assert relay.requests == []


# --- several at once


def test_many_connections_of_several_clients_do_not_disturb_each_other(shared):
    clients = [type(shared.client)(shared.endpoint) for _ in range(3)]

    def ask(number):
        ticket = clients[number % 3].estimate(request())
        return ticket.tiles

    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(ask, range(240))) == {4}


def test_hellos_without_end_take_no_place(shared, talk):
    """A session is a part of its connection: a stranger can only replace one of its own."""
    one = talk()
    stranger = HTTPConnection("127.0.0.1", shared.port, timeout=SAFETY_S)
    for number in range(2_000):
        stranger.request("GET", f"/v1/hello?nonce={number:032x}&protocol=2")
        assert stranger.getresponse().read()
    stranger.close()

    assert one.say(one.sign("GET", "/v1/status")).status == 200
