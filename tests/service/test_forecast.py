"""What a fill would take: learned from the jobs that were done, and asked without making one."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.service.forecast import LAST_JOBS, START_S, Forecast, JobPlan
from lacuna.service.settings import DaemonSettings
from lacuna_wire import Options, Rect
from lacuna_wire.errors import QueueFull, TooLarge, Unprocessable
from lacuna_wire.messages import JobEstimate

from .conftest import Daemon, eventually, request

SMALL, LARGE = JobPlan(Rect(0, 0, 500, 400), 1), JobPlan(Rect(0, 0, 4000, 2500), 16)
UNKNOWN = Options(weights="big-lama")


def forecast(**changes) -> Forecast:
    settings = DaemonSettings(
        "t", "k", "i", weights=lambda: ["small"], unit_s={"small": 0.5}, **changes
    )
    return Forecast(settings, lambda asked: SMALL)


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(0, 300))
def test_work_grows_with_the_window_and_the_tiles(width, height, tiles):
    work = JobPlan(Rect(0, 0, width, height), tiles).work

    assert work < JobPlan(Rect(0, 0, width + 1, height), tiles).work
    assert work < JobPlan(Rect(0, 0, width, height), tiles + 1).work


@given(st.floats(0.01, 10), st.sampled_from([SMALL, LARGE]), st.sampled_from([SMALL, LARGE]))
def test_job_like_those_before_takes_as_long_per_unit_of_work(unit_s, done, planned):
    known = forecast()
    known.learn(request(), done, unit_s * done.work)

    assert known.seconds(request(), planned) == pytest.approx(unit_s * planned.work, abs=0.051)


def test_one_job_on_a_busy_computer_is_soon_outvoted():
    known = forecast()
    for seconds in (9.0, 1.0, 1.0):
        known.learn(request(), SMALL, seconds)

    assert known.seconds(request(), SMALL) == 1.0


def test_what_was_true_long_ago_is_forgotten():
    known = forecast()
    for seconds in [9.0] * 50 + [1.0] * LAST_JOBS:
        known.learn(request(), SMALL, seconds)

    assert known.seconds(request(), SMALL) == 1.0


def test_first_job_is_guessed_only_where_a_guess_is_known():
    assert forecast().seconds(request(), SMALL) == round(0.5 * SMALL.work, 1)
    assert forecast().seconds(request(options=UNKNOWN), SMALL) is None


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "cuda:all", "xpu", "xpu:0", "mps"])
def test_nothing_is_guessed_of_a_gpu_of_any_kind(device):
    assert forecast().seconds(request(options=Options(device=device)), SMALL) is None
    assert forecast(device=device).seconds(request(), SMALL) is None
    assert forecast(device=device).seconds(request(options=Options(device="cpu")), SMALL)


@pytest.mark.parametrize(
    "other", [UNKNOWN, Options(device="cuda"), Options(strategy="native")], ids=str
)
def test_jobs_of_another_kind_say_nothing(other):
    known = forecast()
    before = known.seconds(request(), SMALL)
    known.learn(request(options=other), SMALL, 1000.0)

    assert known.seconds(request(), SMALL) == before
    assert known.seconds(request(options=other), SMALL) == 1000.0


def test_weights_and_device_by_name_are_those_that_stand_for_no_choice():
    known = forecast(device="cpu")
    known.learn(request(), SMALL, 1000.0)

    assert known.seconds(request(options=Options(weights="small", device="cpu")), SMALL) == 1000.0


def test_worker_that_is_yet_to_start_takes_its_time():
    known = forecast()
    warm = known.seconds(request(), SMALL)

    assert known.seconds(request(), SMALL, has_worker=False) == pytest.approx(warm + START_S)


def test_window_that_no_upload_may_have_is_refused_with_its_size():
    with pytest.raises(TooLarge, match="500 x 400 px, 1,000,000 bytes; this daemon accepts 9,999"):
        forecast(max_body_bytes=9_999).plan(request())


# --- the route


def traces(daemon: Daemon) -> dict[Path, int]:
    """When an entry was last added to or taken from each folder of the spool."""
    folders = [Path(folder) for folder, _, _ in os.walk(daemon.place)]
    return {folder: folder.stat().st_mtime_ns for folder in folders}


def test_estimate_is_what_the_job_then_needs(shared):
    asked = request()
    estimated = shared.client.estimate(asked)
    ticket = shared.client.submit(asked)
    shared.client.cancel(ticket.id)

    assert estimated == JobEstimate(ticket.window, ticket.input_bytes, ticket.tiles, None)


def test_estimate_leaves_no_job_no_file_and_no_worker(start):
    daemon = start()
    before = traces(daemon)
    for _ in range(20):
        daemon.client.estimate(request())

    facts = daemon.client.status()
    assert (facts["jobs"], facts["spool_bytes"], facts["worker_pid"]) == ([], 0, None)
    assert traces(daemon) == before
    daemon.submit()
    assert traces(daemon) != before  # such a job is seen, even if it is gone again


def test_same_id_may_be_asked_for_after_its_estimate(shared):
    asked = request()
    shared.client.estimate(asked)
    ticket = shared.client.submit(asked._replace(width=199))  # another job, were there one

    assert shared.client.cancel(ticket.id).state == "cancelled"


def test_full_queue_and_full_spool_do_not_matter(start):
    size = request().input_bytes(Rect(24, 14, 52, 42))
    daemon = start(max_jobs=1, max_spool_bytes=2 * size)
    ticket = daemon.submit()
    before = traces(daemon)
    with pytest.raises(QueueFull):
        daemon.submit()

    assert daemon.client.estimate(request()).window == ticket.window
    assert traces(daemon) == before
    assert [job["id"] for job in daemon.client.status()["jobs"]] == [ticket.id]


def test_what_the_engine_refuses_is_refused_in_advance(shared):
    with pytest.raises(Unprocessable, match="Nothing is known around"):
        shared.client.estimate(request(selection=Rect(40, 30, 13, 10)))


@pytest.mark.parametrize(
    "body", [{}, [], {**request().as_dict(), "new": 1}], ids=["nothing", "a list", "a new key"]
)
def test_body_is_read_as_that_of_a_job(shared, body):
    headers = {"Content-Type": "application/json"}
    answers = [
        shared.call("POST", path, headers, json.dumps(body).encode()).json
        for path in ("/v1/jobs", "/v1/estimate")
    ]

    assert answers[0] == answers[1]
    assert answers[0]["error"]["code"] == "bad_request"


def test_seconds_are_known_once_a_job_was_done(start):
    daemon = start("--tile-s", "0.1")
    assert daemon.client.estimate(request()).seconds is None
    daemon.wait(daemon.run()[0])

    assert 0.5 <= daemon.client.estimate(request()).seconds <= 5  # it slept for five tenths
    assert daemon.submit().estimate_s == daemon.client.estimate(request()).seconds


def test_start_of_a_worker_is_counted_where_there_is_none(start):
    daemon = start("--fault", "start:slow", keep_model_s=0.2)
    daemon.wait(daemon.run()[0])

    def without_worker():
        return daemon.client.status()["worker_pid"] is None

    eventually(without_worker)
    assert daemon.client.estimate(request()).seconds >= 0.5  # what it takes to start


def test_daemon_that_is_given_a_guess_says_it_at_once(start):
    daemon = start(weights=["small"], unit_s={"small": 2.0})
    estimated = daemon.client.estimate(request())

    assert estimated.seconds == round(2.0 * (4 + 6 * 52 * 42 / 1e6) + START_S, 1)


def test_weights_that_are_installed_meanwhile_are_those_that_fill_from_then_on():
    names = ["small"]
    settings = DaemonSettings("t", "k", "i", weights=lambda: names, unit_s={"small": 0.5})
    known = Forecast(settings, lambda asked: SMALL)
    before = known.seconds(request(), SMALL)

    names.insert(0, "big-lama")

    assert before is not None
    assert known.seconds(request(), SMALL) is None  # nobody knows how long those take


def test_names_of_weights_are_there_before_the_first_worker(start):
    daemon = start(weights=["big-lama", "lacuna-small"])

    assert daemon.client.status()["weights"] == ["big-lama", "lacuna-small"]
