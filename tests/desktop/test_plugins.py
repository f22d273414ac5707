"""A plug-in that is handed out is complete: it needs nothing of the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lacuna.desktop.plugins import (
    copy_gimp_plugin,
    copy_krita_plugin,
    zip_gimp_plugin,
    zip_krita_plugin,
)
from lacuna_wire import LacunaError

PLUGIN = Path(__file__).parents[2] / "gimp_plugin" / "lacuna-gimp"
KRITA_PLUGIN = Path(__file__).parents[2] / "krita_plugin"
# What editors show and is no program: the icon, the help with its pictures, the translations.
SHOWN = [
    "icons/lacuna.svg", "help/en/index.html", "help/de/index.html", "help/zh_CN/index.html",
    "help/pictures/remove.jpg", "help/pictures/layers.svg",
    "locale/de/LC_MESSAGES/lacuna.mo", "locale/zh_CN/LC_MESSAGES/lacuna.mo",
]  # fmt: skip


def test_copy_brings_the_wire_with_it(tmp_path):
    target = tmp_path / "plug-ins" / "lacuna-gimp"
    copy_gimp_plugin(PLUGIN, target)

    assert os.access(target / "lacuna-gimp.py", os.X_OK)
    code = "import lacuna_wire.client; from lacuna_gimp.inpaint import fill; print('complete')"
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = sys.argv[1:]; {code}",
         str(target), str(target / "_vendor")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout == "complete\n"
    for name in SHOWN:
        assert (target / "_vendor" / "lacuna_wire" / name).is_file(), name


def test_copy_replaces_an_older_one_whole(tmp_path):
    target = tmp_path / "lacuna-gimp"
    copy_gimp_plugin(PLUGIN, target)
    (target / "of_an_older_version.py").touch()
    copy_gimp_plugin(PLUGIN, target)

    assert not (target / "of_an_older_version.py").exists()


def test_folder_of_another_name_is_refused_because_gimp_would_not_look_into_it(tmp_path):
    with pytest.raises(LacunaError, match="only in a folder lacuna-gimp, not in lacuna"):
        copy_gimp_plugin(PLUGIN, tmp_path / "lacuna")


def test_folder_without_a_script_is_refused(tmp_path):
    with pytest.raises(LacunaError, match="is not a plug-in for GIMP"):
        copy_gimp_plugin(tmp_path, tmp_path / "lacuna-gimp")


def test_zip_keeps_the_executable_bit_and_one_folder_at_its_top(tmp_path):
    archive = tmp_path / "lacuna-gimp-0.1.zip"
    zip_gimp_plugin(PLUGIN, archive)

    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        script = opened.getinfo("lacuna-gimp/lacuna-gimp.py")
    assert {name.split("/")[0] for name in names} == {"lacuna-gimp"}
    wanted = {f"lacuna-gimp/_vendor/lacuna_wire/{name}" for name in ["client.py", *SHOWN]}
    assert wanted < set(names)
    assert not [name for name in names if "__pycache__" in name]
    assert (script.external_attr >> 16) & 0o111


def test_krita_finds_plugin_description_and_action_where_it_looks(tmp_path):
    copy_krita_plugin(KRITA_PLUGIN, tmp_path)

    for name in (
        "pykrita/lacuna_krita.desktop",
        "pykrita/lacuna_krita/__init__.py",
        "pykrita/lacuna_krita/Manual.html",
        *(f"pykrita/lacuna_krita/_vendor/lacuna_wire/{name}" for name in ["client.py", *SHOWN]),
        "actions/lacuna_krita.action",
    ):
        assert (tmp_path / name).is_file(), name


def test_other_plugins_of_krita_are_left_alone_and_an_older_lacuna_is_replaced_whole(tmp_path):
    other = tmp_path / "pykrita" / "somebody_elses"
    old = tmp_path / "pykrita" / "lacuna_krita" / "of_an_older_version.py"
    for path in (other / "__init__.py", old):
        path.parent.mkdir(parents=True)
        path.touch()
    copy_krita_plugin(KRITA_PLUGIN, tmp_path)

    assert (other / "__init__.py").exists()
    assert not old.exists()


def test_krita_zip_has_entries_for_its_folders_without_which_krita_finds_no_plugin(tmp_path):
    archive = tmp_path / "lacuna-krita.zip"
    zip_krita_plugin(KRITA_PLUGIN, archive)

    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    assert "lacuna_krita/" in names
    assert {"lacuna_krita.desktop", "lacuna_krita.action"} < set(names)
    assert {f"lacuna_krita/_vendor/lacuna_wire/{name}" for name in ["client.py", *SHOWN]} < set(
        names
    )
    assert not [name for name in names if "__pycache__" in name]


def test_folder_without_a_krita_plugin_is_refused(tmp_path):
    with pytest.raises(LacunaError, match=r"is not a plug-in for Krita: it has 0 \.desktop files"):
        copy_krita_plugin(tmp_path, tmp_path / "resources")
