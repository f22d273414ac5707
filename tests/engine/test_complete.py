"""Completion by patches: texture and structure of known pixels, in bounded memory."""

import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from lacuna.engine.completion.complete import complete_levels, complete_window, refine_here
from lacuna.engine.completion.proposal import propose
from lacuna.engine.completion.schedule import TUNING, schedule_completion
from lacuna.engine.pixels.hole import find_hole
from lacuna.engine.pixels.levels import build_levels, coarsest_first
from lacuna.engine.pixels.membrane import pull_push
from lacuna_wire import Options, Rect
from tests.drawn import document_of, stripes

ROOT = Path(__file__).parents[2]
STEP_OF_A_SKY = 4 / 255
IN_PIECES = TUNING._replace(whole_window_px=100)


def complete(document, levels, tuning=TUNING, start=None, refine=refine_here):
    """Complete what is selected; `start` makes what a network paints of the coarsest level."""
    missing = find_hole(document, Options()).missing
    schedule = schedule_completion(missing, levels, start is not None, tuning)
    every = build_levels(document, missing, schedule.levels)
    proposal = None
    if start is not None:
        proposal = propose(start(every[-1]), every[-1].incomplete, levels)
    return complete_window(
        document, missing, coarsest_first(every), schedule, lambda: None, proposal, refine
    )


@pytest.mark.parametrize("levels", [1, 2])
def test_stripes_go_on_through_the_hole_and_stay_sharp(levels):
    image, rect = stripes(160, 200), Rect(70, 50, 60, 60)

    filled = complete(document_of(image, rect), levels).show(rect)

    error = np.abs(filled - image[rect.slices])
    known = np.ones((160, 200, 1), np.float32)
    known[rect.slices] = 0
    smooth = np.abs(pull_push(image, known) - image)[rect.slices]
    assert error.mean() < 0.05
    assert smooth.mean() > 0.3


def test_large_window_shown_piece_by_piece_is_as_sharp_as_a_whole_one():
    image, rect = stripes(160, 200), Rect(70, 50, 60, 60)
    document = document_of(image, rect)

    show, _cost = complete(document, 2, IN_PIECES)
    whole = show(rect)
    top, bottom = show(Rect(70, 50, 60, 20)), show(Rect(70, 70, 60, 40))

    assert np.abs(whole - image[rect.slices]).mean() < 0.1
    np.testing.assert_allclose(np.concatenate([top, bottom]), whole, atol=0.1 / 255)


def test_every_colour_of_the_fill_is_a_known_one():
    rng = np.random.default_rng(8)
    image = np.where(rng.random((120, 120, 1)) < 0.5, np.float32([1, 0, 0]), np.float32([0, 0, 1]))
    document = document_of(image.astype(np.float32), Rect(40, 40, 40, 40))

    filled = complete(document, 1).show(Rect(40, 40, 40, 40))

    assert filled[..., 1].max() < 0.02  # nothing of the gray that was removed
    assert filled.min() >= -1e-6
    assert filled.max() <= 1 + 1e-6


def test_same_picture_is_completed_in_the_same_way_every_time():
    rng = np.random.default_rng(9)
    document = document_of(rng.random((150, 150, 3)).astype(np.float32), Rect(50, 50, 40, 40))

    one, other = (complete(document, 1).show(Rect(50, 50, 40, 40)) for _ in range(2))

    np.testing.assert_array_equal(one, other)


def test_without_a_whole_known_patch_the_rim_is_drawn_in():
    image = np.full((30, 30, 3), 0.25, np.float32)
    document = document_of(image, Rect(2, 2, 26, 26))

    filled = complete(document, 1).show(Rect(2, 2, 26, 26))

    np.testing.assert_allclose(filled, 0.25, atol=1e-2)
    assert complete(document, 1).cost == float("inf")  # nothing was copied


def test_start_of_the_coarsest_level_decides_which_known_patches_are_taken():
    """Red ground on the left, blue on the right: the rim alone says half and half."""
    image = np.zeros((128, 128, 3), np.float32)
    image[:, :64, 0] = 1
    image[:, 64:, 2] = 1
    rect = Rect(40, 40, 48, 48)
    document = document_of(image, rect)
    for colour in (0, 2):

        def paint(level, colour=colour):
            return np.where(level.mask > 0, np.eye(3, dtype=np.float32)[colour], level.image)

        show, _cost = complete(document, 2, start=paint)

        assert show(rect)[..., colour].mean() > 0.65


def test_start_is_kept_where_its_level_has_no_patches_to_choose_from():
    document = document_of(np.full((60, 60, 3), 0.25, np.float32), Rect(20, 20, 20, 20))

    # 15 x 15 cells: no 200 whole known patches
    bright = lambda level: np.where(level.mask > 0, np.float32(0.9), level.image)  # noqa: E731
    show, _cost = complete(document, 2, start=bright)

    assert show(Rect(28, 28, 4, 4)).mean() > 0.5


def test_texture_that_a_reduced_level_cannot_show_still_decides():
    """Fine stripes above, plain gray of the same mean below; the hole lies in the stripes."""
    image = stripes(160, 160, period=2)
    image[100:] = 0.5
    rect = Rect(50, 40, 60, 40)

    filled = complete(document_of(image, rect), 2).show(rect)

    assert np.abs(np.diff(filled[..., 0], axis=1)).mean() > 0.9


def test_line_that_ends_at_the_rim_is_carried_through_the_hole():
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:200, :240]
    line = np.abs(rows - 60 - columns / 3) < 3
    image = (0.7 + rng.normal(0, 0.03, (200, 240, 3))).astype(np.float32)
    image[line] = 0.1
    rect = Rect(80, 60, 80, 80)

    filled = complete(document_of(image, rect), 2).show(rect)

    dark = filled.mean(axis=2) < 0.4
    inside = line[rect.slices]
    assert dark[inside].mean() > 0.8
    assert dark[~inside].mean() < 0.03


def test_levels_are_let_go_one_by_one():
    """The finest may be as large as all else together."""
    document = document_of(stripes(160, 200), Rect(70, 50, 60, 60))
    missing = find_hole(document, Options()).missing
    alive = []

    def levels():
        for level in coarsest_first(build_levels(document, missing, 3)):
            alive.append(weakref.ref(level.image))
            yield level

    def refine(*arguments):
        assert sum(image() is not None for image in alive) <= 1
        return refine_here(*arguments)

    schedule = schedule_completion(missing, 3, tuning=IN_PIECES)
    complete_levels(levels(), schedule, lambda: None, refine=refine)

    assert len(alive) == 3


@pytest.mark.parametrize("side", [120, 1300])  # completed as a whole, and piece by piece
def test_gradient_goes_on_through_the_hole_without_a_step(side):
    """A band of a sky: the brightness that is missing is nowhere else to be copied."""
    ramp = np.linspace(0.3, 0.7, side, dtype=np.float32)
    image = np.broadcast_to(ramp[:, None, None], (side, side, 3)).copy()
    image += np.random.default_rng(2).normal(0, 0.004, image.shape).astype(np.float32)
    third = side // 3
    rect = Rect(0, third, side, third)
    document = document_of(image, rect)

    filled = complete(document, 3).show(rect)
    rows = filled.mean(axis=(1, 2))
    assert np.abs(rows - ramp[third : 2 * third]).max() < STEP_OF_A_SKY
    grain = filled - rows[:, None, None]
    assert grain.std() > 0.3 * 0.004, "it is not smoothed away"


def test_piece_in_which_nothing_is_missing_is_shown_too():
    document = document_of(stripes(100, 100), Rect(60, 60, 20, 20))

    show, _cost = complete(document, 1, IN_PIECES)

    assert show(Rect(0, 0, 10, 10)).shape == (10, 10, 3)


def test_large_level_is_not_searched_but_matches_are_still_taken_over():
    """Time must not grow with the square of the hole."""
    image, rect = stripes(160, 200, period=16), Rect(70, 50, 60, 60)
    searched = []

    def refine(problem, source, turns, *rest):
        if turns.searches or turns.rounds:
            searched.append(len(problem.targets))
        return refine_here(problem, source, turns, *rest)

    tuning = TUNING._replace(searched_targets=500)
    filled = complete(document_of(image, rect), 2, tuning, refine=refine).show(rect)

    assert max(searched) <= 500
    assert np.abs(filled - image[rect.slices]).mean() < 0.2


def test_of_several_starts_the_one_that_costs_least_stays_in_the_hole():
    """Its matches alone would not do: the hole has to show what they were scored on."""
    costs = []

    def refine(problem, *arguments):
        matches = refine_here(problem, *arguments)
        costs.append((float(matches.cost.mean()), problem.image.copy()))
        return matches

    rng = np.random.default_rng(3)
    image = (0.6 + rng.normal(0, 0.1, (80, 90, 3))).astype(np.float32).clip(0, 1)
    completion = complete(document_of(image, Rect(30, 25, 30, 30)), 0, refine=refine)

    assert completion.cost == min(cost for cost, _image in costs)
    shown = completion.show(Rect(0, 0, 90, 80))
    (_, near), (_, far) = sorted(costs, key=lambda one: one[0])
    away = [np.abs(shown - vote[3:-3, 3:-3]).mean() for vote in (near, far)]
    assert away[0] < away[1] / 2  # the detail of its sources is all that is added


def test_nothing_is_left_to_compile_after_the_warm_up_and_code_from_the_cache_fills_alike(tmp_path):
    """Both ways through a window, in processes of their own, where no other test has compiled."""
    code = """
import hashlib
import itertools
import numpy as np
from lacuna.engine.completion.backend import kernels, messages, shades, tracing, voting
from lacuna.engine.completion.complete import complete_window
from lacuna.engine.completion.proposal import propose
from lacuna.engine.completion.schedule import TUNING, schedule_completion
from lacuna.engine.completion.warm_up import warm_up
from lacuna.engine.pixels.levels import build_levels, coarsest_first
from tests.drawn import RGB, noise, select
from lacuna.engine.pixels.document import Document
from lacuna_wire import PixelLayout, Rect

def compiled():
    votes = voting.vote, voting.vote_with_alpha
    labelled = messages.differ, messages.pass_messages, messages.decide
    found = (kernels.judge, kernels.search, *votes, *labelled, tracing.trace, tracing.average)
    counted = shades.add_up, shades.look_up
    return [len(kernel.signatures) for kernel in (*found, *counted)]

warm_up()
print(*compiled())
missing = select(160, 160, Rect(50, 60, 40, 40)) // 255
rgba = np.dstack([noise(160, 160), noise(160, 160)[..., 0]])
documents = [
    Document(noise(160, 160), missing, RGB),
    Document(np.tile(noise(20, 20), (8, 8, 1)), missing, RGB),
    Document(rgba, missing, PixelLayout("RGBA"), carries_alpha=True),
]
fills = []
for document, whole_px in itertools.product(documents, (1 << 20, 100)):
    schedule = schedule_completion(missing, 2, tuning=TUNING._replace(whole_window_px=whole_px))
    levels = coarsest_first(build_levels(document, missing, 2))
    completion = complete_window(document, missing, levels, schedule, lambda: None)
    fills.append(completion.show(document.rect))
print(*compiled())
print(*(hashlib.sha256(fill.tobytes()).hexdigest() for fill in fills))
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            cwd=ROOT,
        ).stdout.splitlines()
        for _ in range(2)
    ]

    assert list(tmp_path.rglob("*.nbi"))
    assert runs[0][:2] == ["1 1 1 1 1 1 1 1 1 1 1"] * 2
    assert runs[1] == runs[0]


def test_a_scratch_on_bricks_comes_out_nearer_to_what_was_there_than_after_a_few_rounds():
    bricks = data.brick()[:300, :300, None].repeat(3, axis=2) / np.float32(255)
    scratch = Rect(20, 140, 260, 14)
    errors = []
    without_patterns = TUNING._replace(pattern_px=1000)
    hasty = without_patterns._replace(
        either_rounds=(1, 1), joining_rounds=(1, 1), joining_targets=1, thin_far=0
    )
    for tuning in (without_patterns, hasty):
        filled = complete(document_of(bricks, scratch), 0, tuning).show(scratch)
        errors.append(np.square(filled - bricks[scratch.slices]).mean())

    assert errors[0] < errors[1]
