"""What is handed out is complete: the wheel installs the same plug-ins as the checkout."""

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from lacuna.desktop.plugins import plugin_sources
from lacuna.desktop.release import make_release
from lacuna_wire import LacunaError

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("release")
    make_release(CHECKOUT, folder)
    return folder


def test_release_is_wheel_sdist_both_zips_and_their_checksums(release):
    names = sorted(path.name.replace("0.1.0", "VERSION") for path in release.iterdir())
    sums = dict(
        line.split("  ")[::-1] for line in (release / "SHA256SUMS").read_text().splitlines()
    )

    assert names == [
        "SHA256SUMS", "lacuna-gimp.zip", "lacuna-krita.zip",
        "lacuna_inpaint-VERSION-py3-none-any.whl", "lacuna_inpaint-VERSION.tar.gz",
    ]  # fmt: skip
    for name, digest in sums.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest
    assert set(sums) == {path.name for path in release.iterdir()} - {"SHA256SUMS"}


def test_wheel_has_every_file_of_both_plugins_and_finds_them(release, tmp_path):
    (wheel,) = release.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path)
    code = "from lacuna.desktop.plugins import plugin_sources; print(*plugin_sources(), sep='\\n')"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    for packed, source in zip(ran.stdout.splitlines(), plugin_sources(), strict=True):
        assert Path(packed).is_relative_to(tmp_path)
        assert files(Path(packed)) == files(source)
    assert files(tmp_path / "lacuna_wire") == files(CHECKOUT / "shared" / "lacuna_wire")


def test_wheel_has_every_file_of_the_page(release, tmp_path):
    (wheel,) = release.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path)
    page = Path("lacuna", "service", "page", "static")

    packed = files(tmp_path / page)
    assert packed == files(CHECKOUT / "daemon" / page)
    assert len(packed) > 10


def test_sdist_has_what_editors_show_and_what_translators_edit(release):
    (sdist,) = release.glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}

    wire = {f"shared/lacuna_wire/{name}" for name in files(CHECKOUT / "shared" / "lacuna_wire")}
    assert wire <= names
    assert {"translations/lacuna.pot", "translations/de.po", "translations/zh_CN.po"} <= names


@pytest.mark.parametrize(
    ("archive", "plugin"),
    [("lacuna-krita.zip", "lacuna_krita"), ("lacuna-gimp.zip", "lacuna-gimp")],
)
def test_plugins_carry_the_wheel_where_they_look_for_it(release, tmp_path, archive, plugin):
    with zipfile.ZipFile(release / archive) as opened:
        opened.extractall(tmp_path)
    code = "from lacuna_wire.engine_install.places import carried_wheel; print(carried_wheel())"
    env = {**os.environ, "PYTHONPATH": str(tmp_path / plugin / "_vendor")}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    (wheel,) = release.glob("*.whl")
    carried = Path(ran.stdout.strip())
    assert carried.is_relative_to(tmp_path)
    assert carried.name == wheel.name
    assert carried.read_bytes() == wheel.read_bytes()


def test_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "of another release").touch()

    with pytest.raises(LacunaError, match="is not empty"):
        make_release(CHECKOUT, tmp_path)


def files(folder: Path) -> dict:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
