"""Another try: other bytes for another number, the same for the same, and today's for 0."""

import numpy as np
import pytest

from lacuna.engine.completion.variation import BLOCK_PX, MOST_LEFT_OUT, leave_out
from lacuna.engine.tiling.turned import MOST_PADDED_PX, TURNS, TurnedNetwork, turned
from lacuna_wire import Options, Rect
from tests.drawn import document_of, fill_whole, problem_of
from tests.fakes.networks import StandIn, paint


def grain(height=150, width=170):
    """Draw stripes in all directions, in grain: nothing is there twice."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    waves = (
        np.sin(rows / 3 + np.sin(columns / 17))
        + np.sin(columns / 5)
        + rng.normal(0, 0.4, rows.shape)
    )
    return np.clip(0.5 + waves[..., None] * (0.1, 0.15, 0.2), 0, 1).astype(np.float32)


def fill_with(variation, hole, network=None):
    options = Options(result="composite", colour_correction=False, variation=variation)
    return fill_whole(document_of(grain(), hole), options, network or StandIn())


@pytest.mark.parametrize("hole", [Rect(60, 50, 44, 44), Rect(80, 70, 16, 16), Rect(30, 70, 100, 8)])
def test_each_number_gives_a_fill_of_its_own_and_the_same_again(hole):
    fills = [fill_with(variation, hole) for variation in (0, 1, 2, 1)]

    assert fills[1].tobytes() == fills[3].tobytes()
    for one, other in ((0, 1), (0, 2), (1, 2)):
        away = np.abs(fills[one].astype(int) - fills[other])[hole.slices].mean()
        assert away > 4  # of 255
    outside = np.ones(fills[0].shape[:2], bool)
    outside[hole.slices] = False
    assert all(fill[outside].tobytes() == fills[0][outside].tobytes() for fill in fills)


def test_variation_0_leaves_a_problem_and_a_network_as_they_are():
    problem, network = problem_of(), StandIn(role="proposes")

    assert leave_out(problem, 0) is problem
    assert turned(network, 0) is network
    corrects = StandIn(role="corrects")
    assert turned(corrects, 5) is corrects


@pytest.mark.parametrize("variation", [1, 2, 9999])
def test_other_variations_do_without_blocks_of_nearly_half_the_sources(variation):
    problem = problem_of()

    left = leave_out(problem, variation)

    before, after = problem.find_sources(), left.find_sources()
    assert np.isin(after, before).all()
    assert MOST_LEFT_OUT - 0.05 < 1 - len(after) / len(before) <= MOST_LEFT_OUT
    # Whole blocks are gone: what is left is in as few of them as there can be.
    gone = np.zeros(len(problem.is_source), bool)
    gone[np.setdiff1d(before, after)] = True
    gone = gone.reshape(-1, problem.stride)
    edges = np.count_nonzero(gone[:, 1:] != gone[:, :-1]) / np.count_nonzero(gone)
    assert edges < 3 / BLOCK_PX
    again = leave_out(problem, variation)
    np.testing.assert_array_equal(again.is_source, left.is_source)
    assert (leave_out(problem, variation + 1).is_source != left.is_source).any()


@pytest.mark.parametrize("variation", [*range(1, 2 * TURNS), 63, 64, 511, 512, 9999])
def test_turned_network_that_looks_at_one_pixel_gives_the_same(variation):
    """What comes back lies where it was, of any size."""
    network = StandIn(lambda image, mask: np.where(mask > 0, 1 - image, image), "proposes")
    rng = np.random.default_rng(variation)
    for height, width in ((16, 24), (40, 40), (33, 7)):
        image = rng.random((height, width, 3)).astype(np.float32)
        mask = (rng.random((height, width, 1)) > 0.5).astype(np.float32)

        shown = turned(network, variation).fill(image, mask)

        np.testing.assert_array_equal(shown, network.fill(image, mask))


def test_network_is_shown_every_turn_and_every_shift():
    seen = set()

    def remember(image, _mask):
        seen.add(image.tobytes() + bytes(image.shape[:2]))
        return image

    image = np.random.default_rng(1).random((16, 24, 3)).astype(np.float32)
    mask = np.zeros((16, 24, 1), np.float32)
    ways = TURNS * MOST_PADDED_PX**2
    for variation in range(ways):
        TurnedNetwork(StandIn(remember, "proposes"), variation).fill(image, mask)

    assert len(seen) == ways


def test_turned_network_has_the_facts_of_the_other():
    network = StandIn(role="proposes", tile_px=128, overlap_px=24, max_hole_radius_px=99)

    facts = ("role", "tile_px", "overlap_px", "max_hole_radius_px", "multiple_px")
    other = TurnedNetwork(network, 3)

    assert [getattr(other, name) for name in facts] == [getattr(network, name) for name in facts]


def test_turned_network_fills_many_tiles_in_their_order():
    shades = np.linspace(0, 1, 5, dtype=np.float32)
    tiles = [
        (np.full((16, 16, 3), shade, np.float32), np.ones((16, 16, 1), np.float32))
        for shade in shades
    ]

    fills = list(TurnedNetwork(StandIn(role="proposes"), 77).fill_all(tiles))

    assert [fill[0, 0, 0] for fill in fills] == list(shades)


def test_tiles_of_a_turned_network_meet_without_a_seam():
    hole = Rect(20, 20, 130, 110)
    network = StandIn(paint(0.25, 0.5, 0.75), "proposes", max_hole_radius_px=99)

    plain, other = (fill_with(variation, hole, network) for variation in (0, 77))

    assert other.tobytes() == plain.tobytes()
