"""What a release hands out, in a home in which there was nothing: for tests in both editors."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lacuna.desktop.plugins import plugin_sources, zip_gimp_plugin, zip_krita_plugin
from lacuna.desktop.release import make_release
from tests.editors.machines import CHECKOUT, PATH, Machine, Room
from tests.editors.setups import fresh_environment
from tests.fakes.wheels import make_engine_wheel

# Tells of itself and makes environments as the Python of these tests does, by copies: the root of
# GIMP has no Python that can.
PYTHON = """#!/bin/bash
if [ "$3" = venv ]; then exec cp -a --no-target-directory {made} "$4"; fi
exec {made}/bin/python "$@"
"""
# Of an environment that is used inside a root: its libraries lie elsewhere there.
INSIDE = """#!/bin/bash
export LD_LIBRARY_PATH={base}/lib
exec -a "$0" {base}/bin/{name} "$@"
"""


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """Folder of a release of this checkout."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("release")
    make_release(CHECKOUT, folder)
    return folder


@pytest.fixture(scope="session")
def light_release(tmp_path_factory):
    """Both zips, with a wheel in them that stands for Lacuna and needs nothing."""
    folder = tmp_path_factory.mktemp("light")
    wheel = make_engine_wheel(folder)
    krita, gimp = plugin_sources()
    zip_krita_plugin(krita, folder / "lacuna-krita.zip", wheel)
    zip_gimp_plugin(gimp, folder / "lacuna-gimp.zip", wheel)
    return folder


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory, release):
    """All packages that the engine needs, from the indexes that this machine's pip knows."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    (wheel,) = release.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, wheel]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip as editors do, with the modes that are in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            place = Path(opened.extract(entry, folder))
            if entry.external_attr >> 16 and not entry.is_dir():
                place.chmod(entry.external_attr >> 16 & 0o777)


def variables(environment: dict[str, str], room: Room) -> dict[str, str]:
    """What a user has whose pip knows the packages in the room, and no network."""
    own = {
        "PATH": f"{room.folder / 'programs'}:{PATH}",
        "PIP_CONFIG_FILE": str(room.folder / "pip.conf"),
        "LACUNA_PYTORCH_INDEX": "",
        "LACUNA_TEST_LAUNCH": json.dumps({"command": launch_words(room.machine)}),
    }
    return {**fresh_environment(environment), **own}


def launch_words(machine: Machine) -> list[str]:
    """Start the daemon of this checkout, also out of a root."""
    paths = f"{CHECKOUT / 'daemon'}:{CHECKOUT / 'shared'}"
    out = ["/usr/sbin/chroot", "/run/machine"] if machine.root else []
    daemon = [sys.executable, "-m", "lacuna", "serve", "--device", "cpu"]
    return [*out, "/usr/bin/env", f"PYTHONPATH={paths}", *daemon]


def give_python(room: Room, packages: Path) -> None:
    """Let programs in a room find a Python that makes environments, and pip these packages."""
    programs, made = room.folder / "programs", room.folder / "made"
    subprocess.run([sys.executable, "-m", "venv", made], check=True)
    name = "python{}.{}".format(*sys.version_info)
    if room.machine.root:
        base = f"/run/machine{sys.base_prefix}"
        for link in (made / "bin").glob("python*"):
            link.unlink()
            link.write_text(INSIDE.format(base=base, name=name))
            link.chmod(0o755)
        settings = made / "pyvenv.cfg"
        settings.write_text(re.sub("(?m)^home = .*$", f"home = {base}/bin", settings.read_text()))
    programs.mkdir()
    program = programs / name
    program.write_text(PYTHON.format(made=made))
    program.chmod(0o755)
    there = room.folder / "packages"
    shutil.copytree(packages, there, copy_function=_link)
    settings = f"[global]\nno-index = true\nfind-links = {there}\n"
    (room.folder / "pip.conf").write_text(settings)


def left_of_engine(home: Path) -> list[str]:
    """What in a home is of the engine, and no plug-in."""
    found = []
    for place, folders, files in os.walk(home):  # it may go away meanwhile
        at = Path(place).relative_to(home)
        found += [(at / name).as_posix() for name in (*folders, *files) if "lacuna" in name]
    return [name for name in found if "krita/" not in name and "plug-ins" not in name]


def _link(one: str, other: str) -> None:
    try:
        Path(other).hardlink_to(one)
    except OSError:
        shutil.copyfile(one, other)
