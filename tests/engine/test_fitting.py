"""Memory that runs out changes where and in how many pieces tiles are filled, not the fill."""

import itertools

import numpy as np
import pytest

from lacuna.engine.completion.complete import refine_here
from lacuna.engine.completion.refine import Turns
from lacuna.engine.fitting import SMALLEST_TILE_PX, FittingDevice
from lacuna.engine.pixels.document import Document
from lacuna.engine.tile_plan import halve_tiles
from lacuna_wire import Options, Rect
from lacuna_wire.errors import DeviceLost, OutOfMemory
from tests.drawn import RGB, draw_sources, fill_whole, noise, plan_of, problem_of, select
from tests.fakes.networks import StandIn

COMPOSITE = Options(result="composite", colour_correction=False)
ONE_U8_STEP = 1


def double(image, mask):
    """Look at one pixel at a time, so that pieces and the whole must agree."""
    return image * 0.5 + 0.25 * mask


def tight(fits_px, **changes):
    # Without a completion, whose patches take a second.
    kind = {"role": "proposes", "max_hole_radius_px": 1000, "tile_px": 160, "overlap_px": 16}
    return StandIn(double, fits_px=fits_px, **kind, **changes)


def tile(side, seed=5):
    rng = np.random.default_rng(seed)
    image = rng.random((side, side, 3), np.float32)
    return image, (rng.random((side, side, 1)) < 0.3).astype(np.float32)


def fill_on(network):
    """Fill a picture of several tiles; return it with the device that is named."""
    document = Document(noise(300, 300), select(300, 300, Rect(60, 60, 180, 180)), RGB)
    fitting = FittingDevice(network)
    return fill_whole(document, COMPOSITE, fitting), fitting.device_name


@pytest.mark.parametrize("fits_px", [159, 80, 64])
def test_out_of_memory_halves_the_tile_and_gives_the_same_fill(fits_px):
    roomy, _ = fill_on(tight(10_000))
    halved, device = fill_on(tight(fits_px))

    assert np.abs(roomy.astype(int) - halved).max() <= ONE_U8_STEP
    assert device == "CPU"


@pytest.mark.parametrize("first_px", [100, 64, 0])
@pytest.mark.parametrize("cpu_px", [10_000, 64])
def test_fill_is_the_one_of_the_cpu_wherever_memory_runs_out(first_px, cpu_px):
    expected, _ = fill_on(tight(10_000))
    cpu = tight(cpu_px)
    filled, device = fill_on(tight(first_px, cpu=cpu, device_name="GPU"))

    assert np.abs(expected.astype(int) - filled).max() <= ONE_U8_STEP
    assert device == ("GPU, then CPU" if cpu.shapes else "GPU")


def test_gpu_is_asked_for_half_and_a_quarter_and_then_the_cpu_for_the_whole_tile():
    asked = []

    class Full(StandIn):
        def fill(self, image, mask):
            asked.append(max(mask.shape))
            raise MemoryError

    cpu = StandIn(double)
    image, mask = tile(512)
    filled = FittingDevice(Full(cpu=cpu)).fill(image, mask)

    assert asked == [512, 256, 128]
    assert cpu.shapes == [(512, 512)]
    np.testing.assert_array_equal(filled, double(image, mask))


def test_tiles_that_are_finished_stay_and_the_others_begin_with_what_fitted():
    class Shrinking(StandIn):
        """Has memory for two large tiles only."""

        def fill(self, image, mask):
            self.fits_px = 256 if len(self.shapes) < 2 else 128
            return super().fill(image, mask)

    network = Shrinking(double)
    fitting = FittingDevice(network)
    for _ in range(4):
        fitting.fill(*tile(256))

    large = [shape for shape in network.shapes if shape == (256, 256)]
    assert len(large) == 2
    assert set(network.shapes[2:]) == {(128, 128)}


def test_next_job_tries_the_device_with_whole_tiles_again():
    network = tight(100, cpu=tight(10_000))
    FittingDevice(network).fill(*tile(256))
    network.fits_px = 10_000
    before = len(network.shapes)
    FittingDevice(network).fill(*tile(256))

    assert network.shapes[before:] == [(256, 256)]


class Lost(StandIn):
    """A GPU that fails for ever after `after` tiles; in batches it reads two tiles ahead."""

    def __init__(self, after, **changes):
        super().__init__(double, device_name="GPU", **changes)
        self.after = after

    def fill(self, image, mask):
        if self.after == 0:
            raise DeviceLost("The GPU failed.")
        self.after -= 1
        return super().fill(image, mask)

    def fill_all(self, tiles):
        tiles = iter(tiles)
        while group := list(itertools.islice(tiles, 2)):
            yield from [self.fill(*tile) for tile in group]


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
def test_job_whose_device_is_lost_goes_on_with_the_cpu_and_every_tile_is_filled(after, caplog):
    tiles = [tile(96, seed) for seed in range(5)]
    cpu = StandIn(double)
    fitting = FittingDevice(Lost(after, cpu=cpu))

    filled = list(fitting.fill_all(iter(tiles)))

    assert len(filled) == 5
    for found, (image, mask) in zip(filled, tiles, strict=True):
        np.testing.assert_array_equal(found, double(image, mask))
    assert fitting.lost
    assert fitting.device_name == "GPU, then CPU"
    assert "The GPU failed. This one goes on with CPU." in caplog.text


def test_lost_device_gets_its_tile_filled_by_the_cpu():
    image, mask = tile(96)
    fitting = FittingDevice(Lost(0, cpu=StandIn(double)))

    np.testing.assert_array_equal(fitting.fill(image, mask), double(image, mask))
    assert fitting.lost


def test_device_that_is_lost_and_cannot_be_left_ends_the_job():
    with pytest.raises(DeviceLost):
        FittingDevice(Lost(0)).fill(*tile(96))
    with pytest.raises(DeviceLost):
        list(FittingDevice(Lost(0)).fill_all([tile(96)]))


def test_device_that_works_is_not_lost():
    fitting = FittingDevice(Lost(9, cpu=StandIn(double)))

    assert len(list(fitting.fill_all([tile(96)] * 5))) == 5
    assert not fitting.lost


def test_memory_for_no_tile_at_all_is_one_sentence():
    for network in (tight(20), tight(20, cpu=tight(20))):
        with pytest.raises(OutOfMemory, match=f"{SMALLEST_TILE_PX} px fits into memory"):
            FittingDevice(network).fill(*tile(256))


class Ahead(StandIn):
    """Reads three tiles before it fills the first, as a GPU does; large ones stop fitting."""

    def fill_all(self, tiles):
        tiles = iter(tiles)
        while group := list(itertools.islice(tiles, 3)):
            for image, mask in group:
                if len(self.shapes) >= 4:
                    self.fits_px = 128
                yield self.fill(image, mask)


def test_tiles_that_were_read_ahead_are_all_filled_in_their_order():
    network = Ahead(double)
    shown = [tile(side, seed=number) for number, side in enumerate([256] * 8 + [100] * 3)]

    fills = list(FittingDevice(network).fill_all(shown))

    assert len(fills) == len(shown)
    for fill, (image, mask) in zip(fills, shown, strict=True):
        np.testing.assert_allclose(fill, double(image, mask), rtol=0, atol=0.5 / 65535)
    assert network.shapes[:4] == [(256, 256)] * 4  # finished ones stay
    assert set(network.shapes[4:]) == {(128, 128), (100, 100)}


def test_rest_of_a_job_goes_to_the_cpu_in_the_same_order():
    cpu = StandIn(double)
    network = Ahead(double, cpu=cpu, fits_px=50)
    shown = [tile(200, seed=number) for number in range(7)]

    fills = list(FittingDevice(network).fill_all(shown))

    for fill, (image, mask) in zip(fills, shown, strict=True):
        np.testing.assert_array_equal(fill, double(image, mask))
    assert cpu.shapes == [(200, 200)] * 7


def test_memory_that_is_short_while_a_tile_is_read_is_no_fault_of_the_network():
    """Smaller tiles would not help, and a tile that was never read must not be left out."""

    def shown():
        yield tile(100)
        raise MemoryError("for the picture")

    with pytest.raises(MemoryError, match="for the picture"):
        list(FittingDevice(StandIn(double)).fill_all(shown()))


@pytest.mark.parametrize(
    ("options", "tile_px", "overlap_px"),
    [
        (Options(), 256, 64),
        (Options(tile=256), 128, 32),
        (Options(tile=64, overlap=40), 64, 16),
        (Options(tile=200, overlap=0), 96, 0),
    ],
    ids=["chosen by the network", "chosen by the user", "smallest", "odd"],
)
def test_second_try_of_a_job_has_tiles_of_half_the_side(options, tile_px, overlap_px):
    halved = halve_tiles(options, StandIn(tile_px=512, overlap_px=64))

    assert (halved.tile, halved.overlap) == (tile_px, overlap_px)
    assert Options.from_dict(halved.as_dict()) == halved


def test_pieces_of_an_odd_tile_cover_it():
    for height, width in [(97, 300), (300, 65), (129, 129)]:
        image, mask = (plane[:height, :width] for plane in tile(300))
        filled = FittingDevice(tight(100)).fill(image, mask)
        np.testing.assert_allclose(filled, double(image, mask), rtol=0, atol=0.5 / 65535)


def test_window_keeps_its_place_whatever_the_tiles():
    """The second try of a job must change nothing but the size of its tiles."""
    selection = np.zeros((300, 300), np.uint8)
    selection[100:200, 100:200] = 255

    document = Document(noise(300, 300), selection, RGB)
    plan = plan_of(document, halve_tiles(COMPOSITE, StandIn()), StandIn())

    assert plan.rect == Rect(100, 100, 100, 100)


def search_with(fitting, problem):
    turns = Turns(searches=1, rounds=2, reach=20, steps=(8, 2, 1))
    rng = np.random.default_rng(0)
    return fitting.refine(problem, draw_sources(problem), turns, rng, lambda: None)


def full_device(*_):
    raise MemoryError


def test_search_goes_on_with_the_cpu_when_the_device_has_no_memory_left(monkeypatch, caplog):
    """From the problem as it was: what the device had begun to paint is not kept."""
    fitting, asked = FittingDevice(StandIn()), []

    def begins_and_fails(problem, *_):
        asked.append(problem)
        problem.image[:] = 0
        raise MemoryError

    fitting._refine = begins_and_fails
    ours, theirs = problem_of(), problem_of()
    expected = search_with(FittingDevice(StandIn()), ours)

    found = search_with(fitting, theirs)
    search_with(fitting, problem_of())

    assert len(asked) == 1  # not tried again in this job
    np.testing.assert_array_equal(found.source, expected.source)
    np.testing.assert_array_equal(theirs.image, ours.image)
    assert "goes on with the CPU" in caplog.text


def test_search_and_network_go_to_the_cpu_when_the_search_loses_the_device():
    cpu = StandIn(double)
    fitting = FittingDevice(StandIn(double, cpu=cpu, device_name="GPU"))
    expected, begun = problem_of(), problem_of()

    def begins_and_fails(problem, *_):
        problem.values[:] = 0.5
        raise DeviceLost("The GPU failed.")

    fitting._refine = begins_and_fails

    search_with(FittingDevice(StandIn(double)), expected)
    search_with(fitting, begun)

    np.testing.assert_array_equal(begun.image, expected.image)
    assert fitting.lost
    fitting.fill(*tile(96))
    assert cpu.shapes


def test_search_goes_to_the_cpu_with_the_network():
    """A GPU without room for a tile has none for a search: both would only fail again."""
    fitting = FittingDevice(tight(20, cpu=tight(10_000), device_name="GPU"))
    fitting._refine = full_device
    fitting.fill(*tile(256))

    assert fitting._refine is refine_here
