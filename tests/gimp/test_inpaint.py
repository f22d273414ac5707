"""GIMP's part of a fill: its one thread works, watches the image, and hears of every failure."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from lacuna_wire import JobStatus, LacunaError, Options, PixelLayout, Rect
from lacuna_wire.client import Answer
from lacuna_wire.editor import EditorSettings, new_request
from lacuna_wire.errors import JobCancelled
from tests.service.conftest import SAFETY_S, eventually, start  # noqa: F401

WINDOW, RESULT = Rect(2, 2, 8, 8), Rect(4, 4, 2, 2)
STATUS = JobStatus("", "running", phase="filling", percent=40.0)


@pytest.fixture
def inpaint(monkeypatch):
    from lacuna_gimp import inpaint

    client = SimpleNamespace(status=lambda: {"device": "CPU, 2 threads"})
    monkeypatch.setattr(inpaint.wire.wire, "connect", lambda: client)
    monkeypatch.setattr(inpaint, "guarded", lambda _id: contextlib.nullcontext())
    return inpaint


def run(inpaint, read_pixels=lambda _rect: b"pixels", check_open=lambda: None):
    shown = []
    settings = EditorSettings(options=Options(grow=2))
    job = new_request((20, 10), Rect(3, 3, 4, 4), PixelLayout(), settings)
    answer = inpaint.fill(
        job,
        read_pixels,
        lambda _rect: b"mask",
        check_open,
        lambda text, fraction: shown.append((text, fraction)),
    )
    return answer, shown


def test_calling_thread_reads_and_shows_while_another_one_talks(inpaint, monkeypatch):
    threads = {}

    def read(window):
        threads["read"] = threading.current_thread()
        assert window == WINDOW
        return b"pixels"

    def talk(_client, _request, read_window, on_progress, _should_cancel):
        threads["talk"] = threading.current_thread()
        assert list(read_window(WINDOW)) == [b"pixels", b"mask"]
        on_progress(STATUS)
        return Answer(RESULT, bytearray(b"fill"), "layer", 0, "")

    monkeypatch.setattr(inpaint.wire.wire, "inpaint", talk)
    answer, shown = run(inpaint, read)

    assert (answer.rect, answer.pixels) == (RESULT, b"fill")
    assert ("Lacuna: Filling", 0.4) in shown
    assert threads["read"] is threading.current_thread()
    assert threads["talk"] is not threading.current_thread()


def test_image_that_is_closed_cancels_the_job_and_is_what_the_user_hears(inpaint, monkeypatch):
    cancelled = []

    def talk(_client, _request, _read, _progress, should_cancel):
        eventually(should_cancel)
        cancelled.append(1)
        raise JobCancelled("The fill was cancelled.")

    def closed():
        raise LacunaError("The image was closed")

    monkeypatch.setattr(inpaint.wire.wire, "inpaint", talk)

    with pytest.raises(LacunaError, match="The image was closed"):
        run(inpaint, check_open=closed)
    assert cancelled


def test_window_that_cannot_be_read_ends_the_job_with_that_error(inpaint, monkeypatch):
    def talk(_client, _request, read_window, *_):
        list(read_window(WINDOW))

    def closed(_window):
        raise LacunaError("The layer was removed")

    monkeypatch.setattr(inpaint.wire.wire, "inpaint", talk)

    with pytest.raises(LacunaError, match="The layer was removed"):
        run(inpaint, closed)


PLUG_IN = """
import sys
from lacuna_gimp.guard import guarded
with guarded(sys.argv[1]):
    print("guarded", flush=True)
    sys.stdin.read()
"""


def plug_in(daemon, job_id):
    from lacuna_gimp import guard

    folder = os.path.dirname(os.path.dirname(guard.__file__))
    path = os.pathsep.join([folder, *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, "-c", PLUG_IN, job_id],
        env={**daemon.environment, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"guarded\n"
    return process


def test_job_of_a_killed_plug_in_is_cancelled(start):  # noqa: F811
    daemon = start()
    ticket, _ = daemon.run(fault="tile.2.hang")
    with plug_in(daemon, ticket.id) as process:
        eventually(lambda: daemon.status(ticket).state == "running")
        process.send_signal(signal.SIGKILL)
        process.wait(SAFETY_S)

    eventually(lambda: daemon.status(ticket).state == "cancelled")


def test_job_of_a_plug_in_that_ends_well_is_left_alone(start):  # noqa: F811
    daemon = start()
    ticket, _ = daemon.run()
    with plug_in(daemon, ticket.id) as process:
        process.communicate(timeout=SAFETY_S)

    assert daemon.wait(ticket).state == "done"
