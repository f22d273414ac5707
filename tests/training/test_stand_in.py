"""Weights of the published way: they learn, and what is saved is filled with like any others."""

import numpy as np
import pytest

from lacuna.network.tile_network import load_network
from lacuna.network.weights_info import read_info
from training import stand_in


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(stand_in, "SIDE", 32)
    monkeypatch.setattr(stand_in, "BATCH", 2)
    monkeypatch.setattr(stand_in, "DRAWN_SHARE", 0)
    monkeypatch.setattr(stand_in, "WARM_UP", 1)


def test_a_few_seconds_teach_the_colours_of_one_picture(features, small_steps, tmp_path):
    rows, columns = np.indices((40, 40))
    picture = np.stack([6 * rows, 6 * columns, 0 * rows + 40], axis=2).astype(np.uint8)
    networks = stand_in.make_networks(features, None)
    out = tmp_path / "weights.safetensors"

    first = stand_in.train(networks, [picture], 0.001, out)
    last = stand_in.train(networks, [picture], 0.12, out)

    assert last < 0.7 * first
    info = read_info(out, "stand-in", sha256=None)
    assert info.role == "proposes"
    assert load_network(info, "cpu").fill(
        np.zeros((32, 32, 3), np.float32), np.ones((32, 32, 1), np.float32)
    ).shape == (32, 32, 3)
