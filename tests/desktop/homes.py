"""Homes of every system, made of folders; their names have spaces and letters beyond ASCII."""

from pathlib import Path

from lacuna.desktop.home import Home

NAME = "Åsa Blå 絵"


def new_home(root: Path, system="linux", **environment) -> Home:
    """A home in which nothing has been installed, under a root of its own."""
    folder = root / "home" / NAME
    folder.mkdir(parents=True)
    path = root / "usr bin"
    path.mkdir()
    return Home(system, folder, {"PATH": str(path), **environment}, root)


def add_program(home: Home, name: str) -> None:
    (home.root / "usr bin" / name).touch(mode=0o755)


def tree(folder: Path) -> dict:
    """All files and folders under `folder`, with what is in them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
