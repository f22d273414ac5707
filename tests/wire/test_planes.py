"""The bounds of a mask, and of what is needed of it, whoever has it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna_wire import Rect
from lacuna_wire.planes import (
    FEWEST_SOURCES_PX,
    enough_sources,
    mask_bounds,
    nearest_sources,
    nonzero_bounds,
)


@pytest.mark.parametrize(
    ("points", "bounds"),
    [
        ([], Rect(0, 0, 0, 0)),
        ([(0, 0)], Rect(0, 0, 1, 1)),
        ([(6, 4)], Rect(6, 4, 1, 1)),
        ([(6, 0), (0, 4)], Rect(0, 0, 7, 5)),
        ([(2, 1), (4, 3)], Rect(2, 1, 3, 3)),
    ],
    ids=["nothing", "first pixel", "last pixel", "far corners", "inside"],
)
def test_bounds_hold_every_selected_pixel_and_no_empty_side(points, bounds):
    mask = np.zeros((5, 7), np.uint8)
    for x, y in points:
        mask[y, x] = 1

    assert nonzero_bounds(mask.tobytes(), 7) == bounds


def test_bounds_are_right_for_any_mask():
    random = np.random.default_rng(4)
    for _ in range(200):
        height, width = random.integers(1, 9, 2)
        mask = (random.random((height, width)) < 0.2).astype(np.uint8)
        rows, columns = np.nonzero(mask)
        expected = Rect(0, 0, 0, 0)
        if len(rows):
            expected = Rect.from_edges(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert nonzero_bounds(mask.tobytes(), int(width)) == expected


IMAGE = Rect(0, 0, 700, 500)
PART = Rect(300, 200, 90, 60)
RECTS = st.builds(
    Rect, st.integers(0, 690), st.integers(0, 490), st.integers(1, 300), st.integers(1, 300)
).map(lambda rect: rect.intersect(IMAGE))


def plane_of(*allowed):
    """Draw a plane; return it, what reads it, and which rectangles that has read."""
    plane, read = np.zeros((IMAGE.height, IMAGE.width), np.uint8), []
    for rect in allowed:
        plane[rect.slices] = 255

    def reader(rect):
        read.append(rect)
        return plane[rect.slices].tobytes()

    return plane, reader, read


def needed(reader, part=PART, within=IMAGE):
    return nearest_sources(reader, within, part, IMAGE)


def test_of_a_plane_that_allows_all_around_no_more_is_needed_than_every_window_holds():
    _plane, reader, read = plane_of(IMAGE)

    assert needed(reader, Rect(300, 200, 60, 60)) == Rect(300, 200, 60, 60).grow(64)
    assert all(Rect(300, 200, 60, 60).grow(64).contains(rect) for rect in read)


def test_nothing_is_needed_of_a_plane_that_allows_nothing():
    _plane, reader, _read = plane_of()

    assert needed(reader) is None


@settings(deadline=None)
@given(RECTS, RECTS, RECTS)
def test_what_is_needed_holds_enough_beside_the_part_or_all_there_is(part, one, other):
    plane, reader, _read = plane_of(one, other)
    plane[other.slices] = 200  # soft: not allowed

    found = needed(reader, part, within=one.union(other))

    def allowed(rect):
        beside = plane[rect.slices] == 255
        return np.count_nonzero(beside) - np.count_nonzero(
            plane[part.intersect(rect).slices] == 255
        )

    every = mask_bounds(reader, IMAGE)
    assert found == every or allowed(found) >= enough_sources(part.area)
    assert found is None or every.contains(found)


def test_far_away_no_more_is_needed_than_the_nearest():
    near, far = Rect(100, 50, 120, 120), Rect(650, 450, 50, 50)
    _plane, reader, read = plane_of(near, far)

    assert near.area >= enough_sources(PART.area) > FEWEST_SOURCES_PX
    assert near.contains(needed(reader))
    assert not any(rect.intersect(far).area for rect in read)


def test_what_may_be_copied_of_the_part_itself_is_not_counted():
    _plane, reader, _read = plane_of(PART, Rect(0, 0, 100, 100))

    assert needed(reader) == PART.union(Rect(0, 0, 100, 100))
