"""The front's side of the pipe: one worker process, started when needed, killed when it hangs.

A thread that computes cannot be stopped, but a process can: that is why the network runs in one.
"""

import asyncio
import logging
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Any

from lacuna.machine import is_stopped
from lacuna_wire import LacunaError
from lacuna_wire.errors import JobCancelled, Values, WorkerUnavailable
from lacuna_wire.messages import Report

from .awake import AwakeClock
from .orders import Filled, write_line
from .patience import Patience
from .settings import DaemonSettings
from .worker_words import BrokenWord, read_ready, read_word

log = logging.getLogger("lacuna.supervisor")

FIRST_PAUSE_S = 0.1  # before the second start; doubled before every further one
STOP_S = 0.5  # for a worker whose stdin was closed
REAP_S = 5.0  # for the kernel, after SIGKILL
MAX_LINE_BYTES = 64 * 1024
MAX_LOG_LINE = 400  # characters of what the worker prints


class DiedIdle(WorkerUnavailable):
    """The worker was dead before it began the order, so another one can have it."""


class Supervisor:
    """Starts, watches and ends the worker: at most one process at a time.

    Args:
        command: What to run; it has to call `worker_process.serve_orders`.
        settings: How long to wait for what.
        clock: By which it is waited.
    """

    def __init__(self, command: Sequence[str], settings: DaemonSettings, clock: AwakeClock) -> None:
        self.device = ""
        self._command = list(command)
        self._settings = settings
        self._clock = clock
        self._process: Process | None = None
        self._printed: asyncio.Task[None] | None = None
        self._job_id = ""
        self._cancelled = False
        self._refused_until = 0.0
        self._refusal = ""

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def degraded(self) -> bool:
        """Whether jobs are refused for now, because no worker could be started."""
        return time.monotonic() < self._refused_until

    def require(self) -> None:
        """Raise `WorkerUnavailable` while `degraded`."""
        if self.degraded:
            raise WorkerUnavailable(self._refusal)

    async def fill(self, order: dict[str, Any], deadline: float, report: Report) -> Filled:
        """Give an order to the worker, starting one if there is none, and return what it made.

        Args:
            order: From `order_message`.
            deadline: The end of the job's time, in seconds of the clock.
            report: Gets the progress of the job.

        Raises:
            JobCancelled: If `cancel` was called in the meantime.
            WorkerUnavailable: If no worker can be started.
            Stalled: If the worker hung and was killed.
            LacunaError: What the worker said, or `worker_died`, `expired`.
        """
        self._job_id, self._cancelled = str(order["id"]), False
        try:
            if self.alive:
                try:
                    return await self._follow(order, deadline, report)
                except DiedIdle as error:
                    log.warning("%s; starting another one", error)
            await self._start()
            return await self._follow(order, deadline, report)
        finally:
            self._job_id = ""

    def cancel(self, job_id: str) -> None:
        """Ask the worker to stop this job; if it does not, it is killed a little later."""
        if self._job_id != job_id or self._cancelled:
            return
        self._cancelled = True
        process = self._process
        if process is None or process.returncode is not None:
            return  # it is about to be started; `fill` looks at `_cancelled` then
        self._send(process, {"type": "cancel", "id": job_id})
        self._clock.call_later(
            self._settings.cancel_grace_s, lambda: self._kill_if_still_at(process, job_id)
        )

    async def stop(self) -> None:
        """End the process, gently for a moment."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        await self._reap(process, STOP_S)

    async def _start(self) -> None:
        """Start a process and wait until it is ready, several times if need be."""
        self.require()
        begun, pause_s = time.monotonic(), FIRST_PAUSE_S
        for tries in range(1, self._settings.worker_tries + 1):
            if self._cancelled:
                raise JobCancelled("The job was cancelled.")
            try:
                return await self._start_once()
            except WorkerUnavailable as error:
                reason = error.message
                log.warning("start %d of the worker failed: %s", tries, reason)
            if time.monotonic() + pause_s > begun + self._settings.worker_tries_s:
                break
            await asyncio.sleep(pause_s)
            pause_s *= 2
        self._refuse(f"The worker process did not start in {tries} tries. The last time: {reason}")
        raise WorkerUnavailable(self._refusal)

    def _refuse(self, reason: str) -> None:
        """Take no jobs for a while."""
        log.error("no jobs for %g s: %s", self._settings.worker_pause_s, reason)
        self._refused_until = time.monotonic() + self._settings.worker_pause_s
        self._refusal = reason

    async def _start_once(self) -> None:
        await self.stop()  # what is left of the last one
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=MAX_LINE_BYTES
            )
        except OSError as error:
            raise WorkerUnavailable(f"{self._command[0]}: {error.strerror}.") from error
        self._process = process
        assert process.stderr is not None
        self._printed = asyncio.create_task(_log_lines(process.stderr))
        try:
            async with self._clock.limit(self._settings.worker_start_s):
                device = await _until_ready(process)
        except TimeoutError:
            await self._reap(process, 0)
            limit = self._settings.worker_start_s
            raise WorkerUnavailable(f"It was not ready within {limit:g} s.") from None
        if device is None:
            death, _values = await self._death(process)
            raise WorkerUnavailable(f"It {death}.")
        self.device = device
        log.info("worker %d is ready: %s", process.pid, self.device)

    async def _follow(self, order: dict[str, Any], deadline: float, report: Report) -> Filled:
        """Send an order and follow it to its end."""
        process = self._process
        assert process is not None
        if self._cancelled:
            raise JobCancelled("The job was cancelled.")
        self._send(process, order)
        patience = Patience(self._settings, deadline, self._clock.now)
        while True:
            limit_s, expires = patience.limit_s()
            try:
                async with self._clock.limit(limit_s):
                    line = await _line(process)
            except TimeoutError:
                if not expires and is_stopped(process.pid):
                    continue  # whoever has stopped it lets it go on: it does not hang
                await self._reap(process, 0)
                raise patience.error(expires, limit_s) from None
            if line is None:
                death, values = await self._death(process)
                if self._cancelled:
                    raise JobCancelled("The job was cancelled.")
                if not patience.begun:
                    raise DiedIdle(f"The worker process {death}.", code="worker_died")
                done, total = patience.progress.tiles_done, patience.progress.tiles_total
                raise WorkerUnavailable(
                    f"The worker process {death}, after {done} of {total} tiles.",
                    code="worker_died", values={"tiles_done": done, "tiles_total": total, **values},
                )  # fmt: skip
            try:
                word = read_word(line, order["id"])
            except BrokenWord as error:
                await self._reap(process, 0)
                log.error("the worker said %.200r: %s", line, error)
                raise WorkerUnavailable(
                    "The worker process does not keep to its protocol.", code="internal"
                ) from None
            if isinstance(word, Filled):
                return word
            if isinstance(word, LacunaError):
                raise word
            patience.note(word)
            report(word)

    def _send(self, process: Process, message: dict[str, Any]) -> None:
        # A worker that is dead by now is noticed where its answer is read.
        assert process.stdin is not None
        process.stdin.write(write_line(message))

    def _kill_if_still_at(self, process: Process, job_id: str) -> None:
        if self._job_id == job_id and process is self._process and process.returncode is None:
            log.warning("worker %d did not stop for a cancel and is killed", process.pid)
            process.kill()

    async def _death(self, process: Process) -> tuple[str, Values]:
        """Wait for a process that has closed its pipe; return how it ended, for a sentence."""
        await self._reap(process, STOP_S)
        code = process.returncode
        if code is None:
            return "cannot be ended", {}
        if code < 0:
            name = signal.Signals(-code).name
            return f"was ended by {name}", {"signal": name}
        return f"ended with code {code}", {"exit_code": code}

    async def _reap(self, process: Process, gently_s: float) -> None:
        """Wait `gently_s` for a process to end by itself, then kill it."""
        for wait_s in (gently_s, REAP_S):
            try:
                async with asyncio.timeout(wait_s):
                    await process.wait()
                break
            except TimeoutError:
                if process.returncode is None:
                    process.kill()
        else:
            # It hangs in the kernel, most likely in the driver of a GPU: a second process on that
            # device would hang too, and this one must not get another order.
            self._refuse(
                f"The worker process {process.pid} cannot be ended. Its device may be lost."
            )
            if process is self._process:
                self._process = None
        if self._printed is not None:
            # What it printed last is often the reason; a grandchild may keep the pipe open.
            await asyncio.wait([self._printed], timeout=STOP_S)
            self._printed.cancel()


async def _line(process: Process) -> bytes | None:
    """Return the next line; None if the worker is dead or sends no end of one."""
    assert process.stdout is not None
    try:
        return await process.stdout.readline() or None
    except ValueError:  # longer than MAX_LINE_BYTES
        return None


async def _until_ready(process: Process) -> str | None:
    """Return the device of a worker that has started; None if it is dead."""
    while (line := await _line(process)) is not None:
        device = read_ready(line)
        if device is not None:
            return device
        # A library printed before stdout was taken away from it.
        log.warning("worker: %.*s", MAX_LOG_LINE, line.decode("utf-8", "replace").rstrip())
    return None


async def _log_lines(stream: asyncio.StreamReader) -> None:
    """Copy what the worker prints to the log, until it ends."""
    rest = b""
    while block := await stream.read(4096):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            log.warning("worker: %.*s", MAX_LOG_LINE, line.decode("utf-8", "replace"))
        rest = rest[-4096:]
    if rest:
        log.warning("worker: %.*s", MAX_LOG_LINE, rest.decode("utf-8", "replace"))
