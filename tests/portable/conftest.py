"""Users of Windows and of macOS, as far as this machine can have them; see as_if.py."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
SYSTEMS = ("windows", "macos")
NAME = "Åsa Blå 絵"
SAFETY_S = 240


class User(NamedTuple):
    """Somebody with a home folder on a system.

    Attributes:
        system: `windows` or `macos`.
        home: The home folder.
        env: All variables.
    """

    system: str
    home: Path
    env: dict[str, str]

    @property
    def state(self):
        if self.system == "windows":
            return self.home / "AppData" / "Local" / "lacuna"
        return self.home / "Library" / "Application Support" / "lacuna"

    @property
    def krita(self):
        if self.system == "windows":
            return self.home / "AppData" / "Roaming" / "krita"
        return self.home / "Library" / "Application Support" / "krita"

    @property
    def kritarc(self):
        if self.system == "windows":
            return self.home / "AppData" / "Local" / "kritarc"
        return self.home / "Library" / "Preferences" / "kritarc"

    def __call__(self, *arguments, **env):
        return self.python("-P", "-m", "lacuna", *map(str, arguments), **env)

    def python(self, *arguments, **env):
        return subprocess.run(
            [sys.executable, *arguments], env={**self.env, **env}, cwd=self.home, timeout=SAFETY_S,
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip


def new_user(system, folder):
    home = folder / "Users" / NAME
    home.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL")}
    env = {
        **kept, "HOME": str(home), "PATH": os.defpath, "PYTHONPATH": str(HERE / f"as_{system}")
    }  # fmt: skip
    if system == "windows":
        env |= {
            "USERPROFILE": str(home), "USERNAME": NAME,
            "APPDATA": str(home / "AppData" / "Roaming"),
            "LOCALAPPDATA": str(home / "AppData" / "Local"),
        }  # fmt: skip
    return User(system, home, env)


@pytest.fixture(scope="module", params=SYSTEMS)
def user(request, tmp_path_factory):
    """One user per system and file of tests; the daemon ends with it."""
    user = new_user(request.param, tmp_path_factory.mktemp(request.param))
    yield user
    user("stop")
