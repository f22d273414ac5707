"""The client's one function for a whole job, against a real daemon."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from lacuna_wire import LacunaError, Rect
from lacuna_wire.client import inpaint
from lacuna_wire.errors import JobCancelled

from .conftest import eventually, inverted, request


def window_of(data: dict):
    """Give random pixels and a mask, and keep them."""

    def read(window: Rect):
        data["pixels"], data["mask"] = os.urandom(window.area * 4), os.urandom(window.area)
        return data["pixels"], data["mask"]

    return read


def test_inpaint_does_it_all_and_leaves_nothing(shared):
    data: dict = {}
    statuses = []
    rect, pixels, *_more = inpaint(
        shared.client, request(), window_of(data), statuses.append, lambda: False
    )

    assert rect == Rect(24, 14, 52, 42)
    assert pixels == inverted(data["pixels"] + data["mask"], 4)
    assert statuses[-1].state == "done"
    eventually(lambda: not shared.spooled)
    assert not shared.client.status()["jobs"]


@pytest.mark.parametrize("polls", [0, 1, 2, 4])
def test_inpaint_cancels_whenever_it_is_told_to(endless, polls):
    asked = iter([False] * polls)

    with pytest.raises(JobCancelled):
        inpaint(
            endless.client, request(), window_of({}), lambda status: None, lambda: next(asked, True)
        )

    assert not endless.client.status()["jobs"]
    eventually(lambda: not endless.spooled)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, OSError])
@pytest.mark.parametrize("where", ["reading", "waiting"])
def test_inpaint_forgets_the_job_after_any_exception_and_hides_none(endless, error, where):
    def fail(_argument):
        raise error

    read = fail if where == "reading" else window_of({})
    with pytest.raises(error):
        inpaint(endless.client, request(), read, fail, lambda: False)

    assert not endless.client.status()["jobs"]
    eventually(lambda: not endless.spooled)


def test_inpaint_raises_what_the_worker_said(shared):
    asked = request(fault="tile.2.refuse")
    with pytest.raises(LacunaError, match="Nothing is known around") as caught:
        inpaint(shared.client, asked, window_of({}), lambda status: None, lambda: False)

    assert caught.value.code == "no_context"


def test_no_secret_is_ever_sent_and_every_request_is_signed(shared, monkeypatch):
    sent = []
    real = HTTPConnection.send

    def send(self, data):
        sent.append(bytes(data))
        real(self, data)

    monkeypatch.setattr(HTTPConnection, "send", send)
    inpaint(shared.client, request(), window_of({}), lambda status: None, lambda: False)

    heads = [data for data in sent if b" HTTP/1.1\r\n" in data]
    assert len(heads) >= 10
    for head in heads:
        assert (b"\r\nAuthorization: Lacuna 1 " in head) != (b" /v1/hello?" in head)
    for secret in (shared.endpoint.token, shared.endpoint.key):
        assert not [data for data in sent if secret.encode() in data]


def test_several_threads_use_one_client(shared):
    def one(_number):
        data: dict = {}
        _, pixels, *_more = inpaint(
            shared.client, request(), window_of(data), lambda s: None, lambda: False
        )
        return pixels == inverted(data["pixels"] + data["mask"], 4)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(8)))


def test_lost_daemon_is_one_sentence(start):
    daemon = start("--tiles", "50", "--tile-s", "0.2")
    ticket, _ = daemon.run()
    killer = threading.Timer(0.3, daemon.process.kill)
    killer.start()
    with pytest.raises(LacunaError, match="The connection to the Lacuna daemon on port"):
        daemon.wait(ticket)
    killer.join()
    with pytest.raises(LacunaError, match="was lost"):
        daemon.client.status()
