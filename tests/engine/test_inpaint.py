"""The whole line with stand-in networks: what changes, what does not, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from lacuna.engine.completion.schedule import TUNING
from lacuna.engine.geometry.regions import plan_regions
from lacuna.engine.inpaint import fill
from lacuna.engine.pixels.document import Document
from lacuna.engine.pixels.hole import soften
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.errors import BadRequest, JobCancelled, Unprocessable
from tests.drawn import RGB, fill_whole, noise, plan_of, select
from tests.fakes.networks import StandIn, paint

COMPOSITE = Options(result="composite", colour_correction=False)
HALF_A_U8_STEP = 0.5 / 255


def run(samples, selection, network, options=COMPOSITE, layout=RGB):
    """Return the whole picture with the result laid in, and the progress that was reported."""
    progress = []
    document = Document(samples, selection, layout)
    return fill_whole(document, options, network, progress.append), progress


MASKS = {
    "one pixel": lambda h, w: select(h, w, Rect(w // 2, h // 2, 1, 1)),
    "a corner": lambda h, w: select(h, w, Rect(0, 0, 1, 1)),
    "the last row": lambda h, w: select(h, w, Rect(0, h - 1, w, 1)),
    "all but one pixel": lambda h, w: 255 - select(h, w, Rect(w - 1, h - 1, 1, 1)),
    "a frame": lambda h, w: 255 - select(h, w, Rect(1, 1, max(0, w - 2), max(0, h - 2))),
}


SIZES = [(1, 1), (7, 5), (1, 4096), (8191, 3), (200, 130)]
CASES = [
    (width, height, name)
    for width, height in SIZES
    for name, draw in MASKS.items()
    if draw(height, width).any() and not draw(height, width).all()
]


@pytest.mark.parametrize(("width", "height", "mask"), CASES)
def test_every_size_and_mask_gives_the_selected_pixels_and_keeps_the_others(
    width, height, mask, unrestrained
):
    samples, selection = noise(height, width), MASKS[mask](height, width)

    whole, _ = run(samples, selection, StandIn(paint(1, 0, 0)))

    assert (whole[selection > 0] == [255, 0, 0]).all()
    np.testing.assert_array_equal(whole[selection == 0], samples[selection == 0])


@pytest.mark.parametrize("layout", [PixelLayout("RGB"), PixelLayout("RGB", "u8", "linear")])
def test_tiled_equals_untiled_for_a_network_that_looks_at_one_pixel(layout):
    """The completion of level 0 is all that depends on tiles; one known row hides it."""
    samples = noise(300, 310)
    selection = select(300, 310, Rect(40, 50, 200, 190))
    selection[:, ::9] = 0  # the coarsest level is level 0

    def invert(image, mask):
        return np.float32(1) - 0.5 * mask * np.float32([1, 0.5, 0.25])

    one, _ = run(samples, selection, StandIn(invert, tile_px=512, overlap_px=0), layout=layout)
    many, _ = run(samples, selection, StandIn(invert, tile_px=64, overlap_px=16), layout=layout)

    np.testing.assert_array_equal(one, many)


def test_smooth_picture_is_restored_through_all_levels_by_the_completion_alone():
    """The identity network returns the completion: on a gradient, that is the truth."""
    row = np.linspace(30, 220, 600)
    samples = np.repeat(np.broadcast_to(row[None, :, None], (500, 600, 1)), 3, axis=2)
    samples = np.rint(samples).astype(np.uint8)
    selection = select(500, 600, Rect(150, 120, 260, 240))

    whole, progress = run(samples, selection, StandIn())

    assert len(progress) > 5  # several levels
    error = np.abs(whole.astype(int) - samples)[selection > 0]
    assert error.mean() < 4
    assert error.max() < 0.1 * 255


def test_colour_correction_takes_out_what_the_network_shifts():
    samples = np.full((200, 200, 3), 128, np.uint8)
    selection = select(200, 200, Rect(80, 80, 30, 30))
    network = StandIn(
        lambda image, mask: image + mask * (128 / 255 - image) + np.float32(0.1), role="proposes"
    )
    options = Options(result="composite", colour_correction=True)

    whole, _ = run(samples, selection, network, options)

    np.testing.assert_array_equal(whole, samples)


def test_network_that_corrects_puts_nothing_on_flat_ground_and_grain_into_grain():
    """A pattern of one cell, on a plain wall and in gravel: people would see dots on the wall."""
    samples = np.full((200, 400, 3), 200, np.uint8)
    samples[:, 200:] = noise(200, 200)
    holes = Rect(80, 80, 30, 30), Rect(280, 80, 30, 30)
    selection = select(200, 400, *holes)
    pattern = StandIn(lambda image, mask: np.clip(image + dots(*image.shape[:2]), 0, 1))

    plain, _ = run(samples, selection, StandIn())
    whole, _ = run(samples, selection, pattern)

    change = np.abs(whole.astype(int) - plain)
    assert change[holes[0].slices].max() <= 1
    assert change[holes[1].slices].max() > 10


def dots(height, width):
    rows, columns = np.mgrid[:height, :width]
    return (((rows % 8 == 0) & (columns % 8 == 0))[..., None] * 0.2).astype(np.float32)


def test_hole_that_is_larger_than_the_network_bridges_is_left_to_the_patches():
    samples, network = noise(300, 300), StandIn(paint(1, 0, 0), max_hole_radius_px=20)

    run(samples, select(300, 300, Rect(100, 100, 30, 30)), network)
    assert network.shapes
    network.shapes.clear()
    run(samples, select(300, 300, Rect(100, 100, 60, 60)), network)
    assert not network.shapes


def test_network_that_proposes_decides_on_the_coarsest_level_and_patches_carry_it_down():
    """Its answer is green; only the left half of the picture has green patches to carry."""
    samples = noise(400, 400)
    samples[:, :200] = (20, 200, 20)
    selection = select(400, 400, Rect(120, 120, 160, 160))
    network = StandIn(paint(20 / 255, 200 / 255, 20 / 255), role="proposes", tile_px=256)

    whole, progress = run(samples, selection, network)

    assert max(height for height, _ in network.shapes) <= 64
    assert progress[-1][1:3] == (len(network.shapes), len(network.shapes))
    right_half = whole[120:280, 200:280].astype(int)  # where the rim alone would say noise
    green = np.abs(right_half - [20, 200, 20]).max(axis=2) < 40
    assert green.mean() > 0.5


def test_network_that_proposes_fills_a_small_hole_on_the_pictures_own_level():
    samples = noise(200, 200)
    network = StandIn(paint(1, 0, 0), role="proposes")

    whole, _ = run(samples, select(200, 200, Rect(90, 90, 20, 20)), network)

    assert (whole[90:110, 90:110] == [255, 0, 0]).all()


def test_hole_of_another_region_is_never_shown_as_known():
    """All that is to be replaced is red, and would show wherever a mask forgot it."""
    selection = np.zeros((600, 600), np.uint8)
    selection[tuple(np.random.default_rng(2).integers(0, 600, (2, 30)))] = 255
    samples = np.full((600, 600, 3), 100, np.uint8)
    samples[soften(selection, 10, 0) > 0] = (255, 0, 0)
    shown = []
    network = StandIn(lambda image, mask: shown.append(image[..., 0].max()) or image)

    whole, _ = run(samples, selection, network, replace(COMPOSITE, grow=10))

    regions = plan_regions(selection, 10)
    assert any(
        one is not other and one.window.intersect(other.part).area
        for one in regions
        for other in regions
    )
    np.testing.assert_allclose(shown, 100 / 255, atol=HALF_A_U8_STEP)
    assert np.abs(whole.astype(int) - 100).max() <= 1


def test_transparent_pixels_never_bleed_into_the_fill():
    samples = np.full((160, 160, 4), 90, np.uint8)
    samples[..., 3] = 255
    samples[:, :70] = (255, 0, 0, 0)  # red, and fully transparent
    selection = select(160, 160, Rect(70, 60, 30, 30))

    whole, _ = run(
        samples,
        selection,
        StandIn(),
        replace(COMPOSITE, transparency="empty"),
        layout=PixelLayout("RGBA"),
    )

    np.testing.assert_array_equal(whole[60:90, 70:100, :3], 90)


def test_nan_in_the_context_stays_and_does_not_spread():
    samples = np.full((100, 100, 3), 0.5, np.float32)
    samples[30:40, 10:90] = np.nan
    selection = select(100, 100, Rect(30, 41, 20, 20))

    whole, _ = run(samples, selection, StandIn(), layout=PixelLayout("RGB", "f32", "linear"))

    assert np.isnan(whole[30:40, 10:90]).all()
    np.testing.assert_allclose(whole[41:61, 30:50], 0.5, atol=HALF_A_U8_STEP)


def test_only_tiles_with_a_selected_pixel_are_filled():
    selection = np.zeros((2000, 2000), np.uint8)
    selection[100:110, 100:1900] = 255
    selection[100:1900, 100:110] = 255  # an L: one part whose bounds are mostly not selected

    _, progress = run(noise(2000, 2000), selection, StandIn(tile_px=128, overlap_px=16))

    assert progress[-1][1] <= 2 * (2000 // 112 + 2)


def test_progress_says_that_patches_are_searched_and_then_counts_up_to_the_total_it_began_with():
    _, progress = run(noise(300, 300), select(300, 300, Rect(50, 60, 180, 150)), StandIn())

    total = progress[0].tiles_total
    steps = [step[:3] for step in progress]
    guiding = [step for step in steps if step[0] == "guiding"]
    assert steps == guiding + [("filling", done, total) for done in range(1, total + 1)]
    assert set(guiding) == {("guiding", 0, total)}
    assert total > 1


@pytest.mark.parametrize("role", ["corrects", "proposes"])
def test_percentage_grows_with_every_round_and_tile_of_every_region_and_ends_at_100(role):
    selection = select(300, 1400, Rect(50, 60, 180, 150)) | select(300, 1400, Rect(900, 60, 99, 90))

    _, progress = run(noise(300, 1400), selection, StandIn(role=role, max_hole_radius_px=8))

    percents = [step.percent for step in progress]
    assert percents[0] == 0
    assert (np.diff(percents) > 0).all()
    assert 99 < percents[-1] <= 100 + 1e-9
    assert len(progress) >= 1 + 2 * 2  # of each region the completion, and a tile at least


def test_percentage_of_a_thin_hole_is_half_way_when_half_of_its_many_rounds_are_done():
    selection = select(300, 300, Rect(50, 150, 200, 9))

    _, progress = run(noise(300, 300), selection, StandIn())

    rounds = [step.percent for step in progress if step.phase == "guiding"]
    assert len(rounds) > TUNING.joining_rounds[1]
    assert 0.4 < rounds[len(rounds) // 2] / rounds[-1] < 0.8


@pytest.mark.parametrize("phase", ["guiding", "filling"])
def test_stop_is_heard_in_every_phase(phase):
    network, phases = StandIn(), []
    samples, selection = noise(300, 300), select(300, 300, Rect(50, 60, 180, 150))
    document = Document(samples, selection, RGB)

    with pytest.raises(JobCancelled):
        fill(
            document, plan_of(document, COMPOSITE, network), network, lambda *_: None,
            lambda progress: phases.append(progress.phase), lambda: phases[-1] == phase,
        )  # fmt: skip
    assert len(network.shapes) == (0 if phase == "guiding" else 1)


def test_pieces_are_those_pixels_that_change_and_never_meet():
    selection = select(400, 1400, Rect(50, 60, 180, 150)) | select(400, 1400, Rect(900, 60, 9, 9))
    selection[300:380, 700:720] = np.eye(80, 20, dtype=np.uint8) * 90  # thin, and soft
    samples, covered = noise(400, 1400), np.zeros((400, 1400), int)
    expected, _ = run(samples, selection, StandIn(paint(1, 0, 0)))
    whole = samples.copy()

    def take(rect, piece):
        covered[rect.slices] += 1
        whole[rect.slices] = piece

    document = Document(samples, selection, PixelLayout("RGB"))
    network = StandIn(paint(1, 0, 0))
    plan = plan_of(document, COMPOSITE, network)
    fill(document, plan, network, take, lambda _: None, lambda: False)

    np.testing.assert_array_equal(whole, expected)
    assert covered.max() == 1
    assert (covered[selection > 0] == 1).all()


def test_stop_is_heard_between_regions_and_the_next_one_is_not_read():
    selection = select(300, 3000, Rect(50, 60, 60, 60)) | select(300, 3000, Rect(2500, 60, 60, 60))
    samples, pieces, states = noise(300, 3000), [], []

    class Read:
        shape = samples.shape

        def __getitem__(self, slices):
            assert slices[1].stop < 1000
            return samples[slices]

    document, network = Document(Read(), selection, PixelLayout("RGB")), StandIn(tile_px=512)
    plan = plan_of(document, COMPOSITE, network)
    with pytest.raises(JobCancelled):
        fill(
            document, plan, network, lambda *piece: pieces.append(piece),
            states.append, lambda: states[-1].tiles_done == 1,
        )  # fmt: skip
    assert states[-1][:3] == ("filling", 1, 2)


def test_nothing_known_at_all_is_no_context():
    selection = np.full((50, 60), 255, np.uint8)

    with pytest.raises(Unprocessable, match="Nothing is known") as caught:
        run(noise(50, 60), selection, StandIn())
    assert caught.value.code == "no_context"


def test_known_pixels_far_beyond_the_window_are_used_if_there_are_none_near():
    samples = np.zeros((600, 600, 4), np.uint8)
    samples[:, :20] = (0, 0, 200, 255)
    selection = select(600, 600, Rect(400, 300, 20, 20))

    whole, _ = run(samples, selection, StandIn(), layout=PixelLayout("RGBA"))

    assert np.abs(whole[300:320, 400:420, :3].astype(int) - [0, 0, 200]).max() <= 1


def test_overlap_as_large_as_the_tile_is_refused_with_both_numbers():
    options = replace(COMPOSITE, overlap=64)

    with pytest.raises(BadRequest, match=r"64 px leaves a tile of 64 px"):
        run(noise(50, 50), select(50, 50, Rect(9, 9, 5, 5)), StandIn(tile_px=64), options)


def test_options_set_tile_and_overlap():
    network = StandIn()
    options = replace(COMPOSITE, tile=96, overlap=40)

    run(noise(400, 400), select(400, 400, Rect(50, 50, 300, 300)), network, options)

    assert max(max(shape) for shape in network.shapes) == 96
