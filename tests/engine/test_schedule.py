"""What is decided of a completion before it is made: levels, rounds, starts, and what they cost."""

import numpy as np
import pytest

from lacuna.engine.completion.complete import complete_window, refine_here
from lacuna.engine.completion.proposal import propose
from lacuna.engine.completion.schedule import TUNING, schedule_completion
from lacuna.engine.pixels.document import Document
from lacuna.engine.pixels.levels import build_levels, coarsest_first
from lacuna_wire import Options, Rect
from tests.drawn import RGB, noise, plan_of, select
from tests.fakes.networks import StandIn

THIN = Rect(30, 60, 80, 6)
DEEP = Rect(40, 35, 50, 50)


def missing_of(*rects, height=120, width=140):
    return select(height, width, *rects) // 255


@pytest.mark.parametrize("rect", [THIN, DEEP])
@pytest.mark.parametrize("by_network", [False, True])
@pytest.mark.parametrize(
    ("levels", "whole_px"), [(0, 1 << 20), (1, 1 << 20), (3, 1 << 20), (1, 100), (3, 100)]
)
def test_what_is_scheduled_is_what_is_done(rect, levels, by_network, whole_px):
    """Targets, turns and rounds, as the search and the progress get to see them."""
    missing, tuning = missing_of(rect), TUNING._replace(whole_window_px=whole_px)
    schedule = schedule_completion(missing, levels, by_network, tuning)
    asked, rounds = [], []

    def refine(problem, source, turns, *rest):
        asked.append((len(problem.targets), turns))
        return refine_here(problem, source, turns, *rest)

    document = Document(noise(*missing.shape), missing, RGB)
    every = build_levels(document, missing, levels)
    proposal = None
    if by_network and every:
        proposal = propose(every[-1].image, every[-1].incomplete, levels)
    complete_window(
        document,
        missing,
        coarsest_first(every),
        schedule,
        lambda: rounds.append(1),
        proposal,
        refine,
    )

    expected = []
    for step in schedule.steps:
        first = step.turns if step.begin != "coarser" else step.turns._replace(searches=0)
        expected.append((step.targets, first))
        if step.begin == "peel":
            expected.append((step.targets, step.turns._replace(searches=0)))
    assert asked == expected
    assert len(rounds) == sum(step.rounds for step in schedule.steps)


def test_thin_hole_of_one_level_gets_the_rounds_that_are_affordable():
    targets = (80 + 6) * (6 + 6)  # whose patches touch the hole
    for affordable, rounds in ((10_000, TUNING.thin_rounds), (12, 12), (1, TUNING.rounds[0])):
        tuning = TUNING._replace(thin_targets=affordable * targets)
        (step,) = schedule_completion(missing_of(THIN), 0, tuning=tuning).steps
        assert (step.targets, step.turns.rounds, step.turns.far) == (
            targets, rounds, TUNING.thin_far,
        )  # fmt: skip

    coarse, fine = schedule_completion(missing_of(THIN), 1).steps
    assert (coarse.turns.rounds, coarse.turns.far) == (TUNING.rounds[0], 0)
    assert (fine.turns.rounds, fine.turns.far) == (TUNING.finest_rounds[0], 0)


def test_level_without_enough_patches_decides_nothing():
    levels = [step.level for step in schedule_completion(missing_of(DEEP), 4).steps]

    assert levels == [2, 1, 0]  # 15 x 18 and 8 x 9 cells have no 200 whole known patches
    assert not schedule_completion(np.ones((60, 60), np.uint8), 2).steps
    # What a network has painted is for its level and no other.
    assert not schedule_completion(missing_of(DEEP), 4, by_network=True).steps


def test_small_deep_hole_is_begun_from_its_rim_too_and_a_thin_one_is_not():
    (deep,) = schedule_completion(missing_of(Rect(50, 50, 20, 20)), 0).steps
    (thin,) = schedule_completion(missing_of(THIN), 0).steps

    assert (deep.begin, thin.begin) == ("peel", "smooth")
    assert deep.turns.scored  # to be compared


def test_window_too_large_for_a_whole_gets_a_level_however_thin_its_hole():
    selection = np.zeros((1100, 1100), np.uint8)
    np.fill_diagonal(selection, 255)
    document = Document(np.zeros((1100, 1100, 3), np.uint8), selection, RGB)

    (plan,) = plan_of(document, Options(), StandIn()).regions

    assert plan.levels == 1
    assert plan.schedule is not None
    assert not plan.schedule.whole
