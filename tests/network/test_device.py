"""Tiles suit the memory that is free and the pictures that the weights were trained on."""

import pytest
import torch

from lacuna.network import device
from lacuna.network.catalogue import find_weights
from lacuna.network.device import (
    TILES,
    choose_device,
    choose_devices,
    default_overlap,
    default_tile,
    free_host_memory,
    free_memory,
)
from lacuna_wire import LacunaError

GB = 10**9
GIB = 2**30


@pytest.fixture
def big_lama():
    info = find_weights("lacuna-small")
    return info._replace(name="big-lama", width=64, blocks=18, trained_px=256)


@pytest.mark.parametrize("unit", [GB, GIB])
@pytest.mark.parametrize(
    ("free", "tile", "overlap"),
    [(80, 1024, 128), (18, 1024, 128), (12, 768, 96), (8, 512, 64), (4, 512, 64), (1, 512, 64)],
)
def test_big_lama_in_float32_follows_the_table_of_free_memory(unit, free, tile, overlap, big_lama):
    assert default_tile(big_lama, free * unit, torch.float32) == tile
    assert default_overlap(tile) == overlap


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_tile_grows_with_memory_and_never_exceeds_what_fits(precision, big_lama):
    free_bytes = [2**power for power in range(20, 40)]
    tiles = [default_tile(big_lama, free, precision) for free in free_bytes]

    assert tiles == sorted(tiles)
    assert set(tiles) <= set(TILES)
    per_pixel = device.BYTES_PER_PIXEL_AND_CHANNEL[precision] * big_lama.width
    for free, tile in zip(free_bytes, tiles, strict=True):
        assert tile == TILES[0] or tile**2 * per_pixel <= free / 2


def test_half_precision_never_makes_tiles_smaller(big_lama):
    for power in range(20, 40):
        half = default_tile(big_lama, 2**power, torch.bfloat16)
        assert half >= default_tile(big_lama, 2**power, torch.float32)


@pytest.mark.parametrize("trained_px", [32, 64, 128, 256, 512])
def test_tile_is_at_most_four_times_what_the_weights_were_trained_on(trained_px, big_lama):
    tile = default_tile(big_lama._replace(trained_px=trained_px), 100 * GIB, torch.float32)

    assert tile == 4 * trained_px


def test_all_tiles_are_multiples_of_64():
    assert all(tile % 64 == 0 and default_overlap(tile) % 8 == 0 for tile in TILES)


@pytest.mark.parametrize(
    "wish", ["gpu", "cuda:", "cuda:-1", "cuda:al", "cpu:all", "cpu:0", "", "cuda:0; rm", "CPU"]
)
def test_unknown_device_is_refused(wish):
    with pytest.raises(LacunaError, match="is not a device"):
        choose_device(wish)


@pytest.mark.parametrize("wish", ["cuda", "cuda:0", "cuda:7", "cuda:all"])
def test_gpu_that_is_not_there_is_an_error_with_the_number_found(wish, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(LacunaError, match=f"{wish} was asked for.*finds 0 NVIDIA GPUs"):
        choose_device(wish)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")


def test_auto_takes_the_first_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)

    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda:0")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(LacunaError, match="finds 2 NVIDIA GPUs"):
        choose_device("cuda:2")


def test_all_gpus_are_taken_only_when_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)

    assert choose_devices("cuda:all") == [torch.device("cuda", number) for number in range(3)]
    for wish in ("auto", "cuda", "cuda:2"):
        assert choose_devices(wish) == [choose_device(wish)]


def test_free_host_memory_is_what_the_kernel_says(tmp_path):
    table = tmp_path / "meminfo"
    table.write_text("MemTotal:       32000 kB\nMemFree:   10 kB\nMemAvailable:    2000 kB\n")

    assert free_host_memory(table) == 2_048_000
    assert free_host_memory(tmp_path / "nowhere") > 2**20
    assert free_memory(torch.device("cpu")) > 2**20


def test_limit_counts_where_more_memory_is_free_than_it_allows():
    cpu = torch.device("cpu")
    assert free_memory(cpu, 1 << 20) == 1 << 20
    assert free_memory(cpu, 1 << 60) == pytest.approx(free_memory(cpu), rel=0.2)
