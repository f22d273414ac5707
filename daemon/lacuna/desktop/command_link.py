"""The command `lacuna` where terminals find it: a link in `~/.local/bin`, on Linux.

No shell of macOS or Windows looks into such a folder: there the command is typed with its path.
"""

import os
import shutil
import sys
from pathlib import Path

from lacuna.system.shell import program_word
from lacuna_wire import LacunaError

from .home import Home

NAME = "lacuna"


def own_program() -> Path:
    """Return what starts this Lacuna; pip puts it beside the Python that runs it."""
    return Path(sys.executable).with_name(f"{NAME}.exe" if sys.platform == "win32" else NAME)


def find_command(home: Home) -> Path | None:
    """Return what a new terminal starts at the word `lacuna`, or None.

    A virtual environment is on the PATH of the terminal alone in which it was activated.
    """
    scripts = "Scripts" if home.system == "windows" else "bin"
    activated = Path(home.environment.get("VIRTUAL_ENV", "."), scripts)
    folders = home.environment.get("PATH", "").split(os.pathsep)
    lasting = [folder for folder in folders if folder and Path(folder) != activated]
    found = shutil.which(NAME, path=os.pathsep.join(lasting))
    return None if found is None else Path(found)


def link_place(home: Home) -> Path | None:
    """Return where the link belongs; None where there is no such place."""
    return home.folder / ".local" / "bin" / NAME if home.system == "linux" else None


def leads_to(path: Path, program: Path) -> bool:
    """Tell whether a path is a program, or a link to it."""
    return path.resolve() == program.resolve()


def is_ours(link: Path) -> bool:
    """Tell whether a link may be replaced or removed: it was made for a Lacuna, by `lacuna setup`.

    A program that lies there itself, as `pip install --user` leaves it, and a link that pipx looks
    after, are not.
    """
    if not link.is_symlink():
        return False
    target = Path(os.readlink(link))
    if target.name != NAME or (target.parent.parent / "pipx_metadata.json").exists():
        return False
    try:
        return b"lacuna.cli" in target.read_bytes()  # what pip writes into it
    except FileNotFoundError:
        return True  # its virtual environment is gone
    except OSError:
        return False


def make_link(link: Path, program: Path) -> None:
    """Put the link there, in the place of an older one of ours.

    Raises:
        LacunaError: If something else is there, or it cannot be written.
    """
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        if is_ours(link):
            link.unlink()
        link.symlink_to(program)
    except FileExistsError as error:
        raise LacunaError(f"{link} is another program, and stays.", code="not_ours") from error
    except OSError as error:
        raise LacunaError(
            f"{link} cannot be written: {error.strerror}.", code="not_writable"
        ) from error


def command_word(home: Home) -> str:
    """Return what to type for the command: with its path if no terminal finds it.

    >>> command_word(Home("macos", Path("/Users/me"), {})) == str(own_program())
    True
    """
    found, program = find_command(home), own_program()
    return NAME if found is not None and leads_to(found, program) else program_word(program)
