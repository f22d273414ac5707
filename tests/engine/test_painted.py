"""What a network sees that paints by itself, and what of its painting is left in the picture."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.context import HOLES, PublishedFacts, sights_of
from lacuna.engine.geometry.context import (
    LEAST_PAINTED_PX,
    MIN_PAINTED_CONTEXT_PX,
    MOST_OF_A_WINDOW,
    context_window,
    painted_window,
    plan_job,
)
from lacuna.engine.pixels.document import Document
from lacuna_wire import JobRequest, Options, PixelLayout, Rect
from tests.drawn import RGB, disc, fill_whole, leaves, plan_of, select
from tests.fakes.networks import StandIn, paint

MAGENTA = np.array([255, 0, 255])
LOW_SIGMA_PX = 8.0  # low frequencies of a fill are what a blur of this width leaves
SAME = 24  # of 255
COMPOSITE = Options(result="composite", colour_correction=False)
IMAGES = st.builds(Rect, st.just(0), st.just(0), st.integers(1, 3000), st.integers(1, 3000))


@st.composite
def parts(draw):
    """Draw an image and a part of it."""
    image = draw(IMAGES)
    left, top = draw(st.integers(0, image.width - 1)), draw(st.integers(0, image.height - 1))
    width = draw(st.integers(1, image.width - left))
    return image, Rect(left, top, width, draw(st.integers(1, image.height - top)))


@given(parts())
def test_window_of_a_network_that_paints_shows_enough_wherever_the_image_has_it(case):
    image, part = case

    window = painted_window(part, image)

    least = part.grow(MIN_PAINTED_CONTEXT_PX).intersect(image)
    assert image.contains(window)
    assert window.contains(least)
    assert window.contains(context_window(part, image))
    assert window.width >= min(LEAST_PAINTED_PX, image.width)
    assert window.height >= min(LEAST_PAINTED_PX, image.height)
    assert part.area <= MOST_OF_A_WINDOW * window.area or window == image


@given(parts())
def test_client_is_asked_for_the_window_of_a_network_that_paints(case):
    image, part = case
    request = JobRequest("x", image.width, image.height, part, PixelLayout("RGB"))

    window, tiles = plan_job(request, "proposes")
    narrow, fewer = plan_job(request)

    assert window.contains(painted_window(part, image))
    assert image.contains(window)
    assert window.contains(narrow)
    assert tiles >= fewer


@given(parts(), st.data())
def test_nor_are_small_parts_at_its_bounds_left_without_their_windows(case, data):
    image, bounds = case
    width = data.draw(st.integers(1, min(bounds.width, 2 * MIN_PAINTED_CONTEXT_PX)))
    height = data.draw(st.integers(1, min(bounds.height, 2 * MIN_PAINTED_CONTEXT_PX)))
    left = data.draw(st.integers(bounds.left, bounds.right - width))
    top = data.draw(st.integers(bounds.top, bounds.bottom - height))
    request = JobRequest("x", image.width, image.height, bounds, PixelLayout("RGB"))

    window, _tiles = plan_job(request, "proposes")

    if min(image.width, image.height) >= LEAST_PAINTED_PX:
        assert window.contains(painted_window(Rect(left, top, width, height), image))


@pytest.mark.parametrize("name", HOLES)
def test_no_more_than_half_of_what_published_weights_see_is_missing(name):
    assert all(sight.missing <= 0.5 for sight in sights_of(HOLES[name]))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nor_is_it_of_any_box_that_leaves_half_of_the_picture(data):
    width, height = data.draw(st.integers(40, 1500)), data.draw(st.integers(40, 1500))
    wide = data.draw(st.integers(1, width))
    high = data.draw(st.integers(1, min(height, max(1, width * height * 9 // 20 // wide))))
    left, top = data.draw(st.integers(0, width - wide)), data.draw(st.integers(0, height - high))
    mask = select(height, width, Rect(left, top, wide, high))

    for sight in sights_of(mask):
        assert sight.missing <= 0.5


def test_wide_hole_whose_window_is_no_piece_is_painted_a_level_coarser_and_in_one():
    facts = PublishedFacts(piece_px=700 * 1100)
    (sight,) = sights_of(HOLES["250 x 700"], facts)

    assert sight.window.area > facts.piece_px
    assert (sight.level, len(sight.tiles)) == (1, 1)
    assert sights_of(HOLES["250 x 700"])[0].level == 0


def test_tile_that_a_user_has_chosen_is_the_largest_piece():
    hole = select(800, 800, Rect(300, 300, 200, 200))
    document = Document(np.zeros((800, 800, 3), np.uint8), hole, RGB)

    (plan,) = plan_of(document, Options(tile=256), PublishedFacts()).regions

    assert plan.levels == 1
    assert [tile.area for tile in plan.tiles] == [256 * 256]


def test_wire_is_painted_by_whole_tiles_on_the_pictures_own_level():
    (sight,) = sights_of(HOLES["wire, 6 px thick"])

    assert sight.level == 0
    assert {(tile.width, tile.height) for tile in sight.tiles} == {(512, 512)}


def test_network_that_corrects_sees_what_it_always_saw():
    hole = select(900, 900, Rect(400, 400, 30, 20))
    document = Document(np.zeros((900, 900, 3), np.uint8), hole, RGB)

    (plan,) = plan_of(document, COMPOSITE, StandIn()).regions

    assert plan.region.window == context_window(plan.region.part, document.rect)
    assert max(max(tile.width, tile.height) for tile in plan.tiles) <= 64 + 30


def magenta_share(document, network):
    """Return the share of a hole that is magenta from afar."""
    whole = fill_whole(document, COMPOSITE, network).astype(np.float32)
    inside = (document.selection > 0).astype(np.float32)[..., None]
    weight = cv2.GaussianBlur(inside, (0, 0), LOW_SIGMA_PX)[..., None]
    low = cv2.GaussianBlur(whole * inside, (0, 0), LOW_SIGMA_PX) / np.maximum(weight, 1e-3)
    return float((np.abs(low - MAGENTA).max(axis=2) <= SAME)[inside[..., 0] > 0].mean())


def with_disc(side, radius):
    samples = np.rint(leaves(side, side) * 255).astype(np.uint8)
    return Document(samples, 255 * disc(side, side, radius), RGB)


@pytest.mark.parametrize("radius", [20, 127, 130, 200, 257])
def test_what_a_network_paints_shows_from_afar_at_every_radius(radius):
    """The picture has no magenta, so no patch could show it."""
    network = StandIn(paint(1, 0, 1), "proposes", tile_px=512, max_hole_radius_px=128)

    assert magenta_share(with_disc(3 * radius + 60, radius), network) > 0.95


def test_nor_is_it_lost_where_the_picture_is_shown_piece_by_piece():
    document = with_disc(1600, 500)
    network = StandIn(paint(1, 0, 1), "proposes", tile_px=512, max_hole_radius_px=128)

    (plan,) = plan_of(document, COMPOSITE, network).regions

    assert not plan.schedule.whole
    assert magenta_share(document, network) > 0.95


def test_tiles_of_a_wire_show_no_step_where_they_meet():
    samples = np.rint(leaves(700, 1400) * 255).astype(np.uint8)
    selection = np.zeros((700, 1400), np.uint8)
    cv2.line(selection, (20, 40), (1380, 660), 255, 20)
    shown = []

    def ramp(image, _mask):
        """Paint each tile in one colour, the next one in another that is as near as it may be."""
        shown.append(len(shown))
        return np.full_like(image, 0.5 + 0.02 * (len(shown) % 2))

    network = StandIn(ramp, "proposes", tile_px=256, overlap_px=32, piece_px=256 * 256)
    whole = fill_whole(Document(samples, selection, RGB), COMPOSITE, network).astype(int)

    assert len(shown) > 3
    inside = selection > 0
    for axis in (0, 1):
        step = np.abs(np.diff(whole, axis=axis)).max(axis=2)
        both = np.logical_and(*(np.delete(inside, end, axis) for end in (0, -1)))
        assert step[both].max() <= 1


def test_proposal_is_not_kept_where_a_user_says_what_may_be_copied():
    """The network has seen what must not be copied."""
    samples = np.rint(leaves(400, 400) * 255).astype(np.uint8)
    sources = select(400, 400, Rect(0, 0, 130, 400))
    document = Document(samples, 255 * disc(400, 400, 60), RGB, sources)
    network = StandIn(paint(1, 0, 1), "proposes", tile_px=512, max_hole_radius_px=32)

    assert magenta_share(document, network) < 0.05
    assert magenta_share(document._replace(sources=None), network) > 0.95
