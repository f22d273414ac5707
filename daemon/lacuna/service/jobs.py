"""All jobs of the daemon: which are admitted, which runs next, and when their time is up.

The queue is the dictionary of jobs itself. A separate counter of free places would sooner or later
disagree with it, and a job would wait for ever.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from lacuna_wire import JobRequest, JobStatus, LacunaError
from lacuna_wire.errors import Conflict, JobCancelled, NotFound, QueueFull, WorkerUnavailable

from .attempts import END_STATES, fill_job
from .awake import AwakeClock
from .forecast import Forecast
from .job import Job
from .settings import DaemonSettings
from .spool import Spool
from .supervisor import Supervisor

log = logging.getLogger("lacuna.jobs")

LAST_ERRORS = 20


class Jobs:
    """Every job that is remembered, in the order of submission.

    Args:
        settings: The limits.
        forecast: What jobs need, and how long they take.
        spool: Where pixels go.
        supervisor: Of the process that fills.
        clock: By which times are told.
    """

    def __init__(
        self,
        settings: DaemonSettings,
        forecast: Forecast,
        spool: Spool,
        supervisor: Supervisor,
        clock: AwakeClock,
    ) -> None:
        self.tile_s: float | None = None  # seconds per tile in the last job that was done
        self.errors: deque[dict[str, object]] = deque(maxlen=LAST_ERRORS)
        self._settings = settings
        self.forecast = forecast
        self._spool = spool
        self._supervisor = supervisor
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._running: Job | None = None
        self._queued = asyncio.Event()
        self._queue_number = 0
        self._closed = False

    def admit(self, request: JobRequest) -> tuple[Job, bool]:
        """Return the job of a request, and whether it is new.

        Raises:
            Conflict: If the id belongs to another request, or to a job that was forgotten.
            QueueFull: If as many jobs as possible are alive.
            TooLarge: If the window that it needs is.
            NoSpace: If the spool cannot hold it.
            WorkerUnavailable: If no worker can be started.
            LacunaError: If the engine refuses it.
        """
        known = self._jobs.get(request.id)
        if known is not None:
            if known.request != request or known.forgotten:
                raise Conflict(f"The id {request.id} belongs to another job.", code="id_in_use")
            known.last_seen = self._clock.now()
            return known, False
        if self._closed:
            raise _shutdown()
        self._supervisor.require()
        alive = len(self.alive())
        if alive >= self._settings.max_jobs:
            raise QueueFull(
                f"The daemon has {alive} jobs already and takes no more at a time. Try again "
                "later.",
                values={"jobs": alive},
            )
        plan = self.forecast.plan(request)
        input_bytes = request.input_bytes(plan.window)
        output_bytes = plan.window.area * request.layout.pixel_bytes
        files = self._spool.reserve(request.id, input_bytes, output_bytes)
        job = Job(request, plan, files, self._clock.now)
        self._jobs[job.id] = job
        return job, True

    async def allocate(self, job: Job) -> None:
        """Make the input file of a new job; whatever keeps it from being made undoes the job.

        Raises:
            NoSpace: If other programs have filled or closed every folder by now.
        """
        job.uploading = True  # no upload may begin yet
        try:
            job.files = await self._spool.make_input(job.files)
        except Exception:
            del self._jobs[job.id]
            self._drop_files(job)
            raise
        finally:
            job.uploading = False
        if job.ended:  # cancelled in the meantime
            self._drop_files(job)

    def find(self, job_id: str) -> Job:
        """Return a job; raises `NotFound` if there is none or it was forgotten."""
        job = self._jobs.get(job_id)
        if job is None or job.forgotten:
            raise NotFound(f"There is no job {job_id}.")
        job.last_seen = self._clock.now()
        return job

    def alive(self) -> list[Job]:
        return [job for job in self._jobs.values() if not job.ended]

    def status(self, job: Job) -> JobStatus:
        ahead = [
            other
            for other in self._jobs.values()
            if other.state == "running"
            or (other.state == "queued" and other.queue_number < job.queue_number)
        ]
        expected_s = self.forecast.seconds(job.request, job.plan)
        return job.status(len(ahead) if job.state == "queued" else 0, expected_s)

    @contextmanager
    def uploading(self, job: Job) -> Iterator[None]:
        """Queue the job when the block ends well; end it if the upload breaks.

        Raises:
            Conflict: If the job has its pixels, or gets them just now.
        """
        if job.state != "created" or job.uploading:
            doing = "being uploaded" if job.uploading else job.state
            raise Conflict(f"The job is {doing}; its pixels are sent once.")
        job.uploading = True
        try:
            with job.watched():
                yield
        except LacunaError as error:
            self.end(job, "failed", error)
            raise
        except BaseException:
            cut_off = LacunaError("The upload was cut off.", code="upload_broken", status=400)
            self.end(job, "failed", cut_off)
            raise
        finally:
            job.uploading = False
        if job.ended:
            raise job.error or _shutdown()
        self._queue_number += 1
        job.queue_number = self._queue_number
        job.move("queued")
        self._queued.set()

    def end(self, job: Job, state: str, error: LacunaError | None = None) -> bool:
        """End a job, unless something else has ended it before: then nothing happens."""
        if job.ended:
            return False
        job.error = error
        begun = job.begun
        job.move(state)
        log.info(
            "job %s: image %dx%d, window %dx%d, %d of %d tiles, %s, %.2f s, %s%s",
            job.id, job.request.width, job.request.height,
            job.plan.window.width, job.plan.window.height,
            job.progress.tiles_done, job.progress.tiles_total,
            job.device or "no device", job.ended_at - begun, state,
            f" ({error.code})" if error else "",
        )  # fmt: skip
        if error is not None and state == "failed":
            self.errors.append(
                {"job": job.id, "at": round(time.time()), **error.as_dict()["error"]}
            )
        if job is not self._running:  # the worker still has them open
            self._drop_files(job)
        for other in self._jobs.values():
            if other.state == "queued":
                other.touch()  # it moves up
        return True

    def cancel_or_forget(self, job_id: str) -> JobStatus:
        """Cancel a job that is alive, drop one that has ended; a second call answers the same."""
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id}.")
        if job.ended:
            job.forgotten = True
            self._drop_files(job)
        else:
            self._cancel(job, "The job was cancelled.")
        return self.status(job)

    def close(self) -> None:
        """End all jobs, and take no more."""
        self._closed = True
        for job in self.alive():
            self.end(job, "failed", _shutdown())

    def _cancel(self, job: Job, reason: str) -> None:
        self.end(job, "cancelled", JobCancelled(reason))
        self._supervisor.cancel(job.id)

    def _drop_files(self, job: Job) -> None:
        self._spool.drop(job.files.input)
        if job.state != "done" or job.forgotten:
            self._spool.drop(job.files.output)

    async def work(self) -> None:
        """Fill one job after the other, for ever."""
        while True:
            job = await self._next()
            self._running = job
            try:
                await self._fill(job)
            finally:
                self._running = None
                self._drop_files(job)

    async def watch_clocks(self) -> None:
        """End and forget jobs whose time is up, for ever."""
        while True:
            await asyncio.sleep(self._settings.clock_s)
            self._spool.look_again()
            self.look_at_clocks(self._clock.now())

    def look_at_clocks(self, now: float) -> None:
        """Do what is due at `now`, in seconds of the clock."""
        gone_s = self._settings.client_gone_s
        for job in self.alive():
            if job.unseen_s() <= gone_s:
                continue
            if job.state == "created":
                reason = f"No pixels were sent within {gone_s:g} s."
                error = LacunaError(reason, code="expired", status=408, values={"seconds": gone_s})
                self.end(job, "expired", error)
            else:
                self._cancel(job, f"No client asked for the job for {gone_s:g} s.")
        ended = [job for job in self._jobs.values() if job.ended]
        too_many = len(ended) - self._settings.max_ended_jobs
        for number, job in enumerate(sorted(ended, key=lambda job: job.ended_at)):
            is_old = now - job.ended_at > self._settings.result_ttl_s
            if number < too_many or (is_old and job.unseen_s()):  # not while its result is read
                job.forgotten = True
                self._drop_files(job)
                del self._jobs[job.id]

    async def _next(self) -> Job:
        """Wait for a queued job; end a worker that is idle for too long."""
        while True:
            waiting = [job for job in self._jobs.values() if job.state == "queued"]
            if waiting:
                return min(waiting, key=lambda job: job.queue_number)
            self._queued.clear()
            try:
                async with asyncio.timeout(
                    self._settings.keep_model_s if self._supervisor.alive else None
                ):
                    await self._queued.wait()
            except TimeoutError:
                await self._supervisor.stop()

    async def _fill(self, job: Job) -> None:
        """Bring a queued job to its end."""
        job.move("running")
        cold = not self._supervisor.alive
        try:
            filled = await fill_job(job, self._supervisor, self._settings)
        except LacunaError as error:
            self.end(job, END_STATES.get(error.code, "failed"), error)
            return
        if job.ended:  # cancelled in the meantime
            return
        job.rect, job.device, job.result = filled.rect, filled.device, filled.result
        job.grown_px, job.weights = filled.grown_px, filled.weights
        job.progress = job.progress._replace(tiles_total=filled.tiles)
        seconds = self._clock.now() - job.filling_since
        self.forecast.learn(job.request, job.plan, seconds)
        if cold:
            self.forecast.start_s = job.filling_since - job.begun
        if filled.tiles:
            self.tile_s = seconds / filled.tiles
        self.end(job, "done")


def _shutdown() -> WorkerUnavailable:
    return WorkerUnavailable("The daemon is shutting down.", code="shutdown")
