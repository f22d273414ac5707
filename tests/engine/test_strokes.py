"""What joins strokes across a hole: told from the ink beside it alone."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.engine.completion.stroke_ends import find_ends
from lacuna.engine.completion.strokes import draw_guide, is_followed, nearness_of
from tests.drawn import circle, ink, line

SIZE = 120
HOLE = np.s_[40:80, 35:85]


def layer_of(alpha, colour=(0.2, 0.4, 0.6)):
    """Multiply a colour by alpha: float32 (H, W, 4)."""
    return np.dstack([alpha[..., None] * np.float32(colour), alpha]).astype(np.float32)


def missing_in(place, size=SIZE):
    missing = np.zeros((size, size), np.uint8)
    missing[place] = 1
    return missing


def guide_of(alpha, place=HOLE, variation=0):
    """Draw a guide for a drawing whose hole shows something else."""
    image, missing = layer_of(alpha), missing_in(place)
    image[place] = 0.7
    return draw_guide(image, missing, variation), missing


@settings(max_examples=30, deadline=None)
@given(
    st.floats(-60, 60), st.floats(-8, 8), st.floats(2, 9)
)  # fmt: skip
def test_straight_line_of_any_angle_and_width_goes_straight_on(degrees, aside, thick):
    slope = np.tan(np.radians(degrees)) / 2
    ends = 60 + aside - 80 * slope, -20, 60 + aside + 80 * slope, 140
    drawn = ink(SIZE, SIZE, line(*ends), thick=thick)

    guide, missing = guide_of(drawn)

    inside = missing > 0
    off = np.abs(guide[..., 3] - drawn)[inside]
    # A pixel on both sides of it, at most, over its length; in 700 lines 0.7 was the most.
    assert off.sum() < 1 * 2 * 60
    np.testing.assert_array_equal(guide[~inside], layer_of(drawn)[~inside])


@pytest.mark.parametrize("thick", [2, 4, 8])
@pytest.mark.parametrize("radius", [40, 60, 100])
def test_arc_is_joined_as_an_arc(radius, thick):
    drawn = ink(SIZE, SIZE, circle(50 + radius, 60, radius), thick=thick)

    guide, missing = guide_of(drawn)

    wanted, found = (each[missing > 0] for each in (drawn, guide[..., 3]))
    assert np.corrcoef(wanted, found)[0, 1] > 0.95
    assert found.sum() == pytest.approx(wanted.sum(), rel=0.1)


def test_straight_lines_that_meet_in_the_hole_make_a_corner():
    drawn = ink(SIZE, SIZE, line(60, -9, 60, 60), line(60, 60, 140, 60), thick=4)

    guide, missing = guide_of(drawn)

    assert np.abs(guide[..., 3] - drawn)[missing > 0].mean() < 0.005


def test_every_line_of_a_crossing_keeps_its_direction_and_colour():
    rows = ink(SIZE, SIZE, line(30, 0, 90, 119), thick=4)
    columns = ink(SIZE, SIZE, line(90, 0, 30, 119), thick=4)
    image = np.maximum(layer_of(rows, (1, 0, 0)), layer_of(columns, (0, 0, 1)))
    image[columns > 0] = layer_of(columns, (0, 0, 1))[columns > 0]
    missing = missing_in(HOLE)

    guide = draw_guide(image * (1 - missing[..., None]), missing)

    for strokes, other, channel in ((rows, columns, 0), (columns, rows, 2)):
        alone = (missing > 0) & (strokes > 0.9) & (other == 0)
        assert guide[alone][:, channel].min() > 0.7
        assert guide[alone][:, 2 - channel].max() < 0.1


def test_line_that_ends_at_another_is_led_on_to_it():
    drawn = ink(SIZE, SIZE, line(60, -9, 60, 130), line(-9, 50, 60, 55), thick=4)

    guide, missing = guide_of(drawn)

    assert np.abs(guide[..., 3] - drawn)[missing > 0].mean() < 0.01


def test_ends_point_into_the_hole_and_are_as_wide_and_as_bent_as_the_stroke():
    drawn = ink(SIZE, SIZE, circle(100, 60, 40), thick=4)

    ends = find_ends(layer_of(drawn), missing_in(HOLE))

    assert len(ends) == 2
    for end in ends:
        radius = (end.place - (100, 60)) / np.hypot(*(end.place - (100, 60)))
        assert abs(end.ahead @ radius) < 0.1
        assert end.ahead @ (60 - end.place[0], 60 - end.place[1]) > 0
        assert end.bend == pytest.approx(1 / 40, rel=0.3)
        assert end.width == pytest.approx(4, rel=0.1)
        np.testing.assert_allclose(end.colour, (0.2, 0.4, 0.6), atol=1e-5)


DRAWINGS = {
    "nothing": np.zeros((SIZE, SIZE), np.float32),
    "one end": ink(SIZE, SIZE, line(60, -9, 60, 60), thick=4),
    "an area": (np.mgrid[:SIZE, :SIZE][0] > 60).astype(np.float32),
    "two that meet at the rim": ink(
        SIZE, SIZE, line(60, 84, 20, 130), line(60, 84, 100, 130), line(60, -9, 60, 84), thick=4
    ),
    "what is left of something": ink(SIZE, SIZE, line(60, 30, 60, 60), line(60, 70, 60, 88)),
}


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_there_is_no_guide_where_strokes_cannot_be_told(drawing):
    assert guide_of(DRAWINGS[drawing])[0] is None


def test_other_variations_have_another_curve_or_none_and_the_same_number_the_same():
    drawn = ink(SIZE, SIZE, circle(100, 60, 40), thick=4)
    usual, missing = guide_of(drawn)

    assert all(guide_of(drawn, variation=odd)[0] is None for odd in (1, 3, 9999))
    others = [guide_of(drawn, variation=even)[0] for even in (2, 4, 6)]
    for other in others:
        assert np.abs(other - usual)[missing > 0].max() > 0.5
        np.testing.assert_array_equal(other[missing == 0], usual[missing == 0])
    np.testing.assert_array_equal(guide_of(drawn, variation=2)[0], others[0])


def test_what_is_missing_is_not_looked_at():
    drawn = ink(SIZE, SIZE, line(50, 0, 70, 119), thick=4)
    one, other = layer_of(drawn), layer_of(drawn)
    other[HOLE] = np.random.default_rng(1).random(other[HOLE].shape)

    guides = [draw_guide(image, missing_in(HOLE)) for image in (one, other)]

    np.testing.assert_array_equal(*guides)


def test_guide_is_followed_by_itself_and_by_what_lies_a_pixel_aside():
    guide, missing = guide_of(ink(SIZE, SIZE, line(60, -9, 60, 130), thick=4))

    assert is_followed(guide, guide, missing)
    assert is_followed(np.roll(guide, 1, axis=0), guide, missing)
    assert not is_followed(np.roll(guide, 5, axis=0), guide, missing)


@pytest.mark.parametrize("change", [np.s_[:, 60:62], np.s_[45:55, 50:60]], ids=["gap", "stray"])
def test_gap_and_ink_beside_a_stroke_do_not_follow_it(change):
    guide, missing = guide_of(ink(SIZE, SIZE, line(60, -9, 60, 130), thick=4))
    image = guide.copy()
    image[change] = 1 - image[change][..., 3:]

    assert not is_followed(image, guide, missing)


def test_nearness_tells_from_afar_where_ink_is():
    guide, _missing = guide_of(ink(SIZE, SIZE, line(60, -9, 60, 130), thick=4))

    ink_itself, soft = cv2.split(nearness_of(guide))

    assert ink_itself[64, 60] == 0
    assert soft[64, 60] > soft[66, 60] > 0
