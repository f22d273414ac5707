"""One job: its state, what may follow on it, and the people who wait for that."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from lacuna_wire import JobRequest, JobStatus, LacunaError, Rect
from lacuna_wire.messages import ENDED

from .spool import SpoolFiles

# A job ends exactly once: nothing follows on an end.
NEXT_STATES: Mapping[str, tuple[str, ...]] = {
    "created": ("queued", "failed", "cancelled", "expired"),
    "queued": ("running", "failed", "cancelled", "expired"),
    "running": ("done", "failed", "cancelled", "expired"),
    **dict.fromkeys(ENDED, ()),
}
WORTH_A_GUESS = 1.0  # percent of the work that say how long the rest takes
PHASES = {"created": "uploading", "queued": "waiting", "running": "loading"}


class Plan(NamedTuple):
    """The engine's answer to a request.

    Attributes:
        window: Pixels of the image that the engine needs.
        tiles: How many tiles it will take, about.
    """

    window: Rect
    tiles: int


class Job:
    """A fill on its way through the daemon.

    Args:
        request: What the client asked for.
        plan: What the engine needs for it.
        files: Where its pixels lie.
    """

    def __init__(self, request: JobRequest, plan: Plan, files: SpoolFiles) -> None:
        self.request = request
        self.plan = plan
        self.files = files
        self.state = "created"
        self.uploading = False
        self.forgotten = False
        self.queue_number = 0
        self.device = ""
        self.rect: Rect | None = None
        self.error: LacunaError | None = None
        self.phase = PHASES["created"]
        self.tiles_done = 0
        self.tiles_total = plan.tiles
        self.percent = self._worked = 0.0  # the second is that of this try
        self.revision = 0
        self.begun = self.filling_since = self.ended_at = self.last_seen = time.monotonic()
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
        self.phase = PHASES.get(state, state)
        self.ended_at = time.monotonic()
        if state == "running":
            self.begun = self.filling_since = self.ended_at
        if state == "done":
            self.tiles_done, self.percent = self.tiles_total, 100.0
        self.touch()

    def progress(self, phase: str, tiles_done: int, tiles_total: int, percent: float) -> None:
        """Take over what the worker reports; the percentage never falls, whatever is added."""
        if self.phase == PHASES["running"] and not tiles_done:
            self.filling_since = time.monotonic()  # the start of a worker says nothing of a tile
        self.phase, self.tiles_done = phase, tiles_done
        if tiles_total:  # 0: not known yet, so the plan's number stands
            self.tiles_total = tiles_total
        self._worked = float(percent)
        self.percent = max(self.percent, min(99.0, self._worked))
        self.touch()

    def touch(self) -> None:
        """Wake all who wait for news."""
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
        """Note that a client is there, from now until the end of the block."""
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            self.last_seen = time.monotonic()

    def unseen_s(self) -> float:
        """Return for how long no client has asked for this job."""
        return 0.0 if self._watchers else time.monotonic() - self.last_seen

    def status(self, queue_position: int, tile_s: float | None) -> JobStatus:
        """Describe the job.

        Args:
            queue_position: Jobs that run before this one.
            tile_s: Seconds that a tile took in earlier jobs, if there were any.
        """
        return JobStatus(
            id=self.id,
            state=self.state,
            revision=self.revision,
            phase=self.phase,
            tiles_done=self.tiles_done,
            tiles_total=self.tiles_total,
            percent=round(self.percent, 1),
            eta_s=self._eta_s(tile_s),
            queue_position=queue_position,
            rect=self.rect,
            error=self.error,
        )

    def _eta_s(self, tile_s: float | None) -> float | None:
        if self.state != "running":
            return None
        if self._worked >= WORTH_A_GUESS:
            worked_s = time.monotonic() - self.filling_since
            return round(worked_s * max(0.0, 100 / self._worked - 1), 1)
        return None if tile_s is None else round(tile_s * (self.tiles_total - self.tiles_done), 1)
