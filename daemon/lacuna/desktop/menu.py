"""The page in the menu of the desktop: an entry `Lacuna` that opens it in the browser.

An entry and an icon as the XDG specifications have them; a script in the Start menu of Windows,
which was never tried. macOS has no such place: its launcher shows applications alone.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import lacuna_wire
from lacuna_wire import LacunaError
from lacuna_wire.sentences import MENU_COMMENT
from lacuna_wire.translation import LOCALE, find_catalogue

from .autostart import desktop_word, startup_script, without_console
from .home import Home
from .replacing import remove_empty_parents, write_whole

ICON = Path(lacuna_wire.__file__).parent / "icons" / "lacuna.svg"


class MenuFile(NamedTuple):
    """A file of the entry.

    Attributes:
        path: Where it goes.
        content: What is written there.
    """

    path: Path
    content: bytes


def menu_files(home: Home, command: Sequence[str]) -> list[MenuFile]:
    """Return what makes the entry, itself first; nothing where there is no such menu.

    Args:
        home: Whose menu.
        command: What the entry starts.
    """
    if home.system == "macos":
        return []
    if home.system == "windows":
        programs = home.roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs"
        return [MenuFile(programs / "Lacuna.cmd", startup_script(without_console(command)))]
    icons = home.data / "icons" / "hicolor" / "scalable" / "apps"
    return [
        MenuFile(home.data / "applications" / "lacuna.desktop", menu_text(command).encode()),
        MenuFile(icons / "lacuna.svg", ICON.read_bytes()),
    ]


def is_in_menu(home: Home, command: Sequence[str]) -> bool:
    """Tell whether all files are there and say the same."""
    files = menu_files(home, command)
    try:
        return bool(files) and all(file.path.read_bytes() == file.content for file in files)
    except OSError:
        return False


def found_in_menu(home: Home) -> list[Path]:
    """Return those of the files that are there, whatever they say."""
    return [file.path for file in menu_files(home, ["lacuna"]) if os.path.lexists(file.path)]


def add_to_menu(home: Home, command: Sequence[str]) -> None:
    """Make the entry, or make it anew.

    Raises:
        LacunaError: `not_writable`; no entry is there without its icon then.
    """
    for file in reversed(menu_files(home, command)):
        try:
            write_whole(file.path, file.content)
        except OSError as error:
            raise LacunaError(
                f"{error.filename or file.path} cannot be written: {error.strerror}.",
                code="not_writable",
            ) from error


def menu_text(command: Sequence[str]) -> str:
    """Return the entry, with its comment in every language that there is."""
    languages = sorted(path.name for path in LOCALE.iterdir())
    comments = [f"Comment={MENU_COMMENT}"] + [
        f"Comment[{language}]={find_catalogue([language]).gettext(MENU_COMMENT)}"
        for language in languages
    ]
    lines = "\n".join(comments)
    return f"""\
[Desktop Entry]
Type=Application
Version=1.0
Name=Lacuna
{lines}
Exec={" ".join(desktop_word(word) for word in command)}
Icon=lacuna
Terminal=false
Categories=Graphics;
StartupNotify=false
"""


def remove_from_menu(home: Home) -> list[Path]:
    """Remove the files that are there, and return them.

    Raises:
        LacunaError: `not_writable` if one cannot be removed.
    """
    found = found_in_menu(home)
    for path in found:
        try:
            path.unlink()
        except OSError as error:
            raise LacunaError(
                f"{path} cannot be removed: {error.strerror}.", code="not_writable"
            ) from error
    remove_empty_parents(found, home.folder)
    return found
