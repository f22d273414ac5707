"""The page in the menu of the desktop."""

import configparser
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from lacuna.desktop import menu
from lacuna_wire import LacunaError
from tests.desktop.homes import new_home, tree
from tests.service.conftest import SAFETY_S, eventually

COMMAND = [sys.executable, "-P", "-m", "lacuna", "page"]
SYSTEMS = ["linux", "windows"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_added_twice_is_there_once_and_removed_leaves_nothing(tmp_path, system):
    home = new_home(tmp_path, system)
    assert not menu.is_in_menu(home, COMMAND)
    menu.add_to_menu(home, COMMAND)
    first = tree(home.folder)
    menu.add_to_menu(home, COMMAND)

    assert tree(home.folder) == first
    assert menu.is_in_menu(home, COMMAND)
    assert menu.found_in_menu(home) == [file.path for file in menu.menu_files(home, COMMAND)]
    assert menu.remove_from_menu(home)
    assert tree(home.folder) == {}
    assert menu.remove_from_menu(home) == []


def test_mac_has_no_menu_for_it(tmp_path):
    home = new_home(tmp_path, "macos")
    menu.add_to_menu(home, COMMAND)

    assert menu.menu_files(home, COMMAND) == []
    assert not menu.is_in_menu(home, COMMAND)
    assert tree(home.folder) == {}


@pytest.mark.parametrize("broken", ["another program", "no icon"])
def test_entry_that_was_changed_is_noticed_and_made_anew(tmp_path, broken):
    home = new_home(tmp_path)
    menu.add_to_menu(home, COMMAND)
    entry, icon = menu.found_in_menu(home)
    if broken == "no icon":
        icon.unlink()
    else:
        entry.write_text(menu.menu_text(["/old/lacuna", "page"]), "utf-8")
    assert not menu.is_in_menu(home, COMMAND)
    menu.add_to_menu(home, COMMAND)

    assert menu.is_in_menu(home, COMMAND)


def test_entry_is_valid_speaks_every_language_and_has_an_icon(tmp_path):
    home = new_home(tmp_path)
    menu.add_to_menu(home, COMMAND)
    entry, icon = menu.found_in_menu(home)
    read = configparser.RawConfigParser(strict=True)
    read.optionxform = str
    read.read_string(entry.read_text("utf-8"))
    keys = dict(read["Desktop Entry"])

    assert (keys["Type"], keys["Name"], keys["Icon"]) == ("Application", "Lacuna", icon.stem)
    assert keys["Comment[de]"] not in (keys["Comment"], "")
    assert keys["Comment[zh_CN]"] not in (keys["Comment"], "")
    assert ElementTree.parse(icon).getroot().tag.endswith("svg")
    checker = shutil.which("desktop-file-validate")
    if checker:
        ran = subprocess.run([checker, str(entry)], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (0, "")


def test_entry_starts_its_command_as_a_desktop_does(tmp_path):
    launcher = shutil.which("gio")
    if not launcher:
        pytest.skip("gio, which starts programs as desktops do, is not installed")
    said = tmp_path / "said"
    script = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    home = new_home(tmp_path / "h")
    menu.add_to_menu(home, [sys.executable, "-c", script, str(said), 'a "page" $x'])
    subprocess.run([launcher, "launch", str(menu.found_in_menu(home)[0])], check=True, timeout=60)

    eventually(lambda: said.exists() and said.read_text(), SAFETY_S)
    assert said.read_text() == 'a "page" $x'


def test_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    home = new_home(tmp_path)
    home.data.parent.mkdir(parents=True)
    home.data.write_text("a file")
    with pytest.raises(LacunaError) as refused:
        menu.add_to_menu(home, COMMAND)

    assert refused.value.code == "not_writable"
    assert menu.found_in_menu(home) == []
