"""Pictures to learn from: files of known licence, reduced, and squares cut out of them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import validation_names
from training.drawn import draw_picture

Picture = NDArray[np.uint8]  # (H, W, 3) RGB

LICENCES = "LICENSES.txt"  # beside the pictures, one line each: file | ... | licence | ...
# Pictures larger than this are halved at least, so that little of their JPEG compression is left.
HALVED_FROM_PX = 1024
SHORTER_PX = 1024  # and the shorter side is no longer than this
MOST_REDUCTION = 3.0  # of a square, when it is cut: structure is seen at many scales
FLAT = 0.02  # standard deviation below which a square teaches next to nothing


class Source(NamedTuple):
    """A picture file.

    Attributes:
        path: Where it lies.
        licence: As its list states it.
    """

    path: Path
    licence: str


def find_pictures(folders: Sequence[Path]) -> list[Source]:
    """List the JPEG files of these folders, by name.

    Raises:
        ValueError: If a picture is not in the list of licences of its folder, or there is none.
    """
    found = []
    for folder in folders:
        licences = read_licences(folder / LICENCES)
        for path in sorted(folder.glob("*.jpg")):
            if path.name not in licences:
                raise ValueError(f"{path.name} is not in {folder / LICENCES}: it cannot be used")
            found.append(Source(path, licences[path.name]))
    if not found:
        raise ValueError(f"there are no pictures in {', '.join(map(str, folders))}")
    return sorted(found, key=lambda source: source.path.name)


def read_licences(path: Path) -> dict[str, str]:
    """Read a list of licences: the name of each file, and the column that names its licence."""
    rows = [line.split("|") for line in path.read_text("utf-8").splitlines()]
    column = next(i for i, title in enumerate(rows[0]) if "licence" in title)
    return {row[0].strip(): row[column].strip() for row in rows[1:]}


def split(sources: Sequence[Source]) -> tuple[list[Source], list[Source]]:
    """Tell pictures to train on from those of the validation set."""
    held = set(validation_names())
    return (
        [source for source in sources if source.path.name not in held],
        [source for source in sources if source.path.name in held],
    )


def read_picture(path: Path) -> Picture:
    """Read a picture, reduced: uint8 (H, W, 3) RGB.

    Raises:
        ValueError: If it is not a picture that OpenCV reads.
    """
    decoded = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError(f"{path} cannot be read as a picture")
    scale = min(1.0, SHORTER_PX / min(decoded.shape[:2]))
    if max(decoded.shape[:2]) > HALVED_FROM_PX:
        scale = min(scale, 0.5)
    if scale < 1:
        decoded = cv2.resize(decoded, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(decoded[..., ::-1], np.uint8)


def cut_square(
    pictures: Sequence[Picture], side: int, rng: np.random.Generator, drawn_share: float
) -> Picture:
    """Cut a square with something in it: uint8 (side, side, 3).

    Args:
        pictures: All equally likely, whatever their size.
        side: In pixels.
        rng: Decides everything.
        drawn_share: How many squares of all are drawn by code instead.
    """
    if rng.random() < drawn_share:
        return draw_picture(side, rng)
    for _ in range(8):
        square = _cut(pictures[int(rng.integers(len(pictures)))], side, rng)
        if square.std() / 255 > FLAT:
            break
    return square


def _cut(picture: Picture, side: int, rng: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    factor = math.exp(rng.uniform(0, math.log(MOST_REDUCTION)))
    seen = int(min(side * factor, height, width))
    top, left = int(rng.integers(height - seen + 1)), int(rng.integers(width - seen + 1))
    square = picture[top : top + seen, left : left + seen]
    how = cv2.INTER_AREA if seen >= side else cv2.INTER_CUBIC
    resized = cv2.resize(square, (side, side), interpolation=how)
    return np.ascontiguousarray(resized[:, ::-1] if rng.random() < 0.5 else resized, np.uint8)
