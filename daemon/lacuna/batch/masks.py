"""Masks of many pictures, found by their names."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lacuna.files import READABLE_SUFFIXES, SUPPORTED_SUFFIXES
from lacuna.files.refusals import reading
from lacuna_wire.errors import BadRequest, NotFound

from .items import is_there


class MaskPlace(NamedTuple):
    """Where the masks of a batch are.

    Attributes:
        suffix: What the name of a mask has after the name of its picture.
        folder: Holds the masks, in folders like the pictures'; None if each is beside its picture.
        one: The mask of all pictures; None if each has its own.
    """

    suffix: str = ""
    folder: Path | None = None
    one: Path | None = None


def mask_place(suffix: str | None, masks: Path | None) -> MaskPlace:
    """Return where masks are, by what was asked for.

    Args:
        suffix: Of `--mask-suffix`.
        masks: Of `--masks`: a folder, or the one mask.

    Raises:
        LacunaError: If no mask can be found that way.
    """
    if suffix is not None and ("/" in suffix or "\\" in suffix):
        raise BadRequest(
            f"`--mask-suffix {suffix}` names a folder, but a suffix is the end of a file's name. "
            "Name the folder of the masks with --masks."
        )
    if masks is None:
        if not suffix:
            raise BadRequest(
                "An empty --mask-suffix would give a mask the name of its picture. Name the "
                "folder of the masks with --masks."
            )
        return MaskPlace(suffix)
    if os.path.isdir(masks):
        return MaskPlace(suffix or "", folder=masks)
    if not is_there(masks):
        raise NotFound(
            f"{masks}, of --masks, is neither a folder of masks nor a mask: it is not there.",
            code="no_such_file",
        )
    if suffix is not None:
        raise BadRequest(
            f"{masks}, of --masks, is one mask for all pictures, so --mask-suffix {suffix} has no "
            "meaning. Leave out one of the two."
        )
    return MaskPlace(one=masks)


class MaskFinder:
    """Finds masks by their names; every folder is listed once.

    Args:
        place: Where they are.
    """

    def __init__(self, place: MaskPlace) -> None:
        self._place = place
        self._listed: dict[Path, dict[str, list[Path]]] = {}

    def find(self, image: Path, relative: Path) -> Path:
        """Return the mask of a picture: `a.jpg` with suffix `_mask` has `a_mask.png`, `.TIF`, ...

        Args:
            image: The picture.
            relative: Where it lies in the folder that was given, as its mask does in a folder of
                masks.

        Raises:
            LacunaError: If there is none (`no_such_file`).
        """
        suffix, masks, one = self._place
        if one is not None:
            return one
        folder = image.parent if masks is None else masks / relative.parent
        stem = image.stem + suffix
        found = [path for path in self._named(folder, stem) if path != image]
        for kind in (image.suffix.lower(), ".png", *READABLE_SUFFIXES):
            for path in found:
                if path.suffix.lower() == kind:
                    return path
        raise NotFound(
            f"{image.name} has no mask: there is no {stem}.png (or .tif, .jpg, ...) in {folder}.",
            code="no_such_file",
        )

    def picture_of(self, mask: Path) -> Path | None:
        """Return the picture beside a file that is named like a mask of it; None if none is."""
        suffix = self._place.suffix
        if not suffix or self._place.folder is not None or not mask.stem.endswith(suffix):
            return None
        stem = mask.stem.removesuffix(suffix)
        found = (path for path in self._named(mask.parent, stem) if is_picture_name(path))
        return next(found, None)

    def _named(self, folder: Path, stem: str) -> list[Path]:
        """Return the files of a folder that have a name but for the suffix."""
        if folder not in self._listed:
            listed: dict[str, list[Path]] = {}
            with reading(folder), suppress(FileNotFoundError):
                for path in sorted(folder.iterdir()):
                    listed.setdefault(path.stem, []).append(path)
            self._listed[folder] = listed
        return self._listed[folder].get(stem, [])


def is_picture_name(path: Path) -> bool:
    """Tell whether a file has a picture's suffix and is not hidden."""
    return path.suffix.lower() in SUPPORTED_SUFFIXES and not path.name.startswith(".")
