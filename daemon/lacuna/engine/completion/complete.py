"""A region completed with structure and texture: patches of known pixels, from coarse to fine.

The coarsest level decides what goes where; each finer one takes over its matches and, as long as
that is affordable, improves them (the frame of Darabi et al., "Image Melding", SIGGRAPH 2012).
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from lacuna_wire import Rect

from ..pixels.document import Document, Mask, Pixels
from ..pixels.levels import Level, enlarge, plain_level
from ..pixels.membrane import halve, pull_push
from .backend.processor import Processor
from .join import detail_of, join
from .patterns.pattern import Pattern, find_pattern
from .patterns.show import CompletedPlane, show_plane
from .patterns.view import View
from .problem import Problem, pose_problem
from .proposal import Proposal, hold, show_held
from .refine import Refine, RoundDone, refine
from .schedule import LevelSchedule, Schedule, reduced
from .show import show_picture_level
from .starts.coarser import CompletedLevel, take_over
from .starts.peel import peel
from .starts.smooth import begin_smoothly, complete_smoothly, draw_sources, smooth
from .strokes import draw_guide, is_followed, nearness_of
from .tries import Search, Try, begin_anew, take_best_places, take_cheapest
from .variation import leave_out

refine_here: Refine = partial(refine, backend=Processor())

LookForPattern = Callable[[], Pattern | None]


def _find_none() -> Pattern | None:
    return None


class Completion(NamedTuple):
    """A window whose hole is completed.

    Attributes:
        show: Gives pixels of a rectangle of the window: float32 (height, width, C), of
            meaning where pixels are missing.
        cost: What its matches cost on the finest level that was searched, on average, when they
            were compared last; infinite if nothing was copied. To be compared with other
            completions of the same hole.
    """

    show: Callable[[Rect], Pixels]
    cost: float


def complete_window(
    window: Document,
    missing: Mask,
    levels: Iterable[Level],
    schedule: Schedule,
    round_done: RoundDone,
    proposal: Proposal | None = None,
    refine: Refine = refine_here,
    barred: Mask | None = None,
) -> Completion:
    """Complete a region's window.

    Args:
        window: The region's window of the document.
        missing: uint8 (H, W) of the window, 1 = missing.
        levels: As many of its levels as are scheduled, from the coarsest to level 1; read once.
        schedule: Decided for this hole.
        round_done: Called after every round; raises to stop.
        proposal: What a network has painted on the coarsest level, if it is scheduled to.
        refine: Searches and votes.
        barred: uint8 (H, W) of the window, 1 = must not be copied, for which it was scheduled.
    """
    if schedule.whole:
        levels = chain(levels, _picture_level(window, missing))
    if not schedule.steps:
        filled = complete_smoothly(levels, proposal.start if proposal else None)
        if schedule.whole:
            return Completion(lambda rect: filled[rect.slices], float("inf"))
        return Completion(lambda rect: enlarge(filled, rect, window.rect), float("inf"))
    guides = _guide(window, missing, schedule)
    with ThreadPoolExecutor(1, "pattern") as aside:
        look: LookForPattern = _find_none
        if schedule.pattern_step and proposal is None and not window.carries_alpha:
            number = schedule.pattern_step.level
            coarse = iter(levels)
            so_far = list(islice(coarse, schedule.levels - number + 1))
            levels = chain(so_far, coarse)
            view = view_of(so_far[-1], reduced(barred, number)[number])
            # What repeats itself does not depend on the coarser levels, so it is found beside them.
            look = aside.submit(find_pattern, view, schedule.variation).result
        done = complete_levels(levels, schedule, round_done, proposal, refine, barred, guides, look)
        pattern = look()
    if pattern and pattern.plane:
        plane = _complete_plane(pattern, schedule, round_done, refine)
        if plane.matches.is_clearly_nearer(done.matches):
            return Completion(
                partial(show_plane, plane, window, missing), float(plane.matches.cost.mean())
            )
    image, problem, matches = done
    if schedule.whole and not problem.has_alpha:
        image = join(image, problem.missing, detail_of(problem, matches))
        image = hold(image, problem.missing, 0, proposal)
    if guides and barred is None and not is_followed(image, guides[0], missing):
        image = guides[0]
    cost = float(matches.cost.mean()) if len(matches.cost) else 0.0
    if schedule.whole:
        return Completion(lambda rect: image[rect.slices], cost)
    show = partial(show_picture_level, window, missing, image, problem, matches)
    if proposal is not None:
        show = partial(show_held, show, missing, proposal)
    return Completion(show, cost)


def view_of(level: Level, barred: Mask | None) -> View:
    """Show a level to whoever looks for a pattern; `barred` as in `complete_window`."""
    missing = level.share[..., 0] < 1
    return View(level.image, missing, ~missing if barred is None else ~missing & (barred == 0))


def _complete_plane(
    pattern: Pattern, schedule: Schedule, round_done: RoundDone, refine: Refine
) -> CompletedPlane:
    """Complete a plane as it is seen from above."""
    assert pattern.plane is not None
    assert schedule.pattern_step is not None
    view, step = pattern.view, schedule.pattern_step._replace(level=0)
    level = plain_level(view.image, (~view.missing).astype(np.float32)[..., None])
    unusable = (~view.usable & ~view.missing).astype(np.uint8)
    problem = pose_level(level, step, None, unusable)
    search = Search(problem, step.turns, np.random.default_rng(0), refine, round_done)
    matches = search(pattern.start)
    factor = 1 << schedule.pattern_step.level
    return CompletedPlane(pattern.plane, factor, problem.completed, problem, matches)


def _guide(window: Document, missing: Mask, schedule: Schedule) -> list[Pixels] | None:
    """Draw what joins the strokes of an inked layer, on every level, from 0 on; None if nothing."""
    if not window.carries_alpha or not schedule.whole:
        return None
    drawn = draw_guide(window.image(window.rect), missing, schedule.variation)
    if drawn is None:
        return None
    guides, all_of_it = [drawn], np.ones((*missing.shape, 1), np.float32)
    for _ in range(schedule.levels):
        drawn, all_of_it = halve(drawn, all_of_it)
        guides.append(drawn)
    return guides


def _picture_level(window: Document, missing: Mask) -> Iterator[Level]:
    known = (1 - missing[..., None]).astype(np.float32)
    yield plain_level(window.image(window.rect), known)


def complete_levels(
    levels: Iterable[Level],
    schedule: Schedule,
    round_done: RoundDone,
    proposal: Proposal | None = None,
    refine: Refine = refine_here,
    barred: Mask | None = None,
    guides: list[Pixels] | None = None,
    look: LookForPattern = _find_none,
) -> CompletedLevel:
    """Complete levels by patches of their own known pixels.

    Args:
        levels: From coarse to fine; read once, and each is let go before the next.
        schedule: At least one step.
        round_done: Called after every round; raises to stop.
        proposal: As in `complete_window`.
        refine: Searches and votes.
        barred: As in `complete_window`.
        guides: How the strokes go on, for every level from 0 on: float32 (H, W, C).
        look: Waits for a pattern; by one of the picture as it lies a level is begun once more.

    Returns:
        The finest level.
    """
    # The same picture is filled in the same way every time.
    rng = np.random.default_rng(schedule.variation)
    ground = reduced(barred, schedule.levels)
    done: CompletedLevel | None = None
    # Those that come before the first step have no patches to choose from.
    skipped = schedule.levels - schedule.steps[0].level
    rest = islice(levels, skipped, None)
    for step in schedule.steps:
        level = next(rest)
        first = proposal.begin(level.rect, skipped) if proposal and not done else None
        begun = done.image if done else first
        guide = None if guides is None else guides[step.level]
        problem = pose_level(level, step, begun, ground[step.level], guide)
        if done is None or step.begin == "either":
            problem = leave_out(problem, schedule.variation)
        tries = tries_of(level, step, done)
        del level
        search = Search(problem, step.turns, rng, refine, round_done)
        if step.begin == "either":
            matches = take_best_places(search, tries, step.further)
        else:
            matches = take_cheapest(search, tries)
        repeated = schedule.pattern_step
        pattern = look() if repeated and repeated.level == step.level else None
        if repeated and pattern and not pattern.plane:
            again = search._replace(turns=repeated.turns, rng=np.random.default_rng(0))
            matches = begin_anew(again, matches, pattern.start)
        image = hold(problem.completed, problem.missing, step.level, proposal)
        done = CompletedLevel(image, problem, matches)
    assert done is not None
    return done


def pose_level(
    level: Level,
    step: LevelSchedule,
    begun: Pixels | None,
    barred: Mask | None = None,
    guide: Pixels | None = None,
) -> Problem:
    """Lay out a level for its search.

    Args:
        level: It.
        step: What is done on it.
        begun: The coarser level, completed, or the start that a network has painted.
        barred: uint8 (H, W) of the level, 1 = must not be copied.
        guide: float32 (H, W, C), how the strokes go on; None if nothing is known of that.
    """
    if step.begin in ("coarser", "either"):
        assert begun is not None
        image = enlarge(begun, level.rect, level.rect)
    else:
        image = smooth(level) if begun is None else begun.copy()
        if guide is not None:
            image = guide.copy()
    known = level.share >= 1
    np.copyto(image, level.image, where=known)
    if guide is not None:
        return pose_problem(image, ~known[..., 0], nearness_of(guide), barred, is_guided=True)
    texture = None
    if level.texture.shape[2] and step.texture_weight:
        texture = pull_push(step.texture_weight * level.texture, known.astype(np.float32))
    return pose_problem(image, ~known[..., 0], texture, barred)


def tries_of(level: Level, step: LevelSchedule, coarser: CompletedLevel | None) -> list[Try]:
    """List the ways in which a level is begun."""
    if coarser is not None:
        tries = [Try(partial(take_over, coarser), 0)]
        if step.begin == "either":
            tries.append(Try(partial(begin_smoothly, smooth(level)), step.turns.searches))
        return tries
    # What it begins with is all there is to go by: a vote of random patches would wipe it out.
    tries = [Try(draw_sources, step.turns.searches)]
    if step.begin == "peel":
        tries.append(Try(lambda problem, _rng: peel(problem), 0))
    return tries
