"""A worker that dies, hangs or talks nonsense fails its own job and no other one."""

import os
import signal
import sys
from pathlib import Path

import pytest

from lacuna_wire.errors import WorkerUnavailable
from lacuna_wire.refusals import refusal_text

from .conftest import eventually, inverted


def follow(daemon, fault=""):
    """Run a job and return its end."""
    ticket, _ = daemon.run(fault=fault)
    return daemon.wait(ticket)


def running(daemon):
    """Start a job that stays at its second tile, and return its ticket when it is there."""
    ticket, _ = daemon.run(fault="tile.2.held")
    eventually(lambda: daemon.status(ticket).tiles_done)
    return ticket


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_worker_killed_in_mid_job_fails_this_job_and_the_next_is_done(start, number):
    daemon = start(first_tile_s=10, stall_s=10)
    ticket = running(daemon)
    os.kill(daemon.worker_pids[-1], number)
    end = daemon.wait(ticket)

    assert (end.state, end.error.code) == ("failed", "worker_died")
    assert number.name in str(end.error)
    assert "of 4 tiles" in str(end.error)
    assert end.error.values == {"signal": number.name, "tiles_done": 1, "tiles_total": 4}
    assert number.name in refusal_text(end.error)
    assert follow(daemon).state == "done"
    assert len(daemon.worker_pids) == 2


def test_crash_in_c_code_names_the_signal(impatient):
    end = follow(impatient, "tile.2.segv")

    assert (end.state, end.error.code) == ("failed", "worker_died")
    assert "SIGSEGV" in str(end.error)


def test_sudden_exit_names_the_code_and_its_last_words_are_in_the_log(impatient):
    end = follow(impatient, "tile.2.exit")

    assert "code 3" in str(end.error)
    assert end.error.values["exit_code"] == 3
    assert "the reason is printed here" in impatient.log


def test_worker_killed_while_idle_harms_no_job(start):
    daemon = start()
    assert follow(daemon).state == "done"
    for _ in range(5):
        os.kill(daemon.worker_pids[-1], signal.SIGKILL)
        assert follow(daemon).state == "done"  # also if nobody has noticed the death yet


def test_worker_that_dies_before_it_begins_an_order_leaves_it_to_the_next_one(start):
    """The death of an idle worker may be seen only when its pipe is used again."""
    code = (
        "import json, os, sys\n"
        "with open(sys.argv[2], 'a') as starts: starts.write(f'{os.getpid()}\\n')\n"
        "first = len(open(sys.argv[2]).readlines()) == 1\n"
        'print(\'{"type": "ready"}\', flush=True)\n'
        "for number, line in enumerate(sys.stdin):\n"
        "    if first and number == 1: os._exit(1)\n"
        "    job = json.loads(line)\n"
        "    with open(job['output'], 'wb') as output: output.write(bytes(52 * 42 * 4))\n"
        "    done = {'type': 'done', 'id': job['id'], 'rect': job['window']}\n"
        "    print(json.dumps({**done, 'tiles': 1, 'device': '', 'result': 'layer'}), flush=True)\n"
    )
    daemon = start(worker_command=[sys.executable, "-c", code])

    assert [follow(daemon).state for _ in range(3)] == ["done"] * 3
    assert len(daemon.worker_pids) == 2


def test_worker_killed_while_it_starts_is_started_again(start):
    daemon = start("--fault", "start:slow")
    ticket, _ = daemon.run()
    eventually(lambda: daemon.worker_pids)
    os.kill(daemon.worker_pids[0], signal.SIGKILL)

    assert daemon.wait(ticket).state == "done"
    assert len(daemon.worker_pids) == 2


def test_worker_that_never_starts_is_given_up_and_jobs_are_refused_for_a_while(start):
    daemon = start("--fault", "start:exit", worker_tries=3, worker_pause_s=0.7)
    end = follow(daemon)

    assert (end.state, end.error.code) == ("failed", "worker_unavailable")
    assert "did not start in 3 tries" in str(end.error)
    assert "code 3" in str(end.error)
    assert len(daemon.worker_pids) == 3
    assert daemon.call("GET", "/v1/health").json == {"state": "degraded"}
    with pytest.raises(WorkerUnavailable, match="did not start in 3 tries"):
        daemon.submit()
    eventually(lambda: daemon.call("GET", "/v1/health").json == {"state": "ok"})
    assert follow(daemon).state == "failed"
    assert len(daemon.worker_pids) == 6


def test_worker_program_that_does_not_exist_is_named(start):
    daemon = start(worker_command=["/no-such-program"], worker_tries=2)

    assert "/no-such-program" in str(follow(daemon).error)


def test_worker_that_hangs_at_its_start_is_given_up(start):
    daemon = start("--fault", "start:hang", worker_tries=2, worker_start_s=0.3)
    end = follow(daemon)

    assert "not ready within 0.3 s" in str(end.error)


@pytest.mark.parametrize("tile", [1, 3])
@pytest.mark.parametrize("kind", ["hang", "gil"])
def test_hanging_tile_is_killed_tried_once_more_in_smaller_tiles_and_then_failed(
    impatient, tile, kind
):
    workers = len(impatient.worker_pids)
    end = follow(impatient, f"tile.{tile}.{kind}")

    assert (end.state, end.error.code) == ("failed", "stalled")
    assert f"{tile - 1} of 16 tiles were done. This was the second try, with smaller" in str(
        end.error
    )
    eventually(lambda: not [path for path in impatient.spooled if path.stem == end.id])
    assert impatient.client.status()["worker_pid"] is None
    # The first of the two workers may be the one of the test before.
    assert len(impatient.worker_pids) - workers in (1, 2)
    assert impatient.log.count(f"{end.id} is tried again") == 1


def test_tile_that_hangs_only_when_it_is_large_is_done_in_smaller_ones(impatient):
    ticket, data = impatient.run(fault="tile.2.once")
    percents = []
    end = impatient.client.wait(ticket.id, lambda status: percents.append(status.percent))

    assert (end.state, end.tiles_done) == ("done", 16)
    assert impatient.client.result(ticket.id)[1] == inverted(data, 4)
    assert percents == sorted(percents)


def test_job_that_is_cancelled_while_its_tile_hangs_is_not_tried_again(start):
    daemon = start(first_tile_s=10, stall_s=1.0, cancel_grace_s=5)
    ticket, _ = daemon.run(fault="tile.2.hang")
    eventually(lambda: daemon.status(ticket).tiles_done == 1)
    daemon.client.cancel(ticket.id)

    assert follow(daemon).state == "done"
    assert "is tried again" not in daemon.log


def test_second_try_does_not_prolong_the_time_of_a_job(start):
    daemon = start(first_tile_s=1.0, stall_s=1.0, job_deadline_s=1.5)
    end = follow(daemon, "tile.1.hang")

    assert (end.state, end.error.code) == ("expired", "expired")


def test_worker_whose_device_failed_ends_by_itself_and_the_next_job_gets_another(impatient):
    end = follow(impatient, "tile.2.lost")
    workers = len(impatient.worker_pids)

    assert (end.state, end.error.code) == ("failed", "device_lost")
    assert follow(impatient).state == "done"
    assert len(impatient.worker_pids) == workers + 1


def test_job_that_goes_on_without_its_device_is_done_and_the_next_has_a_fresh_worker(impatient):
    assert follow(impatient, "tile.2.left").state == "done"
    workers = len(impatient.worker_pids)

    assert follow(impatient).state == "done"
    assert len(impatient.worker_pids) == workers + 1


def test_first_tile_has_more_patience_than_the_others(start):
    daemon = start(first_tile_s=10, stall_s=0.3)

    assert follow(daemon, "tile.1.slow").state == "done"
    assert follow(daemon, "tile.2.slow").error.code == "stalled"


def test_job_that_takes_too_long_in_all_expires(start):
    daemon = start("--tiles", "1000", "--tile-s", "0.05", job_deadline_s=0.6)
    end = follow(daemon)

    assert (end.state, end.error.code) == ("expired", "expired")
    assert "0.6 s" in str(end.error)
    assert daemon.client.status()["worker_pid"] is None


def test_memory_error_is_out_of_memory(impatient):
    end = follow(impatient, "tile.2.oom")
    workers = len(impatient.worker_pids)

    assert (end.state, end.error.code) == ("failed", "out_of_memory")
    assert follow(impatient).state == "done"
    assert len(impatient.worker_pids) == workers  # it could go on


def test_bug_in_the_worker_is_internal_and_its_traceback_is_in_the_log_alone(impatient):
    end = follow(impatient, "tile.2.raise")

    assert (end.state, end.error.code) == ("failed", "internal")
    assert "ZeroDivisionError" in str(end.error)
    assert "a bug" not in str(end.error)
    eventually(lambda: "ZeroDivisionError: a bug" in impatient.log)


@pytest.mark.parametrize(("fault", "code"), [("refuse", "no_context"), ("odd", "odd_one")])
def test_what_the_engine_says_reaches_the_client(impatient, fault, code):
    end = follow(impatient, f"tile.1.{fault}")

    assert (end.state, end.error.code) == ("failed", code)
    assert impatient.client.status()["errors"][-1]["code"] == code


def test_torn_result_is_an_error(impatient):
    end = follow(impatient, "result.short")

    assert (end.state, end.error.code) == ("failed", "internal")
    assert "8,735 bytes" in str(end.error)


DONE = '{"type": "done", "id": ID, "rect": RECT, "tiles": 1, "device": "", "result": "layer"}'
NONSENSE = [
    '{"type": "done", "id": "another"}',
    '{"type": "done", "id": ID}',
    '{"type": "progress", "id": ID, "phase": "x"}',
    '{"type": "progress", "id": ID, "phase": "x", "tiles_done": "many", "tiles_total": []}',
    '{"type": "failed", "id": ID, "code": "x", "status": "y", "message": "z"}',
    DONE.replace("RECT", "[1, 2]"),
    DONE.replace("RECT", "[40, 30, -5, 3]"),
    DONE.replace("RECT", "[40, 30, 0.5, 2]"),
    DONE.replace("RECT", '["a", "b", "c", "d"]'),
    DONE.replace("RECT", '[40, 30, 1, 1], "weights": 5'),
    '{"type": "progress", "id": ID, "phase": "x", "tiles_done": 0, "tiles_total": 4, '
    '"percent": NaN}',
    '{"no": "type"}',
    "[" * 12_000,
    "x" * 100_000,
]


def test_nonsense_from_the_worker_fails_the_job_and_not_the_daemon(start):
    """A worker that ran foreign code could say anything; every start says the next line."""
    code = (
        "import json, os, sys\n"
        "with open(sys.argv[2], 'a') as starts: starts.write(f'{os.getpid()}\\n')\n"
        "count = len(open(sys.argv[2]).readlines())\n"
        'print(\'{"type": "ready"}\', flush=True)\n'
        "job = json.loads(sys.stdin.readline())['id']\n"
        f"print({NONSENSE!r}[count - 1].replace('ID', json.dumps(job)), flush=True)\n"
        "sys.stdin.read()\n"
    )
    daemon = start(worker_command=[sys.executable, "-c", code])
    for line in NONSENSE:
        assert follow(daemon).state == "failed", line

    assert len(daemon.worker_pids) == len(NONSENSE)
    assert daemon.client.status()["health"] == "ok"


def test_result_outside_the_image_is_an_error(start):
    code = (
        "import json, sys\n"
        'print(\'{"type": "ready"}\', flush=True)\n'
        "job = json.loads(sys.stdin.readline())\n"
        "open(job['output'], 'wb').write(bytes(4))\n"
        "done = {'type': 'done', 'id': job['id'], 'rect': [200, 0, 1, 1]}\n"
        "print(json.dumps({**done, 'tiles': 1, 'device': '', 'result': 'layer'}), flush=True)\n"
        "sys.stdin.read()\n"
    )
    end = follow(start(worker_command=[sys.executable, "-c", code]))

    assert (end.state, end.error.code) == ("failed", "internal")


def test_idle_worker_is_ended_and_the_next_job_gets_a_new_one(start):
    daemon = start(keep_model_s=0.3)
    assert follow(daemon).state == "done"
    eventually(lambda: daemon.client.status()["worker_pid"] is None)
    assert follow(daemon).state == "done"

    assert len(daemon.worker_pids) == 2


def test_worker_stays_between_jobs_that_follow_each_other(start):
    daemon = start()
    for _ in range(3):
        assert follow(daemon).state == "done"

    assert len(daemon.worker_pids) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a score")
def test_kernel_ends_the_worker_before_the_editor(start):
    daemon = start()
    follow(daemon)
    score = Path(f"/proc/{daemon.worker_pids[0]}/oom_score_adj").read_text()

    assert int(score) == 500
