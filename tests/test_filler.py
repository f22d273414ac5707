"""Engine and the shipped network together, without a daemon."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from lacuna.engine.pixels.composite import collect_into
from lacuna.engine.pixels.document import Document
from lacuna.filler import Filler
from lacuna.network import precision
from lacuna.network.catalogue import find_weights
from lacuna.network.checkpoints import import_weights
from lacuna.network.tile_network import load_network
from lacuna_wire import Options, PixelLayout
from lacuna_wire.errors import DeviceLost, Unprocessable

OPTIONS = Options(result="composite", device="cpu", weights="lacuna-small")


@pytest.fixture(scope="module")
def filler():
    return Filler()


def filled_by(filler, samples, selection, options=OPTIONS, layout=PixelLayout("RGB")):  # noqa: B008
    """Return the whole picture with the fill laid in."""
    document, whole = Document(samples, selection, layout), samples.copy()

    def begin(plan):
        return collect_into(whole[plan.rect.slices], plan.rect, document, plan.options)

    filler.fill(document, options, begin, lambda _: None, lambda: False)
    return whole


def draw(kind, height, width):
    selection = np.zeros((height, width), np.uint8)
    if kind == "one pixel":
        selection[height // 2, width // 2] = 255
    elif kind == "a border":
        selection[:, 0] = 255
        selection[0] = 255
    else:
        selection[:] = 255
        selection[height - 1, width - 1] = 0
    return selection


SIZES = [(1, 1), (7, 5), (1, 4096), (8191, 3)]  # width, height
CASES = [
    (size, kind)
    for size in SIZES
    for kind in ("one pixel", "a border", "all but one pixel")
    if draw(kind, size[1], size[0]).any() and not draw(kind, size[1], size[0]).all()
]


@pytest.mark.parametrize(("size", "kind"), CASES)
def test_odd_pictures_come_back_in_the_right_size_with_known_pixels_untouched(filler, size, kind):
    width, height = size
    samples = np.random.default_rng(2).integers(0, 256, (height, width, 3)).astype(np.uint8)
    selection = draw(kind, height, width)

    whole = filled_by(filler, samples, selection)

    np.testing.assert_array_equal(whole[selection == 0], samples[selection == 0])


def test_one_selected_pixel_in_a_flat_picture_is_filled_with_nearly_its_colour(filler):
    samples = np.full((64, 64, 3), (90, 140, 60), np.uint8)
    selection = draw("one pixel", 64, 64)
    samples[32, 32] = 255

    whole = filled_by(filler, samples, selection)

    np.testing.assert_allclose(whole[32, 32].astype(int), (90, 140, 60), atol=8)


def test_picture_of_one_selected_pixel_has_no_context(filler):
    with pytest.raises(Unprocessable) as caught:
        filled_by(filler, np.zeros((1, 1, 3), np.uint8), np.full((1, 1), 255, np.uint8))
    assert caught.value.code == "no_context"


def test_nothing_selected_is_refused_before_anything_is_loaded():
    def load(_options):
        raise AssertionError("a network is loaded")

    filler = Filler()
    filler._load = load
    with pytest.raises(Unprocessable) as caught:
        filled_by(filler, np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), np.uint8))
    assert caught.value.code == "empty_selection"


def test_fill_is_the_same_every_time(filler):
    samples = np.random.default_rng(3).integers(0, 256, (120, 150, 3)).astype(np.uint8)
    selection = np.zeros((120, 150), np.uint8)
    selection[40:90, 50:100] = 255

    np.testing.assert_array_equal(
        filled_by(filler, samples, selection), filled_by(filler, samples, selection)
    )


def test_unknown_weights_are_refused_by_name(filler):
    samples, selection = np.zeros((8, 8, 3), np.uint8), draw("one pixel", 8, 8)

    with pytest.raises(Unprocessable, match="nobody"):
        filled_by(filler, samples, selection, replace(OPTIONS, weights="nobody"))


def test_large_photograph_keeps_its_known_pixels_and_loses_a_thin_line(filler, photos):
    """A white line over a real sky: what is filled in lies close to the truth."""
    import cv2

    path = photos / "pop_jared-evans-119758.jpg"
    if not path.exists():
        pytest.skip(f"this photograph is not here: {path}")
    truth = np.ascontiguousarray(cv2.imread(str(path))[:1200, :1600, ::-1])
    selection = np.zeros(truth.shape[:2], np.uint8)
    cv2.line(selection, (100, 150), (1500, 900), 255, 9)
    samples = truth.copy()
    samples[selection > 0] = 255

    whole = filled_by(filler, samples, selection)

    np.testing.assert_array_equal(whole[selection == 0], truth[selection == 0])
    error = np.abs(whole.astype(int) - truth)[selection > 0].mean()
    untouched = np.abs(255 - truth.astype(int))[selection > 0].mean()
    assert error < 0.05 * untouched


class ShortOfMemory:
    """The shipped network as a device that has memory for tiles up to a side, and the CPU."""

    def __init__(self, network, fits_px):
        self.network, self.fits_px = network, fits_px
        self.tried = []

    def __getattr__(self, name):
        return getattr(self.network, name)

    device_name = "a full GPU"

    def fill(self, image, mask):
        self.tried.append(max(mask.shape))
        if max(mask.shape) > self.fits_px:
            raise MemoryError
        return self.network.fill(image, mask)

    def fill_all(self, tiles):
        return (self.fill(*tile) for tile in tiles)

    def on_cpu(self):
        return self.network


def picture_with_hole():
    rng = np.random.default_rng(9)
    coarse = rng.integers(0, 256, (40, 40, 3)).astype(np.uint8)
    selection = np.zeros((320, 320), np.uint8)
    selection[40:280, 100:200] = 255  # as wide as the network bridges
    return coarse.repeat(8, axis=0).repeat(8, axis=1), selection


def test_device_that_runs_out_of_memory_leaves_the_job_to_the_cpu_with_the_same_result(
    filler, monkeypatch
):
    samples, selection = picture_with_hole()
    options = replace(OPTIONS, tile=512)
    expected = filled_by(filler, samples, selection, options)
    device = ShortOfMemory(filler._load(options), fits_px=60)
    monkeypatch.setattr(filler, "_load", lambda _: device)

    filled = filled_by(filler, samples, selection, options)

    assert len(device.tried) == 3  # whole, half, a quarter; never again in this job
    assert np.abs(filled.astype(int) - expected).max() <= 1


def test_smaller_pieces_on_a_device_are_filled_as_the_cpu_fills_them(filler, monkeypatch):
    """A network sees less around a smaller piece, so only equal pieces can be compared."""
    samples, selection = picture_with_hole()
    options = replace(OPTIONS, tile=512)
    network = filler._load(options)
    short_cpu = ShortOfMemory(network, fits_px=160)
    monkeypatch.setattr(short_cpu, "on_cpu", lambda: None)
    filled = []
    for device in (short_cpu, ShortOfMemory(network, fits_px=160)):
        monkeypatch.setattr(filler, "_load", lambda _, device=device: device)
        filled.append(filled_by(filler, samples, selection, options).astype(int))
        assert max(device.tried[1:]) <= 160

    assert np.abs(filled[0] - filled[1]).max() <= 1


def test_device_without_memory_for_the_weights_leaves_them_to_the_cpu(monkeypatch):
    filler = Filler()
    wished = []

    def load(info, device, memory_limit=0):
        wished.append(device)
        if device != "cpu":
            raise MemoryError
        return load_network(info, device)

    monkeypatch.setattr("lacuna.network.tile_network.load_network", load)
    samples, selection = picture_with_hole()
    options = replace(OPTIONS, device="cuda")
    filled = filled_by(filler, samples, selection, options)

    filled_by(filler, samples, selection, options)

    assert wished == ["cuda", "cpu"] * 2  # whatever filled the device may be gone by then
    np.testing.assert_array_equal(filled, filled_by(Filler(), samples, selection))


class Lost(ShortOfMemory):
    """The shipped network on a GPU that fails after one tile."""

    def fill(self, image, mask):
        self.tried.append(max(mask.shape))
        if len(self.tried) > 1:
            raise DeviceLost("The GPU failed (unspecified launch failure).")
        return self.network.fill(image, mask)


def test_job_whose_device_is_lost_is_filled_and_the_next_one_loads_anew(monkeypatch):
    samples, selection = picture_with_hole()
    selection[:, 210:250] = 255  # several tiles
    options = replace(OPTIONS, tile=128)
    expected = filled_by(Filler(), samples, selection, options)
    filler, devices = Filler(), []

    def load(info, device, memory_limit=0):
        devices.append(Lost(load_network(info, device), 0))
        return devices[-1]

    monkeypatch.setattr("lacuna.network.tile_network.load_network", load)

    filled = filled_by(filler, samples, selection, options)

    assert len(devices[0].tried) == 2
    assert np.abs(filled.astype(int) - expected).max() <= 1
    assert filler.device_lost
    filled_by(filler, samples, selection, options)
    assert len(devices) == 2


def test_device_that_is_lost_while_it_is_loaded_leaves_the_job_to_the_cpu(monkeypatch):
    filler = Filler()

    def load(info, device, memory_limit=0):
        if device != "cpu":
            raise DeviceLost("The GPU failed.")
        return load_network(info, device)

    monkeypatch.setattr("lacuna.network.tile_network.load_network", load)
    samples, selection = picture_with_hole()

    filled = filled_by(filler, samples, selection, replace(OPTIONS, device="cuda"))

    np.testing.assert_array_equal(filled, filled_by(Filler(), samples, selection))
    assert filler.device_lost


def test_job_on_a_device_that_works_loses_none(filler):
    filled_by(filler, *picture_with_hole())

    assert not filler.device_lost


def test_network_whose_precision_was_measured_at_the_first_fill_is_not_loaded_again(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(precision, "choose_precision", lambda *_devices: torch.bfloat16)
    import_weights(find_weights("lacuna-small").path, "mine")
    filler, options = Filler(), replace(OPTIONS, weights="mine")

    first = filler._load(options)

    assert find_weights("mine").bfloat16["CPU"].invisible
    assert filler._load(options) is first


def test_outcome_names_the_weights_that_filled_and_none_where_patches_were_enough(
    tmp_path, monkeypatch, filler
):
    samples = np.random.default_rng(5).integers(0, 256, (300, 300, 3)).astype(np.uint8)
    outcomes = []
    for hole_px in (20, 180):  # the second is wider than lacuna-small bridges
        selection = np.zeros((300, 300), np.uint8)
        selection[60 : 60 + hole_px, 60 : 60 + hole_px] = 255
        document = Document(samples, selection, PixelLayout("RGB"))

        def begin(plan, document=document):
            whole = samples.copy()
            return collect_into(whole[plan.rect.slices], plan.rect, document, plan.options)

        outcomes.append(filler.fill(document, OPTIONS, begin, lambda _: None, lambda: False))

    assert [outcome.weights for outcome in outcomes] == ["lacuna-small", ""]


def test_network_is_loaded_anew_for_another_limit_of_its_memory_and_has_smaller_tiles(monkeypatch):
    loaded = []

    def load(info, device, memory_limit=0):
        loaded.append(load_network(info, device, memory_limit))
        return loaded[-1]

    monkeypatch.setattr("lacuna.network.tile_network.load_network", load)
    filler, (samples, selection) = Filler(), picture_with_hole()
    for limit in (0, 256, 256):
        filled_by(filler, samples, selection, replace(OPTIONS, device="cpu", memory_limit=limit))

    assert [network.tile_px for network in loaded] == [loaded[0].tile_px, 512]
    # Half of 256 MiB is room for 512 px in float32 too; what is less than that is for the network.
    assert load_network(loaded[0].info, "cpu", 64 << 20).tile_px < 512


def hole_of(px, weights="", strategy="auto"):
    """Return samples, selection and options of a square hole in noise."""
    samples = np.random.default_rng(5).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    selection = np.zeros((200, 200), np.uint8)
    selection[60 : 60 + px, 60 : 60 + px] = 255
    return samples, selection, replace(OPTIONS, weights=weights, strategy=strategy)


def test_patches_are_what_fills_by_default_and_what_the_network_gets_to_correct():
    samples, selection, options = hole_of(40)
    alone = filled_by(Filler(), samples, selection, options)

    np.testing.assert_array_equal(alone, filled_by(Filler(), *hole_of(40, "patches")))
    corrected = filled_by(Filler(), *hole_of(40, "lacuna-small"))
    difference = np.abs(alone.astype(int) - corrected)[selection > 0]
    assert 0 < difference.mean() < 2


@pytest.mark.parametrize("size", SIZES[1:])  # nothing is known of a picture of one pixel
def test_patches_alone_leave_known_pixels_of_odd_pictures_untouched(size):
    width, height = size
    samples = np.random.default_rng(2).integers(0, 256, (height, width, 3)).astype(np.uint8)
    selection = draw("all but one pixel", height, width)

    whole = filled_by(Filler(), samples, selection, replace(OPTIONS, weights=""))

    np.testing.assert_array_equal(whole[selection == 0], samples[selection == 0])


FILL_ALONE = """
import sys
import numpy as np
import lacuna.worker
from lacuna.engine.pixels.document import Document
from lacuna.filler import Filler
from lacuna.network.patches_alone import default_in_words
from lacuna_wire import Options, PixelLayout
print(default_in_words().split()[0])
samples, selection = np.zeros((99, 99, 3), np.uint8), np.zeros((99, 99), np.uint8)
selection[40:60, 40:60] = 255
filler = Filler()
filler.fill(
    Document(samples, selection, PixelLayout("RGB")), Options(),
    lambda _plan: lambda _rect, _samples: None, lambda _progress: None, lambda: False,
)
print(filler._network.name, "torch" in sys.modules)
"""


def test_patches_alone_are_filled_without_pytorch():
    done = subprocess.run(
        [sys.executable, "-c", FILL_ALONE], capture_output=True, text=True, timeout=120
    )

    assert (done.stdout.split(), done.stderr) == (["CPU,", "patches", "False"], "")


@pytest.mark.parametrize("strategy", ["native", "tiles"])
def test_strategy_that_needs_a_network_gets_the_one_of_the_package(strategy):
    filled = filled_by(Filler(), *hole_of(40, "", strategy))

    np.testing.assert_array_equal(
        filled, filled_by(Filler(), *hole_of(40, "lacuna-small", strategy))
    )
    with pytest.raises(Unprocessable, match=f"The strategy {strategy} needs a network"):
        filled_by(Filler(), *hole_of(40, "patches", strategy))


def test_network_is_gone_from_memory_when_patches_fill():
    filler = Filler()
    filled_by(filler, *hole_of(20, "lacuna-small"))
    filled_by(filler, *hole_of(20))

    assert filler._network.name == "patches"
    assert filler._loaded is None
