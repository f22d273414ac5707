"""Whose desktop it is: all that setup needs to know of the system, as one value.

Tests make homes of systems that are not there; the program makes one, of its own user.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from lacuna.system.users import own_id
from lacuna_wire import LacunaError

System = Literal["linux", "macos", "windows"]


class Home(NamedTuple):
    """A user's home folder and what surrounds it.

    Attributes:
        system: Decides where programs keep their files.
        folder: The home folder.
        environment: Variables that move those places; others are not looked at.
        root: What lies outside of homes hangs from it: `/`, or a drive.
    """

    system: System
    folder: Path
    environment: Mapping[str, str]
    root: Path = Path("/")

    def variable(self, name: str, default: Path) -> Path:
        """Return the folder that a variable names, if its path is absolute; else the default."""
        value = self.environment.get(name, "")
        return Path(value) if value and Path(value).is_absolute() else default

    @property
    def config(self) -> Path:
        return self.variable("XDG_CONFIG_HOME", self.folder / ".config")

    @property
    def data(self) -> Path:
        return self.variable("XDG_DATA_HOME", self.folder / ".local" / "share")

    @property
    def roaming(self) -> Path:
        return self.variable("APPDATA", self.folder / "AppData" / "Roaming")

    @property
    def local(self) -> Path:
        return self.variable("LOCALAPPDATA", self.folder / "AppData" / "Local")

    @property
    def library(self) -> Path:
        """Where macOS keeps what belongs to its user."""
        return self.folder / "Library"

    def programs(self, pattern: str) -> list[Path]:
        """Return the programs on PATH whose names match a pattern like `gimp-3.*`."""
        folders = self.environment.get("PATH", "").split(os.pathsep)
        return [found for folder in folders if folder for found in Path(folder).glob(pattern)]


def this_home() -> Home:
    """Return the home of whoever runs this program.

    Raises:
        LacunaError: If it belongs to somebody else, as under `sudo`: what is written there would
            be closed to its owner.
    """
    systems: dict[str, System] = {"darwin": "macos", "win32": "windows"}
    home = Home(systems.get(sys.platform, "linux"), Path.home(), os.environ)
    if sys.platform == "win32":
        return home._replace(root=Path(home.folder.anchor))
    try:
        owner = home.folder.stat().st_uid
    except OSError as error:
        raise LacunaError(
            f"The home folder {home.folder} cannot be used: {error.strerror}.", code="no_home"
        ) from error
    if owner != own_id():
        raise LacunaError(
            f"The home folder {home.folder} belongs to user {owner}, and you are user "
            f"{own_id()}. Run the command as the user who paints, without sudo.",
            code="no_home",
        )
    return home
