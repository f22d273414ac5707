"""What the machine has, from the kernel's tables or without them."""

import os
import signal
import subprocess
import sys

import pytest

from lacuna import machine


def test_free_memory_is_what_the_kernel_says(tmp_path, monkeypatch):
    table = tmp_path / "meminfo"
    table.write_text("MemTotal:       32000 kB\nMemFree:   10 kB\nMemAvailable:    2000 kB\n")
    monkeypatch.setattr(machine, "MEMINFO", table)

    assert machine.free_memory_bytes() == 2000 * 1024


@pytest.mark.parametrize("text", [None, "MemTotal:       32000 kB\n"])
def test_without_the_kernels_word_half_of_the_memory_counts_as_free(tmp_path, monkeypatch, text):
    table = tmp_path / "meminfo"
    if text:
        table.write_text(text)
    monkeypatch.setattr(machine, "MEMINFO", table)
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    assert machine.free_memory_bytes() == whole // 2


def test_system_that_tells_nothing_of_its_memory_gives_none(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "nowhere")
    monkeypatch.delattr(os, "sysconf")

    assert machine.free_memory_bytes() is None


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_memory_of_a_process_grows_with_what_it_holds():
    before = machine.resident_bytes(os.getpid())
    held = b"x" * (64 << 20)

    assert machine.resident_bytes(os.getpid()) - before > len(held) // 2
    assert machine.resident_bytes(None) is None


def test_there_are_cores_to_use_and_no_more_than_there_are():
    assert 1 <= machine.usable_cores() <= os.cpu_count()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says it")
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
