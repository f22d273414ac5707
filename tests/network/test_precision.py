"""Weights fill in bfloat16 only where it was seen that this changes nothing that can be seen."""

import json

import numpy as np
import pytest
import torch

from lacuna.network import precision
from lacuna.network.catalogue import find_weights, set_limits
from lacuna.network.checkpoints import import_weights
from lacuna.network.difference import MEAN, MOST, Difference
from lacuna.network.index import locked
from lacuna.network.precision import known_precision, measure, settle_precision
from lacuna.network.tile_network import check_precision, load_network
from lacuna_wire import LacunaError
from lacuna_wire.errors import DeviceLost

CPU = torch.device("cpu")
EQUAL, DIFFERENT = Difference(0.1, 1.0), Difference(2.5, 16.0)


@pytest.fixture(autouse=True)
def devices(monkeypatch):
    """Every device multiplies bfloat16; their names, which a test may change."""
    names = {"cpu": "CPU", "cuda:0": "RTX", "cuda:1": "RTX", "cuda:2": "GTX"}
    monkeypatch.setattr(precision, "choose_precision", lambda *_devices: torch.bfloat16)
    monkeypatch.setattr(precision, "lasting_name", lambda device: names[str(device)])
    return names


@pytest.fixture
def measured(monkeypatch):
    """What a measurement finds, and the devices on which one was made."""

    class Measured:
        def __init__(self):
            self.finds, self.on = EQUAL, []

        def __call__(self, device, _fill_in):
            self.on.append(str(device))
            if isinstance(self.finds, Exception):
                raise self.finds
            return self.finds

    measured = Measured()
    monkeypatch.setattr(precision, "measure", measured)
    return measured


@pytest.fixture
def mine(weights_files):
    import_weights(weights_files / "w.pt", "mine")

    def look():
        return find_weights("mine")

    return look


def settle(info, *devices):
    return settle_precision(info, [torch.device(device) for device in devices], None)


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (Difference(MEAN, MOST), torch.bfloat16),
        (Difference(0, 0), torch.bfloat16),
        (Difference(MEAN + 0.01, MOST), torch.float32),
        (Difference(MEAN, MOST + 0.1), torch.float32),
        (Difference(float("nan"), float("nan")), torch.float32),
    ],
)
def test_weights_that_rounding_changes_visibly_fill_in_float32(
    difference, expected, mine, measured
):
    measured.finds = difference

    assert settle(mine(), "cpu") == expected
    assert known_precision(mine(), CPU) == expected


def test_what_was_measured_is_recorded_and_not_measured_again(mine, measured):
    measured.finds = DIFFERENT
    assert known_precision(mine(), CPU) == torch.bfloat16  # nobody knows better yet

    for _ in range(3):
        assert settle(mine(), "cpu") == torch.float32

    assert measured.on == ["cpu"]
    assert mine().bfloat16 == {"CPU": DIFFERENT}
    assert "float32" in str(mine().bfloat16["CPU"])


def test_device_that_appears_later_is_measured_at_its_first_use(mine, measured):
    settle(mine(), "cpu")
    measured.finds = DIFFERENT

    assert settle(mine(), "cuda:2") == torch.float32
    assert settle(mine(), "cpu") == torch.bfloat16
    assert mine().bfloat16 == {"CPU": EQUAL, "GTX": DIFFERENT}
    assert measured.on == ["cpu", "cuda:2"]


def test_devices_that_fill_together_have_one_precision_and_equal_ones_are_measured_once(
    mine, measured
):
    assert settle(mine(), "cuda:0", "cuda:1") == torch.bfloat16
    assert measured.on == ["cuda:0"]

    measured.finds = DIFFERENT
    assert settle(mine(), "cuda:0", "cuda:1", "cuda:2") == torch.float32
    assert measured.on == ["cuda:0", "cuda:2"]


def test_devices_without_bfloat16_measure_nothing(mine, measured, monkeypatch):
    monkeypatch.setattr(precision, "choose_precision", lambda *_devices: torch.float32)

    assert settle(mine(), "cpu") == torch.float32
    assert not measured.on


def test_weights_of_the_package_are_not_measured(measured):
    measured.finds = DIFFERENT

    assert settle(find_weights("lacuna-small"), "cpu") == torch.bfloat16
    assert not measured.on


def test_file_that_is_only_named_is_measured_and_not_recorded(
    make_weights, mine, measured, weights_home
):
    """Even if weights of its name are installed."""
    before = (weights_home / "index.json").read_bytes()
    measured.finds = DIFFERENT

    assert settle(find_weights(make_weights("mine")), "cpu") == torch.float32
    assert (weights_home / "index.json").read_bytes() == before


def test_folder_that_cannot_be_written_keeps_nobody_from_filling(mine, measured, caplog):
    measured.finds = DIFFERENT
    with locked("index"):
        assert settle(mine(), "cpu") == torch.float32

    assert "Another program is busy" in caplog.text
    assert mine().bfloat16 == {}


def test_too_little_memory_to_compare_is_no_reason_to_round(mine, measured):
    measured.finds = MemoryError()

    assert settle(mine(), "cpu") == torch.float32
    assert mine().bfloat16 == {}
    measured.finds = EQUAL  # there is more now
    assert settle(mine(), "cpu") == torch.bfloat16


def test_device_that_is_lost_while_it_is_measured_is_lost(mine, measured):
    measured.finds = DeviceLost("The GPU failed.")

    with pytest.raises(DeviceLost):
        settle(mine(), "cpu")
    assert mine().bfloat16 == {}


def test_record_goes_with_the_file_and_stays_when_limits_are_set(mine, measured, weights_files):
    settle(mine(), "cpu")
    assert set_limits("mine", bridges_px=9).bfloat16 == {"CPU": EQUAL}

    mine().path.unlink()
    assert import_weights(weights_files / "w.ckpt", "mine").bfloat16 == {}


@pytest.mark.parametrize("entry", [7, {"CPU": 7}, {"CPU": {"mean": 1}}, {"CPU": {"mean": "x"}}])
def test_damaged_record_is_a_damaged_index(entry, mine, weights_home):
    path = weights_home / "index.json"
    index = json.loads(path.read_bytes())
    index["weights"]["mine"]["bfloat16"] = entry
    path.write_text(json.dumps(index))

    with pytest.raises(LacunaError, match=r"index\.json is damaged"):
        mine()


def test_measurement_compares_the_hole_of_one_picture_in_both_precisions():
    shown = []

    def fill_in(device, dtype, image, mask):
        shown.append((device, dtype, image, mask))
        change = np.zeros_like(image)
        if dtype == torch.bfloat16:
            change[...] = 0.25 / 255
            change[128, 128] = 3 / 255  # in the middle of the hole
            change[0, 0] = 1  # outside of it
        return image + change

    found = measure(CPU, fill_in)

    assert found.most == pytest.approx(3, abs=1e-3)
    assert found.mean == pytest.approx(0.25, abs=1e-3)
    assert [(device, dtype) for device, dtype, *_ in shown] == [
        (CPU, torch.float32), (CPU, torch.bfloat16),
    ]  # fmt: skip
    image, mask = shown[0][2:]
    assert image.dtype == mask.dtype == np.float32
    assert image.shape == (256, 256, 3)
    assert image.std() > 0.1
    assert 0.1 < mask.mean() < 0.5


def test_both_precisions_of_real_weights_are_compared_on_the_device(mine):
    precision_used = check_precision(mine(), [CPU])

    found = mine().bfloat16["CPU"]
    assert 0 < found.mean < found.most
    assert precision_used == (torch.bfloat16 if found.invisible else torch.float32)


@pytest.mark.parametrize("finds", [EQUAL, DIFFERENT])
def test_network_is_loaded_in_the_precision_that_was_found(finds, mine, measured):
    measured.finds = finds

    expected = torch.bfloat16 if finds == EQUAL else torch.float32
    assert load_network(mine(), "cpu").traits.precision == expected
