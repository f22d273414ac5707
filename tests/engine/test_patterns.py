"""What repeats itself around a hole goes on in it, and only there."""

from itertools import product

import cv2
import numpy as np
import pytest
from skimage import data

import lacuna.engine.completion.complete as engine
from lacuna.engine.completion.complete import complete_window
from lacuna.engine.completion.patterns.blend import blend
from lacuna.engine.completion.patterns.labelling import NOBODY, find_neighbours, label_cells
from lacuna.engine.completion.patterns.pattern import find_pattern
from lacuna.engine.completion.patterns.planes import find_planes
from lacuna.engine.completion.patterns.shifts import correlate, detail, find_shifts
from lacuna.engine.completion.patterns.view import View
from lacuna.engine.completion.schedule import TUNING, schedule_completion
from lacuna.engine.pixels.levels import build_levels, coarsest_first
from lacuna_wire import Rect
from tests.drawn import document_of

HEIGHT, WIDTH = 240, 300
DOWN, ACROSS = 40, 30  # a step of the wall
HOLE = Rect(110, 80, 70, 75)
ROUNDING = 0.5 / 255
WITHOUT_PATTERNS = TUNING._replace(pattern_px=1000)
IN_PIECES = TUNING._replace(whole_window_px=40_000)


def wall(seed=3):
    """Draw a wall of equal windows on plaster, with grain: float32 (HEIGHT, WIDTH, 3)."""
    step = np.full((DOWN, ACROSS, 3), (0.7, 0.6, 0.5), np.float32)
    step[8:32, 7:22] = 0.9
    step[10:30, 9:20] = (0.2, 0.25, 0.35)
    drawn = np.tile(step, (HEIGHT // DOWN, WIDTH // ACROSS, 1))
    grain = np.random.default_rng(seed).normal(0, 0.01, (HEIGHT, WIDTH, 1))
    return np.clip(drawn + grain, 0, 1).astype(np.float32)


def floor():
    """Draw tiles that are seen from the side: float32 (HEIGHT, WIDTH, 3)."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    depth = 260 / (rows + 60)
    across, down = (columns - WIDTH / 2) * depth / 40, 4.5 * depth
    light = (np.floor(across) + np.floor(down)) % 2
    soft = cv2.GaussianBlur(light, (0, 0), 0.6)
    return (0.25 + 0.5 * soft[..., None].repeat(3, axis=2)).astype(np.float32)


def hidden(rect=HOLE):
    missing = np.zeros((HEIGHT, WIDTH), bool)
    missing[rect.slices] = True
    return missing


def view_of(image, rect=HOLE):
    missing = hidden(rect)
    return View(np.where(missing[..., None], 0, image).astype(np.float32), missing, ~missing)


def complete(image, rect=HOLE, tuning=TUNING, variation=0, barred=None, levels=2):
    document, missing = document_of(image, rect), hidden(rect).astype(np.uint8)
    schedule = schedule_completion(missing, levels, False, tuning, barred, variation)
    every = coarsest_first(build_levels(document, missing, levels))
    done = complete_window(document, missing, every, schedule, lambda: None, barred=barred)
    return done.show(rect)


def error(filled, image, rect=HOLE):
    return float(np.sqrt(np.square(filled - image[rect.slices]).mean()))


def test_shifts_by_which_a_picture_lies_on_itself_are_its_steps():
    view = view_of(wall())

    shifts = find_shifts(correlate(view, detail(view)))

    sure = shifts.by[shifts.score > 0.9]
    assert len(sure) > 8
    assert not (sure % (DOWN, ACROSS)).any()
    assert np.hypot(*sure.T).min() > 0  # that it lies on itself unshifted says nothing


@pytest.mark.parametrize("seed", range(5))
def test_labelling_finds_the_cheapest_of_all_of_a_small_grid(seed):
    rng, labels = np.random.default_rng(seed), 3
    inside = np.array([[True, True, False], [True, True, True]])
    neighbours = find_neighbours(inside)
    own = rng.random((5, labels)).astype(np.float32)
    shown = rng.random((5, labels, 2)).astype(np.float32)

    def cost_of(chosen):
        total = sum(own[cell, label] for cell, label in enumerate(chosen))
        for cell, row in enumerate(neighbours):
            for other in row[row > cell]:
                pair = chosen[cell], chosen[other]
                for place in (cell, other):
                    total += np.square(shown[place, pair[0]] - shown[place, pair[1]]).sum()
        return float(total)

    found, cost = label_cells(own, shown, neighbours, 12)

    assert cost == pytest.approx(cost_of(found), rel=1e-5)
    assert cost == pytest.approx(min(map(cost_of, product(range(labels), repeat=5))), rel=1e-5)


def test_neighbours_are_those_that_take_part():
    inside = np.array([[True, True], [False, True]])

    assert find_neighbours(inside).tolist() == [
        [NOBODY, NOBODY, 1, NOBODY],
        [0, NOBODY, NOBODY, 2],
        [NOBODY, 1, NOBODY, NOBODY],
    ]


def test_copies_of_another_brightness_meet_the_rim_without_a_step():
    image, missing = wall(), hidden()
    light = image.copy()
    light[:, WIDTH // 2 + 40 :] += 0.05  # where the copies are taken
    numbers = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)

    filled = blend(light, missing, np.roll(numbers, -3 * ACROSS, axis=1), ~missing)

    np.testing.assert_array_equal(filled[~missing], light[~missing])
    truth = np.roll(image, -3 * ACROSS, axis=1)[missing]
    assert np.abs(filled[missing] - truth).mean() < 0.01


def test_wall_goes_on_window_by_window():
    image = wall()

    filled = complete(image)

    # Grain differs from step to step: no copy is nearer than two of its kind.
    assert error(filled, image) < 2 * np.sqrt(2) * 0.01
    assert error(complete(image, tuning=WITHOUT_PATTERNS), image) > 3 * error(filled, image)


def test_wall_in_a_large_window_goes_on_as_well():
    image = wall()

    assert error(complete(image, tuning=IN_PIECES), image) < 2 * np.sqrt(2) * 0.01


@pytest.mark.parametrize("tuning", [TUNING, IN_PIECES], ids=["whole", "in pieces"])
def test_tiles_seen_from_the_side_stay_straight(tuning):
    image, rect = floor(), Rect(110, 90, 60, 80)
    pattern = find_pattern(view_of(image, rect))
    assert pattern is not None
    assert pattern.plane is not None

    filled = complete(image, rect, tuning)

    without = complete(image, rect, tuning._replace(pattern_px=1000))
    assert error(filled, image, rect) < 0.6 * error(without, image, rect)


def test_no_plane_is_seen_where_nothing_is_straight():
    rng = np.random.default_rng(5)
    image = cv2.GaussianBlur(rng.random((HEIGHT, WIDTH, 3)), (0, 0), 2).astype(np.float32)

    assert find_planes(view_of(image), 1 << 20) == []


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_picture_without_pattern_is_filled_as_if_nobody_had_looked(name):
    picture = getattr(data, name)()[:HEIGHT, :WIDTH] / np.float32(255)

    np.testing.assert_array_equal(complete(picture), complete(picture, tuning=WITHOUT_PATTERNS))


def test_pattern_that_fits_worse_than_patches_is_not_kept(monkeypatch):
    image = wall()
    real = engine.find_pattern

    def shifted(view, variation):
        """Find a pattern that is off by half a step."""
        pattern = real(view, variation)
        shifts = pattern.shift_map.shifts._replace(
            by=pattern.shift_map.shifts.by + np.array([13, 11])
        )
        return pattern._replace(shift_map=pattern.shift_map._replace(shifts=shifts))

    monkeypatch.setattr(engine, "find_pattern", shifted)

    np.testing.assert_array_equal(complete(image), complete(image, tuning=WITHOUT_PATTERNS))


def test_pattern_never_copies_what_must_not_be_copied():
    image = wall()
    barred = np.zeros((HEIGHT, WIDTH), np.uint8)
    barred[:, :100] = 1
    image[:, :100, 1:] = 0  # red windows

    filled = complete(image, barred=barred)

    red = filled[..., 0] - filled[..., 1:].max(axis=2)
    assert red.max() < 0.3  # what bleeds in from the rim is next to it


def test_another_try_copies_from_elsewhere_and_the_same_number_from_the_same_place():
    image = wall()

    first, second, again = (complete(image, variation=number) for number in (0, 1, 1))

    np.testing.assert_array_equal(second, again)
    assert np.abs(first - second).max() > ROUNDING
    assert error(second, image) < 2 * np.sqrt(2) * 0.01
