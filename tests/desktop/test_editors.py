"""Folders of Krita and GIMP on every system, with nothing there but empty folders."""

import shutil
import subprocess
from types import SimpleNamespace

import psutil
import pytest

from lacuna.desktop.editors import (
    find_gimp,
    find_krita,
    running_editors,
    why_no_gimp,
    why_no_krita,
)
from tests.desktop.homes import add_program, new_home


def krita_places(home):
    found = [(place.name, place.folder, place.kritarc) for place in find_krita(home)]
    return [(name, *(path.relative_to(home.folder).as_posix() for path in paths))
            for name, *paths in found]  # fmt: skip


def gimp_places(home):
    return [
        (place.name, place.folder.relative_to(home.folder).as_posix()) for place in find_gimp(home)
    ]


@pytest.mark.parametrize("system", ["linux", "windows", "macos"])
def test_nothing_is_found_where_nothing_is(tmp_path, system):
    home = new_home(tmp_path, system)

    assert find_krita(home) == find_gimp(home) == []
    assert why_no_krita(home) == why_no_gimp(home) == "Not found."


def test_krita_of_a_distribution_is_found_before_it_has_ever_run(tmp_path):
    home = new_home(tmp_path)
    add_program(home, "krita")

    assert krita_places(home) == [("Krita", ".local/share/krita", ".config/kritarc")]


@pytest.mark.parametrize("there", ["Downloads/krita-5.2.9-x86_64.AppImage", ".config/kritarc"])
def test_krita_of_an_app_image_or_that_has_run_has_the_same_folders(tmp_path, there):
    home = new_home(tmp_path)
    (home.folder / there).parent.mkdir()
    (home.folder / there).touch()

    assert krita_places(home) == [("Krita", ".local/share/krita", ".config/kritarc")]


def test_both_variables_of_linux_move_the_folders_if_they_are_absolute(tmp_path):
    home = new_home(tmp_path, XDG_DATA_HOME=str(tmp_path / "d"), XDG_CONFIG_HOME="not/absolute")
    add_program(home, "krita")

    (place,) = find_krita(home)
    assert place.folder == tmp_path / "d" / "krita"
    assert place.kritarc == home.folder / ".config" / "kritarc"


@pytest.mark.parametrize("system_wide", [True, False])
def test_krita_of_flatpak_has_folders_of_its_own(tmp_path, system_wide):
    home = new_home(tmp_path)
    parent = home.root / "var/lib" if system_wide else home.folder / ".local/share"
    (parent / "flatpak/app/org.kde.krita").mkdir(parents=True)

    box = ".var/app/org.kde.krita"
    expected = ("Krita (Flatpak)", f"{box}/data/krita", f"{box}/config/kritarc")
    assert krita_places(home) == [expected]


def test_krita_of_windows_and_of_its_store(tmp_path):
    home = new_home(tmp_path, "windows")
    (home.root / "Program Files" / "Krita (x64)").mkdir(parents=True)
    package = "AppData/Local/Packages/49800Krita_x1y2"
    (home.folder / package).mkdir(parents=True)

    assert krita_places(home) == [
        ("Krita", "AppData/Roaming/krita", "AppData/Local/kritarc"),
        (
            "Krita (Store)",
            f"{package}/LocalCache/Roaming/krita",
            f"{package}/LocalCache/Local/kritarc",
        ),
    ]


def test_krita_of_macos(tmp_path):
    home = new_home(tmp_path, "macos")
    (home.root / "Applications/krita.app").mkdir(parents=True)

    expected = ("Krita", "Library/Application Support/krita", "Library/Preferences/kritarc")
    assert krita_places(home) == [expected]


def test_krita_of_snap_is_named_as_what_cannot_work(tmp_path):
    home = new_home(tmp_path)
    (home.folder / "snap/krita").mkdir(parents=True)

    assert find_krita(home) == []
    assert "Only the Snap is installed" in why_no_krita(home)


@pytest.mark.parametrize(
    ("system", "parent"),
    [
        ("linux", ".config/GIMP"),
        ("linux", "snap/gimp/current/.config/GIMP"),
        ("windows", "AppData/Roaming/GIMP"),
        ("macos", "Library/Application Support/GIMP"),
    ],
)
def test_every_gimp_3_that_has_run_is_found_and_gimp_2_is_not(tmp_path, system, parent):
    home = new_home(tmp_path, system)
    for version in ("2.10", "3.0", "3.2"):
        (home.folder / parent / version).mkdir(parents=True)

    expected = [("GIMP 3.0", f"{parent}/3.0"), ("GIMP 3.2", f"{parent}/3.2")]
    assert gimp_places(home) == expected


def test_gimp_that_never_ran_gets_the_folder_of_its_version(tmp_path):
    home = new_home(tmp_path)
    for name in ("gimp", "gimp-3", "gimp-3.0", "gimp-console-3.0"):
        add_program(home, name)

    assert gimp_places(home) == [("GIMP 3.0", ".config/GIMP/3.0")]


def test_no_folder_is_made_for_gimp_if_it_has_settings_of_gimp_2_to_take_over(tmp_path):
    home = new_home(tmp_path)
    add_program(home, "gimp-3.0")
    (home.folder / ".config/GIMP/2.10").mkdir(parents=True)

    assert find_gimp(home) == []
    assert "Start it once" in why_no_gimp(home)


def test_gimp_of_flatpak_that_never_ran_is_to_be_started_once(tmp_path):
    home = new_home(tmp_path)
    (home.root / "var/lib/flatpak/app/org.gimp.GIMP").mkdir(parents=True)

    assert find_gimp(home) == []
    assert "Start it once" in why_no_gimp(home)


def test_gimp_2_alone_is_named(tmp_path):
    home = new_home(tmp_path)
    add_program(home, "gimp")

    assert why_no_gimp(home) == "Only GIMP 2 is installed, and the plug-in needs GIMP 3."


def test_folder_that_a_variable_gives_to_gimp_is_taken(tmp_path):
    home = new_home(tmp_path, GIMP3_DIRECTORY=str(tmp_path / "my gimp"))

    (place,) = find_gimp(home)
    assert place.folder == tmp_path / "my gimp"


@pytest.mark.parametrize(
    ("names", "running"),
    [
        (["gimp-console-3.0", "krita_version", "bash", None, "gimp-3.0"], ["GIMP"]),
        (["System Idle Process", "krita.exe", "gimp-3.exe"], ["Krita", "GIMP"]),
        (["krita"], ["Krita"]),
    ],
)
def test_editors_that_run_are_known_by_the_names_of_their_processes(monkeypatch, names, running):
    found = [SimpleNamespace(info={"name": name}) for name in names]
    monkeypatch.setattr(psutil, "process_iter", lambda _fields: found)

    assert running_editors() == running


def test_program_that_runs_as_krita_is_found(tmp_path):
    """By its process, as every system lists it."""
    program = tmp_path / "krita"
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([str(program), "60"]) as process:
        try:
            assert "Krita" in running_editors()
        finally:
            process.kill()
