"""Where engines lie: each in a folder of its own below one, and a mark beside what is unfinished.

An environment of Python cannot be moved, so it is made under its last name. `0.2.0-3f9c1a` is one;
as long as `0.2.0-3f9c1a.unfinished` lies beside it, it does not count.
"""

import os
import secrets
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

from ..versions import is_version, version_key
from .processes import is_held

UNFINISHED = ".unfinished"
WHEELS = Path(__file__).parents[2] / "wheel"  # beside `lacuna_wire` in the plug-in of a release
SETTING_UP = "setting up"  # in a mark: what lies outside of the environment may be there already


class Engine(NamedTuple):
    """An environment with Lacuna in it.

    Attributes:
        folder: All of it.
        version: Of Lacuna.
    """

    folder: Path
    version: str

    @property
    def python(self) -> Path:
        names = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
        return self.folder.joinpath(*names)

    @property
    def mark(self) -> Path:
        return self.folder.with_name(self.folder.name + UNFINISHED)

    def packages(self) -> Optional[Path]:
        """Return the folder of its libraries; None if there is none."""
        if sys.platform == "win32":
            found = [self.folder / "Lib" / "site-packages"]
        else:
            found = sorted(self.folder.glob("lib/python3.*/site-packages"))
        return found[0] if found and found[0].is_dir() else None


def engines_folder() -> Path:
    """Return the folder of all engines of this user, whether it exists or not.

    It hangs from the home folder for the reason that `state_folder` has.
    """
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        base = Path(local) if local else Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path.home() / ".local" / "share"
    return base / "lacuna" / "engine"


def new_engine(version: str) -> Engine:
    """Name one that is not there yet."""
    return Engine(engines_folder() / f"{version}-{secrets.token_hex(3)}", version)


def installed_engine() -> Optional[Engine]:
    """Return the newest engine that is finished, or None."""
    found = [each for each in _engines() if not each.mark.exists() and each.python.exists()]
    return max(found, key=lambda each: version_key(each.version), default=None)


def older_engines(than: Engine) -> Iterator[Engine]:
    """Yield every other engine on which nobody works."""
    for each in _engines():
        if each.folder != than.folder and not (each.mark.exists() and is_held(each.mark)):
            yield each


def unfinished_engines() -> Iterator[Engine]:
    """Yield the engines that were begun and on which nobody works any more."""
    for mark in _marks():
        if not is_held(mark):
            folder = mark.with_name(mark.name[: -len(UNFINISHED)])
            yield Engine(folder, folder.name.partition("-")[0])


def is_somebody_at_work() -> bool:
    """Tell whether an editor of this user installs or removes one just now."""
    return any(is_held(mark) for mark in _marks())


def carried_wheel() -> Optional[Path]:
    """Return the wheel that came with this plug-in, or None.

    A sandbox has none: what it installs is not seen outside of it, where the daemon has to start.
    """
    if os.environ.get("FLATPAK_ID") or os.environ.get("SNAP"):
        return None
    found = sorted(WHEELS.glob("lacuna_inpaint-*.whl"))
    return found[0] if len(found) == 1 and is_version(version_of(found[0])) else None


def version_of(wheel: Path) -> str:
    """Return the version in a wheel's name."""
    return wheel.name.split("-")[1]


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, also what is write protected.

    Raises:
        OSError: If something of it stays.
    """
    if folder.is_symlink() or not folder.exists():
        return
    try:
        shutil.rmtree(str(folder))
    except PermissionError:
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)
        shutil.rmtree(str(folder))


def remove_if_empty() -> None:
    """Remove the folder of all engines, and those around it, as far as nothing is in them."""
    folder = engines_folder()
    for each in (folder, *folder.parents):
        if each == Path.home():
            return
        try:
            each.rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # something is in it
            return


def size_of(folder: Path) -> int:
    """Return how many bytes the files in a folder have; what goes away meanwhile does not count."""
    total = 0
    for place, _folders, files in os.walk(str(folder)):
        for name in files:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def _engines() -> Iterator[Engine]:
    for folder in _entries():
        version = folder.name.partition("-")[0]
        if folder.is_dir() and not folder.is_symlink() and is_version(version):
            yield Engine(folder, version)


def _marks() -> Iterator[Path]:
    return (path for path in _entries() if path.name.endswith(UNFINISHED))


def _entries() -> Iterator[Path]:
    try:
        return iter(sorted(engines_folder().iterdir()))
    except OSError:
        return iter(())
