"""What each strategy shows the network: how much of the picture, and from how many levels."""

import numpy as np
import pytest

from lacuna.engine.inpaint import changed_rect, halve_tiles, inpaint, plan_fill
from lacuna.engine.planes import Document
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.options import STRATEGIES
from tests.fakes.networks import StandIn, paint

SIDE = 400


@pytest.fixture
def document():
    """Noise, with a hole that is 60 px deep: more than any network here bridges at once."""
    rng = np.random.default_rng(4)
    samples = rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    selection = np.zeros((SIDE, SIDE), np.uint8)
    selection[140:260, 130:270] = 255
    return Document(samples, selection, PixelLayout("RGB"))


def options_of(strategy, **others):
    return Options(result="composite", colour_correction=False, strategy=strategy, **others)


def fill(document, options, network):
    rect = changed_rect(document.selection, options)
    result = np.zeros((rect.height, rect.width, 3), np.uint8)
    inpaint(document, options, network, result, lambda *_: None, lambda: False)
    whole = document.samples.copy()
    whole[rect.slices] = result
    return whole


@pytest.mark.parametrize("guided", [True, False])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_gives_the_selected_pixels_and_keeps_the_others(document, strategy, guided):
    network = StandIn(paint(1, 0, 0), guided=guided, max_hole_radius_px=100)
    document.samples[:, ::7] = (255, 0, 0)  # so that patches can carry the network's red down

    whole = fill(document, options_of(strategy), network)

    missing = document.selection > 0
    np.testing.assert_array_equal(whole[~missing], document.samples[~missing])
    assert (whole[missing] != document.samples[missing]).any()
    if strategy != "pyramid" or guided:
        assert (whole[missing] == [255, 0, 0]).all()


@pytest.mark.parametrize("guided", [True, False])
def test_native_shows_each_region_once_and_whole(document, guided):
    options, network = options_of("native"), StandIn(guided=guided)

    fill(document, options, network)

    (plan,) = plan_fill(document, options, network)
    assert plan.levels == 0
    assert plan.tiles == [Rect(0, 0, *plan.region.window[2:])]
    assert network.shapes == [(plan.region.window.height, plan.region.window.width)]


def test_native_in_pieces_is_what_the_second_try_after_a_hang_asks_for(document):
    network = StandIn(tile_px=256)

    fill(document, halve_tiles(options_of("native"), network), network)

    assert len(network.shapes) > 1
    assert {max(shape) for shape in network.shapes} == {128}


@pytest.mark.parametrize("guided", [True, False])
def test_tiles_lie_on_one_grid_over_everything_and_only_where_something_is_missing(
    document, guided
):
    document.selection[5:9, 5:9] = 255  # a second region is on the same grid
    network = StandIn(guided=guided, tile_px=64, overlap_px=16)

    (plan,) = plan_fill(document, options_of("tiles"), network)

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
    """The guide of a tile is drawn from its own rim, so a tile without a rim is shown nothing."""
    shown = []
    network = StandIn(lambda image, mask: shown.append((image, mask)) or image)

    fill(document, options_of("tiles"), network)

    bare = [image for image, mask in shown if mask.all()]
    assert bare
    assert not any(image.any() for image in bare)


def test_pyramid_decides_on_a_coarse_level_also_where_the_network_would_bridge_the_hole(document):
    network = StandIn(guided=False, max_hole_radius_px=100)

    levels = {
        strategy: plan_fill(document, options_of(strategy), network)[0].levels
        for strategy in ("auto", "pyramid")
    }

    assert levels == {"auto": 0, "pyramid": 1}
