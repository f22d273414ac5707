"""Ways to steer from outside, with networks whose answers are known."""

import numpy as np
import pytest
import torch

from benchmarks.steered import STEERED, cells, refine, rings, steer
from benchmarks.workbench import plain_level
from lacuna.network.architectures.lama.generator import Generator

COLOUR = (40, 120, 200)
WITHOUT_GRADIENTS = [name for name in STEERED if name != "refined"]


class OneColour:
    """Answers with the mean of what it is shown as known."""

    role, tile_px, overlap_px, max_hole_radius_px, multiple_px = "proposes", 64, 8, 8, 8
    piece_px = 1 << 21

    def __init__(self):
        self.shown = []

    def fill(self, image, mask):
        self.shown.append(float(mask.mean()))
        known = 1 - mask
        mean = (image * known).sum(axis=(0, 1)) / max(known.sum(), 1)
        return np.broadcast_to(mean, image.shape).astype(np.float32)

    def fill_all(self, tiles):
        return (self.fill(*tile) for tile in tiles)


def disc(side, radius):
    rows, columns = np.indices((side, side)) - side // 2
    return ((rows**2 + columns**2 < radius**2) * 255).astype(np.uint8)


@pytest.mark.parametrize("name", WITHOUT_GRADIENTS)
def test_every_way_fills_a_plain_ground_with_its_colour(name):
    picture = np.full((200, 200, 3), COLOUR, np.uint8)
    mask = disc(200, 50)
    spoiled = picture.copy()
    spoiled[mask > 0] = 255
    network = OneColour()

    filled = steer(STEERED[name], network, 64, spoiled, mask)

    assert np.abs(filled.astype(int) - COLOUR).max() <= 1
    assert network.shown


@pytest.mark.parametrize("name", WITHOUT_GRADIENTS)
def test_known_pixels_stay_as_they_are(name):
    picture = np.random.default_rng(3).integers(0, 256, (160, 200, 3), np.uint8)
    mask = np.zeros((160, 200), np.uint8)
    mask[40:110, 60:150] = 255

    filled = steer(STEERED[name], OneColour(), 64, picture, mask)

    assert (filled[mask == 0] == picture[mask == 0]).all()
    assert (filled[mask > 0] != picture[mask > 0]).any()


@pytest.mark.parametrize("pattern", [rings, cells])
def test_a_pattern_takes_about_half_of_a_hole(pattern):
    missing = disc(300, 120) > 0

    taken = pattern(missing) & missing

    assert 0.35 < taken.sum() / missing.sum() < 0.65


def test_refinement_brings_the_reduced_fill_nearer_to_the_coarser_one(monkeypatch):
    torch.manual_seed(1)
    generator = Generator(8, 3).eval().requires_grad_(False)
    generator.model[-1].weight.mul_(30)  # random weights hardly say anything
    mask = (disc(64, 20) > 0)[..., None]
    level = plain_level(np.zeros((64, 64, 3), np.float32), (~mask).astype(np.float32))
    coarser = np.full((32, 32, 3), 0.9, np.float32)

    def distance():
        fill = refine(generator, level, coarser)
        reduced = fill.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
        return float(np.abs(reduced - 0.9)[disc(32, 9) > 0].mean())

    monkeypatch.setattr("benchmarks.steered.RATE", 0.05)
    after = distance()
    monkeypatch.setattr("benchmarks.steered.STEPS", 0)
    assert after < 0.95 * distance()
