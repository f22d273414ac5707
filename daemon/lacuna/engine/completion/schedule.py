"""How a hole is completed, decided before it is: which levels, and how often each is searched.

All of it follows from the mask alone, so that progress and estimate know what is to come.
"""

from typing import Literal, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels.document import Mask
from ..pixels.hole import reduce_missing
from .problem import find_sources, find_targets
from .refine import Turns
from .starts.peel import can_peel

Flags = NDArray[np.bool_]  # (H, W)
Flagged = TypeVar("Flagged", Mask, Mask | None)
Begin = Literal["smooth", "peel", "network", "coarser", "either", "pattern"]


class Tuning(NamedTuple):
    """The numbers that steer every completion; docs/decisions/0003 tells how they were found.

    Attributes:
        bridged_px: Radius of a hole on the coarsest level. Below, structure is lost; above, it is
            not found.
        whole_window_px: Up to this size a window is completed as a whole on its own level too, 40
            bytes per pixel; larger ones are shown piece by piece from the matches of level 1.
        min_sources: With fewer patches to choose from, a level decides nothing.
        min_allowed: The same where a user says what may be copied: less will be what is wanted.
        rounds: Of search and vote: the first level has to find everything, the last ones only
            touch up.
        network_rank: Where `rounds` begins if a network has made the start: it is to be kept, and
            needs no more rounds than a middle level.
        finest_rounds: At most, of the finest levels of larger holes: more take most of the time
            there and show in no figure.
        small_targets: Up to so many the finest of several levels is searched over all of the window
            and more often: what the coarser one has chosen is near, and seldom the best.
        small_rounds: Of it.
        small_far: As `thin_far`, of it.
        thin_targets: Where a hole is completed on its finest level alone, all that is seen of it is
            what is found there: it gets as many rounds as make so many targets in all.
        thin_rounds: At most, of such a hole.
        thin_far: Sources that the finest level of a thin hole tries in each search beside those
            ever nearer by.
        either_rounds: Of a thin hole whose finest level is begun in two ways: on the level before
            it, and of each of the ways.
        either_searches: Before the first vote of the second way.
        joining_targets: As `thin_targets`, of the rounds after the two ways are joined.
        joining_rounds: Of them, at least and at most.
        first_searches: Before the first vote of a start that a vote of random patches would wipe
            out.
        searched_targets: More would take seconds; from here on matches are only taken over.
        near_px: How far from the matches of the coarser level a level looks, at most.
        steps: Distances in pixels of the neighbours that are asked.
        texture_weight: Of a difference in texture, against the same difference in colour.
        pattern_px: A pattern is looked for where a tenth of the hole is deeper than this on the
            level where it is looked for: patches see across less.
        pattern_rounds: On a level that begins with the copies of a pattern, to touch them up.
        pattern_reach: The same, in pixels.
    """

    bridged_px: int = 16
    whole_window_px: int = 1 << 20
    min_sources: int = 200
    min_allowed: int = 64
    rounds: tuple[int, ...] = (8, 5, 4, 3, 2, 2, 1)
    network_rank: int = 4
    finest_rounds: tuple[int, ...] = (1, 2, 3)
    small_targets: int = 20_000
    small_rounds: int = 10
    small_far: int = 8
    thin_targets: int = 600_000
    thin_rounds: int = 20
    thin_far: int = 4
    either_rounds: tuple[int, int] = (8, 3)
    either_searches: int = 2
    joining_targets: int = 120_000
    joining_rounds: tuple[int, int] = (4, 14)
    first_searches: int = 4
    searched_targets: int = 60_000
    near_px: int = 32
    steps: tuple[int, ...] = (8, 2, 1)
    texture_weight: float = 4.0
    pattern_px: int = 5
    pattern_rounds: int = 2
    pattern_reach: int = 4


TUNING = Tuning()


class LevelSchedule(NamedTuple):
    """What is done on one level.

    Attributes:
        level: Its number; 0 is the picture itself.
        begin: What it begins with: the rim as a membrane (`smooth`), that or the rim ring by ring,
            whichever fits better (`peel`), what a `network` has painted, the `coarser` level,
            `either` of that and the rim as a membrane, place by place, or the copies of a
            `pattern`, which no schedule foresees.
        targets: Places that are searched for, and voted by.
        turns: How often; `searches` are left out by a `peel`.
        texture_weight: Of a difference in texture; 0 if what it begins with has a texture of its
            own, which nobody knows.
        further: Rounds after the two ways of an `either` are joined.
    """

    level: int
    begin: Begin
    targets: int
    turns: Turns
    texture_weight: float
    further: int = 0

    @property
    def rounds(self) -> int:
        """How often `round_done` is called."""
        tries = 2 if self.begin in ("peel", "either") else 1
        return tries * self.turns.rounds + self.further


class Schedule(NamedTuple):
    """How a window is completed.

    Attributes:
        levels: Above the picture's own, of which a thin hole may have one more than was asked for.
        whole: Whether the picture's own level is completed too, all of it at once.
        steps: On the levels that have patches, from coarse to fine. Empty if none has: the rim is
            drawn into the hole then.
        variation: Decides what else is random, and which sources the first step does without.
        pattern_step: How a level is completed once more if a pattern is found: that of the picture
            itself, or the finest that is completed as a whole. None: nowhere.
    """

    levels: int
    whole: bool
    steps: tuple[LevelSchedule, ...]
    variation: int = 0
    pattern_step: LevelSchedule | None = None


def schedule_completion(
    missing: Mask,
    levels: int,
    by_network: bool = False,
    tuning: Tuning = TUNING,
    barred: Mask | None = None,
    variation: int = 0,
    opaque: bool = True,
) -> Schedule:
    """Decide how a window is completed.

    Args:
        missing: uint8 (H, W) of the window, 1 = missing.
        levels: Above the picture's own; at least one if the window is not completed as a whole.
        by_network: Whether a network paints the coarsest level first.
        tuning: The numbers.
        barred: uint8 (H, W), 1 = must not be copied; None if all that is known may be.
        variation: As `Options.variation`.
        opaque: Whether no alpha is carried. Ink on nothing has a guide instead of a second way, and
            of sources that are far away.
    """
    limited = barred is not None
    least = tuning.min_allowed if limited else tuning.min_sources
    whole = missing.size <= tuning.whole_window_px
    finest = 0 if whole else 1
    coarsest = max(levels, finest + 1)
    every, ground = reduced(missing, coarsest), reduced(barred, coarsest)
    holes = {level: every[level] > 0 for level in range(finest, coarsest + 1)}
    patches = {level: _count_patches(hole, ground[level]) for level, hole in holes.items()}
    steps: list[LevelSchedule] = []
    if opaque and not by_network and levels <= finest:
        steps = _begin_in_two_ways(finest, holes, patches, least, not whole, tuning)
    if steps:
        return Schedule(
            finest + 1, whole, tuple(steps), variation,
            _look_for_pattern(missing.size, holes, steps, tuning),
        )  # fmt: skip
    rank = tuning.network_rank if by_network else 0
    for level in range(levels, finest - 1, -1):
        rank += 1
        sources, targets = patches[level]
        if not steps and sources < least:
            if by_network and not limited:
                break  # its start is for this level and no other
            continue
        longer = max(holes[level].shape)
        few = targets <= tuning.searched_targets
        rounds = tuning.rounds[min(rank, len(tuning.rounds)) - 1] if few else 0
        scored = level == finest and not whole  # what `show` adds to the picture's own pixels
        if steps:
            if level - finest < len(tuning.finest_rounds):
                rounds = min(rounds, tuning.finest_rounds[level - finest])
            reach, far = max(4, min(tuning.near_px, longer // 8)), 0
            if opaque and few and level == finest and targets <= tuning.small_targets:
                rounds, reach, far = tuning.small_rounds, longer // 2, tuning.small_far
            turns = Turns(0, rounds, reach, tuning.steps, far, scored)
            steps.append(LevelSchedule(level, "coarser", targets, turns, tuning.texture_weight))
            continue
        far = 0
        begin: Begin = "network" if by_network else "smooth"
        if not by_network and can_peel(holes[level], sources, targets):
            begin, scored = "peel", True  # to be compared
        if not by_network and level == finest and few:
            rounds, far = rounds_of_thin(targets, tuning), tuning.thin_far
        if limited:
            rounds = max(1, rounds)  # a start that nothing is copied over shows what is barred
        turns = Turns(tuning.first_searches, rounds, longer // 2, tuning.steps, far, scored)
        texture_weight = 0.0 if by_network else tuning.texture_weight
        steps.append(LevelSchedule(level, begin, targets, turns, texture_weight))
    looked_at = None if by_network else _look_for_pattern(missing.size, holes, steps, tuning)
    return Schedule(levels, whole, tuple(steps), variation, looked_at)


def _begin_in_two_ways(
    finest: int,
    holes: dict[int, Flags],
    patches: dict[int, tuple[int, int]],
    least: int,
    scored: bool,
    tuning: Tuning,
) -> list[LevelSchedule]:
    """Schedule a thin hole: a level above the finest, and that, begun from it and from the rim.

    Returns:
        Nothing where either level has too few patches, the finest too many targets to be searched,
        or can be peeled, which is a second way already.
    """
    above = finest + 1
    sources, targets = patches[finest]
    if min(sources, patches[above][0]) < least or targets > tuning.searched_targets:
        return []
    if can_peel(holes[finest], sources, targets):
        return []
    before, of_each = tuning.either_rounds
    far = [max(holes[level].shape) // 2 for level in (above, finest)]
    coarse = Turns(tuning.first_searches, before, far[0], tuning.steps, 0, False)
    fine = Turns(tuning.either_searches, of_each, far[1], tuning.steps, tuning.thin_far, scored)
    further = joining_rounds_of(targets, tuning)
    return [
        LevelSchedule(above, "smooth", patches[above][1], coarse, tuning.texture_weight),
        LevelSchedule(finest, "either", targets, fine, tuning.texture_weight, further),
    ]


def _look_for_pattern(
    px: int, holes: dict[int, Flags], steps: list[LevelSchedule], tuning: Tuning
) -> LevelSchedule | None:
    level = 0
    while px > tuning.whole_window_px:
        level, px = level + 1, px // 4
    for step in steps:
        if step.level == level:
            hole = holes[level]
            depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            if np.quantile(depth[hole], 0.9) <= tuning.pattern_px:
                return None
            few = step.targets <= tuning.searched_targets
            rounds = tuning.pattern_rounds if few else 0
            turns = Turns(0, rounds, tuning.pattern_reach, tuning.steps, 0, step.turns.scored)
            return LevelSchedule(level, "pattern", step.targets, turns, tuning.texture_weight)
    return None


def rounds_of_thin(targets: int, tuning: Tuning = TUNING) -> int:
    """Return how often the only level of a thin hole is searched and voted on."""
    affordable = tuning.thin_targets // max(1, targets)
    return max(tuning.rounds[0], min(tuning.thin_rounds, affordable))


def joining_rounds_of(targets: int, tuning: Tuning = TUNING) -> int:
    """Return how often a thin hole is searched and voted on after its two ways are joined."""
    least, most = tuning.joining_rounds
    return max(least, min(most, tuning.joining_targets // max(1, targets)))


def reduced(flagged: Flagged, levels: int) -> list[Flagged]:
    """Reduce what is missing or barred, uint8 (H, W): every level, from 0 on.

    A cell is as soon as one of its pixels is. Of None, every level is None.
    """
    every = [flagged]
    for _ in range(levels):
        every.append(None if every[-1] is None else reduce_missing(every[-1]))
    return every


def _count_patches(hole: Flags, barred: Mask | None) -> tuple[int, int]:
    """Count the patches that may be copied, and those that touch the hole."""
    sources, targets = find_sources(hole, barred), find_targets(hole)
    return int(np.count_nonzero(sources)), int(np.count_nonzero(targets))
