"""How far a job is: the work of completions and tiles, counted in pixels that the network sees."""

from collections.abc import Sequence
from typing import NamedTuple

from lacuna_wire.errors import JobCancelled
from lacuna_wire.messages import Progress, Report, ShouldStop


class Work(NamedTuple):
    """What a region takes.

    Attributes:
        tiles: How many.
        tile_px: Pixels of all of them.
        rounds_px: What each round of its completion costs, in pixels of tiles.
    """

    tiles: int
    tile_px: int
    rounds_px: tuple[int, ...] = ()

    @property
    def px(self) -> int:
        """All of it, in pixels of tiles."""
        return self.tile_px + sum(self.rounds_px)


class WorkCounter:
    """Counts the work of a job, region by region, and raises when the job should stop.

    Args:
        works: One per region, in the order in which they are filled.
        report: Told after every tile, every completion and every round of one.
        should_stop: Asked as often.
    """

    def __init__(self, works: Sequence[Work], report: Report, should_stop: ShouldStop) -> None:
        self.tiles_done = 0
        self.tiles_total = sum(work.tiles for work in works)
        self._total_px = max(1, sum(work.px for work in works))
        self._finished_px = 0  # of the regions before
        self._work = Work(1, 0)  # of this region, and how much of it is done
        self._tiles = self._rounds = 0
        self._report = report
        self._should_stop = should_stop
        report(Progress("guiding", 0, self.tiles_total, 0.0))

    @property
    def percent(self) -> float:
        rounds_px = sum(self._work.rounds_px[: self._rounds])
        tile_px = self._work.tile_px * self._tiles / max(1, self._work.tiles)
        return 100 * (self._finished_px + rounds_px + tile_px) / self._total_px

    def next_region(self, work: Work) -> None:
        """Begin a region; the one before is finished."""
        self._finished_px += self._work.px
        self._work, self._tiles, self._rounds = work, 0, 0

    def round_done(self) -> None:
        """Note one more round of the completion."""
        self._rounds += 1
        self._say("guiding")

    def completion_done(self) -> None:
        """Note that the completion is made, with however many rounds."""
        self._rounds = len(self._work.rounds_px)
        self._say("guiding")

    def tile_done(self) -> None:
        self.tiles_done += 1
        self._tiles += 1
        self._say("filling")

    def _say(self, phase: str) -> None:
        self._report(Progress(phase, self.tiles_done, self.tiles_total, self.percent))
        if self._should_stop():
            raise JobCancelled("The job was cancelled.")
