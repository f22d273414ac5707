"""What a network has painted is kept as far as it is sharp; patches say only what is finer."""

import cv2
import numpy as np
import pytest

from lacuna.engine.completion.proposal import (
    LEAST_SHARP,
    MOST_SHARP,
    hold,
    propose,
    sharpness,
    show_held,
)
from lacuna.engine.pixels.hole import reduce_missing
from lacuna.engine.pixels.levels import enlarge
from lacuna.engine.pixels.membrane import mean_of_cells
from lacuna_wire import Rect
from tests.drawn import disc, leaves

LEVEL = 2  # on which the proposals here are painted
HALF_A_STEP = 0.5 / 255


def reduced(image, times):
    for _ in range(times):
        image = mean_of_cells(image)
    return image


def reduced_hole(missing, times):
    for _ in range(times):
        missing = reduce_missing(missing)
    return missing


def blurred(image, missing, sigma):
    """Blur a hole as a network does that paints mush."""
    mush = cv2.GaussianBlur(image, (0, 0), sigma)
    return np.where(missing[..., None] > 0, mush, image)


def proposal_of(truth, missing, sigma=0.0, level=LEVEL):
    """Propose the truth, reduced and blurred."""
    painted, hole = reduced(truth, level), reduced_hole(missing, level)
    if sigma:
        painted = blurred(painted, hole, sigma)
    return propose(painted, hole, level)


@pytest.fixture(scope="module")
def truth():
    return leaves(300, 340)


@pytest.fixture(scope="module")
def missing():
    return disc(300, 340, 80)


def test_hole_that_shows_the_truth_is_as_sharp_as_its_surroundings(truth, missing):
    assert sharpness(truth, missing) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("sigma", [1, 2, 4])
def test_blurred_hole_is_not_sharp(truth, missing, sigma):
    image, hole = reduced(truth, LEVEL), reduced_hole(missing, LEVEL)

    assert sharpness(blurred(image, hole, sigma), hole) < LEAST_SHARP


def test_mush_with_a_grain_of_its_own_is_not_taken_for_detail(truth, missing):
    image, hole = reduced(truth, LEVEL), reduced_hole(missing, LEVEL)
    grain = np.random.default_rng(2).normal(0, 0.05, image.shape).astype(np.float32)
    mush = blurred(image, hole, 3)
    grainy = np.clip(np.where(hole[..., None] > 0, mush + grain, mush), 0, 1)

    assert sharpness(grainy, hole) > MOST_SHARP
    assert propose(grainy, hole, LEVEL).level > LEVEL


def test_calm_hole_amid_leaves_is_not_taken_for_a_blurred_one(truth, missing):
    calm = np.where(missing[..., None] > 0, 0.5 + (truth - 0.5) / 10, truth)

    assert sharpness(calm, missing) == pytest.approx(sharpness(truth, missing), abs=0.15)


def test_flat_and_tiny_holes_have_a_sharpness_too():
    flat, tiny = np.full((40, 50, 3), 0.5, np.float32), np.zeros((40, 50), np.uint8)
    tiny[20, 20] = 1
    noise = np.random.default_rng(1).random(flat.shape).astype(np.float32)
    for image in (flat, noise):
        for hole in (tiny, 1 - tiny, np.ones_like(tiny)):
            assert 0 < sharpness(image, hole) < np.inf


@pytest.mark.parametrize(("sigma", "reductions"), [(0, {0}), (1, {1}), (2, {1, 2, 3}), (4, {2, 3})])
def test_the_more_it_is_blurred_the_less_of_it_is_kept(truth, missing, sigma, reductions):
    assert proposal_of(truth, missing, sigma).level - LEVEL in reductions


def test_outermost_cells_are_left_to_the_patches(truth, missing):
    """They meet what is known, and what was painted seldom does."""
    proposal = proposal_of(truth, missing)
    hole = missing > 0
    dark = np.where(hole[..., None], truth / 4, truth)

    held = hold(dark, hole, 0, proposal)

    depth = cv2.distanceTransform(missing, cv2.DIST_C, 3)
    rim, inner = hole & (depth <= 1), depth > 4 << LEVEL
    lighter = np.abs(held - dark).mean(axis=2)
    assert lighter[rim].mean() < 0.2 * lighter[inner].mean()


@pytest.mark.parametrize("level", range(LEVEL + 1))
def test_level_shows_from_afar_what_was_proposed(truth, missing, level):
    """The fill is the truth of another place, far too bright."""
    proposal = proposal_of(truth, missing)
    image, hole = reduced(truth, level), reduced_hole(missing, level) > 0
    other = np.where(hole[..., None], np.clip(1.3 * image[::-1, ::-1], 0, 1), image)

    held = hold(other, hole, level, proposal)

    inner = proposal.cells > 0
    off = np.abs(reduced(held, LEVEL - level) - proposal.held)[inner]
    before = np.abs(reduced(other, LEVEL - level) - proposal.held)[inner]
    assert before.mean() > 0.1
    assert off.mean() < 0.06 * before.mean()
    np.testing.assert_array_equal(held[~hole], other[~hole])


def test_detail_of_the_patches_stays(truth, missing):
    """A proposal of one colour takes no detail from a fill."""
    image, hole = truth.copy(), missing > 0
    gray = np.where(reduced_hole(missing, LEVEL)[..., None] > 0, 0.5, reduced(truth, LEVEL))
    proposal = propose(gray.astype(np.float32), reduced_hole(missing, LEVEL), LEVEL)

    held = hold(0.25 + image / 2, hole, 0, proposal)

    fine, was = (
        np.abs(each - cv2.GaussianBlur(each, (0, 0), 1))[hole].mean() for each in (held, image / 2)
    )
    assert fine == pytest.approx(was, rel=0.1)


def test_what_is_not_to_be_kept_changes_nothing(truth, missing):
    painted, hole = reduced(truth, LEVEL), reduced_hole(missing, LEVEL)
    proposal = propose(painted, hole, LEVEL, is_kept=False)
    other = np.ascontiguousarray(truth[::-1])

    np.testing.assert_array_equal(hold(other, missing > 0, 0, proposal), other)
    np.testing.assert_array_equal(hold(other, missing > 0, 0, None), other)
    np.testing.assert_array_equal(proposal.start, painted)


@pytest.mark.parametrize("sigma", [0, 4])
@pytest.mark.parametrize("size", [(300, 340), (299, 337)])
def test_pieces_show_what_the_whole_shows(truth, missing, sigma, size):
    truth, missing = truth[: size[0], : size[1]], missing[: size[0], : size[1]]
    proposal = proposal_of(truth, missing, sigma)
    other = np.where(missing[..., None] > 0, truth[::-1], truth)
    whole = hold(other, missing > 0, 0, proposal)

    def show(rect):
        return other[rect.slices]

    for rect in (Rect(90, 70, 101, 77), Rect(0, 131, size[1], 20), Rect(170, 150, 1, 1)):
        piece = show_held(show, missing, proposal, rect)
        np.testing.assert_allclose(piece, whole[rect.slices], atol=HALF_A_STEP)


def test_finer_level_begins_with_the_proposal_enlarged(truth, missing):
    proposal = proposal_of(truth, missing)
    half, own = Rect(0, 0, 170, 150), Rect(0, 0, 340, 300)

    np.testing.assert_array_equal(proposal.begin(half, 1), enlarge(proposal.start, half, half))
    twice = enlarge(enlarge(proposal.start, half, half), own, own)
    np.testing.assert_array_equal(proposal.begin(own, 2), twice)
    np.testing.assert_array_equal(proposal.begin(half.reduce(2), 0), proposal.start)
