"""Replace files and folders, several at once, all of them or none."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lacuna_wire.replacing import replaced


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file in one step; a link in its place stays, and what it leads to is replaced.

    Args:
        path: Its folder is made if it is missing.
        content: All of it.
        mode: Of a file that is new, less the umask; an old one keeps its own.

    Raises:
        OSError: If there is no room or no permission; the old file is untouched then.
    """
    path.resolve().parent.mkdir(parents=True, exist_ok=True)
    with replaced(path, mode, keep_link_and_mode=True) as file:
        file.write(content)


def swap_in(base: Path, make: Callable[[Path], None], targets: Mapping[str, Path]) -> None:
    """Make files and folders beside their places, then move all of them there, or none.

    Args:
        base: Folder on the disk of all targets; it is made if it is missing.
        make: Fills the empty folder that it is given.
        targets: Name in that folder -> where it goes. What is there is removed in the end.

    Raises:
        OSError: If there is no room or no permission; every target is as before then.
    """
    made = _make_folders(base)
    try:
        with tempfile.TemporaryDirectory(prefix=".lacuna-", dir=base) as place:
            new, old = Path(place) / "new", Path(place) / "old"
            new.mkdir()
            old.mkdir()
            make(new)
            for target in targets.values():
                made += _make_folders(target.parent)
            pairs = [(target, old / name) for name, target in targets.items() if _is_there(target)]
            _move(pairs + [(new / name, target) for name, target in targets.items()])
    except BaseException:
        _remove_if_empty(made)
        raise


def take_out(base: Path, targets: Sequence[Path]) -> None:
    """Remove files and folders, all of them or none.

    Raises:
        OSError: If one cannot be moved away; every target is as before then.
    """
    with tempfile.TemporaryDirectory(prefix=".lacuna-", dir=base) as place:
        _move([(target, Path(place) / f"{at}") for at, target in enumerate(targets)])


def remove_empty_parents(paths: Sequence[Path], within: Path) -> None:
    """Remove the folders around `paths` in which nothing is left; `within` itself stays."""
    parents = {parent for path in paths for parent in path.parents if within in parent.parents}
    _remove_if_empty(sorted(parents))


def _remove_if_empty(folders: Sequence[Path]) -> None:
    for folder in reversed(folders):  # the deepest first
        with contextlib.suppress(OSError):
            folder.rmdir()


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _make_folders(folder: Path) -> list[Path]:
    missing = [each for each in (folder, *folder.parents) if not each.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _move(pairs: list[tuple[Path, Path]]) -> None:
    moved: list[tuple[Path, Path]] = []
    try:
        for before, after in pairs:
            before.rename(after)
            moved.append((before, after))
    except OSError:
        for before, after in reversed(moved):
            after.rename(before)
        raise
