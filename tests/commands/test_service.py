"""`lacuna serve`, `status` and `stop`, as a user runs them."""

import os
import re
import subprocess
import sys

import pytest

from tests.service.conftest import Daemon, eventually

SAFETY_S = 30


@pytest.fixture
def lacuna(tmp_path):
    """Run a command of the command line, in a state folder of its own; the daemon is stopped."""
    environment = {
        **os.environ, "LACUNA_STATE_DIR": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path)
    }  # fmt: skip

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "lacuna", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=SAFETY_S,
            check=False,
        )

    run.environment = environment
    yield run
    run("stop")


@pytest.fixture
def serving(lacuna):
    """A daemon as users have it, in the foreground."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lacuna", "serve", "--foreground", "--keep-model", "90s"],
        env=lacuna.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    first_line = process.stderr.readline()
    yield process, first_line
    process.terminate()
    process.wait(SAFETY_S)
    process.stderr.close()


def test_nothing_runs_and_both_say_so(lacuna):
    status, stop = lacuna("status"), lacuna("stop")

    assert (status.returncode, stop.returncode) == (1, 0)
    assert "is not running" in status.stdout
    assert "is not running" in stop.stdout


def test_daemon_is_shown_and_stopped(lacuna, serving):
    process, first_line = serving
    assert "listens on port" in first_line

    status = lacuna("status")
    assert status.returncode == 0
    for fact in (f"process {process.pid}", "protocol 2", "0 of 4", "not loaded", "lacuna-small"):
        assert fact in status.stdout

    second = lacuna("serve")
    assert second.returncode == 0
    assert "already running" in second.stderr

    stop = lacuna("stop")
    assert "has ended" in stop.stdout
    assert process.wait(SAFETY_S) == 0
    assert lacuna("status").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--keep-model", "5"], "not a duration"),
        (["--keep-model", "-5m"], "not a duration"),
        (["--port", "70000"], "70000"),
        (["--device", "../gpu"], "must be auto, cpu, cuda, cuda:N or cuda:all"),
    ],
)
def test_wrong_option_is_one_sentence_and_nothing_starts(lacuna, arguments, reason):
    answer = lacuna("serve", *arguments)

    assert answer.returncode == 2
    assert reason in answer.stderr
    assert "Traceback" not in answer.stderr
    assert lacuna("status").returncode == 1


def test_damaged_index_of_weights_keeps_no_daemon_from_its_start(lacuna, tmp_path):
    lacuna.environment["XDG_DATA_HOME"] = str(tmp_path / "data")
    folder = tmp_path / "data" / "lacuna" / "weights"
    folder.mkdir(parents=True)
    (folder / "index.json").write_text("no index")
    command = [sys.executable, "-m", "lacuna", "serve", "--foreground"]
    with subprocess.Popen(
        command, env=lacuna.environment, stderr=subprocess.PIPE, text=True
    ) as daemon:
        assert "listens on port" in daemon.stderr.readline()
        assert "known when the worker has run once" in lacuna("status").stdout
        daemon.terminate()


def test_status_shows_queue_device_memory_and_the_last_errors(lacuna, tmp_path, monkeypatch):
    daemon = Daemon(tmp_path / "shown", ["--tile-s", "0.2", "--tiles", "100"], {})
    monkeypatch.setitem(lacuna.environment, "LACUNA_STATE_DIR", str(daemon.state))
    try:
        failed, _ = daemon.run(fault="tile.1.refuse")
        daemon.wait(failed)
        running, _ = daemon.run()
        queued, _ = daemon.run()
        eventually(lambda: daemon.status(running).tiles_done)
        shown = " ".join(lacuna("status").stdout.split())
    finally:
        daemon.stop()

    for fact in (
        "2 of 4", f"{running.id} running, filling", f"{queued.id} queued, waiting", "device fake",
        f"worker process {daemon.worker_pids[-1]}, ", " MiB of memory", "free memory ",
        "error no_context: Nothing is known around the selection",
    ):  # fmt: skip
        assert fact in shown, fact


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "::1", "192.168.1.7", "example.org", ""])
def test_remote_mode_is_refused_with_a_sentence_and_nothing_starts(lacuna, address):
    answer = lacuna("serve", "--listen", address)

    assert answer.returncode == 78
    assert f"does not listen on {address}: it has no remote mode" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert lacuna("status").returncode == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_real_front_is_small(serving):
    """It runs from login on, so neither the engine nor the network may be in it."""
    process, _ = serving
    with open(f"/proc/{process.pid}/maps", encoding="ascii") as lines:
        loaded = lines.read()
    with open(f"/proc/{process.pid}/status", encoding="ascii") as lines:
        rss_kib = int(re.search(r"VmRSS:\s+(\d+)", lines.read())[1])

    assert not re.search(r"numpy|torch|cv2|rich", loaded)
    assert rss_kib < 64 * 1024
