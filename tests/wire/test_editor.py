"""The part of a click that both editors share: who is called in which thread, what fails how."""

import contextlib
import queue
import threading
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace

import pytest

from lacuna_wire import JobStatus, LacunaError, Options, PixelLayout, Rect, editor
from lacuna_wire.client import Answer
from lacuna_wire.editor import Editor, EditorSettings, new_request, resolve
from lacuna_wire.errors import DaemonUnreachable, JobCancelled
from tests.service.conftest import SAFETY_S, eventually

WINDOW, RESULT = Rect(2, 2, 8, 8), Rect(4, 4, 2, 2)
ANSWER = Answer(RESULT, bytearray(b"fill"), "layer")
STATUS = JobStatus("", "running", phase="filling", percent=40.0)
GROWN = EditorSettings(options=Options(grow=2))
REQUEST = new_request((20, 10), Rect(3, 3, 4, 4), PixelLayout(), GROWN)


@pytest.fixture(autouse=True)
def no_daemon(monkeypatch):
    monkeypatch.setattr(editor.wire, "connect", lambda: SimpleNamespace(status=dict))


def talking(monkeypatch, talk):
    """Let `talk` take the place of the whole conversation with the daemon."""
    monkeypatch.setattr(editor.wire, "inpaint", talk)


def run(should_cancel=lambda: False, request=REQUEST, **changes):
    """Fill in a second thread, while this one plays the editor's main thread."""
    tasks = queue.Queue()
    outcome = Future()
    parts = {
        "run_in_main": tasks.put,
        "read_pixels": lambda _rect: b"pixels",
        "read_selection": lambda _rect: b"mask",
        "show": lambda _status: None,
        "strip_pixels": 1000,
        "should_cancel": should_cancel,
    }
    asked = Editor(**{**parts, **changes})
    threading.Thread(target=resolve, args=(outcome, lambda: editor.fill(request, asked))).start()
    while not outcome.done() or not tasks.empty():
        with contextlib.suppress(queue.Empty):
            tasks.get(timeout=0.01)()
    return outcome.result(SAFETY_S)


def test_settings_become_the_options_of_a_job_for_a_layer():
    chosen = Options("big-lama", grow=3, feather=4, result="composite", colour_correction=False)
    settings = EditorSettings(True, chosen)
    job = new_request((20, 10), Rect(3, 3, 4, 4), PixelLayout("GRAYA"), settings)

    assert (job.width, job.height, job.layout.channels) == (20, 10, "GRAYA")
    assert job.options == replace(chosen, result="layer")


def test_pixels_are_read_and_progress_is_shown_in_the_main_thread_only(monkeypatch):
    threads, shown = {}, []

    def read(window):
        threads["read"] = threading.current_thread()
        assert window == WINDOW
        return b"pixels"

    def show(status):
        threads["show"] = threading.current_thread()
        shown.append(status)

    def talk(_client, _request, read_window, on_progress, _should_cancel):
        threads["talk"] = threading.current_thread()
        assert list(read_window(WINDOW)) == [b"pixels", b"mask"]
        on_progress(STATUS)
        return ANSWER

    talking(monkeypatch, talk)

    assert run(read_pixels=read, show=show) == ANSWER
    assert shown == [STATUS]
    assert threads["read"] is threads["show"] is threading.current_thread()
    assert threads["talk"] is not threading.current_thread()


def test_large_window_is_read_in_strips_one_ahead_of_what_is_sent(monkeypatch):
    read, sent = [], []

    def read_rows(rect):
        read.append(rect)
        return b"%d" % rect.top

    def talk(_client, _request, read_window, *_):
        for chunk in read_window(WINDOW):
            eventually(lambda: len(read) > len(sent) + 1 or len(read) == 3)
            sent.append(chunk)
        return ANSWER

    talking(monkeypatch, talk)
    run(read_pixels=read_rows, strip_pixels=3 * WINDOW.width)

    assert [(rect.top, rect.height) for rect in read] == [(2, 3), (5, 3), (8, 2)]
    assert sent == [b"2", b"5", b"8", b"mask", b"mask", b"mask"]


def test_planes_are_read_in_the_order_of_the_request(monkeypatch):
    sent = []
    talking(
        monkeypatch,
        lambda _client, _request, read_window, *_: sent.extend(read_window(WINDOW)) or ANSWER,
    )
    run(request=REQUEST._replace(planes=("selection", "pixels")))

    assert sent == [b"mask", b"pixels"]


def test_main_thread_that_never_comes_to_it_does_not_keep_a_cancelled_job(monkeypatch):
    cancelled = threading.Event()

    def talk(_client, _request, read_window, *_):
        cancelled.set()
        list(read_window(WINDOW))

    talking(monkeypatch, talk)

    with pytest.raises(JobCancelled):
        run(run_in_main=lambda _task: None, should_cancel=cancelled.is_set)


def test_window_that_cannot_be_read_ends_the_job_with_that_error(monkeypatch):
    def closed(_window):
        raise LacunaError("The layer was removed")

    talking(monkeypatch, lambda _client, _request, read_window, *_: list(read_window(WINDOW)))

    with pytest.raises(LacunaError, match="The layer was removed"):
        run(read_pixels=closed)


def test_daemon_that_dies_is_asked_once_more_under_another_id(monkeypatch):
    ids, guarded = [], []

    @contextlib.contextmanager
    def guard(job_id):
        guarded.append(job_id)
        yield

    def talk(_client, request, *_rest):
        ids.append(request.id)
        if len(ids) == 1:
            raise DaemonUnreachable("The connection was lost.")
        return ANSWER

    talking(monkeypatch, talk)

    assert run(guarded=guard) == ANSWER
    assert len(set(ids)) == 2
    assert guarded == ids


def test_daemon_that_dies_twice_is_not_asked_a_third_time(monkeypatch):
    calls = []

    def talk(*_):
        calls.append(1)
        raise DaemonUnreachable("The connection was lost.")

    talking(monkeypatch, talk)

    with pytest.raises(DaemonUnreachable, match=r"ended twice.*The connection was lost"):
        run()
    assert len(calls) == 2


def test_daemon_that_cannot_be_started_is_tried_once(monkeypatch):
    calls = []

    def connect():
        calls.append(1)
        raise DaemonUnreachable("Run `lacuna setup` in a terminal.")

    monkeypatch.setattr(editor.wire, "connect", connect)

    with pytest.raises(DaemonUnreachable, match="lacuna setup"):
        run()
    assert len(calls) == 1


def test_refusal_of_the_daemon_is_not_tried_again(monkeypatch):
    calls = []

    def talk(*_):
        calls.append(1)
        raise LacunaError("Nothing is known around the selection.")

    talking(monkeypatch, talk)

    with pytest.raises(LacunaError, match="Nothing is known"):
        run()
    assert len(calls) == 1
