"""Where the network looks: the tiles of a region, or all of its window in one piece."""

from dataclasses import replace

import numpy as np

from lacuna.network_facts import NetworkFacts
from lacuna_wire import Options, Rect
from lacuna_wire.errors import BadRequest
from lacuna_wire.options import MAX_TILE, MIN_TILE

from .geometry.regions import Region
from .geometry.tiles import largest_overlap, plan_tiles, round_down
from .pixels.hole import Hole, reduce_missing

FLAT = ("native", "tiles")  # strategies without levels
TILE_CONTEXT_PX = 32  # known pixels that a tile shows around the part, where there are some


def place_tiles(
    region: Region, hole: Hole, level: int, options: Options, network: NetworkFacts
) -> list[Rect]:
    """Lay tiles over what is selected on a level; those without a selected pixel are left out."""
    wanted = (hole.soft > 0).astype(np.uint8)
    part = region.part.relative_to(region.window)
    for _ in range(level):
        wanted, part = reduce_missing(wanted), part.reduce(2)
    plane = Rect(0, 0, wanted.shape[1], wanted.shape[0])
    flat, paints = options.strategy in FLAT, network.role == "proposes"
    if paints and not flat and plane.area <= piece_px(options, network):
        return [plane]
    # Without levels the network is shown all there is.
    area = plane if flat else part.grow(TILE_CONTEXT_PX).intersect(plane)
    tile, overlap = tile_and_overlap(options, network)
    # One that paints by itself sees as much as a tile holds, however thin the part is.
    multiple_px = tile if paints else network.multiple_px
    rects = plan_tiles(area, plane, tile, overlap, multiple_px)
    return [rect for rect in rects if wanted[rect.slices].any()]


def piece_px(options: Options, network: NetworkFacts) -> int:
    """Return the pixels of the largest window that a network is shown in one piece, if it proposes.

    A user who has chosen a tile wants nothing larger.
    """
    return options.tile**2 or max(network.piece_px, network.tile_px**2)


def tile_and_overlap(options: Options, network: NetworkFacts) -> tuple[int, int]:
    """Choose tile and overlap in pixels: what the user asked for, else what suits the network.

    The strategy `native` has no tiles but where a region is larger than any tile may be.

    Raises:
        BadRequest: If the overlap leaves the tile no room to advance.
    """
    usual = MAX_TILE if options.strategy == "native" else network.tile_px
    tile = round_down(options.tile or usual, network.multiple_px)
    if options.overlap >= tile:
        raise BadRequest(f"An overlap of {options.overlap} px leaves a tile of {tile} px no room.")
    if options.overlap >= 0:
        return tile, options.overlap
    return tile, min(network.overlap_px, largest_overlap(tile))


def halve_tiles(options: Options, network: NetworkFacts) -> Options:
    """Ask for tiles of half the side: the second try of a job whose first one hung in a tile."""
    # What hung in one piece is cut into tiles that are smaller than usual, too.
    tile, overlap = tile_and_overlap(replace(options, strategy="auto"), network)
    half = max(MIN_TILE, round_down(tile // 2, network.multiple_px))
    return replace(options, tile=half, overlap=min(overlap, largest_overlap(half)))
