"""`lacuna serve`, `status` and `stop`, as a user runs them."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

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
        (["--device", "../gpu"], "must be auto, cpu, cuda, cuda:N, cuda:all, xpu, "),
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
    assert rss_kib * 1024 < 45 * 10**6


@contextmanager
def read_only(folder):
    """Mount a folder over itself so that nobody can write there, root neither."""
    bound = ["mount", "--bind", str(folder), str(folder)]
    if os.geteuid() != 0 or subprocess.run(bound, capture_output=True, check=False).returncode:
        pytest.skip("only root, with leave to mount, can make a folder that root cannot write to")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def serving_with(lacuna):
    command = [sys.executable, "-m", "lacuna", "serve", "--foreground"]
    with subprocess.Popen(command, env=lacuna.environment, stderr=subprocess.PIPE, text=True) as it:
        try:
            yield it
        finally:
            it.terminate()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a folder")
@pytest.mark.parametrize("before", [(), ("lock",), ("lock", "daemon.log")])
def test_state_folder_that_cannot_be_written_is_one_sentence(lacuna, tmp_path, before):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    for name in before:
        (state / name).touch(mode=0o600)
    with read_only(state):
        answer = lacuna("serve")

    assert answer.returncode == 2
    assert answer.stderr == (
        f"lacuna: {state / 'lock'} cannot be written: Read-only file system. Make its folder "
        "writable, or name another one in the variable LACUNA_STATE_DIR.\n"
    )
    lacuna.environment["LACUNA_STATE_DIR"] = str(tmp_path / "another")
    with serving_with(lacuna) as daemon:
        assert "listens on port" in daemon.stderr.readline()


THINGS = {"link": "a symbolic link", "folder": "a folder", "pipe": "a pipe or a device"}


@pytest.mark.skipif(sys.platform == "win32", reason="types a command of a POSIX shell")
@pytest.mark.parametrize("kind", THINGS)
def test_what_lies_in_the_place_of_the_lock_is_named_with_the_command_that_removes_it(
    lacuna, tmp_path, kind
):
    state = tmp_path / "state's folder"
    lacuna.environment["LACUNA_STATE_DIR"] = str(state)
    state.mkdir(mode=0o700)
    lock = state / "lock"
    {
        "link": lambda: lock.symlink_to(tmp_path / "elsewhere"),
        "folder": lambda: (lock / "deep").mkdir(parents=True),
        "pipe": lambda: os.mkfifo(lock),
    }[kind]()
    doctor, answer = lacuna("doctor"), lacuna("serve")

    assert (answer.returncode, "Traceback" in answer.stderr) == (2, False)
    said = re.fullmatch(
        rf"lacuna: {re.escape(str(lock))} is {THINGS[kind]}, where the daemon keeps a file of its "
        r"own\. Remove it with `(.*)`\.\n",
        answer.stderr,
    )
    assert not (tmp_path / "elsewhere").exists()
    assert f"lock\t{lock} is {THINGS[kind]}" in doctor.stdout
    assert said[1] in doctor.stdout
    subprocess.run(said[1], shell=True, check=True)
    with serving_with(lacuna) as daemon:
        assert "listens on port" in daemon.stderr.readline()


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process")
def test_daemon_that_hangs_is_told_from_one_that_does_not_run(lacuna, serving):
    """Every command says the same true thing, and what they say to type does what they say."""
    process, _ = serving
    process.send_signal(signal.SIGSTOP)
    status, second, doctor = lacuna("status"), lacuna("serve"), lacuna("doctor")

    sentence = (
        f"The Lacuna daemon (process {process.pid}) is running, but does not answer. `lacuna stop` "
        "ends it, and `lacuna setup` starts it anew."
    )
    assert (status.returncode, status.stdout, status.stderr) == (2, "", f"lacuna: {sentence}\n")
    assert second.returncode == 2
    assert second.stderr.endswith("does not answer. End it with `lacuna stop`, then try again.\n")
    assert f"broken\tdaemon\t{sentence}" in doctor.stdout
    stop = lacuna("stop")
    assert (stop.returncode, stop.stdout) == (
        0, f"The Lacuna daemon did not answer. Its process {process.pid} was ended.\n"
    )  # fmt: skip
    assert process.wait(SAFETY_S) == -signal.SIGKILL
    assert "is not running" in lacuna("status").stdout
    with serving_with(lacuna) as daemon:
        assert "listens on port" in daemon.stderr.readline()


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process")
def test_daemon_that_hangs_without_having_said_who_it_is_is_found_by_its_lock(
    lacuna, serving, tmp_path
):
    process, _ = serving
    (tmp_path / "state" / "endpoint.json").unlink()
    process.send_signal(signal.SIGSTOP)

    assert f"(process {process.pid}) is running, but does not answer" in lacuna("status").stderr
    assert f"Its process {process.pid} was ended" in lacuna("stop").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process")
def test_process_that_only_has_the_number_of_an_ended_daemon_is_left_alone(lacuna, tmp_path):
    """The numbers of processes are used again, and a stale file may name anybody's."""
    file = tmp_path / "state" / "endpoint.json"
    with subprocess.Popen(["sleep", "60"]) as innocent, serving_with(lacuna) as daemon:
        try:
            assert "listens on port" in daemon.stderr.readline()
            text = file.read_text()
            file.write_text(re.sub(r'"pid": [0-9]+', f'"pid": {innocent.pid}', text))
            os.utime(file, (1, 1))  # written long before that process began
            daemon.send_signal(signal.SIGSTOP)
            assert f"Its process {daemon.pid} was ended" in lacuna("stop").stdout
            assert innocent.poll() is None
        finally:
            innocent.kill()


def test_reason_why_another_daemon_does_not_start_is_in_the_log(lacuna, serving, tmp_path):
    """An editor that starts it sees nothing but its exit code, and points to the log."""
    process, _ = serving
    process.send_signal(signal.SIGSTOP)
    try:
        lacuna("serve")
    finally:
        process.send_signal(signal.SIGCONT)
    log = (tmp_path / "state" / "daemon.log").read_text()

    assert "does not answer. End it with `lacuna stop`" in log
