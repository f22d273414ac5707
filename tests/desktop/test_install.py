"""A plug-in is there whole or not at all, never over a newer one, never through a link."""

import os
import re
import subprocess
from itertools import pairwise

import pytest

from lacuna import __version__
from lacuna.desktop import replacing
from lacuna.desktop.editors import Place
from lacuna.desktop.install import install, look, plan, remove
from lacuna.desktop.plugins import VERSION_FILE, WHEEL_FOLDER, plugin_sources
from lacuna_wire import LacunaError
from lacuna_wire.versions import version_key
from tests.desktop.homes import new_home, tree

SETTINGS = "[General]\nname=å\n\n[python]\nenable_other=true\n"


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def krita(home):
    kritarc = home.config / "kritarc"
    kritarc.parent.mkdir()
    kritarc.write_text(SETTINGS, "utf-8")
    return Place("krita", "Krita", home.data / "krita", kritarc)


@pytest.fixture
def gimp(home):
    return Place("gimp", "GIMP 3.0", home.config / "GIMP" / "3.0")


@pytest.fixture(params=["krita", "gimp"])
def place(request):
    return request.getfixturevalue(request.param)


def folder_of(place):
    gimp, krita = "plug-ins/lacuna-gimp", "pykrita/lacuna_krita"
    return place.folder / (gimp if place.kind == "gimp" else krita)


@pytest.fixture
def disk(tmp_path):
    """A disk of 64 KiB, smaller than a plug-in, which `read_only` closes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a tmpfs here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_installed_twice_is_there_once(place, home):
    assert plan(place, home, __version__) == "install"
    install(place, home)
    first = tree(home.folder)
    assert plan(place, home, __version__) == "keep"
    install(place, home)

    assert tree(home.folder) == first
    assert look(place) == (__version__, True, True)


def test_wheel_of_a_release_in_a_plugin_is_no_damage(place, home):
    install(place, home)
    carried = folder_of(place) / WHEEL_FOLDER
    carried.mkdir()
    (carried / "lacuna_inpaint-0.1.0-py3-none-any.whl").touch()

    assert look(place).intact
    assert plan(place, home, __version__) == "keep"
    (carried.parent / "odd").mkdir()
    assert not look(place).intact


def test_installed_and_removed_leaves_the_home_as_it_was(place, home):
    before = tree(home.folder)
    install(place, home)

    assert remove(place, home)
    assert tree(home.folder) == before
    assert not remove(place, home)


def test_settings_of_gimp_for_the_plugin_go_with_it_and_others_stay(gimp, home):
    install(gimp, home)
    settings = gimp.folder / "plug-in-settings"
    settings.mkdir()
    ours = settings / "GimpProcedureConfigRun-plug-in-lacuna-inpaint-options.last"
    others = settings / "GimpProcedureConfigRun-file-png-export.last"
    for path in (ours, others):
        path.touch()
    remove(gimp, home)

    assert (ours.exists(), others.exists()) == (False, True)


def test_plugin_of_another_author_is_left_alone(krita, home):
    other = krita.folder / "pykrita" / "other" / "__init__.py"
    other.parent.mkdir(parents=True)
    other.write_text("x")
    install(krita, home)
    remove(krita, home)

    assert other.read_text() == "x"


@pytest.mark.parametrize("mark", ["0.0.9", None], ids=["older", "without a mark"])
def test_older_one_is_updated_in_its_place(place, home, mark):
    install(place, home)
    expected = tree(home.folder)
    (folder_of(place) / "of_an_older_version.py").touch()
    if mark:
        (folder_of(place) / VERSION_FILE).write_text(mark)
    else:
        (folder_of(place) / VERSION_FILE).unlink()

    assert plan(place, home, __version__) == "update"
    install(place, home)
    assert tree(home.folder) == expected


def test_newer_one_is_not_replaced(place, home):
    install(place, home)
    (folder_of(place) / VERSION_FILE).write_text("99.0.0\n")

    with pytest.raises(
        LacunaError, match=re.escape(f"99.0.0, which is newer than lacuna {__version__}")
    ):
        plan(place, home, __version__)


def test_damaged_or_disabled_one_is_repaired(place, home):
    install(place, home)
    (folder_of(place) / "_vendor/lacuna_wire/client.py").write_text("half")
    assert plan(place, home, __version__) == "repair"
    install(place, home)
    if place.kritarc:
        place.kritarc.write_text(SETTINGS, "utf-8")
    else:
        (folder_of(place) / "lacuna-gimp.py").chmod(0o644)
    assert not look(place).enabled
    assert plan(place, home, __version__) == "repair"
    install(place, home)

    assert look(place) == (__version__, True, True)


def test_what_python_compiled_inside_the_editor_is_no_damage(place, home):
    install(place, home)
    (folder_of(place) / "__pycache__").mkdir()
    (folder_of(place) / "__pycache__" / "x.pyc").touch()

    assert plan(place, home, __version__) == "keep"


@pytest.mark.parametrize("depth", [0, 1], ids=["the plug-in", "the folder of plug-ins"])
def test_link_in_the_way_is_refused_and_nothing_is_written_behind_it(place, home, tmp_path, depth):
    link = (folder_of(place), folder_of(place).parent)[depth]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)

    for act in (lambda: plan(place, home, __version__), lambda: remove(place, home)):
        with pytest.raises(LacunaError, match=re.escape(f"{link} is a symbolic link to")):
            act()
    assert tree(elsewhere) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
@pytest.mark.parametrize("what", ["editor", "plugins"])
def test_folder_of_somebody_else_is_refused(place, home, what):
    folder = place.folder if what == "editor" else folder_of(place).parent
    folder.mkdir(parents=True)
    os.chown(folder, 12345, -1)

    with pytest.raises(LacunaError, match=re.escape(f"{folder} belongs to user 12345")):
        plan(place, home, __version__)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_settings_of_somebody_else_are_refused(krita, home):
    os.chown(krita.kritarc, 12345, -1)

    with pytest.raises(LacunaError, match="kritarc belongs to user 12345"):
        plan(krita, home, __version__)


def test_settings_behind_a_link_stay_behind_it(krita, home, tmp_path):
    real = tmp_path / "dotfiles" / "kritarc"
    real.parent.mkdir()
    krita.kritarc.rename(real)
    krita.kritarc.symlink_to(real)
    real.chmod(0o640)
    install(krita, home)

    assert krita.kritarc.is_symlink()
    assert "enable_lacuna_krita=true" in real.read_text("utf-8")
    assert real.stat().st_mode & 0o777 == 0o640


def test_broken_settings_keep_the_plugin_out(krita, home):
    krita.kritarc.write_bytes(b"\0" * 100)
    before = tree(home.folder)

    with pytest.raises(LacunaError, match="kritarc: The file holds zero bytes"):
        install(krita, home)
    assert tree(home.folder) == before


def test_settings_that_cannot_be_written_take_the_new_plugin_out_again(krita, home, monkeypatch):
    before = tree(home.folder)

    def full(path, _content, **_mode):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("lacuna.desktop.install.write_whole", full)
    with pytest.raises(LacunaError, match=r"kritarc cannot be written: No space left on device\.$"):
        install(krita, home)

    assert tree(home.folder) == before


def test_full_disk_leaves_what_was_there(place, home, disk):
    place = place._replace(folder=disk / "editor")
    folder_of(place).mkdir(parents=True)
    (folder_of(place) / "old.py").write_text("old")
    before = tree(disk)

    with pytest.raises(LacunaError, match=r" cannot be written: No space left on device\.$"):
        install(place, home)
    assert tree(disk) == before


def test_full_disk_without_an_older_one_gets_no_folders(place, home, disk):
    place = place._replace(folder=disk / "editor")

    with pytest.raises(LacunaError, match="No space left on device"):
        install(place, home)
    assert tree(disk) == {}


def test_disk_that_cannot_be_written_is_a_sentence(place, home, disk):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    with pytest.raises(LacunaError, match="Read-only file system"):
        install(place._replace(folder=disk / "editor"), home)


@pytest.mark.parametrize("fails_at", range(6))
def test_move_that_fails_in_the_middle_is_taken_back(krita, home, monkeypatch, fails_at):
    install(krita, home)
    (folder_of(krita) / "of_an_older_version.py").touch()
    before = tree(home.folder)
    rename, calls = replacing.Path.rename, []

    def fail_once(path, target):
        calls.append(path)
        if len(calls) == fails_at + 1:
            raise PermissionError(13, "Permission denied", str(path))
        return rename(path, target)

    monkeypatch.setattr(replacing.Path, "rename", fail_once)
    with pytest.raises(LacunaError, match="Permission denied"):
        install(krita, home)

    assert tree(home.folder) == before


def test_versions_are_ordered_as_they_were_published():
    oldest_first = [
        "",
        "0.9.9",
        "0.10.0.dev1",
        "0.10.0a1",
        "0.10.0b1",
        "0.10.0rc2",
        "0.10.0",
        "1.0.0",
    ]

    assert all(version_key(a) < version_key(b) for a, b in pairwise(oldest_first))
    assert version_key(__version__) > version_key("")
    with pytest.raises(LacunaError, match="names 'latest' as its version, which is not one"):
        version_key("latest")


def test_plugins_are_found_in_a_checkout():
    krita, gimp = plugin_sources()

    assert (krita / "lacuna_krita.desktop").is_file()
    assert (gimp / "lacuna-gimp.py").is_file()
