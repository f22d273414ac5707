"""Who keeps a connection and who does not, without any socket."""

import asyncio
import errno
import logging
from dataclasses import replace

import pytest

from lacuna.service.awake import AwakeClock
from lacuna.service.connections import UNANSWERED_BYTES, Connection, Connections

from .test_parts import SETTINGS


class Line:
    """A transport that notes whether it was closed."""

    def __init__(self):
        self.aborted = self.closing = False

    def abort(self):
        self.aborted = True

    def is_closing(self):
        return self.closing

    def set_write_buffer_limits(self, high=None):
        pass

    def set_protocol(self, protocol):
        self.protocol = protocol


class Library(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self):
        self.data = b""
        self.paused = False

    def data_received(self, data):
        self.data += data

    def pause_writing(self):
        self.paused = True

    def resume_writing(self):
        self.paused = False


class Hands(AwakeClock):
    seconds = 0.0

    def now(self):
        return self.seconds


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def connections(clock):
    settings = replace(SETTINGS, max_connections=8, write_s=30, stranger_write_s=10)
    return Connections(settings, clock, None)


def connect(connections) -> Connection:
    one = connections.factory(Library)()
    one.connection_made(Line())
    return one


def send(connection, data: bytes) -> None:
    while data:
        buffer = connection.get_buffer(-1)
        piece, data = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(piece)] = piece
        connection.buffer_updated(len(piece))
        if connection.transport.aborted:
            return


def closed(*all_of_them):
    return [one.transport.aborted for one in all_of_them]


def test_stranger_that_is_quiet_longest_goes_for_a_new_one(connections):
    strangers = [connect(connections) for _ in range(4)]  # half of eight
    send(strangers[0], b"x")
    new = connect(connections)

    assert closed(*strangers, new) == [False, True, False, False, False]


def test_callers_who_have_signed_are_never_closed_for_others(connections):
    known = [connect(connections) for _ in range(4)]
    for one in known:
        one.become_known()
    strangers = [connect(connections) for _ in range(100)]

    assert not any(closed(*known))
    assert closed(*strangers).count(False) == 4


def test_when_all_places_are_known_the_new_one_goes(connections):
    known = []
    for _ in range(8):
        one = connect(connections)
        one.become_known()
        known.append(one)
    assert closed(*known, connect(connections)) == [False] * 8 + [True]
    known[0].connection_lost(None)
    assert closed(connect(connections)) == [False]


def test_request_that_comes_with_its_connection_is_read_before_its_place_is_needed():
    for most, descriptors in ((1024, 4096), (1024, 64), (1024, 20), (4, None)):
        settings = replace(SETTINGS, max_connections=most)
        connections = Connections(settings, AwakeClock(), descriptors)
        assert connections.most <= (descriptors or most)
        assert connections.at_a_time >= 1
        if connections.most >= 16:
            assert connections.at_a_time * 6 < connections.most // 2


def test_stranger_whose_request_has_no_end_is_closed_and_held_no_longer(connections):
    one = connect(connections)
    send(one, b"x" * (UNANSWERED_BYTES + 1))

    assert one.transport.aborted
    assert len(one._inner.data) <= UNANSWERED_BYTES


def test_requests_that_end_may_be_as_many_as_they_like(connections):
    one = connect(connections)
    for _ in range(100):
        send(one, b"x" * 10_000)
        one.begin_request()
    assert not one.transport.aborted


def test_bytes_arrive_as_they_were_sent(connections):
    one, data = connect(connections), bytes(range(256)) * 150
    send(one, data)
    one.become_known()
    one.transport.protocol.data_received(data * 100)
    assert one._inner.data == data * 101


@pytest.mark.parametrize(("known", "limit_s"), [(False, 10), (True, 30)])
@pytest.mark.parametrize("how", ["paused", "closing"])
def test_what_is_not_read_in_time_is_stuck(connections, clock, known, limit_s, how):
    one = connect(connections)
    if known:
        one.become_known()
    assert not one.is_stuck(clock.now())
    if how == "paused":
        one.pause_writing()
        assert one._inner.paused
    else:
        one.transport.closing = True
    assert not one.is_stuck(clock.now())
    clock.seconds += limit_s
    assert not one.is_stuck(clock.now())
    clock.seconds += 0.1
    assert one.is_stuck(clock.now())
    if how == "paused":
        one.resume_writing()
        assert not one.is_stuck(clock.now())


def test_sockets_that_cannot_be_accepted_are_counted_and_other_errors_said(connections, caplog):
    caplog.set_level(logging.WARNING)
    loop = asyncio.new_event_loop()
    error = OSError(errno.EMFILE, "Too many open files")
    message = "socket.accept() out of system resource"
    for _ in range(1000):
        connections.on_loop_error(loop, {"message": message, "exception": error})
    connections._refused.say()
    assert [record.getMessage() for record in caplog.records] == [
        "connections could not be taken: 1,000 Too many open files"
    ]
    assert caplog.records[0].exc_info is None
    connections.on_loop_error(loop, {"message": "a bug", "exception": ValueError("x")})
    assert "a bug" in caplog.text
    loop.close()
