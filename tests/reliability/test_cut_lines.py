"""A line between client and daemon that is slow or breaks: a result or one clear error, in time."""

import asyncio
import os
import random
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from lacuna_wire import LacunaError
from lacuna_wire.client import Client, inpaint
from tests.service.conftest import eventually, inverted, request

PIECE = 1024


class Line:
    """What happens to bytes on their way; counted in both directions together.

    Attributes:
        delay_s: Before every piece.
        cut_after: Bytes after which both ends are closed; -1: never.
        reset: Whether they are closed by a reset.
        silent: Whether they are left open instead, and nothing passes any more.
    """

    delay_s = 0.0
    cut_after = -1
    reset = silent = False
    passed = 0


async def pump(reader, writer, line, old, new):
    first = True
    while piece := await reader.read(PIECE):
        if first:  # the daemon answers nobody who names another port than its own
            piece, first = piece.replace(old, new), False
        await asyncio.sleep(line.delay_s)
        if 0 <= line.cut_after < line.passed + len(piece):
            writer.write(piece[: line.cut_after - line.passed])
            line.passed = line.cut_after
            raise ConnectionResetError
        line.passed += len(piece)
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


@contextmanager
def proxy(daemon, line):
    """Give the port of a line to the daemon, from a thread of its own."""
    ports, loop = [], asyncio.new_event_loop()
    begun, end = threading.Event(), asyncio.Event()

    async def connect(reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", daemon.port)
        names = [f"127.0.0.1:{port}".encode() for port in (ports[0], daemon.port)]
        tasks = [
            asyncio.create_task(pump(reader, back, line, *names)),
            asyncio.create_task(pump(there, writer, line, b"", b"")),
        ]
        try:
            await asyncio.gather(*tasks)
        except ConnectionError:
            if line.silent:
                await end.wait()
            elif line.reset:
                writer.transport.abort()
                back.transport.abort()
        except asyncio.CancelledError:
            pass  # the test is over; the library would log it
        for task in tasks:
            task.cancel()
        for one in (writer, back):
            one.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await one.wait_closed()

    async def serve():
        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        begun.set()
        await end.wait()
        server.close()
        await asyncio.sleep(0.01)  # a connection may just have been accepted
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    begun.wait()
    try:
        yield Client(daemon.endpoint._replace(port=ports[0]))
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()


def one_job(client):
    """Run a job; return whether its result is right, or the error."""
    sent = {}

    def read(window):
        sent["all"] = os.urandom(window.area * 5)
        return [sent["all"]]

    try:
        _, pixels = inpaint(client, request(), read, lambda _: None, lambda: False)
    except LacunaError as error:
        return error
    assert pixels == inverted(sent["all"], 4)
    return None


@pytest.fixture
def daemon(start):
    return start(client_gone_s=1.0, clock_s=0.05)


def test_line_without_faults_is_no_fault(daemon):
    with proxy(daemon, Line()) as client:
        assert one_job(client) is None


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_line_cut_anywhere_gives_a_result_or_one_error_and_leaves_no_job(daemon, figure, reset):
    """A whole job is about 25,000 bytes; fifty cuts in and behind them."""
    dice, slowest_s, errors = random.Random(reset), 0.0, 0
    for cut_after in sorted(dice.randrange(26_000) for _ in range(50)):
        line = Line()
        line.cut_after, line.reset = cut_after, reset
        begun = time.monotonic()
        with proxy(daemon, line) as client:
            error = one_job(client)
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
    line = Line()
    line.delay_s = 0.02  # before every kilobyte, and there are about 25
    with proxy(daemon, line) as client:
        assert one_job(client) is None


@pytest.mark.long
def test_line_that_falls_silent_is_given_up(daemon, figure, monkeypatch):
    monkeypatch.setattr("lacuna_wire.client.CALL_TIMEOUT_S", 3.0)
    line = Line()
    line.cut_after, line.silent = 9_000, True
    begun = time.monotonic()
    with proxy(daemon, line) as client:
        assert one_job(client).code == "daemon_unreachable"
        figure(
            "F23", "line silent in mid upload, patience 3 s: given up after",
            time.monotonic() - begun, "s", 10,
        )  # fmt: skip
