"""What each strategy shows the network: how much of the picture, and from how many levels."""

import numpy as np
import pytest

from lacuna.engine.pixels.document import Document
from lacuna.engine.tile_plan import halve_tiles
from lacuna_wire import Options, Rect
from lacuna_wire.options import STRATEGIES
from tests.drawn import RGB, fill_whole, noise, plan_of, select
from tests.fakes.networks import StandIn, paint

SIDE = 400


@pytest.fixture
def document():
    """Noise, with a hole that is 60 px deep: more than any network here bridges at once."""
    selection = select(SIDE, SIDE, Rect(130, 140, 140, 120))
    return Document(noise(SIDE, SIDE, seed=4), selection, RGB)


def options_of(strategy, **others):
    return Options(result="composite", colour_correction=False, strategy=strategy, **others)


@pytest.mark.parametrize("role", ["corrects", "proposes"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_gives_the_selected_pixels_and_keeps_the_others(
    document, strategy, role, unrestrained
):
    network = StandIn(paint(1, 0, 0), role=role, max_hole_radius_px=100)
    document.samples[:, ::7] = (255, 0, 0)  # so that patches can carry the network's red down

    whole = fill_whole(document, options_of(strategy), network)

    missing = document.selection > 0
    np.testing.assert_array_equal(whole[~missing], document.samples[~missing])
    assert (whole[missing] != document.samples[missing]).any()
    if strategy != "pyramid" or role == "corrects":
        assert (whole[missing] == [255, 0, 0]).all()


@pytest.mark.parametrize("role", ["corrects", "proposes"])
def test_native_shows_each_region_once_and_whole(document, role):
    options, network = options_of("native"), StandIn(role=role)

    fill_whole(document, options, network)

    (plan,) = plan_of(document, options, network).regions
    assert plan.levels == 0
    assert plan.tiles == [Rect(0, 0, *plan.region.window[2:])]
    assert network.shapes == [(plan.region.window.height, plan.region.window.width)]


def test_native_in_pieces_is_what_the_second_try_after_a_hang_asks_for(document):
    network = StandIn(tile_px=256)

    fill_whole(document, halve_tiles(options_of("native"), network), network)

    assert len(network.shapes) > 1
    assert {max(shape) for shape in network.shapes} == {128}


@pytest.mark.parametrize("role", ["corrects", "proposes"])
def test_tiles_lie_on_one_grid_over_everything_and_only_where_something_is_missing(document, role):
    document.selection[5:9, 5:9] = 255  # a second region is on the same grid
    network = StandIn(role=role, tile_px=64, overlap_px=16)

    (plan,) = plan_of(document, options_of("tiles"), network).regions

    starts = {round(336 * step / 7) for step in range(8)}  # 400 px by 64 px, sharing 16 px
    assert plan.levels == 0
    assert {rect.left for rect in plan.tiles} | {rect.top for rect in plan.tiles} <= starts
    wanted = [
        Rect(left, top, 64, 64)
        for top in sorted(starts)
        for left in sorted(starts)
        if document.selection[top : top + 64, left : left + 64].any()
    ]
    assert plan.tiles == wanted


def test_tiles_know_nothing_of_each_other(document):
    """What a tile is shown is drawn from its own rim, so a tile without a rim is shown nothing."""
    shown = []
    network = StandIn(lambda image, mask: shown.append((image, mask)) or image)

    fill_whole(document, options_of("tiles"), network)

    bare = [image for image, mask in shown if mask.all()]
    assert bare
    assert not any(image.any() for image in bare)


def test_pyramid_decides_on_a_coarse_level_also_where_the_network_would_bridge_the_hole(document):
    network = StandIn(role="proposes", max_hole_radius_px=100)

    levels = {
        strategy: plan_of(document, options_of(strategy), network).regions[0].levels
        for strategy in ("auto", "pyramid")
    }

    assert levels == {"auto": 0, "pyramid": 1}
