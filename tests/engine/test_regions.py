"""Regions hold every missing pixel once, and no window ever sees another region's hole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.engine.geometry.context import MIN_CONTEXT_PX, context_window, plan_job
from lacuna.engine.geometry.regions import (
    CELL_PX,
    SHARED_PX,
    SPECK_PX,
    STRIP_ROWS,
    plan_regions,
    tighten,
)
from lacuna_wire import JobRequest, Options, PixelLayout, Rect
from lacuna_wire.errors import Unprocessable
from tests.drawn import select

rects = st.builds(
    Rect, st.integers(0, 690), st.integers(0, 480), st.integers(1, 90), st.integers(1, 90)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rects, min_size=1, max_size=12), st.integers(0, 20))
def test_parts_hold_every_selected_pixel_once_and_windows_see_other_parts_only_for_room(
    parts, grow
):
    selection = select(500, 700, *parts)

    regions = plan_regions(selection, grow)

    covered = np.zeros_like(selection)
    for region in regions:
        assert region.window.contains(region.part)
        covered[region.part.slices] += 1
    assert (covered[selection > 0] == 1).all()
    for one in regions:
        for other in regions:
            if one is not other and one.window.intersect(other.part).area:
                together = context_window(one.part.union(other.part), Rect(0, 0, 700, 500))
                assert max(together.width, together.height) > SHARED_PX


def test_part_is_as_tight_as_its_pixels():
    (region,) = plan_regions(select(300, 400, Rect(123, 77, 31, 5)), 0)

    assert region.part == Rect(123, 77, 31, 5)


def test_grown_part_is_clipped_to_the_picture():
    (region,) = plan_regions(select(300, 400, Rect(0, 290, 10, 10)), 20)

    assert region.part == Rect(0, 270, 30, 30)


def test_two_near_parts_are_done_together_and_two_far_ones_apart():
    near = select(300, 2000, Rect(100, 100, 50, 50), Rect(200, 100, 50, 50))
    far = select(300, 2000, Rect(100, 100, 50, 50), Rect(1500, 100, 50, 50))

    assert len(plan_regions(near, 0)) == 1
    assert len(plan_regions(far, 0)) == 2


def test_small_hole_in_a_large_picture_costs_a_small_window():
    selection = select(8192, 8192, Rect(4000, 4000, 100, 60))

    (region,) = plan_regions(selection, 0)

    assert region.window.width <= 100 + 2 * MIN_CONTEXT_PX
    assert region.window.height <= 60 + 2 * MIN_CONTEXT_PX


def test_part_across_two_strips_of_the_walk_is_one_part():
    rect = Rect(5, STRIP_ROWS - 30, 7, 60)

    (region,) = plan_regions(select(STRIP_ROWS * 2, 64, rect), 0)

    assert region.part == rect


def test_thousands_of_specks_are_found():
    selection = np.zeros((3000, 3000), np.uint8)
    selection[::300, ::300] = 1  # 100 specks of the faintest selection

    regions = plan_regions(selection, 0)

    assert len(regions) == 100
    assert all(region.part.area == 1 for region in regions)


def test_dense_specks_share_small_windows_instead_of_one_of_the_whole_picture():
    selection = np.zeros((2000, 3000), np.uint8)
    selection[30::60, 30::60] = 255  # 1,650 specks, each of which sees its neighbours

    regions = plan_regions(selection, 0)

    assert len(regions) < 1650 / 4
    for region in regions:
        # Twice: two groups whose bounds meet are one.
        assert max(region.window.width, region.window.height) <= 2 * SHARED_PX


def test_specks_beside_a_large_hole_do_not_make_it_larger():
    selection = select(2000, 2000, Rect(600, 600, 700, 700))
    for top in range(100, 1900, 90):
        for left in range(100, 1900, 90):
            if not 500 < left < 1400 or not 500 < top < 1400:
                selection[top : top + 9, left : left + 9] = 255

    regions = plan_regions(selection, 0)

    assert Rect(600, 600, 700, 700) in [region.part for region in regions]


def test_large_parts_that_see_each_other_are_done_together_whatever_window_that_takes():
    selection = select(900, 2000, Rect(300, 300, 400, 300), Rect(800, 300, 400, 300))

    (region,) = plan_regions(selection, 0)

    assert region.window.width > SHARED_PX


def test_speck_inside_the_bounds_of_a_large_part_is_filled_with_it():
    wedge = [Rect(100, 100, 900, 30), Rect(100, 100, 30, 900), Rect(500, 500, 9, 9)]

    (region,) = plan_regions(select(1200, 1200, *wedge), 0)

    assert region.part == Rect(100, 100, 900, 900)
    assert SPECK_PX >= 9


def test_nothing_selected_is_an_error_with_the_size():
    with pytest.raises(Unprocessable, match="40 x 30") as caught:
        plan_regions(np.zeros((30, 40), np.uint8), 0)
    assert caught.value.code == "empty_selection"


def test_tighten_of_nothing_is_empty():
    assert not tighten(np.zeros((9, 9), np.uint8), Rect(2, 3, 4, 5)).area


def test_thin_wire_needs_its_neighbourhood_not_half_the_picture():
    window = context_window(Rect(0, 1000, 8000, 4), Rect(0, 0, 8000, 6000))

    assert window.height == 4 + 2 * MIN_CONTEXT_PX


def test_compact_part_gets_half_its_side_of_context():
    window = context_window(Rect(1000, 1000, 400, 400), Rect(0, 0, 8000, 6000))

    assert window == Rect(800, 800, 800, 800)


@pytest.mark.parametrize("grow", [0, 40])
def test_window_of_a_job_holds_the_window_of_its_region(grow):
    """What the front names is enough for what the engine then wants to see."""
    part = Rect(300, 200, 120, 90)
    request = JobRequest("x", 2000, 1500, part, PixelLayout(), Options(grow=grow))
    (region,) = plan_regions(select(1500, 2000, part), grow)

    window, tiles = plan_job(request)

    assert window.contains(region.window)
    assert tiles >= 1
    assert CELL_PX <= MIN_CONTEXT_PX  # parts that share a cell always share context
