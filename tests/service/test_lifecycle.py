"""The process: one per user, private files, and nothing left behind, however it ends."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from lacuna_wire.client import connect
from lacuna_wire.endpoint import find_daemon, read_endpoint, read_launch, start_daemon
from lacuna_wire.errors import LacunaError

from .conftest import SAFETY_S, eventually, request, runs
from .talk import Talk, Upload

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def nothing_left(daemon) -> bool:
    return (
        not (daemon.state / "endpoint.json").exists()
        and not list(daemon.place.iterdir())
        and not any(runs(pid) for pid in daemon.worker_pids)
    )


@pytest.mark.parametrize(
    ("number", "doing"),
    [
        (signal.SIGTERM, "nothing"),
        (signal.SIGTERM, "uploading"),
        (signal.SIGTERM, "running"),
        (signal.SIGTERM, "hanging"),
        (signal.SIGTERM, "waiting"),
        (signal.SIGINT, "running"),
    ],
)
def test_signal_ends_it_cleanly_whatever_it_does(start, number, doing):
    daemon = start("--tile-s", "0.2", "--tiles", "100")
    talks = []
    if doing in ("running", "hanging", "waiting"):
        ticket, _ = daemon.run(fault="tile.2.hang" if doing == "hanging" else "")
        eventually(lambda: daemon.status(ticket).tiles_done)
    if doing == "waiting":
        talks.append(Talk(daemon))
        talks[0].send(talks[0].sign("GET", f"/v1/jobs/{ticket.id}/events"))
        assert talks[0].socket.recv(100)
    if doing == "uploading":
        talks.append(Upload(daemon, daemon.submit()))
        talks[0].body(b"x")
    begun = time.monotonic()
    daemon.process.send_signal(number)
    code = daemon.process.wait(SAFETY_S)
    took_s = time.monotonic() - begun
    told = b"".join(iter(lambda: talks[0].socket.recv(65536), b"")) if talks else b""
    for talk in talks:
        talk.close()

    assert code == 0
    assert took_s < 3
    assert nothing_left(daemon)
    assert "Traceback" not in daemon.log
    if doing == "waiting":
        assert b'"shutdown"' in told  # whoever waits is told the end


def test_shutdown_is_answered_and_then_done(start):
    daemon = start()
    daemon.run()
    daemon.client.shutdown()

    assert daemon.process.wait(SAFETY_S) == 0
    assert nothing_left(daemon)


@pytest.mark.parametrize("fault", ["", pytest.param("tile.2.gil", marks=linux)])
def test_killed_daemon_takes_its_worker_along_and_the_next_one_sweeps_its_spool(start, fault):
    daemon = start("--tile-s", "0.2", "--tiles", "100")
    ticket, _ = daemon.run(fault=fault)
    eventually(lambda: daemon.status(ticket).tiles_done)
    daemon.process.kill()
    daemon.process.wait()
    eventually(lambda: not any(runs(pid) for pid in daemon.worker_pids), within_s=5)
    assert daemon.spooled
    assert not _answers(daemon)

    before = daemon.endpoint.instance
    (daemon.state / "endpoint.json").unlink()
    daemon.process.stderr.close()
    daemon.process = daemon.spawn()
    after = daemon.wait_for_endpoint()
    assert after.instance != before
    assert after.token != daemon.endpoint.token
    assert after.key != daemon.endpoint.key
    assert not daemon.spooled


def _answers(daemon) -> bool:
    try:
        daemon.client.status()
    except LacunaError:
        return False
    return True


def test_spool_of_a_living_daemon_is_not_swept(start, tmp_path):
    first = start()
    ticket = first.submit()
    second = start()
    subprocess.run(
        [sys.executable, "-c", f"from lacuna.service.spool import sweep; from pathlib import Path; "
         f"sweep(Path({str(first.place)!r}))"], check=True,
    )  # fmt: skip

    assert first.spooled
    assert second.endpoint.instance != first.endpoint.instance
    first.client.cancel(ticket.id)


def test_second_daemon_steps_back_and_says_so(start):
    daemon = start()
    second = daemon.spawn()
    _, said = second.communicate(timeout=SAFETY_S)

    assert second.returncode == 0
    assert "already running" in said
    assert daemon.client.status()["instance"] == daemon.endpoint.instance
    assert (daemon.state / "endpoint.json").exists()


def test_daemon_that_holds_the_lock_but_does_not_answer_is_reported(start):
    daemon = start()
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        second = daemon.spawn()
        _, said = second.communicate(timeout=SAFETY_S)
    finally:
        daemon.process.send_signal(signal.SIGCONT)

    assert second.returncode == 1
    assert "does not answer" in said


def test_port_that_is_taken_is_one_sentence(start, tmp_path):
    daemon = start()
    command = [*daemon.command[:2], json.dumps({"port": daemon.port}), str(daemon.place)]
    environment = {**os.environ, "LACUNA_STATE_DIR": str(tmp_path / "other")}
    second = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SAFETY_S, check=False
    )

    assert second.returncode == 1
    assert f"Port {daemon.port} of 127.0.0.1 cannot be used" in second.stderr
    assert not (tmp_path / "other" / "endpoint.json").exists()


def test_port_of_choice_is_used(start):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    daemon = start(port=port)

    assert daemon.endpoint.port == port


@linux
def test_it_listens_on_the_loopback_alone(start):
    daemon = start()
    port = f"{daemon.port:04X}"
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]

    assert [address for address in listening if address.endswith(f":{port}")] == [
        f"0100007F:{port}"
    ]


@linux
def test_front_never_loads_what_only_the_worker_needs(start):
    daemon = start()
    ticket, _ = daemon.run()
    daemon.wait(ticket)
    loaded = Path(f"/proc/{daemon.process.pid}/maps").read_text()

    assert "aiohttp" in loaded
    assert not re.search(r"numpy|torch|cv2", loaded)


def test_everything_it_writes_is_private_whatever_the_umask(start):
    old = os.umask(0)
    try:
        daemon = start()
    finally:
        os.umask(old)
    daemon.submit()
    for folder in (daemon.state, *daemon.place.iterdir()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        for path in folder.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@linux
def test_token_is_in_no_log_no_command_line_and_no_environment(start):
    daemon = start()
    secrets = (daemon.endpoint.token, daemon.endpoint.key)
    for secret in secrets:
        daemon.call("GET", f"/v1/jobs?token={secret}")
        daemon.call("GET", "/v1/jobs", {"Authorization": f"Bearer {secret}x"}, token=False)
    ticket, _ = daemon.run()
    daemon.wait(ticket)
    seen = daemon.log.encode()
    for pid in (daemon.process.pid, daemon.worker_pids[0]):
        for name in ("cmdline", "environ"):
            seen += Path(f"/proc/{pid}/{name}").read_bytes()

    assert not [secret for secret in secrets if secret.encode() in seen]


def test_log_has_one_line_for_a_job(start):
    daemon = start()
    ticket, _ = daemon.run()
    daemon.wait(ticket)
    lines = [line for line in daemon.log.splitlines() if ticket.id in line]

    assert len(lines) == 1
    assert re.search(
        r"image 200x100, window 52x42, 4 of 4 tiles, fake, \d+\.\d\d s, done$", lines[0]
    )


def test_client_finds_the_daemon_and_starts_it_when_there_is_none(start, monkeypatch):
    daemon = start()
    monkeypatch.setenv("LACUNA_STATE_DIR", str(daemon.state))
    assert connect().status()["instance"] == daemon.endpoint.instance
    assert read_launch()[0] == sys.executable

    daemon.stop()
    assert find_daemon() is None
    client = connect()  # by the command that the first one has left
    try:
        assert client.endpoint == read_endpoint()
        assert client.endpoint.instance != daemon.endpoint.instance
        assert client.submit(request()).input_bytes == 10_920
    finally:
        client.shutdown()
        eventually(lambda: not runs(client.endpoint.pid))


def test_clients_that_start_it_at_once_get_the_same_daemon(start, monkeypatch):
    daemon = start()
    monkeypatch.setenv("LACUNA_STATE_DIR", str(daemon.state))
    daemon.stop()
    others = set(psutil.Process().children())
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: start_daemon(timeout_s=SAFETY_S), range(3)))
    # The slowest of the three may still be about to notice that it is not needed.
    eventually(
        lambda: [child.pid for child in set(psutil.Process().children()) - others] == [found[0].pid]
    )
    connect(start=False).shutdown()
    eventually(lambda: not runs(found[0].pid))

    assert len({endpoint.instance for endpoint in found}) == 1
