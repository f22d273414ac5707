"""An estimate is the plan of the real thing: as many tiles as are then filled."""

from dataclasses import replace

import cv2
import imagecodecs
import numpy as np
import pytest

from lacuna.estimate import estimate
from lacuna.filler import Filler
from lacuna.removal import RemovalPaths, fill_here, prepare
from lacuna_wire import Options
from lacuna_wire.options import STRATEGIES
from tests.network.conftest import random_generator, save_safetensors

SMALL = "lacuna-small"


@pytest.fixture
def work(tmp_path):
    rng = np.random.default_rng(8)
    mask = np.zeros((300, 420), np.uint8)
    mask[20:30, 20:30] = 255
    mask[100:220, 200:330] = 255
    cv2.imwrite(str(tmp_path / "a.png"), rng.integers(0, 256, (300, 420, 3)).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    return RemovalPaths(tmp_path / "a.png", tmp_path / "m.png", tmp_path / "out.png")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_as_many_tiles_are_filled_as_were_estimated(work, strategy):
    options = Options(result="composite", device="cpu", tile=96, strategy=strategy, weights=SMALL)
    removal, totals = prepare(work, options), set()

    plan = estimate(removal)
    fill_here(removal, lambda status: totals.add(status.tiles_total), Filler())

    assert totals - {0} == {plan.tiles}
    assert plan.tile_px == 96
    assert not work.out.exists()


def test_published_weights_are_estimated_by_what_they_see(tmp_path):
    """A hole of 60 px is shown in one piece of 512 px, and filled as it was planned."""
    weights, paths = tmp_path / "masked.safetensors", [tmp_path / f"{n}.png" for n in "amo"]
    save_safetensors(random_generator(), weights)
    mask = np.zeros((600, 900), np.uint8)
    mask[300:360, 400:460] = 255
    cv2.imwrite(str(paths[0]), np.full((600, 900, 3), 90, np.uint8))
    cv2.imwrite(str(paths[1]), mask)
    options = Options(result="composite", device="cpu", weights=str(weights))
    removal, totals, filler = prepare(RemovalPaths(*paths), options), set(), Filler()

    plan = estimate(removal)
    fill_here(removal, lambda status: totals.add(status.tiles_total), filler)

    assert filler.role(options) == "proposes"
    assert (plan.tiles, plan.tile_px, plan.levels) == (1, 512, 0)
    assert totals - {0} == {1}


def test_larger_tiles_and_windows_are_said_to_take_more_memory(work):
    small, large = (
        estimate(prepare(work, Options(result="composite", device="cpu", tile=tile, weights=SMALL)))
        for tile in (64, 128)
    )

    assert large.tile_bytes == 4 * small.tile_bytes
    assert large.memory_bytes - small.memory_bytes == large.tile_bytes - small.tile_bytes


def test_patches_alone_are_said_to_take_no_tile_and_the_memory_of_no_network(work):
    options = Options(result="composite", device="cpu", tile=96)
    alone, corrected = (
        estimate(prepare(work, replace(options, weights=name))) for name in ("", SMALL)
    )

    assert (alone.tiles, alone.tile_bytes) == (0, 0)
    assert corrected.tiles > 0
    assert alone.memory_bytes < corrected.memory_bytes - corrected.tile_bytes
    assert alone.windows == corrected.windows


def test_tiff_of_any_size_is_said_to_take_no_more_memory_and_png_all_of_its_own(tmp_path):
    options = Options(result="composite", device="cpu", tile=96)
    said = {}
    for suffix in ("tif", "png"):
        for side in (600, 1200):
            mask = np.zeros((side, side), np.uint8)
            mask[100:180, 200:300] = 255
            for name, pixels in (("a", np.zeros((side, side, 3), np.uint8)), ("m", mask)):
                cv2.imwrite(str(tmp_path / f"{name}.{suffix}"), pixels)
            paths = [tmp_path / f"{name}.{suffix}" for name in ("a", "m", "out")]
            said[suffix, side] = estimate(prepare(RemovalPaths(*paths), options)).memory_bytes

    assert said["tif", 600] == said["tif", 1200] < said["png", 600]
    assert said["png", 1200] - said["png", 600] == 3 * (1200**2 - 600**2)


@pytest.mark.parametrize("suffix", ["jxl", "bmp"])
def test_process_that_decodes_a_picture_is_counted(tmp_path, suffix):
    """It holds the samples at least; and it has ended before there is a tile beside it."""
    options, said, worked = Options(result="composite", device="cpu", tile=96), [], []
    paths = RemovalPaths(*(tmp_path / name for name in (f"a.{suffix}", "m.png", "out.png")))
    for height in (500, 2000):
        pixels = np.random.default_rng(8).integers(0, 256, (height, 4000, 3)).astype(np.uint8)
        mask = np.zeros((height, 4000), np.uint8)
        mask[100:180, 200:300] = 255
        cv2.imwrite(str(paths.mask), mask)
        if suffix == "jxl":
            coded = imagecodecs.jpegxl_encode(pixels, lossless=True, effort=1)
            paths.image.write_bytes(coded)
        else:
            cv2.imwrite(str(paths.image), pixels)
        removal = prepare(paths, options)
        worked.append(removal.picture.working_bytes)
        said.append(estimate(removal).memory_bytes)

    more_bytes = 1500 * 4000 * 3
    assert worked[0] > 20 << 20  # Python and its libraries
    assert worked[1] - worked[0] >= 0.9 * more_bytes  # libraries differ by a little each time
    assert said[1] - said[0] == pytest.approx(more_bytes + worked[1] - worked[0], abs=1 << 20)
