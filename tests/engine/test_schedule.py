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
    every = build_levels(document, missing, schedule.levels)
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
        unsearched = step.turns._replace(searches=0)
        if step.begin == "either":
            ways = [each._replace(scored=True) for each in (unsearched, step.turns)]
            each_time = [*ways, unsearched._replace(rounds=step.further)]
        elif step.begin == "peel":
            each_time = [step.turns, unsearched]
        else:
            each_time = [unsearched if step.begin == "coarser" else step.turns]
        expected += [(step.targets, turns) for turns in each_time]
    assert asked == expected
    assert len(rounds) == sum(step.rounds for step in schedule.steps)


def test_thin_hole_of_one_level_gets_the_rounds_that_are_affordable():
    targets = (80 + 6) * (6 + 6)  # whose patches touch the hole
    for affordable, rounds in ((10_000, TUNING.thin_rounds), (12, 12), (1, TUNING.rounds[0])):
        tuning = TUNING._replace(thin_targets=affordable * targets)
        (step,) = schedule_completion(missing_of(THIN), 0, tuning=tuning, opaque=False).steps
        assert (step.targets, step.turns.rounds, step.turns.far) == (
            targets, rounds, TUNING.thin_far,
        )  # fmt: skip

    coarse, fine = schedule_completion(missing_of(THIN), 1, opaque=False).steps
    assert (coarse.turns.rounds, coarse.turns.far) == (TUNING.rounds[0], 0)
    assert (fine.turns.rounds, fine.turns.far) == (TUNING.finest_rounds[0], 0)


def test_finest_level_of_a_small_hole_is_searched_over_all_of_the_window():
    missing = missing_of(DEEP)
    targets, window = (50 + 6) * (50 + 6), max(missing.shape)
    for small, turns in (
        (targets, (TUNING.small_rounds, window // 2, TUNING.small_far)),
        (targets - 1, (TUNING.finest_rounds[0], window // 8, 0)),
    ):
        tuning = TUNING._replace(small_targets=small)
        fine = schedule_completion(missing, 1, tuning=tuning).steps[-1]
        assert (fine.begin, fine.targets) == ("coarser", targets)
        assert (fine.turns.rounds, fine.turns.reach, fine.turns.far) == turns


@pytest.mark.parametrize(("levels", "whole_px"), [(0, 1 << 20), (1, 100)])
def test_finest_level_of_a_thin_hole_is_begun_in_two_ways_joined_as_long_as_is_affordable(
    levels, whole_px
):
    least, most = TUNING.joining_rounds
    for targets, rounds in ((1e9, most), (1, least)):
        tuning = TUNING._replace(whole_window_px=whole_px, joining_targets=int(targets))
        schedule = schedule_completion(missing_of(THIN), levels, tuning=tuning)
        coarse, fine = schedule.steps
        assert schedule.levels == coarse.level == fine.level + 1 == levels + 1
        assert (coarse.begin, fine.begin, fine.further) == ("smooth", "either", rounds)


@pytest.mark.parametrize(
    "why_not",
    [
        {"tuning": TUNING._replace(searched_targets=1000)},  # one more of them
        {"by_network": True},
        {"opaque": False},
        {"barred": select(120, 140, Rect(0, 0, 140, 59), Rect(0, 67, 140, 53)) // 255},
    ],
)
def test_thin_hole_that_cannot_be_begun_twice_gets_no_level_more(why_not):
    assert schedule_completion(missing_of(THIN), 0, **why_not).levels == 0


def test_level_without_enough_patches_decides_nothing():
    levels = [step.level for step in schedule_completion(missing_of(DEEP), 4).steps]

    assert levels == [2, 1, 0]  # 15 x 18 and 8 x 9 cells have no 200 whole known patches
    assert not schedule_completion(np.ones((60, 60), np.uint8), 2).steps
    # What a network has painted is for its level and no other.
    assert not schedule_completion(missing_of(DEEP), 4, by_network=True).steps


def test_small_deep_hole_is_begun_from_its_rim_too_and_a_thin_one_is_not():
    (deep,) = schedule_completion(missing_of(Rect(50, 50, 20, 20)), 0).steps
    above, thin = schedule_completion(missing_of(THIN), 0).steps

    assert (deep.begin, above.begin, thin.begin) == ("peel", "smooth", "either")
    assert deep.turns.scored  # to be compared


def test_window_too_large_for_a_whole_gets_a_level_however_thin_its_hole():
    selection = np.zeros((1100, 1100), np.uint8)
    np.fill_diagonal(selection, 255)
    document = Document(np.zeros((1100, 1100, 3), np.uint8), selection, RGB)

    (plan,) = plan_of(document, Options(), StandIn()).regions

    assert plan.schedule is not None
    assert not plan.schedule.whole
    assert [step.level for step in plan.schedule.steps] == [2, 1]
