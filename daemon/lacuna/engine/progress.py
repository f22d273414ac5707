"""How far a job is: the work of guides and tiles, counted in pixels that the network sees."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lacuna_wire.errors import JobCancelled

from .completion import ROUNDS, SEARCHED_TARGETS, rounds_of_thin

# What a pixel costs whose patch is searched on one level, in pixels of a tile (docs/large.md).
SEARCHED_PIXEL = 10
# A guide does not say how many rounds it will take; about so many per level bring it near its end.
ROUNDS_PER_LEVEL = 2.4
ROUNDS_OF_ONE_LEVEL = 12.0  # thin holes
ROUND_GROWTH = 2.5  # how much longer the rounds of a level take than those of the coarser one

Report = Callable[[str, int, int, float], None]  # phase, tiles done, tiles in all, percent
ShouldStop = Callable[[], bool]


class Work(NamedTuple):
    """What a region takes.

    Attributes:
        tiles: How many.
        tile_px: Pixels of all of them.
        guide_px: The guide, in pixels of tiles.
        guide_levels: Levels on which it searches patches; 0 if there is none.
    """

    tiles: int
    tile_px: int
    guide_px: int
    guide_levels: int


def guide_work(missing_px: int, levels: Sequence[int]) -> int:
    """Estimate what a guide costs, in pixels of tiles.

    Args:
        missing_px: Missing pixels of the window on level 0.
        levels: Those on which patches are searched.
    """
    searched = [min(missing_px >> 2 * level, SEARCHED_TARGETS) for level in levels]
    rounds = rounds_of_thin(searched[0]) if len(searched) == 1 else ROUNDS[0]
    return SEARCHED_PIXEL * sum(searched) * rounds // ROUNDS[0]


def guide_share(rounds: int, levels: int) -> float:
    """Estimate how much of a guide is made after some rounds, in [0, 1].

    The first rounds are those of the coarsest level, which is the quickest by far. However many
    there are, each brings it nearer to the end.

    >>> [round(guide_share(rounds, levels=5), 2) for rounds in (0, 10, 20, 40)]
    [0.0, 0.15, 0.58, 0.96]
    """
    if not levels:
        return 0.0
    many = ROUNDS_OF_ONE_LEVEL if levels == 1 else ROUNDS_PER_LEVEL * (levels + 1)
    climbed = levels * math.tanh(rounds / many)
    return float((ROUND_GROWTH**climbed - 1) / (ROUND_GROWTH**levels - 1))


class Progress:
    """Counts the work of a job, region by region, and raises when the job should stop.

    Args:
        works: One per region, in the order in which they are filled.
        report: Told after every tile, every guide and every round of one.
        should_stop: Asked as often.
    """

    def __init__(self, works: Sequence[Work], report: Report, should_stop: ShouldStop) -> None:
        self.tiles_done = 0
        self.tiles_total = sum(work.tiles for work in works)
        self._total_px = max(1, sum(work.tile_px + work.guide_px for work in works))
        self._finished_px = 0  # of the regions before
        self._work = Work(1, 0, 0, 0)  # of this region, and how much of it is done
        self._tiles = self._rounds = 0
        self._guide_share = 0.0
        self._report = report
        self._should_stop = should_stop
        report("guiding", 0, self.tiles_total, 0.0)

    @property
    def percent(self) -> float:
        guide_px = self._work.guide_px * self._guide_share
        tile_px = self._work.tile_px * self._tiles / max(1, self._work.tiles)
        return 100 * (self._finished_px + guide_px + tile_px) / self._total_px

    def next_region(self, work: Work) -> None:
        """Begin a region; the one before is finished."""
        self._finished_px += self._work.tile_px + self._work.guide_px
        self._work, self._tiles, self._rounds, self._guide_share = work, 0, 0, 0.0

    def alive(self) -> None:
        """Note one more round of the guide."""
        self._rounds += 1
        self._guide_share = guide_share(self._rounds, self._work.guide_levels)
        self._say("guiding")

    def guide_done(self) -> None:
        self._guide_share = 1.0
        self._say("guiding")

    def tile_done(self) -> None:
        self.tiles_done += 1
        self._tiles += 1
        self._say("filling")

    def _say(self, phase: str) -> None:
        self._report(phase, self.tiles_done, self.tiles_total, self.percent)
        if self._should_stop():
            raise JobCancelled("The job was cancelled.")
