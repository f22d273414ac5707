"""What starts the daemon at login is what the system itself can read."""

import configparser
import plistlib
import re
import shutil
import subprocess
import sys

import pytest

from lacuna.desktop.autostart import (
    agent_plist,
    choose,
    is_registered,
    register,
    registered,
    startup_script,
    unit_text,
    unregister,
)
from tests.desktop.homes import new_home, tree
from tests.service.conftest import SAFETY_S, eventually

NASTY = ['/opt/Åsa\'s "50 %" $HOME/py`thon\\x', "-P", "-m", "lacuna", "serve"]
COMMAND = [sys.executable, "-P", "-m", "lacuna", "serve"]
SYSTEMS = ["linux", "windows", "macos"]


def managed(tmp_path):
    """A Linux home with a systemd user manager."""
    runtime = tmp_path / "run"
    (runtime / "systemd" / "private").mkdir(parents=True)
    return new_home(tmp_path, XDG_RUNTIME_DIR=str(runtime))


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "lacuna.service"
    unit.write_text(unit_text(COMMAND), "utf-8")
    ran = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, "")


def test_unit_gives_up_restarting_and_is_watched():
    unit = configparser.RawConfigParser(strict=True)
    unit.optionxform = str
    unit.read_string(unit_text(COMMAND))

    assert dict(unit["Unit"]).items() >= {"StartLimitBurst": "4"}.items()
    service = dict(unit["Service"])
    assert service.items() >= {
        "Type": "notify", "Restart": "on-failure", "WatchdogSec": "30",
        "NoNewPrivileges": "yes", "OOMPolicy": "continue",
    }.items()  # fmt: skip
    assert "MemoryDenyWriteExecute" not in service


def test_letters_that_mean_something_to_systemd_are_escaped():
    line = re.search("^ExecStart=(.*)$", unit_text(NASTY), re.MULTILINE)[1]

    first = r'''"/opt/Åsa's \"50 %%\" $HOME/py`thon\\x"'''
    assert line == first + ' "-P" "-m" "lacuna" "serve"'


@pytest.mark.parametrize("system", SYSTEMS)
def test_registered_twice_is_there_once_and_unregistered_leaves_nothing(tmp_path, system):
    home = new_home(tmp_path, system)
    entry = register(home, COMMAND)
    first = tree(home.folder)
    register(home, COMMAND)

    assert tree(home.folder) == first
    assert is_registered(entry)
    assert registered(home) == [entry.path]
    assert unregister(home) == [entry.path]
    assert tree(home.folder) == {}
    assert unregister(home) == []


def test_systemd_is_taken_where_a_manager_runs_and_takes_over_from_the_desktop(tmp_path):
    home = managed(tmp_path)
    desktop = register(home._replace(environment={}), COMMAND)
    unit = register(home, COMMAND)

    assert (desktop.path.name, unit.path.name) == ("lacuna.desktop", "lacuna.service")
    assert registered(home) == [unit.path]
    assert unit.link.resolve() == unit.path
    unregister(home)
    assert tree(home.folder) == {}


def test_unit_that_is_not_enabled_is_not_registered(tmp_path):
    home = managed(tmp_path)
    register(home, COMMAND).link.unlink()

    assert not is_registered(choose(home, COMMAND))


def test_entry_that_starts_a_program_that_was_moved_is_not_registered(tmp_path):
    home = new_home(tmp_path)
    register(home, ["/old/python", "-m", "lacuna"])

    assert not is_registered(choose(home, COMMAND))


def test_desktop_entry_gives_every_word_back(tmp_path):
    launcher = shutil.which("gio")
    if not launcher:
        pytest.skip("gio, which starts programs as desktops do, is not installed")
    program = tmp_path / "Åsa's $x `y`"  # no %: GLib looks for the program before it reads %%
    program.mkdir()
    said = program / "said"
    script = f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\n"
    script += "words = Path(sys.argv[0]).with_name('said.new')\n"
    script += (
        "words.write_text('|'.join(sys.argv[1:]), 'utf-8')\nwords.rename(words.with_name('said'))"
    )
    (program / "say").write_text(script)
    (program / "say").chmod(0o755)
    entry = register(new_home(tmp_path / "h"), [str(program / "say"), *NASTY])

    subprocess.run([launcher, "launch", str(entry.path)], check=True, timeout=SAFETY_S)
    eventually(said.exists)

    assert said.read_text("utf-8") == "|".join(NASTY)


def test_desktop_entry_is_valid(tmp_path):
    entry = register(new_home(tmp_path), COMMAND)
    read = configparser.RawConfigParser(strict=True)
    read.optionxform = str
    read.read_string(entry.path.read_text("utf-8"))

    assert dict(read["Desktop Entry"]).items() >= {"Type": "Application", "Name": "Lacuna"}.items()


def test_launchd_agent_starts_again_after_a_crash_but_no_clean_end():
    agent = plistlib.loads(agent_plist(NASTY))

    types = {
        "Label": str, "ProgramArguments": list, "RunAtLoad": bool, "KeepAlive": dict,
        "ThrottleInterval": int, "ProcessType": str, "Umask": int,
    }  # fmt: skip
    assert {key: type(value) for key, value in agent.items()} == types
    assert agent["ProgramArguments"] == NASTY
    assert agent["KeepAlive"] == {"SuccessfulExit": False}


def test_startup_script_takes_the_python_without_a_console_and_keeps_percent_signs(tmp_path):
    (tmp_path / "python.exe").touch()
    (tmp_path / "pythonw.exe").touch()
    home = new_home(tmp_path / "50 %", "windows")
    entry = register(home, [str(tmp_path / "python.exe"), "-m", "lacuna", "serve"])

    assert entry.path.parent.name == "Startup"
    assert b'pythonw.exe" "-m" "lacuna" "serve"\r\n' in entry.content
    assert startup_script(["C:\\50 %\\ü.exe"]).decode().endswith('"C:\\50 %%\\ü.exe"\r\n')
