"""What a release hands out, in a home in which there was nothing: for tests in both editors."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lacuna.desktop.release import make_release
from tests.editors.machines import CHECKOUT, Room

# Made by .ci/wheel; without it the tests make their own.
RELEASE = CHECKOUT / "build" / "release"


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """Folder of a release of this checkout."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("release")
    make_release(CHECKOUT, folder)
    return folder


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory, release):
    """All packages that the engine needs, from the indexes that this machine's pip knows."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    (wheel,) = release.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-cache-dir"]
    done = subprocess.run(
        [*pip, "--dest", folder, wheel], capture_output=True, text=True, check=False
    )
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


def offer_packages(room: Room, wheelhouse: Path) -> None:
    """Let pip find these packages and no others, as a user's own settings of pip may."""
    there = room.folder / "wheelhouse"
    shutil.copytree(wheelhouse, there, copy_function=_link)
    settings = room.home / ".config" / "pip"
    settings.mkdir(parents=True)
    (settings / "pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {there}\n")


def _link(one: str, other: str) -> None:
    try:
        Path(other).hardlink_to(one)
    except OSError:
        shutil.copyfile(one, other)


def own_files(home: Path) -> list[str]:
    """What in a home is of the engine: files, by their names or by what lies above them."""
    ours = [path for path in home.rglob("*lacuna*") if "pykrita" not in path.parts]
    return sorted(
        path.relative_to(home).as_posix() for path in ours if "plug-ins" not in path.parts
    )
