"""How much of what a network sees is missing: plans for published weights, without any fill.

`python -m benchmarks.context` prints a line per hole for weights that paint by themselves: the
window that a client is asked for, the level on which it is painted, in how many pieces, and how
much of the piece that shows least is missing. The table is in docs/decisions/0005.
"""

from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.cases import Mask
from benchmarks.workbench import plan_document, reduce_missing, selection_as_document, unpack_hole
from lacuna.network_facts import USUAL_PIECE_PX, USUAL_TILE_PX, Role, usual_overlap
from lacuna_wire import Options, Rect


class PublishedFacts(NamedTuple):
    """What planning knows of big-lama where there is memory."""

    role: Role = "proposes"
    max_hole_radius_px: int = 128
    tile_px: int = USUAL_TILE_PX
    piece_px: int = USUAL_PIECE_PX
    overlap_px: int = usual_overlap(USUAL_TILE_PX)
    multiple_px: int = 8


class Sight(NamedTuple):
    """What a network is shown of a hole.

    Attributes:
        window: Of the region, in the picture.
        level: On which it is painted.
        tiles: On that level.
        missing: The largest share of a tile that is missing.
    """

    window: Rect
    level: int
    tiles: list[Rect]
    missing: float


def main() -> None:
    print("| hole | picture | window | level | shown | missing |")
    print("|---|---|---|---|---|---|")
    for name, mask in HOLES.items():
        for sight in sights_of(mask):
            (_, _, width, height), tile = sight.window, sight.tiles[0]
            shown = f"{len(sight.tiles)} x " if len(sight.tiles) > 1 else ""
            print(
                f"| {name} | {mask.shape[1]:,} x {mask.shape[0]:,} | {width:,} x {height:,} "
                f"| {sight.level} | {shown}{tile.width:,} x {tile.height:,} "
                f"| {100 * sight.missing:.0f} % |"
            )


def sights_of(mask: Mask, network: PublishedFacts | None = None) -> list[Sight]:
    """Plan the fill of a mask, uint8 (H, W), 255 = missing, and say what the network is shown."""
    plan = plan_document(selection_as_document(mask), Options(), network or PublishedFacts())
    sights = []
    for each in plan.regions:
        level = each.levels if each.route == "propose-coarse" else 0
        missing = unpack_hole(each.hole).missing
        for _ in range(level):
            missing = reduce_missing(missing)
        most = max(float(missing[tile.slices].mean()) for tile in each.tiles)
        sights.append(Sight(each.region.window, level, each.tiles, most))
    return sights


def empty(width: int = 3000, height: int = 2000) -> Mask:
    return np.zeros((height, width), np.uint8)


def disc(radius: int, x: int = 1500, y: int = 1000) -> Mask:
    return np.asarray(cv2.circle(empty(), (x, y), radius, 255, -1), np.uint8)


def box(width: int, height: int, left: int = 900, top: int = 300) -> Mask:
    mask = empty()
    mask[top : top + height, left : left + width] = 255
    return mask


def line(thickness: int) -> Mask:
    return np.asarray(cv2.line(empty(), (20, 60), (2980, 1900), 255, thickness), np.uint8)


def strip_of_a_banner() -> Mask:
    mask = empty(3000, 600)
    mask[:, 1000:1700] = 255
    return mask


HOLES = {
    "spot of 20 x 20": box(20, 20),
    "disc, radius 60": disc(60),
    "disc, radius 125": disc(125),
    "disc, radius 130": disc(130),
    "disc, radius 250": disc(250),
    "disc, radius 500": disc(500),
    "disc, radius 125, at a corner": disc(125, 100, 100),
    "disc, radius 500, at a border": disc(500, 1500, 100),
    "250 x 700": box(250, 700),
    "250 x 1,500": box(250, 1500),
    "250 x 700, at a corner": box(250, 700, 0, 0),
    "1,500 x 250, at a border": box(1500, 250, 700, 0),
    "700 px of a banner's whole height": strip_of_a_banner(),
    "wire, 6 px thick": line(6),
    "cable, 60 px thick": line(60),
    "road, 150 px thick": line(150),
}

if __name__ == "__main__":
    main()
