"""What the machine has, as psutil tells it on every system."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from lacuna import machine


def test_free_memory_is_some_and_no_more_than_there_is():
    assert 1 << 20 < machine.free_memory_bytes() < psutil.virtual_memory().total


def test_free_memory_falls_with_what_is_held():
    before = machine.free_memory_bytes()
    held = b"x" * (256 << 20)

    assert before - machine.free_memory_bytes() > len(held) // 4


def test_memory_of_a_process_grows_with_what_it_holds():
    before = machine.resident_bytes(os.getpid())
    held = b"x" * (64 << 20)

    assert machine.resident_bytes(os.getpid()) - before > len(held) // 2


def test_process_that_is_none_or_gone_holds_nothing():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert machine.resident_bytes(None) is None
    assert machine.resident_bytes(gone.pid) is None


def test_there_are_cores_to_use_and_no_more_than_there_are():
    assert 1 <= machine.usable_cores() <= os.cpu_count()


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process")
def test_stopped_process_is_told_from_one_that_runs_or_is_gone():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert not machine.is_stopped(process.pid)
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        assert machine.is_stopped(process.pid)
        process.send_signal(signal.SIGCONT)
        os.waitpid(process.pid, os.WCONTINUED)
        assert not machine.is_stopped(process.pid)
    finally:
        process.kill()
        process.wait()
    assert not machine.is_stopped(process.pid)


def test_cores_that_a_process_may_not_use_do_not_count(monkeypatch):
    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda _process: [3], raising=False)
    assert machine.usable_cores() == 1
    monkeypatch.delattr(psutil.Process, "cpu_affinity")
    assert machine.usable_cores() == psutil.cpu_count()
