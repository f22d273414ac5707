"""The daemon's part of a click: what is called where, and what happens when it fails."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

import pytest

from lacuna_wire import JobStatus, LacunaError, PixelLayout, Rect
from lacuna_wire.errors import DaemonUnreachable, JobCancelled
from tests.service.conftest import SAFETY_S, eventually, start  # noqa: F401

WINDOW, RESULT = Rect(2, 2, 8, 8), Rect(4, 4, 2, 2)
STATUS = JobStatus("", "running", phase="filling", percent=40.0)


@pytest.fixture
def inpaint(monkeypatch):
    from lacuna_gimp import inpaint

    monkeypatch.setattr(inpaint.wire, "connect", lambda: "the client")
    monkeypatch.setattr(inpaint, "guarded", lambda _id: contextlib.nullcontext())
    return inpaint


def run(inpaint, read_pixels=lambda _rect: b"pixels", check_open=lambda: None):
    shown = []
    job = inpaint.new_request((20, 10), Rect(3, 3, 4, 4), PixelLayout(), inpaint.Settings(grow=2))
    answer = inpaint.fill(
        job,
        read_pixels,
        lambda _rect: b"mask",
        check_open,
        lambda text, fraction: shown.append((text, fraction)),
    )
    return answer, shown


def test_settings_become_the_options_of_a_job_for_a_layer(inpaint):
    settings = inpaint.Settings(3, 4, True, "big-lama", False)
    job = inpaint.new_request((20, 10), Rect(3, 3, 4, 4), PixelLayout("GRAYA"), settings)

    assert (job.width, job.height, job.layout.channels) == (20, 10, "GRAYA")
    assert job.options.as_dict() == {
        "weights": "big-lama", "device": "auto", "tile": 0, "overlap": -1, "grow": 3,
        "feather": 4, "result": "layer", "colour_correction": False,
    }  # fmt: skip


def test_pixels_are_read_and_progress_is_shown_in_the_calling_thread_only(inpaint, monkeypatch):
    threads = {}

    def read(window):
        threads["read"] = threading.current_thread()
        assert window == WINDOW
        return b"pixels"

    def talk(_client, _request, read_window, on_progress, _should_cancel):
        threads["talk"] = threading.current_thread()
        assert list(read_window(WINDOW)) == [b"pixels", b"mask"]
        on_progress(STATUS)
        return RESULT, bytearray(b"fill")

    monkeypatch.setattr(inpaint.wire, "inpaint", talk)
    (rect, pixels), shown = run(inpaint, read)

    assert (rect, pixels) == (RESULT, b"fill")
    assert ("Lacuna: filling, 40 %", 0.4) in shown
    assert threads["read"] is threading.current_thread()
    assert threads["talk"] is not threading.current_thread()


def test_large_window_is_read_in_strips_one_ahead_of_what_is_sent(inpaint, monkeypatch):
    monkeypatch.setattr(inpaint, "STRIP_BYTES", 3 * 8 * 4)  # three rows
    read, sent = [], []

    def read_rows(rect):
        read.append(rect)
        return b"%d" % rect.top

    def talk(_client, _request, read_window, *_):
        for chunk in read_window(WINDOW):
            eventually(lambda: len(read) > len(sent) + 1 or len(read) == 3)
            sent.append(chunk)
        return RESULT, bytearray(b"fill")

    monkeypatch.setattr(inpaint.wire, "inpaint", talk)
    run(inpaint, read_rows)

    assert [(rect.top, rect.height) for rect in read] == [(2, 3), (5, 3), (8, 2)]
    assert sent == [b"2", b"5", b"8", b"mask", b"mask", b"mask"]


def test_daemon_that_dies_is_asked_once_more_under_another_id(inpaint, monkeypatch):
    ids = []

    def talk(_client, request, *_rest):
        ids.append(request.id)
        if len(ids) == 1:
            raise DaemonUnreachable("The connection was lost.")
        return RESULT, bytearray(b"fill")

    monkeypatch.setattr(inpaint.wire, "inpaint", talk)

    assert run(inpaint)[0] == (RESULT, b"fill")
    assert len(set(ids)) == 2


def test_daemon_that_dies_twice_is_not_asked_a_third_time(inpaint, monkeypatch):
    calls = []

    def talk(*_):
        calls.append(1)
        raise DaemonUnreachable("The connection was lost.")

    monkeypatch.setattr(inpaint.wire, "inpaint", talk)

    with pytest.raises(DaemonUnreachable, match=r"ended twice.*The connection was lost"):
        run(inpaint)
    assert len(calls) == 2


def test_daemon_that_cannot_be_started_is_tried_once(inpaint, monkeypatch):
    calls = []

    def connect():
        calls.append(1)
        raise DaemonUnreachable("start it once with `lacuna serve`")

    monkeypatch.setattr(inpaint.wire, "connect", connect)

    with pytest.raises(DaemonUnreachable, match="lacuna serve"):
        run(inpaint)
    assert len(calls) == 1


def test_refusal_of_the_daemon_is_not_tried_again(inpaint, monkeypatch):
    calls = []

    def talk(*_):
        calls.append(1)
        raise LacunaError("Nothing is known around the selection.")

    monkeypatch.setattr(inpaint.wire, "inpaint", talk)

    with pytest.raises(LacunaError, match="Nothing is known"):
        run(inpaint)
    assert len(calls) == 1


def test_image_that_is_closed_cancels_the_job_and_is_what_the_user_hears(inpaint, monkeypatch):
    cancelled = []

    def talk(_client, _request, _read, _progress, should_cancel):
        eventually(should_cancel)
        cancelled.append(1)
        raise JobCancelled("The fill was cancelled.")

    def closed():
        raise LacunaError("The image was closed")

    monkeypatch.setattr(inpaint.wire, "inpaint", talk)

    with pytest.raises(LacunaError, match="The image was closed"):
        run(inpaint, check_open=closed)
    assert cancelled


def test_window_that_cannot_be_read_ends_the_job_with_that_error(inpaint, monkeypatch):
    def talk(_client, _request, read_window, *_):
        list(read_window(WINDOW))

    def closed(_window):
        raise LacunaError("The layer was removed")

    monkeypatch.setattr(inpaint.wire, "inpaint", talk)

    with pytest.raises(LacunaError, match="The layer was removed"):
        run(inpaint, closed)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (STATUS, "Lacuna: filling, 40 %"),
        (JobStatus("", "queued", queue_position=1), "Lacuna: waiting for another fill"),
        (JobStatus("", "queued", queue_position=3), "Lacuna: waiting for 3 other fills"),
        (JobStatus("", "created"), "Lacuna: created, 0 %"),
    ],
)
def test_progress_is_one_line(inpaint, status, text):
    assert inpaint.progress_text(status) == text


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
