"""Install a plug-in into an editor, look at one that is there, and take it out again.

Every plug-in carries the version that it came with, in a file in `_vendor`.
"""

import filecmp
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from lacuna.system.users import own_id
from lacuna_wire import LacunaError
from lacuna_wire.versions import version_key

from . import kritarc
from .editors import Place
from .home import Home
from .plugins import (
    VERSION_FILE,
    WHEEL_FOLDER,
    copy_gimp_plugin,
    copy_krita_plugin,
    krita_name,
    plugin_sources,
)
from .replacing import remove_empty_parents, take_out, write_whole

KRITA_GROUP = "lacuna"  # of what was chosen in its docker, in kritarc

_NOT_COMPARED = {"__pycache__", WHEEL_FOLDER.name}

Action = Literal["install", "update", "repair", "keep"]


class InstalledPlugin(NamedTuple):
    """A plug-in as it lies in an editor's folder.

    Attributes:
        version: Its mark; empty if there is none, None if there is no plug-in.
        intact: Whether all its files are those of this package.
        enabled: Whether the editor will load it.
    """

    version: str | None
    intact: bool
    enabled: bool


def plan(place: Place, home: Home, version: str) -> Action:
    """Say what `install` would do, after every check that can be made without writing.

    Raises:
        LacunaError: If a newer one is there, or the folder belongs to another user.
    """
    check_owner(place, home)
    found = look(place)
    if found.version is None:
        return "install"
    if version_key(found.version) > version_key(version):
        raise LacunaError(
            f"The plug-in is version {found.version}, which is newer than lacuna {version}. Update "
            "lacuna-inpaint, or run `lacuna uninstall` first.",
            code="downgrade",
        )
    if found.version != version:
        return "update"
    return "keep" if found.intact and found.enabled else "repair"


def install(place: Place, home: Home) -> None:
    """Put the plug-in there, in the place of an older one, and enable it.

    Raises:
        LacunaError: If the disk or the settings refuse it; all is as before then.
    """
    krita, gimp = plugin_sources()
    with _sentences(place.folder):
        if place.kritarc is None:
            copy_gimp_plugin(gimp, _targets(place)[0])
            return
        name = krita_name(krita)
        try:  # first: a file that refuses must not leave a plug-in that is never loaded
            settings = _read(place.kritarc)
            enabled = kritarc.enable(settings, name)
        except LacunaError as error:
            raise LacunaError(f"{place.kritarc}: {error.message}", code=error.code) from error
        new = look(place).version is None
        copy_krita_plugin(krita, place.folder)
        try:
            if enabled != settings:
                write_whole(place.kritarc, enabled, mode=0o600)
        except OSError:
            if new:
                take_out(place.folder, _targets(place))
                remove_empty_parents(_targets(place), home.folder)
            raise


def look(place: Place) -> InstalledPlugin:
    """Return what is there now."""
    targets = _targets(place)
    if not any(os.path.lexists(target) for target in targets):
        return InstalledPlugin(None, False, False)
    try:
        mark = (targets[0] / VERSION_FILE).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        mark = ""
    krita, gimp = plugin_sources()
    if place.kritarc is None:
        return InstalledPlugin(
            mark, _same_as_copied(place), os.access(_script(gimp, targets[0]), os.X_OK)
        )
    enabled = kritarc.is_enabled(_read(place.kritarc), krita_name(krita))
    return InstalledPlugin(mark, _same_as_copied(place), enabled)


def remove(place: Place, home: Home) -> bool:
    """Take the plug-in out, with its settings and the folders that nothing else is in.

    Returns:
        Whether there was anything to take.

    Raises:
        LacunaError: If the folder belongs to another user, or a file cannot be removed.
    """
    check_owner(place, home)
    there = [path for path in _targets(place) if path.exists()]
    with _sentences(place.folder):
        there += (place.folder / "plug-in-settings").glob("*plug-in-lacuna-inpaint*")
        if there:
            take_out(place.folder, there)
        changed = place.kritarc is not None and _forget(place.kritarc)
    if not there and not changed:
        return False
    settings = [place.kritarc] if place.kritarc else []
    remove_empty_parents([*there, *settings], home.folder)
    return True


def check_owner(place: Place, home: Home) -> None:
    """Refuse links that lead somewhere else, and folders of another user.

    Raises:
        LacunaError: Naming the link, or the folder and its owner.
    """
    targets = _targets(place)
    for path in (*targets, *(target.parent for target in targets)):
        if path.is_symlink():
            raise LacunaError(
                f"{path} is a symbolic link to {os.readlink(path)}. Remove the link, then run the "
                "command again.",
                code="untrusted_folder",
            )
    if home.system == "windows":
        return  # a profile is closed to others by its access list
    kritarcs = [place.kritarc] if place.kritarc else []
    for path in (place.folder, *(target.parent for target in targets), *targets, *kritarcs):
        with _sentences(path):
            owner = path.stat().st_uid if path.exists() else own_id()
            if owner != own_id():
                raise LacunaError(
                    f"{path} belongs to user {owner}, and you are user {own_id()}.",
                    code="untrusted_folder",
                )


def _targets(place: Place) -> list[Path]:
    """Return where the plug-in's files go, the folder with the mark first."""
    krita, gimp = plugin_sources()
    if place.kind == "gimp":
        return [place.folder / "plug-ins" / gimp.name]
    name, pykrita = krita_name(krita), place.folder / "pykrita"
    action = place.folder / "actions" / f"{name}.action"
    return [pykrita / name, pykrita / f"{name}.desktop", action]


def _script(source: Path, target: Path) -> Path:
    return target / f"{source.name}.py"


def _same_as_copied(place: Place) -> bool:
    """Tell whether `install` would put there what is there.

    What Python compiled is left out, and the wheel of a release.
    """
    krita, gimp = plugin_sources()
    with tempfile.TemporaryDirectory() as folder:
        fresh = place._replace(folder=Path(folder))
        if place.kind == "gimp":
            copy_gimp_plugin(gimp, _targets(fresh)[0])
        else:
            copy_krita_plugin(krita, fresh.folder)
        pairs = zip(_targets(fresh), _targets(place), strict=True)
        return all(_same(one, other) for one, other in pairs)


def _same(one: Path, other: Path) -> bool:
    if one.is_dir() and other.is_dir() and not other.is_symlink():
        names = {path.name for folder in (one, other) for path in folder.iterdir()}
        return all(_same(one / name, other / name) for name in names - _NOT_COMPARED)
    if not one.is_file() or not other.is_file():
        return False
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _forget(path: Path) -> bool:
    krita, _gimp = plugin_sources()
    settings = _read(path)
    left = kritarc.forget(settings, krita_name(krita), KRITA_GROUP)
    if left == settings:
        return False
    if left or path.is_symlink():
        write_whole(path, left)
    else:
        path.unlink()
    return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


@contextmanager
def _sentences(folder: Path) -> Iterator[None]:
    try:
        yield
    except shutil.Error as error:  # copytree collects what went wrong: (from, to, why)
        _from, _to, why = error.args[0][0]
        why = re.sub(r"^\[Errno [0-9]+\] |: '.*", "", str(why))
        raise LacunaError(f"{folder} cannot be written: {why}.", code="not_writable") from error
    except OSError as error:
        where, why = error.filename or folder, error.strerror or error
        said = f"{where} cannot be written: {why}."
        if isinstance(error, PermissionError) and sys.platform == "win32":
            # Windows moves and removes nothing that a program has open.
            said = f"{where} cannot be written: {why}. Close the editor, then try again."
        raise LacunaError(said, code="not_writable") from error
