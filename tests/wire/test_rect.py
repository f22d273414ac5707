"""The algebra of rectangles, against sets of pixels: what a rectangle is, counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna_wire import Rect
from lacuna_wire.rect import bounding_rect

SIDE = 12
rects = st.builds(
    Rect, st.integers(0, SIDE), st.integers(0, SIDE), st.integers(0, SIDE), st.integers(0, SIDE)
)
factors = st.integers(1, 5)


def pixels(rect):
    return {(x, y) for y in range(rect.top, rect.bottom) for x in range(rect.left, rect.right)}


@given(rects)
def test_area_counts_the_pixels(rect):
    assert rect.area == len(pixels(rect))


@given(rects, rects)
def test_intersection_holds_the_pixels_of_both(a, b):
    assert pixels(a.intersect(b)) == pixels(a) & pixels(b)


@given(rects, rects)
def test_union_holds_both_and_no_smaller_rect_does(a, b):
    both = pixels(a) | pixels(b)
    whole = a.union(b)

    assert both <= pixels(whole)
    if both:
        assert whole.left == min(x for x, _ in both)
        assert whole.top == min(y for _, y in both)
        assert whole.right == 1 + max(x for x, _ in both)
        assert whole.bottom == 1 + max(y for _, y in both)


@given(rects, rects)
def test_contains_means_no_pixel_outside(a, b):
    assert a.contains(b) == (pixels(b) <= pixels(a))


@given(rects, st.integers(-8, 8))
def test_growing_and_shrinking_moves_every_edge(rect, by):
    grown = rect.grow(by)

    if rect.width + 2 * by > 0 and rect.height + 2 * by > 0:
        assert grown == Rect(
            rect.left - by, rect.top - by, rect.width + 2 * by, rect.height + 2 * by
        )
    else:
        assert grown.area == 0


@given(rects, rects)
def test_relative_to_a_frame_and_back_is_identity(rect, frame):
    assert rect.relative_to(frame).shift(frame.left, frame.top) == rect


@given(rects, factors)
def test_reduced_cells_cover_the_pixels_and_no_further_cell(rect, factor):
    cells = {(x // factor, y // factor) for x, y in pixels(rect)}

    if rect.area:
        assert pixels(rect.reduce(factor)) == cells
        assert rect.reduce(factor).enlarge(factor).contains(rect)


@given(st.lists(rects, max_size=4))
def test_bounding_rect_holds_all(many):
    whole = bounding_rect(many)

    assert all(whole.contains(rect) for rect in many)


def test_slices_index_rows_first():
    rows, columns = Rect(1, 2, 3, 4).slices

    assert (rows, columns) == (slice(2, 6), slice(1, 4))


@pytest.mark.parametrize("edges", [(5, 0, 2, 3), (0, 5, 3, 2), (4, 4, 4, 9)])
def test_edges_that_cross_or_touch_give_nothing(edges):
    assert Rect.from_edges(*edges).area == 0
