"""systemd hears that the daemon is ready, alive and about to end; nobody else hears anything."""

import os
import socket
import subprocess
import sys

import pytest

from tests.service.conftest import SAFETY_S

SERVE = [sys.executable, "-m", "lacuna", "serve"]


@pytest.fixture
def manager(tmp_path):
    """A socket that listens as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(SAFETY_S)
        yield listener


@pytest.fixture
def environment(tmp_path):
    """What systemd tells a service of type notify that is watched every 0.2 s."""
    return {
        **os.environ,
        "LACUNA_STATE_DIR": str(tmp_path / "state"),
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "200000",
    }


def hear(listener) -> str:
    return listener.recv(100).decode()


def test_daemon_is_ready_alive_and_ends(manager, environment):
    daemon = subprocess.Popen(SERVE, env=environment)
    assert hear(manager) == "READY=1"
    assert [hear(manager) for _ in range(3)] == ["WATCHDOG=1"] * 3

    daemon.terminate()
    assert daemon.wait(SAFETY_S) == 0
    last = hear(manager)
    while last == "WATCHDOG=1":
        last = hear(manager)
    assert last == "STOPPING=1"


def test_second_daemon_is_no_failure_for_systemd(manager, environment):
    daemon = subprocess.Popen(SERVE, env={**environment, "NOTIFY_SOCKET": ""})
    try:
        while subprocess.run(
            [*SERVE[:-1], "status"], env=environment, capture_output=True, timeout=SAFETY_S
        ).returncode:
            assert daemon.poll() is None
        second = subprocess.run(SERVE, env=environment, capture_output=True,
                                timeout=SAFETY_S)  # fmt: skip
        assert second.returncode == 0
        assert hear(manager) == "READY=1"
    finally:
        daemon.terminate()
        daemon.wait(SAFETY_S)
