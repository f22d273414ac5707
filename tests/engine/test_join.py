"""The join gives a vote the detail of its sources, and adds nothing of its own."""

import numpy as np
import pytest

from lacuna.engine.completion.join import NEIGHBOURS, REACH_PX, Detail, join


def detail_from(source, rows, columns, cost=0.0):
    """What pixels look like close up if each is copied from the same place of `source`."""
    padded = np.pad(source, ((1, 1), (1, 1), (0, 0)), mode="edge")
    gradients = [
        source[rows, columns] - padded[rows + 1 + down, columns + 1 + right]
        for down, right in NEIGHBOURS
    ]
    costs = np.full(len(rows), cost, np.float32)
    return Detail(np.stack(gradients, axis=1), costs)


def noise(height=60, width=70, seed=1):
    return np.random.default_rng(seed).uniform(0.3, 0.7, (height, width, 3)).astype(np.float32)


def hole_in(shape, rows=slice(20, 40), columns=slice(25, 50)):
    missing = np.zeros(shape[:2], bool)
    missing[rows, columns] = True
    return missing


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(20, 40), slice(25, 50)),
        (slice(0, 20), slice(0, 30)),
        (slice(40, 60), slice(30, 70)),
        (slice(30, 31), slice(0, 70)),
    ],
    ids=["inside", "corner", "other corner", "across"],
)
def test_vote_with_the_detail_of_the_truth_is_the_truth_again(rows, columns):
    truth = noise()
    missing = hole_in(truth.shape, rows, columns)
    vote = truth.copy()
    vote[missing] = truth[missing].mean(axis=0)
    vote[missing] += (truth[missing] - vote[missing]) * 0.3  # grain is averaged away

    joined = join(vote, missing, detail_from(truth, *np.nonzero(missing)))

    assert (joined[~missing] == truth[~missing]).all()
    left = np.abs(joined - truth)[missing].mean() / np.abs(vote - truth)[missing].mean()
    assert left < 0.1


def test_right_vote_stays_what_it_is():
    truth = noise()
    missing = hole_in(truth.shape)

    joined = join(truth, missing, detail_from(truth, *np.nonzero(missing)))

    assert np.abs(joined - truth).max() < 1e-5


def test_brightness_is_the_vote_s_and_not_the_source_s():
    """A source that is darker as a whole gives its detail and not its darkness."""
    truth = noise()
    missing = hole_in(truth.shape)

    joined = join(truth, missing, detail_from(truth - 0.25, *np.nonzero(missing)))

    assert np.abs(joined - truth).max() < 1e-5


def test_border_between_two_sources_does_not_show():
    flat = np.full((60, 70, 3), 0.5, np.float32)
    missing = hole_in(flat.shape)
    rows, columns = np.nonzero(missing)
    step = flat.copy()
    step[:, 37:] += 0.2  # one source is brighter, but each of them is flat
    none = np.zeros((len(rows), len(NEIGHBOURS), 3), np.float32)
    detail = Detail(none, step[rows, columns, 0])

    joined = join(flat, missing, detail)

    assert np.abs(joined - flat).max() < 1e-6


def test_source_that_fits_better_says_what_an_edge_looks_like():
    flat = np.full((9, 9, 3), 0.5, np.float32)
    missing = hole_in(flat.shape, slice(4, 5), slice(3, 5))
    gradients = np.zeros((2, len(NEIGHBOURS), 3), np.float32)
    gradients[0, 3] = 0.2  # the left pixel is brighter than the right one
    gradients[1, 2] = 0.0  # the right pixel says that they are alike

    believed = join(flat, missing, Detail(gradients, np.array([1, 2], np.float32)))
    doubted = join(flat, missing, Detail(gradients, np.array([2, 1], np.float32)))

    assert (believed[4, 3] > believed[4, 4] + 0.05).all()
    assert (doubted[4, 3] == doubted[4, 4]).all()


def test_pixels_without_a_source_keep_the_vote():
    vote = noise()
    missing = hole_in(vote.shape)
    rows, columns = np.nonzero(missing)
    nothing = detail_from(noise(seed=2), rows, columns, cost=np.inf)

    assert np.abs(join(vote, missing, nothing) - vote).max() < 1e-6


def test_rim_that_no_source_explains_does_not_bleed_into_the_hole():
    picture = np.zeros((60, 70, 3), np.float32)  # the rest of an object, or what must not be copied
    missing = hole_in(picture.shape)
    picture[missing] = 0.9
    flat = detail_from(np.full_like(picture, 0.9), *np.nonzero(missing))

    assert np.abs(join(picture, missing, flat) - picture).max() < 1 / 255


def test_rim_that_is_nearly_explained_is_met():
    picture = np.full((60, 70, 3), 0.5, np.float32)
    missing = hole_in(picture.shape)
    picture[missing] = 0.55
    flat = detail_from(picture, *np.nonzero(np.ones_like(missing)))
    flat = Detail(flat.gradients[missing.ravel()] * 0, flat.cost[missing.ravel()])

    joined = join(picture, missing, flat)

    assert np.abs(joined[20, 30:40] - 0.5).max() < 0.02  # at the rim
    assert np.abs(joined[30, 35:40] - 0.55).max() < 0.02  # in the middle


def test_nothing_is_felt_beyond_the_reach():
    truth, other = noise(140, 140), noise(140, 140, seed=2)
    missing = hole_in(truth.shape, slice(10, 130), slice(10, 130))
    rows, columns = np.nonzero(missing)
    detail = detail_from(other, rows, columns)
    whole = join(truth, missing, detail)
    seen = np.s_[: 70 + REACH_PX, : 70 + REACH_PX]
    inside = (rows < 70 + REACH_PX) & (columns < 70 + REACH_PX)

    piece = join(truth[seen], missing[seen], Detail(*(each[inside] for each in detail)))

    assert np.abs(piece[:70, :70] - whole[:70, :70]).max() < 0.5 / 255


def test_values_stay_in_range_and_empty_holes_are_nothing():
    picture = np.random.default_rng(3).uniform(0, 1, (60, 70, 3)).astype(np.float32)
    missing = hole_in(picture.shape)
    joined = join(picture, missing, detail_from(picture[::-1] * 2, *np.nonzero(missing)))
    nothing = np.zeros_like(missing)

    assert joined.min() >= 0
    assert joined.max() <= 1
    assert (join(picture, nothing, detail_from(picture, *np.nonzero(nothing))) == picture).all()
