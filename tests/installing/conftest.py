"""A home in which nothing is, real environments of Python, and wheels that are made here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lacuna_wire.cards import Card
from lacuna_wire.engine_install import offer as offers
from lacuna_wire.engine_install import places
from lacuna_wire.engine_install.offer import InstallOffer
from lacuna_wire.engine_install.pythons import Maker
from lacuna_wire.torch_builds import Amount, TorchChoice
from tests.editors.machines import PATH
from tests.fakes.wheels import make_engine_wheel

SYSTEMS_OWN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home; programs that are started know of nothing else, and pip of no index."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in set(os.environ) - set(SYSTEMS_OWN):
        if name.startswith(("PIP_", "UV_", "LACUNA_", "XDG_", "VIRTUAL_ENV", "APPDIR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", PATH)  # pip asks a compiler of Rust for its version, which writes
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("LACUNA_PYTORCH_INDEX", "")
    monkeypatch.setenv("LACUNA_TEST_NOTE", str(tmp_path / "note"))
    (tmp_path / "note").touch()
    return folder


@pytest.fixture
def asked(tmp_path):
    """What the engines were asked for so far: their version, and the words of the command."""
    return lambda: (tmp_path / "note").read_text().splitlines()


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """A real environment, made once: pip is unpacked into each one for seconds."""
    folder = tmp_path_factory.mktemp("environment") / "made"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def own_python(environment, tmp_path):
    """A Python that makes environments as the one of these tests does, by copies."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec cp -a --link --no-target-directory {environment} "$4"\n')
    program.chmod(0o755)
    return Maker("python", str(program), "{}.{}.{}".format(*sys.version_info[:3]))


@pytest.fixture
def new_offer(home, tmp_path, own_python):
    """Make an offer of a wheel that stands for Lacuna."""

    def make(version="0.1.0", needs=(), before=None):
        wheel = make_engine_wheel(tmp_path / "wheels" / version, version, needs)
        build = TorchChoice("cpu")
        folder = places.engines_folder()
        amount = Amount(1 << 20, 1 << 20)
        return InstallOffer(wheel, own_python, build, amount, folder, before, slow=False)

    return make


@pytest.fixture
def carried(home, tmp_path, monkeypatch):
    """A plug-in with a wheel in it, on a computer without cards."""
    monkeypatch.setattr(places, "WHEELS", tmp_path / "carried")
    monkeypatch.setattr(offers, "see_cards", lambda: list[Card]())
    return make_engine_wheel(tmp_path / "carried")


def all_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
