"""A line between client and daemon that is slow or breaks: a result or one clear error, in time."""

import asyncio
import os
import random
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from lacuna_wire import LacunaError
from lacuna_wire.client import Client, inpaint
from lacuna_wire.errors import DaemonUnreachable
from tests.service.conftest import eventually, inverted, request, shared_daemon

PIECE = 1024


class Line:
    """What happens to bytes on their way; counted in both directions together.

    Attributes:
        delay_s: Before every piece.
        cut_after: Bytes after which both ends are closed; -1: never.
        reset: Whether they are closed by a reset.
    """

    delay_s = 0.0
    cut_after = -1
    reset = False
    passed = 0

    def __init__(self, daemon_port):
        self.daemon_port = daemon_port
        self.port = 0  # of the line itself


class End(asyncio.Protocol):
    """One end of a connection through a line; what comes in goes out at the other end."""

    def __init__(self, line, other=None):
        self.line, self.other = line, other
        self.transport, self.waiting = None, []
        self.due = 0.0

    def connection_made(self, transport):
        self.transport = transport
        loop = asyncio.get_running_loop()
        if self.other is None:  # a client: the other end is the daemon
            there = loop.create_connection(
                lambda: End(self.line, self), "127.0.0.1", self.line.daemon_port
            )
            self.connecting = loop.create_task(there)
        else:
            self.other.other = self
            self.other.flush()

    def data_received(self, data):
        # The daemon answers nobody who names another port than its own.
        names = [b"127.0.0.1:%d" % port for port in (self.line.port, self.line.daemon_port)]
        self.waiting.append(data.replace(*names))
        self.flush()

    def flush(self):
        if self.other is None or self.other.transport is None:
            return
        loop = asyncio.get_running_loop()
        for data in self.waiting:
            for start in range(0, len(data), PIECE):
                self.due = max(loop.time(), self.due) + self.line.delay_s
                loop.call_at(self.due, self.send, data[start : start + PIECE])
        self.waiting.clear()

    def send(self, piece):
        line = self.line
        left = len(piece) if line.cut_after < 0 else max(0, line.cut_after - line.passed)
        line.passed += len(piece)
        self.other.transport.write(piece[:left])
        if left < len(piece):
            for end in (self, self.other):
                end.transport.abort() if line.reset else end.transport.close()

    def connection_lost(self, _error):
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


@contextmanager
def through(line):
    """Open the line, from a thread of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: End(line), "127.0.0.1", 0))
    line.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.call_later, 0.02, loop.stop)
        thread.join()
        loop.close()


def client_of(daemon, line):
    return Client(daemon.endpoint._replace(port=line.port))


def one_job(client):
    """Run a job; return whether its result is right, or the error."""
    sent = {}

    def read(window):
        sent["all"] = os.urandom(window.area * 5)
        return [sent["all"]]

    try:
        _, pixels, *_more = inpaint(client, request(), read, lambda _: None, lambda: False)
    except LacunaError as error:
        return error
    assert pixels == inverted(sent["all"], 4)
    return None


daemon = shared_daemon("daemon", client_gone_s=1.0, clock_s=0.05)


def test_line_without_faults_is_no_fault(daemon):
    line = Line(daemon.port)
    with through(line):
        assert one_job(client_of(daemon, line)) is None


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_line_cut_anywhere_gives_a_result_or_one_error_and_leaves_no_job(daemon, figure, reset):
    """A whole job is about 25,000 bytes; fifty cuts in and behind them."""
    dice, slowest_s, errors = random.Random(reset), 0.0, 0
    for cut_after in sorted(dice.randrange(26_000) for _ in range(50)):
        line = Line(daemon.port)
        line.cut_after, line.reset = cut_after, reset
        begun = time.monotonic()
        with through(line):
            error = one_job(client_of(daemon, line))
        slowest_s = max(slowest_s, time.monotonic() - begun)
        if error is not None:
            errors += 1
            assert len(str(error).splitlines()) == 1
    assert errors > 25
    eventually(lambda: not daemon.client.status()["jobs"])
    figure("F23", "line cut at 50 places: slowest end of a job", slowest_s, "s", 10)
    daemon.client.status()
    assert one_job(daemon.client) is None


def test_long_line_only_takes_longer(daemon):
    line = Line(daemon.port)
    line.delay_s = 0.02  # before every kilobyte, and there are about 25
    with through(line):
        assert one_job(client_of(daemon, line)) is None


@pytest.mark.parametrize("sent", [b"", b'{"state"', b'{"state": "ok"}'])
def test_answer_that_ends_early_is_a_lost_connection_and_no_riddle(daemon, sent):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n"

    def answer():
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(head + sent)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        client = Client(daemon.endpoint._replace(port=server.getsockname()[1]))
        with pytest.raises(DaemonUnreachable, match="was lost"):
            client.status()
        thread.join()
