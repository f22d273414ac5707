"""A worker that ends with its front, however the front ends: what each system has for that.

Everywhere the worker reads the pipe of its front, and ends when that does. A worker that is stopped
or hangs in C code reads nothing: there only the kernel can end it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from ctypes import wintypes
from pathlib import Path
from typing import Any

OOM_SCORE = 500  # the kernel ends such a process rather than the user's editor

_PR_SET_PDEATHSIG = 1  # prctl(2)
# winnt.h: JobObjectExtendedLimitInformation, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, and
# PROCESS_SET_QUOTA | PROCESS_TERMINATE.
_EXTENDED_LIMITS, _KILL_ON_CLOSE, _ASSIGN = 9, 0x2000, 0x0101


def tied_options() -> dict[str, Any]:
    """Return how a process has to be started that is to end with this one, for `subprocess`.

    On Linux it has its death signal before its program begins; it must be started by the main
    thread, whose end is what counts. On Windows it gets no window of its own.
    """
    if sys.platform == "linux":
        # What runs between fork and exec takes no lock, so other threads do not matter.
        warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
        return {"preexec_fn": _end_with(os.getpid(), ctypes.CDLL(None).prctl)}
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}


def tie(pid: int) -> None:
    """Tie a process that was just started, where that can only be done now: on Windows.

    Raises:
        OSError: If the system refuses.
    """
    if sys.platform == "win32":
        _assign(_job(), pid)


def end_me_first() -> None:
    """Have the kernel end this process before others when memory is short, where it chooses."""
    if sys.platform == "linux":
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))


def _end_with(parent: int, prctl: Callable[..., int]) -> Callable[[], None]:
    if sys.platform != "linux":
        raise AssertionError("only Linux has death signals")

    def ask_for_the_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we had asked
            os._exit(1)

    return ask_for_the_signal


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("per_process_time", ctypes.c_int64),
        ("per_job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("least_working_set", ctypes.c_size_t),
        ("most_working_set", ctypes.c_size_t),
        ("most_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    )


class _Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION of winnt.h."""

    _fields_ = (
        ("basic", _BasicLimits),
        ("io", ctypes.c_uint64 * 6),
        ("memory", ctypes.c_size_t * 4),
    )


_jobs: list[int] = []  # handles that are never closed: the system closes them with this process


def _job() -> int:
    """Return a job of Windows whose processes end with the last handle to it, which is ours."""
    if sys.platform != "win32":
        raise AssertionError("only Windows has jobs")
    if not _jobs:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.SetInformationJobObject.argtypes = (
            wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD,
        )  # fmt: skip
        job = kernel.CreateJobObjectW(None, None)
        limits = _Limits()
        limits.basic.flags = _KILL_ON_CLOSE
        given = (job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
        if not job or not kernel.SetInformationJobObject(*given):
            raise ctypes.WinError(ctypes.get_last_error())
        _jobs.append(job)
    return _jobs[0]


def _assign(job: int, pid: int) -> None:
    if sys.platform != "win32":
        raise AssertionError("only Windows has jobs")
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    process = kernel.OpenProcess(_ASSIGN, False, pid)
    if not process:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        if not kernel.AssignProcessToJobObject(job, process):
            raise ctypes.WinError(ctypes.get_last_error())
    finally:
        kernel.CloseHandle(process)
