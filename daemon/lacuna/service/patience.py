"""How long to wait for the worker's next message: this decides when it counts as hanging."""

from collections.abc import Callable

from lacuna_wire import LacunaError
from lacuna_wire.errors import WorkerUnavailable
from lacuna_wire.messages import Progress

from .settings import DaemonSettings

STALL_TILES = 10


class Stalled(WorkerUnavailable):
    """The worker hung in a job and was killed; another one may have more luck."""


class Patience:
    """The waiting for one order, until it is done or its job's time is up.

    Args:
        settings: How long to wait for what.
        deadline: The end of the job's time, in seconds of the clock.
        now: The clock.
    """

    def __init__(self, settings: DaemonSettings, deadline: float, now: Callable[[], float]) -> None:
        self.begun = False
        self.progress = Progress()
        self._settings = settings
        self._deadline = deadline
        self._now = now
        self._tile_s: list[float] = []
        self._last_tile = self._now()

    def limit_s(self) -> tuple[float, bool]:
        """Return the seconds to wait, and whether they are the last of the whole job."""
        limit_s = self._settings.first_tile_s
        if self._tile_s:
            from statistics import median  # as in forecast.py

            limit_s = max(self._settings.stall_s, STALL_TILES * median(self._tile_s))
        left_s = max(0.0, self._deadline - self._now())
        return min(limit_s, left_s), left_s < limit_s

    def note(self, progress: Progress) -> None:
        """Take the worker's latest progress into account."""
        now = self._now()
        tiles = progress.tiles_done - self.progress.tiles_done
        if tiles > 0:
            self._tile_s.append((now - self._last_tile) / tiles)
            self._last_tile = now
        self.begun, self.progress = True, progress

    def error(self, expires: bool, limit_s: float) -> LacunaError:
        """Return what to raise when the wait is over; `expires` and `limit_s` from `limit_s`."""
        done, total = self.progress.tiles_done, self.progress.tiles_total
        progress = f"{done} of {total} tiles were done"
        if expires:
            whole_s = self._settings.job_deadline_s
            return LacunaError(
                f"The job was not done within {whole_s:g} s: {progress}.",
                code="expired",
                status=504,
                values={"seconds": whole_s, "tiles_done": done, "tiles_total": total},
            )
        return Stalled(
            f"The worker said nothing for {limit_s:.0f} s and was ended: {progress}.",
            code="stalled",
            values={"seconds": round(limit_s), "tiles_done": done, "tiles_total": total},
        )
