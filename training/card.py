"""The picture of the model card: `python -m training.card docs/pictures/lacuna-small.jpg`.

Photographs that come with scikit-image and squares drawn by code, none of them trained on: each
with its hole, the engine's guide, guide and network, and the truth. What fails stays in.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from benchmarks.ways import Fill, load_weights
from benchmarks.workbench import CompletionAlone, fill_with
from training.drawn import FINE, flat_shapes, halftone, letters, line_art, tiling
from training.evaluate import SHIPPED
from training.masks import Mask, draw_mask
from training.pictures import Picture

SIDE = 384
SHOWN_PX = 200
MARGIN = 4
SEED = 11
# Name, rows and columns of the part that is shown.
PHOTOGRAPHS = (("astronaut", 0, 60), ("chelsea", 0, 0), ("coffee", 10, 100), ("rocket", 20, 120))
DRAWINGS = (line_art, flat_shapes, letters, tiling, halftone)
KINDS = ("thin", "blob", "outline", "box", "stroke")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path, help="instead of those that ship")
    arguments = parser.parse_args()
    way = partial(fill_with, load_weights(arguments.weights or SHIPPED))
    rng = np.random.default_rng(SEED)
    pictures = [photograph(*place) for place in PHOTOGRAPHS]
    pictures += [drawing(draw, rng) for draw in DRAWINGS]
    rows = []
    for number, picture in enumerate(pictures):
        mask = draw_mask(SIDE, rng, 0.03, 0.1, KINDS[number % len(KINDS)]) * np.uint8(255)
        rows.append(row(picture, mask, way))
    sheet = np.vstack(rows)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(arguments.out), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 62])


def photograph(name: str, top: int, left: int) -> Picture:
    """Part of a photograph of scikit-image: uint8 (SIDE, SIDE, 3)."""
    whole = np.asarray(getattr(data, name)(), np.uint8)
    part = whole[top : top + SIDE, left : left + SIDE]
    # Some are less high than SIDE.
    least = min(part.shape[:2])
    square = part[:least, :least]
    return np.ascontiguousarray(cv2.resize(square, (SIDE, SIDE)), np.uint8)


def drawing(
    draw: Callable[[int, np.random.Generator], Picture], rng: np.random.Generator
) -> Picture:
    large = draw(SIDE * FINE, rng)
    small = cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small, np.uint8)


def row(picture: Picture, mask: Mask, way: Fill) -> Picture:
    """Hole in white, guide, fill and truth, side by side."""
    covered = np.where(mask[..., None] > 0, np.uint8(255), picture)
    four = [covered, fill_with(CompletionAlone(), picture, mask), way(picture, mask), picture]
    shown = [cv2.resize(one, (SHOWN_PX, SHOWN_PX), interpolation=cv2.INTER_AREA) for one in four]
    edge = ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    framed = [np.pad(np.asarray(one), edge, constant_values=255) for one in shown]
    return np.hstack(framed).astype(np.uint8)


if __name__ == "__main__":
    main()
