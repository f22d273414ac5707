"""The program as a user starts it: its own process, a real daemon, a home of its own."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

LACUNA = [sys.executable, "-m", "lacuna"]


class Program(NamedTuple):
    """`lacuna` with its environment.

    Attributes:
        env: Variables; HOME is a new folder.
        folder: Where it runs.
    """

    env: dict[str, str]
    folder: Path

    def __call__(self, *arguments, env=None):
        return subprocess.run(
            [*LACUNA, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**self.env, **(env or {})},
            cwd=self.folder,
            timeout=100,
        )


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Environment with a home of its own; the daemon that commands start there ends with it."""
    import os

    home = tmp_path_factory.mktemp("home")
    keep = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    env = {**keep, "HOME": str(home), "LACUNA_STATE_DIR": str(home / "state")}
    yield env
    stopped = subprocess.run([*LACUNA, "stop"], env=env, capture_output=True, text=True, timeout=30)
    assert stopped.returncode == 0, stopped.stderr


@pytest.fixture
def lacuna(base, tmp_path):
    return Program(base, tmp_path)


@pytest.fixture
def photo(tmp_path):
    """A soft picture with a red square on it, and a mask that covers the square."""
    y, x = np.mgrid[0:240, 0:320].astype(np.float32)
    picture = np.stack([80 + x / 4, 60 + y / 3, 200 - x / 3], axis=2)
    picture += np.random.default_rng(5).normal(0, 2, picture.shape)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    picture[100:130, 150:180] = (0, 0, 255)
    mask = np.zeros((240, 320), np.uint8)
    mask[97:133, 147:183] = 255
    cv2.imwrite(str(tmp_path / "photo.png"), picture)
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    return picture, mask
