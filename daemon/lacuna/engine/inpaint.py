"""The whole fill, top to bottom: from a selection and a network to the pixels that changed.

One region after the other is read and handed out as finished pieces: what is held at a time is set
by the largest region, not by the picture.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lacuna_wire import Options, Rect
from lacuna_wire.errors import BadRequest, Unprocessable
from lacuna_wire.options import MAX_TILE, MIN_TILE
from lacuna_wire.rect import bounding_rect

from .completion import HOLE_RADIUS_PX, WHOLE_WINDOW_PX, Guide, native_guide
from .composite import composite
from .fill import Network, NetworkFacts, Step, fill_level, fill_native
from .guide import pull_push
from .hole import find_hole
from .planes import Document, Mask, Pixels, Plane, Samples, strips
from .progress import Progress, Report, ShouldStop, Work, guide_work
from .pyramid import build_levels, hole_radius, level_count, reduce_missing
from .regions import Region, plan_regions, tighten
from .tiles import MULTIPLE_PX, plan_tiles

FLAT = ("native", "tiles")  # strategies without levels
TILE_CONTEXT_PX = 32  # known pixels that a tile shows around the part, where there are some

Take = Callable[[Rect, Samples], None]  # finished pixels of the document, and where they lie


class Plan(NamedTuple):
    """How a region is filled.

    Attributes:
        region: Its part and window.
        levels: Levels above the picture's own.
        tiles: Where the network looks: on level 0 if it corrects a guide, else on the coarsest.
        work: What that costs.
    """

    region: Region
    levels: int
    tiles: list[Rect]
    work: Work


def changed_rect(selection: Plane, options: Options) -> Rect:
    """Bound the pixels that a fill of `selection` (H, W) uint8 can change.

    Raises:
        Unprocessable: If nothing is selected (code `empty_selection`).
    """
    return bounding_rect([region.part for region in plan_regions(selection, options.grow)])


def inpaint(
    document: Document,
    options: Options,
    network: Network,
    result: Samples,
    report: Report,
    should_stop: ShouldStop,
    device: str = "cpu",
) -> int:
    """Fill what is selected, into one array.

    Args:
        document: Samples, selection and layout.
        options: What the user chose.
        network: Fills one tile at a time.
        result: Samples of `changed_rect(...)` in the document's layout, to be written: all zeros
            for a `layer`, anything for a `composite`.
        report: Called before the first tile, after every one, and while guides are made.
        should_stop: Asked as often.
        device: Where patches are searched: `cpu`, or a GPU's name for PyTorch.

    Returns:
        Number of tiles that the network filled.

    Raises:
        LacunaError: As `fill_regions`.
        MemoryError: If a tile does not fit; a `FittingNetwork` makes it fit if anything can.
    """
    place = changed_rect(document.selection, options)

    def take(rect: Rect, samples: Samples) -> None:
        result[rect.relative_to(place).slices] = samples

    if options.result == "composite":
        for strip in strips(place):
            take(strip, document.samples[strip.slices])
    return fill_regions(document, options, network, take, report, should_stop, device)


def fill_regions(
    document: Document,
    options: Options,
    network: Network,
    take: Take,
    report: Report,
    should_stop: ShouldStop,
    device: str = "cpu",
) -> int:
    """Fill what is selected and hand it out piece by piece.

    Args:
        document: Samples, selection and layout; read region by region.
        options: What the user chose.
        network: Fills one tile at a time.
        take: Gets pieces that together hold every pixel that changes; no two of them meet.
        report: Called before the first tile, after every one, and while guides are made.
        should_stop: Asked as often.
        device: Where patches are searched: `cpu`, or a GPU's name for PyTorch.

    Returns:
        Number of tiles that the network filled.

    Raises:
        Unprocessable: If nothing is selected (`empty_selection`) or nothing is known around it
            (`no_context`).
        BadRequest: If tile and overlap do not go together.
        JobCancelled: If `should_stop` said so.
        MemoryError: If a tile does not fit; a `FittingNetwork` makes it fit if anything can.
    """
    plans = plan_fill(document, options, network)
    _tile, overlap = tile_and_overlap(options, network)
    progress = Progress([plan.work for plan in plans], report, should_stop)
    step = Step(network, options, overlap, progress, device)
    for plan in plans:
        progress.next_region(plan.work)
        for rect, samples in fill_region(document, plan, step):
            take(rect, samples)
    return progress.tiles_done


def tile_and_overlap(options: Options, network: NetworkFacts) -> tuple[int, int]:
    """Choose tile and overlap in pixels: what the user asked for, else what suits the network.

    The strategy `native` has no tiles but where a region is larger than any tile may be.

    Raises:
        BadRequest: If the overlap leaves the tile no room to advance.
    """
    usual = MAX_TILE if options.strategy == "native" else network.tile_px
    tile = (options.tile or usual) // MULTIPLE_PX * MULTIPLE_PX
    if options.overlap >= tile:
        raise BadRequest(f"An overlap of {options.overlap} px leaves a tile of {tile} px no room.")
    return tile, options.overlap if options.overlap >= 0 else min(network.overlap_px, tile // 4)


def halve_tiles(options: Options, network: NetworkFacts) -> Options:
    """Ask for tiles of half the side: the second try of a job whose first one hung in a tile."""
    # What hung in one piece is cut into tiles that are smaller than usual, too.
    tile, overlap = tile_and_overlap(replace(options, strategy="auto"), network)
    half = max(MIN_TILE, tile // 2 // MULTIPLE_PX * MULTIPLE_PX)
    return replace(options, tile=half, overlap=min(overlap, half // 4))


def plan_fill(document: Document, options: Options, network: NetworkFacts) -> list[Plan]:
    """Decide what is done, before anything is: one plan per region, from top to bottom.

    Raises:
        Unprocessable: If nothing is selected (`empty_selection`) or nothing is known around it
            (`no_context`).
        BadRequest: If tile and overlap do not go together.
    """
    regions = plan_regions(document.selection, options.grow)
    if options.strategy == "tiles":
        regions = [Region(bounding_rect([region.part for region in regions]), document.rect)]
    tile, overlap = tile_and_overlap(options, network)
    return [plan_tiles_of(document, region, options, network, tile, overlap) for region in regions]


def plan_tiles_of(
    document: Document,
    region: Region,
    options: Options,
    network: NetworkFacts,
    tile: int,
    overlap: int,
) -> Plan:
    """Decide how many levels a region needs, and where the network looks.

    Tiles without a selected pixel are left out.
    """
    try:
        hole = find_hole(document, options, region.window)
    except Unprocessable:
        # Nothing but transparency around: whatever the client sent is worth a look.
        region = Region(region.part, document.rect)
        hole = find_hole(document, options)
    window, part = region.window, region.part.relative_to(region.window)
    bridged = HOLE_RADIUS_PX if network.guided else network.max_hole_radius_px
    flat = options.strategy in FLAT
    levels = 0 if flat else level_count(hole_radius(hole.missing), bridged, window)
    if options.strategy == "pyramid" or (
        network.guided and not flat and window.area > WHOLE_WINDOW_PX
    ):
        levels = max(1, levels)

    wanted = (hole.soft > 0).astype(np.uint8)
    for _ in range(0 if network.guided else levels):
        wanted, part = reduce_missing(wanted), part.reduce(2)
    plane = Rect(0, 0, wanted.shape[1], wanted.shape[0])
    # Without levels the network is shown all there is.
    area = plane if flat else part.grow(TILE_CONTEXT_PX).intersect(plane)
    tiles = [rect for rect in plan_tiles(area, plane, tile, overlap) if wanted[rect.slices].any()]
    searched = range(0 if window.area <= WHOLE_WINDOW_PX else 1, levels + 1)
    if flat or not (network.guided or levels):
        searched = range(0)
    guide_px = guide_work(int(np.count_nonzero(hole.missing)), searched)
    work = Work(len(tiles), sum(rect.area for rect in tiles), guide_px, len(searched))
    return Plan(region, levels, tiles, work)


def fill_region(document: Document, plan: Plan, step: Step) -> Iterator[tuple[Rect, Samples]]:
    """Fill a region from its coarsest level to the picture's own pixels.

    Yields:
        (rect, samples): finished pixels in picture coordinates, which together hold all that is
            selected in the part.
    """
    region = plan.region
    window = document.crop(region.window)
    part = region.part.relative_to(region.window)
    hole = find_hole(document, step.options, region.window)
    levels = build_levels(window, hole.missing, plan.levels)
    if step.options.strategy in FLAT:
        plain = plain_guide(window, hole.missing) if step.network.guided else None
        bands = fill_native(window, hole, plan.tiles, part, plain, step)
    elif step.network.guided:
        guide = native_guide(window, hole.missing, levels, None, step.progress.alive, step.device)
        step.progress.guide_done()
        bands = fill_native(window, hole, plan.tiles, part, guide, step)
    elif levels:
        start = fill_level(levels[-1], plan.tiles, step)
        guide = native_guide(window, hole.missing, levels, start, step.progress.alive, step.device)
        step.progress.guide_done()
        bands = ((strip, guide(strip)) for strip in strips(part))
    else:
        bands = fill_native(window, hole, plan.tiles, part, None, step)
    for rect, fill in bands:
        seen = tighten(hole.soft, rect)
        if seen.area:
            own, soft = window.samples[seen.slices], hole.soft[seen.slices]
            inside = fill[seen.relative_to(rect).slices]
            samples = composite(own, inside, soft, window.layout, step.options)
            yield seen.shift(region.window.left, region.window.top), samples


def plain_guide(window: Document, missing: Mask) -> Guide:
    """Draw the rim into the hole, for each tile from its own pixels alone.

    Args:
        window: The region's window of the document.
        missing: uint8 (H, W) of the window, 1 = missing.

    Returns:
        A function from tiles to float32 (height, width, 3), all 0 where a tile has nothing known.
    """

    def guide(rect: Rect) -> Pixels:
        known = (1 - missing[rect.slices][..., None]).astype(np.float32)
        return pull_push(window.image(rect), known)

    return guide
