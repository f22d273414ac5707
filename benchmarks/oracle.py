"""A network that paints the truth, reduced and blurred: what a good or a bad one is worth.

`python -m benchmarks.steering FOLDER... --features FILE --oracle 0,1,2,4` puts it in the place of
published weights, for `benchmarks/steering`. What a hole is filled with depends then on the blur
and on the way in which the coarse level is carried to the picture's own, and on no weights.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from lacuna_wire import Rect

from .cases import Case, Mask, Picture
from .workbench import (
    Pixels,
    Role,
    build_levels,
    coarse_region,
    document_of,
    enlarge_often,
    fill_with,
    mean_of_cells,
    nothing_kept,
)

BRIDGED_PX = 128  # as big-lama
RADIUS_SHARE = 150 / 1024  # of the hole, of the picture's longer side
WAYS = ("auto", "begin", "enlarged", "added")


class Oracle:
    """A network that proposes, and answers with one image whatever it is shown.

    Args:
        answer: float32 (H, W, 3), the size of the one piece that it is shown.
    """

    role: Role = "proposes"
    max_hole_radius_px = BRIDGED_PX
    tile_px, overlap_px, multiple_px, piece_px = 512, 64, 8, 1 << 21

    def __init__(self, answer: Pixels) -> None:
        self._answer = answer

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        assert image.shape == self._answer.shape, "the oracle knows one piece"
        return self._answer

    def fill_all(self, tiles: Iterable[tuple[Pixels, Pixels]]) -> Iterator[Pixels]:
        return (self.fill(*tile) for tile in tiles)


class Coarse(NamedTuple):
    """A hole on the level on which it is painted.

    Attributes:
        window: Of its region.
        levels: Above the picture's own.
        painted: float32 (H, W, 3), the truth there, blurred.
    """

    window: Rect
    levels: int
    painted: Pixels


def round_hole(name: str, picture: Picture, side: int) -> Case:
    """Lay a disc in the middle of a picture, of a radius that grows with the side."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    middle = picture.shape[1] // 2, picture.shape[0] // 2
    cv2.circle(mask, middle, round(RADIUS_SHARE * side), 255, -1)
    return Case(name, side, "disc", picture, mask)


def paint_truth(picture: Picture, mask: Mask, blur: float) -> Coarse:
    """Paint what a network would be asked for, from the truth.

    Args:
        picture: The truth.
        mask: 255 = missing.
        blur: Standard deviation of a Gaussian in pixels of the coarse level.
    """
    window, levels = coarse_region(picture, mask, Oracle(np.empty((0, 0, 3), np.float32)))
    inside = document_of(picture, mask).crop(window)
    nothing = np.zeros((window.height, window.width), np.uint8)
    truth = build_levels(inside, nothing, levels)[-1].image
    painted = cv2.GaussianBlur(truth, (0, 0), blur) if blur else truth
    return Coarse(window, levels, np.asarray(painted, np.float32))


def fill_by(way: str, picture: Picture, mask: Mask, blur: float) -> Picture:
    """Fill a hole with what the oracle paints: uint8 (H, W, 3), known pixels as they were.

    Args:
        way: One of WAYS. `auto`: what ships; `begin`: patches begin with it, and nothing more;
            `enlarged`: the coarse fill alone; `added`: that, and the high frequencies of `begin`.
        picture: The truth.
        mask: 255 = missing.
        blur: As in `paint_truth`.
    """
    coarse = paint_truth(picture, mask, blur)
    oracle, given = Oracle(coarse.painted), np.where(mask[..., None] > 0, 128, picture)
    given = given.astype(np.uint8)
    if way == "auto":
        return fill_with(oracle, given, mask)
    whole = coarse.window.relative_to(coarse.window)
    enlarged = enlarge_often(coarse.painted, whole, coarse.levels)
    if way == "enlarged":
        return laid_in(enlarged, coarse.window, given, mask)
    with nothing_kept():
        begun = fill_with(oracle, given, mask)
    if way == "begin":
        return begun
    patches = begun[coarse.window.slices].astype(np.float32) / 255
    low = patches
    for _ in range(coarse.levels):
        low = mean_of_cells(low)
    high = patches - enlarge_often(low, whole, coarse.levels)
    return laid_in(enlarged + high, coarse.window, given, mask)


def laid_in(fill: Pixels, window: Rect, picture: Picture, mask: Mask) -> Picture:
    whole, missing = picture.copy(), mask[window.slices] > 0
    samples = np.rint(np.clip(fill, 0, 1) * 255).astype(np.uint8)
    whole[window.slices][missing] = samples[missing]
    return whole


def rim_ratio(filled: Picture, truth: Picture, mask: Mask) -> float:
    """Mean change from known to missing pixels over that of the truth; 1 is perfect."""
    found = wanted = 0.0
    for axis in (0, 1):
        missing = mask > 0
        across = np.diff(missing.astype(np.int8), axis=axis) != 0
        for picture, is_fill in ((filled, True), (truth, False)):
            change = np.abs(np.diff(picture.astype(np.float32), axis=axis)).mean(axis=2)
            total = float(change[across].sum())
            found, wanted = (found + total, wanted) if is_fill else (found, wanted + total)
    return found / wanted
