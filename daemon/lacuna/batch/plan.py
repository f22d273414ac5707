"""What is read and written, said before anything is: one item for each picture."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lacuna.files import SUPPORTED_SUFFIXES
from lacuna.files.refusals import not_readable, reading
from lacuna_wire import LacunaError
from lacuna_wire.errors import BadRequest

from .items import IS_MASK, BatchItem, is_there
from .masks import MaskFinder, MaskPlace, is_picture_name


class FoundPicture(NamedTuple):
    """A picture that was named, or found in a folder that was.

    Attributes:
        path: Where it is.
        relative: The same in the folder that was named; of a file its name.
        error: Of a folder that cannot be looked into.
    """

    path: Path
    relative: Path
    error: LacunaError | None = None


def plan_one(paths: Sequence[Path], output: Path) -> list[BatchItem]:
    """Return the item of a picture and its mask.

    Raises:
        BadRequest: If these are not two files.
    """
    if len(paths) != 2:
        raise BadRequest(
            f"IMAGE and MASK are needed, {len(paths)} paths were given; "
            "for many pictures name the masks with --mask-suffix or --masks."
        )
    image, mask = paths
    if _is_folder(image):
        raise BadRequest(
            f"{image} is a folder. `lacuna inpaint {image} --masks {mask} -o {output}` fills the "
            "pictures in it."
        )
    out = output / image.name if _is_folder(output) else output
    return [BatchItem(image, mask, out, image.name)]


def plan_many(
    paths: Sequence[Path], output: Path, place: MaskPlace, recursive: bool
) -> list[BatchItem]:
    """Return an item for each picture that is named, or lies in a folder that is.

    Args:
        paths: Pictures, and folders of them.
        output: A folder. It gets the same folders as those that are named have.
        place: Of the masks.
        recursive: Whether to look into folders of folders.

    Raises:
        BadRequest: If the output cannot be a folder, or a folder has no pictures.
    """
    _check_folder(output, len(paths))
    masks, items = MaskFinder(place), []
    not_ours = [output] if place.folder is None else [output, place.folder]
    for found in _once(_pictures(paths, recursive, not_ours)):
        item = BatchItem(found.path, place.one, output / found.relative, _name(found))
        if found.error is not None:
            items.append(item.failing(found.error))
        else:
            items.append(_with_mask(item, masks, found.relative))
    return _without_masks(items)


def _with_mask(item: BatchItem, masks: MaskFinder, relative: Path) -> BatchItem:
    try:
        picture = masks.picture_of(item.image)
        if picture is not None:
            return item.skipping(IS_MASK, f"It is the mask of {picture.name}.")
        return item._replace(mask=masks.find(item.image, relative))
    except LacunaError as error:
        return item.failing(_missing(item.image) or error)


def _missing(image: Path) -> LacunaError | None:
    """Return why there is no such picture; None if there is."""
    try:
        with reading(image):
            image.stat()
    except LacunaError as error:
        return error
    return None


def _without_masks(items: Sequence[BatchItem]) -> list[BatchItem]:
    """Mark what is the mask of another picture: a pattern like `*.png` names them, too."""
    owners = {
        os.path.realpath(item.mask): item.name
        for item in items
        if item.mask is not None and item.obstacle is None
    }
    return [
        item
        if (owner := owners.get(os.path.realpath(item.image))) is None
        else item.skipping(IS_MASK, f"It is the mask of {owner}.")
        for item in items
    ]


def _pictures(
    paths: Iterable[Path], recursive: bool, not_ours: Sequence[Path]
) -> Iterator[FoundPicture]:
    for path in paths:
        if not _is_folder(path):
            yield FoundPicture(path, Path(path.name))
            continue
        found = list(_within(path, recursive, not_ours))
        if not found:
            deeper = "" if recursive else "; --recursive looks into the folders in it, too"
            raise BadRequest(
                f"{path} has no pictures: no file in it ends in "
                f"{', '.join(SUPPORTED_SUFFIXES)}{deeper}."
            )
        yield from found


def _within(folder: Path, recursive: bool, not_ours: Sequence[Path]) -> Iterator[FoundPicture]:
    """Yield the pictures of a folder; not those in the folders of outputs and of masks."""
    unread: list[OSError] = []
    excluded = {os.path.realpath(path) for path in not_ours} - {os.path.realpath(folder)}
    for here, folders, files in os.walk(folder, onerror=unread.append):
        if not recursive:
            folders.clear()
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(here, name)) not in excluded
        )
        for path in (Path(here, name) for name in sorted(files)):
            if is_picture_name(path):
                yield FoundPicture(path, path.relative_to(folder))
    for error in unread:
        path = Path(error.filename)
        refusal = not_readable(path, error.strerror or str(error))
        yield FoundPicture(path, path.relative_to(folder), refusal)


def _once(found: Iterable[FoundPicture]) -> Iterator[FoundPicture]:
    """Leave out what was named twice."""
    seen = set()
    for picture in found:
        place = os.path.abspath(picture.path)
        if place not in seen:
            seen.add(place)
            yield picture


def _name(found: FoundPicture) -> str:
    """Return how people are told of a picture: by its place in the folder that they named.

    >>> _name(FoundPicture(Path("a/b/c.png"), Path("b/c.png")))
    'b/c.png'
    """
    return found.relative.as_posix() if found.error is None else str(found.path)


def _check_folder(output: Path, count: int) -> None:
    if _is_folder(output):
        return
    if is_there(output) or is_picture_name(output):
        what = "a file" if is_there(output) else "the name of a file"
        raise BadRequest(
            f"{output} is {what}, but pictures that are named with --mask-suffix or --masks go "
            f"into a folder ({count:,} path{'s' * (count != 1)} given)."
        )
    if not _is_folder(output.parent):
        raise BadRequest(f"{output} cannot be made: there is no folder {output.parent}.")


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # False as well for what nobody may look at
