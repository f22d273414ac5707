"""A pool of two squares and a network without a teacher's weights: training in seconds."""

import numpy as np
import pytest
import torch

import benchmarks.ways  # noqa: F401 (imports torch the way the package does)
from training.losses import Weights
from training.trainer import Settings, Trainer

SIDE = 64


class Squares:
    """What `Completions` gives, made up: a gradient, with black as its guide."""

    def __init__(self, count: int = 2) -> None:
        ramp = np.linspace(40, 220, SIDE).astype(np.uint8)
        truth = np.stack([np.tile(ramp, (SIDE, 1)), np.tile(ramp[:, None], SIDE)] * 2, axis=2)
        self.squares = []
        for _ in range(count):
            square = np.zeros((SIDE, SIDE, 7), np.uint8)
            square[..., :3] = square[..., 3:6] = truth[..., :3]
            hole = np.s_[16:40, 20:48]
            square[(*hole, slice(3, 6))] = 0
            square[(*hole, 6)] = 1
            self.squares.append(square)

    def refresh(self) -> None:
        """Nothing is added."""

    def __len__(self) -> int:
        return len(self.squares)

    def __getitem__(self, number: int) -> np.ndarray:
        return self.squares[number]


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small lose more by waiting for a second thread than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def squares():
    return Squares()


@pytest.fixture(scope="session")
def features():
    """Random weights in the shapes of SqueezeNet 1.1."""
    generator = torch.Generator().manual_seed(0)
    fires = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128)}
    fires |= {9: (256, 48, 192), 10: (384, 48, 192), 11: (384, 64, 256), 12: (512, 64, 256)}
    shapes = {"features.0": (64, 3, 3)}
    for number, (inputs, squeezed, wide) in fires.items():
        shapes[f"features.{number}.squeeze"] = (squeezed, inputs, 1)
        shapes[f"features.{number}.expand1x1"] = (wide, squeezed, 1)
        shapes[f"features.{number}.expand3x3"] = (wide, squeezed, 3)
    weights = {}
    for name, (outputs, inputs, kernel) in shapes.items():
        scale = (2 / (inputs * kernel**2)) ** 0.5
        size = (outputs, inputs, kernel, kernel)
        weights[f"{name}.weight"] = torch.randn(size, generator=generator) * scale
        weights[f"{name}.bias"] = torch.zeros(outputs)
    return weights


@pytest.fixture
def make_trainer(features, monkeypatch):
    """Make a trainer of few steps, always the same one; its network is small unless asked for."""

    def make(width=8, blocks=2, **changes) -> Trainer:
        monkeypatch.setattr("training.trainer.WIDTH", width)
        monkeypatch.setattr("training.trainer.BLOCKS", blocks)
        plain = Settings(steps=60, batch=1, sides=(SIDE,), warm_up=5, averaged_over=3)
        settings = plain._replace(weights=Weights(adversarial=0.01), **changes)
        return Trainer(settings, features, None, torch.device("cpu"))

    return make
