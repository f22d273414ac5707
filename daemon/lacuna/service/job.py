"""One job: its state, which states may follow, and the clients that wait for them."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from lacuna_wire import JobRequest, JobStatus, LacunaError, Rect
from lacuna_wire.messages import ENDED, Progress

from .forecast import JobPlan
from .spool import SpoolFiles

# A job ends exactly once: no state follows an end.
NEXT_STATES: Mapping[str, tuple[str, ...]] = {
    "created": ("queued", "failed", "cancelled", "expired"),
    "queued": ("running", "failed", "cancelled", "expired"),
    "running": ("done", "failed", "cancelled", "expired"),
    **dict.fromkeys(ENDED, ()),
}
WORTH_A_GUESS = 1.0  # percent of the work after which the rest can be estimated
PHASES = {"created": "uploading", "queued": "waiting", "running": "loading"}


class Job:
    """A fill on its way through the daemon.

    Args:
        request: What the client asked for.
        plan: What the engine needs for it.
        files: Where its pixels are.
        now: The clock by which its times are told.
    """

    def __init__(
        self,
        request: JobRequest,
        plan: JobPlan,
        files: SpoolFiles,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.request = request
        self.plan = plan
        self.files = files
        self.now = now
        self.state = "created"
        self.uploading = False
        self.forgotten = False
        self.queue_number = 0
        self.device = ""
        self.rect: Rect | None = None
        self.result = ""
        self.grown_px = 0
        self.weights = ""
        self.error: LacunaError | None = None
        self.progress = Progress(PHASES["created"], tiles_total=plan.tiles)
        self._worked = 0.0  # percent of this try; those of `progress` never fall
        self.revision = 0
        self.begun = self.filling_since = self.ended_at = self.last_seen = self.now()
        self._watchers = 0
        self._changed = asyncio.Event()

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def input_bytes(self) -> int:
        return self.request.input_bytes(self.plan.window)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def move(self, state: str) -> None:
        """Go on to `state`."""
        assert state in NEXT_STATES[self.state], f"{self.state} -> {state}"
        self.state = state
        self.progress = self.progress._replace(phase=PHASES.get(state, state))
        self.ended_at = self.now()
        if state == "running":
            self.begun = self.filling_since = self.ended_at
        if state == "done":
            total = self.progress.tiles_total
            self.progress = self.progress._replace(tiles_done=total, percent=100.0)
        self.touch()

    def report(self, progress: Progress) -> None:
        """Take over what the worker reports; the percentage never falls, even if work is added."""
        before = self.progress
        if before.phase == PHASES["running"] and not progress.tiles_done:
            self.filling_since = self.now()  # the start of a worker says nothing of a tile
        self._worked = float(progress.percent)
        self.progress = progress._replace(
            tiles_total=progress.tiles_total or before.tiles_total,  # 0: not known yet
            percent=max(before.percent, min(99.0, self._worked)),
        )
        self.touch()

    def touch(self) -> None:
        """Wake everything that waits for news."""
        self.revision += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed_since(self, revision: int, timeout_s: float) -> bool:
        """Return whether there is news after `revision`, within `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.revision == revision and not self.ended:
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note that a client is there, until the end of the block."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            self.last_seen = self.now()

    def unseen_s(self) -> float:
        """Return for how long no client has asked for this job."""
        return 0.0 if self._watchers else self.now() - self.last_seen

    def status(self, queue_position: int, expected_s: float | None) -> JobStatus:
        """Describe the job.

        Args:
            queue_position: Jobs that run before this one.
            expected_s: Seconds that it was said to run, if anybody knew.
        """
        return JobStatus(
            id=self.id,
            state=self.state,
            revision=self.revision,
            **self.progress._replace(percent=round(self.progress.percent, 1))._asdict(),
            eta_s=self._eta_s(expected_s),
            queue_position=queue_position,
            rect=self.rect,
            error=self.error,
            result=self.result,
            grown_px=self.grown_px,
            weights=self.weights,
        )

    def _eta_s(self, expected_s: float | None) -> float | None:
        if self.state != "running":
            return None
        worked_s = self.now() - self.filling_since
        if self._worked >= WORTH_A_GUESS:
            return round(worked_s * max(0.0, 100 / self._worked - 1), 1)
        return None if expected_s is None else round(max(0.0, expected_s - worked_s), 1)
