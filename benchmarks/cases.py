"""Pictures with holes whose truth is known: what every figure on the quality of fills is taken on.

A case depends on its picture's name, its kind and nothing else, so tables of some pictures, of
other sides or of other ways compare, and the same hole is seen at every size.
"""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (H, W, 3) RGB
Mask = NDArray[np.uint8]  # (H, W), 255 = missing

KINDS = ("strokes", "object", "large")
COVERED = {"object": 0.05, "large": 0.25}  # diameter of the hole, as a share of the side
VALIDATION_LIST = Path(__file__).parents[1] / "training" / "validation.txt"
SUFFIXES = {".jpg", ".jpeg", ".png"}
LEAST_SHARE = 0.9  # of a side, below which a picture says nothing about that side
MARGIN = 0.05  # of the side, between a hole and the picture's border
STROKES, STROKE_POINTS, STROKE_STEP = 4, 6, 0.12
MOST_STRETCH = 1.3
FINE_BITS = 4  # of a coordinate behind the point, for OpenCV


class Case(NamedTuple):
    """A picture with a hole.

    Attributes:
        name: Of its file.
        side: What its longer side was reduced to, in pixels; itself up to a tenth shorter.
        kind: Of the hole, one of KINDS.
        picture: uint8 (H, W, 3) RGB, the truth.
        mask: uint8 (H, W), 255 = missing.
        shown: What is filled instead of the truth: with an object, which may show beside the hole.
    """

    name: str
    side: int
    kind: str
    picture: Picture
    mask: Mask
    shown: Picture | None = None

    @property
    def given(self) -> Picture:
        """What is filled."""
        return self.picture if self.shown is None else self.shown


def validation_names() -> list[str]:
    """Names of the files that are never trained on."""
    lines = VALIDATION_LIST.read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def choose_pictures(folders: Sequence[Path]) -> list[Path]:
    """List the pictures of the validation set in these folders by name; all, if none is there."""
    files = (path for folder in folders for path in folder.iterdir())
    paths = sorted((path for path in files if path.suffix in SUFFIXES), key=lambda path: path.name)
    held = set(validation_names())
    return [path for path in paths if path.name in held] or paths


def cases(paths: Sequence[Path], side: int, kinds: Sequence[str], count: int) -> Iterator[Case]:
    """Yield every kind of hole in each of the first `count` pictures that are large enough."""
    for path in paths:
        picture = reduce_picture(path, side)
        if picture is None:
            continue
        for kind in kinds:
            rng = np.random.default_rng(zlib.crc32(f"{path.name} {kind}".encode()))
            mask = draw_hole(kind, picture.shape[0], picture.shape[1], rng)
            yield Case(path.name, side, kind, picture, mask)
        count -= 1
        if not count:
            return


def reduce_picture(path: Path, side: int) -> Picture | None:
    """Read a picture with its longer side reduced to `side`; None if it is much smaller.

    It is never enlarged: what is 0 to 10 % smaller stays as it is.

    Raises:
        ValueError: If it is not a picture that OpenCV reads.
    """
    decoded = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError(f"{path} cannot be read as a picture")
    longer = max(decoded.shape[:2])
    if longer < LEAST_SHARE * side:
        return None
    if longer > side:
        scale = side / longer
        size = (round(decoded.shape[1] * scale), round(decoded.shape[0] * scale))
        decoded = cv2.resize(decoded, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(decoded[..., ::-1], np.uint8)


def draw_hole(kind: str, height: int, width: int, rng: np.random.Generator) -> Mask:
    """Draw a hole of one of KINDS: uint8 (height, width), 255 = missing.

    Every length is a share of the longer side, so the same dice give the same hole at every size.
    """
    mask, side = np.zeros((height, width), np.uint8), max(height, width)
    size = np.array([width, height])
    if kind == "strokes":
        for _ in range(STROKES):
            start = (MARGIN + (1 - 2 * MARGIN) * rng.random(2)) * size
            steps = rng.uniform(-STROKE_STEP, STROKE_STEP, (STROKE_POINTS - 1, 2)) * side
            points = np.cumsum([start, *steps], axis=0).clip(0.01 * size, 0.99 * size)
            line = (points * 2**FINE_BITS).astype(np.int32)
            thick = max(1, round(rng.uniform(0.004, 0.01) * side))
            cv2.polylines(mask, [line], False, 255, thick, cv2.LINE_8, FINE_BITS)
        return mask
    radius = COVERED[kind] * side / 2
    least = np.minimum(radius * MOST_STRETCH + MARGIN * side, size / 2)
    x, y = least + (size - 2 * least) * rng.random(2)
    stretch, angle = rng.uniform(1 / MOST_STRETCH, MOST_STRETCH), rng.uniform(0, 180)
    axes = (round(radius), round(radius * stretch))
    cv2.ellipse(mask, (round(x), round(y)), axes, angle, 0, 360, 255, -1)
    return mask
