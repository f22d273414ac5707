"""The program as a user starts it: its own process, a real daemon, a home of its own."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import cv2
import numpy as np
import pytest

LACUNA = [sys.executable, "-m", "lacuna"]
MARK = "pykrita/lacuna_krita/_vendor/lacuna-version"


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


class InProcess(NamedTuple):
    """`lacuna` in the process of the tests: what it imports is imported once.

    Attributes:
        env: All its variables.
        capsys: Of the test.
    """

    env: dict[str, str]
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments):
        from lacuna.cli import main

        self.capsys.readouterr()
        with only(self.env) as patch:
            patch.setattr(sys, "argv", ["lacuna", *map(str, arguments)])
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = self.capsys.readouterr()
        return SimpleNamespace(returncode=ended.value.code or 0, stdout=out, stderr=err)


@contextmanager
def only(env):
    """Let this process have no variables but these."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        yield patch


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Environment with a home of its own; the daemon that commands start there ends with it."""
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


@pytest.fixture
def user_home(tmp_path):
    folder = tmp_path / "Åsa Blå"
    folder.mkdir()
    return folder


@pytest.fixture
def env(user_home, tmp_path):
    """Variables of a user with that home, and with a Krita and a GIMP 3 on the PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("krita", "gimp-3.0"):
        (programs / name).touch(mode=0o755)
    return {**kept_variables(), "HOME": str(user_home), "PATH": str(programs)}


def kept_variables():
    return {name: value for name, value in os.environ.items() if name in ("LANG", "PYTHONPATH")}


@pytest.fixture
def program(env, tmp_path):
    """Processes as the user starts them; the daemon that they start is stopped."""
    run = Program(env, tmp_path)
    yield run
    run("stop")


@pytest.fixture
def krita(user_home):
    return user_home / ".local/share/krita"


@pytest.fixture
def in_process(env, capsys):
    """The same commands without processes of their own; the daemon that they start is stopped."""
    run = InProcess(env, capsys)
    yield run
    run("stop")


def rows(run):
    """What the table says: the first word of each line -> state and note."""
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    return {what: (state, note) for what, state, note in lines}


def checks(run):
    return {check["name"]: check for check in json.loads(run.stdout)["checks"]}
