"""What the operating system can do to the daemon, and what the daemon does to the system."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from lacuna.service.spool import allocate
from lacuna_wire import Rect
from lacuna_wire.errors import NoSpace
from tests.service.conftest import FAKES, SAFETY_S, Daemon, check_ends, eventually, runs

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")


def test_shipped_code_has_no_faults_to_inject():
    """Faults are in the tests' own worker; the product has no switch that could be thrown."""
    for folder in ("daemon", "shared", "gimp_plugin", "krita_plugin"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not re.search(r"--(test-)?fault|inject", path.read_text("utf-8")), path


@pytest.fixture
def small_disk(disk_of):
    return disk_of("64m")


def test_full_disk_is_an_answer_and_no_signal(small_disk):
    with pytest.raises(NoSpace, match="268,435,456 bytes"):
        allocate(small_disk / "large", 256 * MIB)
    assert list(small_disk.iterdir()) == []

    allocate(small_disk / "fits", 48 * MIB)
    with pytest.raises(NoSpace):
        allocate(small_disk / "too much", 32 * MIB)
    assert [path.name for path in small_disk.iterdir()] == ["fits"]


def test_job_that_does_not_fit_on_the_disk_is_refused_and_smaller_ones_are_done(small_disk):
    daemon = Daemon(small_disk, [], {})
    try:
        with pytest.raises(NoSpace):
            daemon.submit(width=8000, height=8000, selection=Rect(20, 20, 7900, 7900))
        ticket, _ = daemon.run()
        assert daemon.wait(ticket).state == "done"
    finally:
        daemon.stop()
    check_ends(daemon)


def test_log_that_cannot_be_written_stops_no_job(disk_of, tmp_path):
    disk = disk_of("256k")
    (tmp_path / "spool").mkdir()
    for other in ("spool", "starts"):
        (disk / other).symlink_to(tmp_path / other)
    daemon = Daemon(disk, [], {})
    with suppress(OSError), (disk / "rest").open("wb", buffering=0) as rest:
        while rest.write(bytes(4096)):
            pass
    before = daemon.log
    try:
        for _ in range(100):  # more lines than the last page of the log has room for
            ticket, _ = daemon.run()
            assert daemon.wait(ticket).state == "done"
            daemon.client.forget(ticket.id)
        assert len(daemon.log) < len(before) + 8192
    finally:
        assert daemon.stop() == 0


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_lies_in_the_place_of_the_log_is_not_written_to_and_stops_no_job(kind, tmp_path):
    state = tmp_path / "0" / "state"
    state.mkdir(parents=True, mode=0o700)
    log, precious = state / "daemon.log", tmp_path / "precious"
    precious.write_text("mine")
    {"link": lambda: log.symlink_to(precious), "folder": log.mkdir, "pipe": lambda: os.mkfifo(log)}[
        kind
    ]()
    daemon = Daemon(tmp_path / "0", [], {})
    try:
        ticket, _ = daemon.run()
        assert daemon.wait(ticket).state == "done"
    finally:
        daemon.process.terminate()
        said = daemon.process.communicate(timeout=SAFETY_S)[1]

    assert daemon.process.returncode == 0
    assert precious.read_text() == "mine"
    named = {"link": "a symbolic link", "folder": "a folder", "pipe": "a pipe or a device"}[kind]
    command = re.search(rf"there is no log: {log} is {named}, .* Remove it with `(.*)`\.", said)[1]
    subprocess.run(command, shell=True, check=True)
    assert not os.path.lexists(log)


def test_worker_that_was_stopped_at_its_birth_is_gone_with_its_front(start, tmp_path):
    """It has its death signal before its own program begins: here that is never reached."""
    marker = tmp_path / "program began"
    stopped = ["sh", "-c", f"kill -STOP $$; touch {marker}"]
    daemon = start(worker_command=stopped)
    daemon.run()
    front = psutil.Process(daemon.process.pid)
    (worker,) = eventually(front.children)
    eventually(lambda: worker.status() == psutil.STATUS_STOPPED)
    daemon.process.kill()
    daemon.process.wait()

    eventually(lambda: not runs(worker.pid))
    assert not marker.exists()


def test_clock_that_jumps_by_a_day_ends_no_job(tmp_path):
    """As after a suspend, or when the time is set: only the monotonic clock may count."""
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        pytest.skip("libfaketime is not installed; .ci/tools does it on Debian")
    clock = tmp_path / "clock"
    clock.write_text("+0")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        # The library breaks time.sleep, which only the stand-in worker calls.
        worker = ["env", "-u", "LD_PRELOAD", sys.executable, str(FAKES / "worker.py")]
        limits = {"clock_s": 0.05, "worker_command": worker}
        daemon = Daemon(tmp_path / "daemon", ["--tile-s", "0.3"], limits)
    try:
        done, _ = daemon.run()
        daemon.wait(done)
        waiting = daemon.submit()
        running, _ = daemon.run()
        for jump in ("+1d", "-1d", "+0"):
            clock.write_text(jump)
            time.sleep(0.3)
            daemon.client.cancel(daemon.submit().id)  # a line in the log
            assert daemon.status(done).state == "done"
            assert daemon.status(waiting).state == "created"
        assert daemon.wait(running).state == "done"
        assert daemon.client.result(done.id)
        days = {line[:10] for line in daemon.log.splitlines()}
        assert len(days) > 1  # it did see the jumps
    finally:
        assert daemon.stop() == 0


@pytest.fixture
def little_memory():
    """A group of processes that has 400 MiB together; gives the file to put them in."""
    for parent, limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        group = parent / f"lacuna-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        if (group / limit).exists():
            (group / limit).write_text(str(400 * MIB))
            yield group / "cgroup.procs"
            eventually(lambda group=group: not (group / "cgroup.procs").read_text())
            group.rmdir()
            return
        group.rmdir()
    pytest.skip("no leave to limit the memory of processes (cgroup)")


def test_kernel_that_is_short_of_memory_ends_the_worker_and_not_the_front(little_memory, start):
    daemon = start()
    little_memory.write_text(str(daemon.process.pid))
    ticket, _ = daemon.run(fault="tile.2.eat")
    end = daemon.wait(ticket)

    assert (end.state, end.error.code) == ("failed", "worker_died")
    assert signal.SIGKILL.name in str(end.error)
    assert daemon.process.poll() is None
    ticket, _ = daemon.run()
    assert daemon.wait(ticket).state == "done"


def test_front_opens_nothing_but_its_own_files_and_speaks_to_nobody_else(tmp_path, program):
    strace = program("strace")
    trace = tmp_path / "trace"
    daemon = Daemon(tmp_path / "daemon", [], {})
    tracer = subprocess.Popen(
        [strace, "-f", "-e", "trace=openat,open,creat,connect,sendto,unlink,rename,execve",
         "-o", str(trace), "-p", str(daemon.process.pid)],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        if "ttached" not in tracer.stderr.readline():
            pytest.skip("no leave to look at another process (strace)")
        ticket, _ = daemon.run()
        daemon.wait(ticket)
        daemon.client.result(ticket.id)
        daemon.client.status()
        daemon.client.forget(ticket.id)
        front = daemon.process.pid
        daemon.stop()
    finally:
        tracer.terminate()
        tracer.wait()
        tracer.stderr.close()
    calls = [
        line.split(maxsplit=1)[1]
        for line in trace.read_text().splitlines()
        if line.split()[0] in _threads(trace, front)
    ]
    own = (str(tmp_path / "daemon"), "/proc/meminfo", "/dev/null", "/proc/", "/sys/")
    places = [sys.prefix, sys.base_prefix, *filter(None, sys.path)]
    for call in calls:
        if re.match(r"(open|openat|creat|unlink|rename)\(", call) and "ENOENT" not in call:
            path = re.search(r'"([^"]*)"', call)[1]
            # Python loads modules when they are first used; they are only read.
            library = path.startswith((*places, "/opt", "/usr", "/etc", "/lib"))
            library = library or path.startswith(str(ROOT))
            assert path.startswith(own) or (library and "O_RDONLY" in call), call
        if call.startswith("connect("):
            assert "AF_UNIX" in call or "127.0.0.1" in call, call


def _threads(trace, front):
    """The front's thread and those that it starts itself; its worker calls execve."""
    executed = {line.split()[0] for line in trace.read_text().splitlines() if " execve(" in line}
    numbers = {line.split()[0] for line in trace.read_text().splitlines()}
    children = {one for one in executed if int(one) != front}
    # What a worker starts comes after it.
    return {one for one in numbers if not children or int(one) < min(map(int, children))}


def test_token_and_pixels_are_in_no_log_of_a_crash(start):
    daemon = start()
    ticket = daemon.submit()
    secret = b"\xc3\x9fecret-pixels-" * (ticket.input_bytes // 15) + bytes(ticket.input_bytes % 15)
    daemon.client.upload(ticket.id, [secret[: ticket.input_bytes]], ticket.input_bytes)
    daemon.wait(ticket)
    for fault in ("tile.1.raise", "tile.1.segv", "tile.1.exit"):
        ticket, data = daemon.run(fault=fault)
        daemon.wait(ticket)
    log = (daemon.state / "daemon.log").read_bytes()

    assert b"ecret-pixels" not in log
    for secret in (daemon.endpoint.token, daemon.endpoint.key):
        assert secret.encode() not in log
    assert data[:64] not in log


@pytest.mark.long
@pytest.mark.timeout(300)
def test_code_has_no_finding_of_medium_weight(figure):
    bandit = shutil.which("bandit") or str(Path(sys.executable).with_name("bandit"))
    if not Path(bandit).exists():
        pytest.skip("bandit is not installed")
    said = subprocess.run(
        [bandit, "-q", "-ll", "-r", "daemon", "shared", "gimp_plugin", "-f", "txt"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    figure("S15", "bandit -ll: findings", said.count(">> Issue"), "", 0)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_libraries_have_no_known_hole(figure):
    """Asks the internet, which is why it is no part of the default run."""
    audit = Path(sys.executable).with_name("pip-audit")
    if not audit.exists():
        pytest.skip("pip-audit is not installed")
    ours = "aiohttp numpy opencv-python-headless tifffile imagecodecs safetensors platformdirs"
    pinned = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format", "freeze"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names = re.compile(rf"^({'|'.join([*ours.split(), 'click', 'rich'])})==\S+$", re.M)
    wanted = "\n".join(match[0] for match in names.finditer(pinned))
    said = subprocess.run(
        [str(audit), "--no-deps", "--disable-pip", "-r", "/dev/stdin"], input=wanted,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    answered = "No known vulner" in said.stderr or "Found " in said.stderr
    if "could not be audited" in said.stdout or not answered:
        pytest.skip("the list of known holes cannot be reached from here")
    found = re.search(r"Found (\d+) known", said.stderr)
    figure("S15", "pip-audit: known holes", int(found[1]) if found else 0, "", 0)


def test_worker_is_gone_with_its_front_even_if_it_is_stopped(start):
    """A stopped process does not read its pipe: only the kernel can end it."""
    daemon = start("--tile-s", "0.2", "--tiles", "100")
    ticket, _ = daemon.run()
    eventually(lambda: daemon.status(ticket).tiles_done)
    os.kill(daemon.worker_pids[-1], signal.SIGSTOP)
    daemon.process.kill()
    daemon.process.wait()
    eventually(lambda: not runs(daemon.worker_pids[-1]))
