"""What a fill will do, decided once, before anything is done: of each region its route and work."""

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from lacuna.network_facts import NetworkFacts
from lacuna_wire import Options, Rect
from lacuna_wire.errors import BadRequest, Unprocessable
from lacuna_wire.options import MAX_TILE, MIN_TILE
from lacuna_wire.rect import bounding_rect

from .completion.schedule import TUNING, Schedule, Tuning, schedule_completion
from .geometry.regions import Region, plan_regions
from .geometry.tiles import largest_overlap, plan_tiles, round_down
from .pixels.document import Document
from .pixels.hole import Hole, PackedHole, find_hole, hole_radius, pack_hole, reduce_missing
from .progress import Work
from .sources import find_barred, is_limited, too_few_sources, widen

# How a region is filled:
# `correct`: patches complete it, and the network corrects that on the picture's own level.
# `correct-rim`: the same over the rim alone, drawn into the hole of each tile.
# `propose`: the network paints it on the picture's own level.
# `propose-coarse`: it paints the coarsest level, and patches carry that to the picture's own.
# `complete`: patches alone. A network knows nothing of alpha, whatever the strategy; and one that
# corrects adds nothing to a hole that is larger than it bridges.
Route = Literal["correct", "correct-rim", "propose", "propose-coarse", "complete"]

COPYING = ("correct", "propose-coarse", "complete")  # routes with patches
FLAT = ("native", "tiles")  # strategies without levels
TILE_CONTEXT_PX = 32  # known pixels that a tile shows around the part, where there are some
LEAST_LEVEL_PX = 16  # a level whose shorter side is no longer is not reduced further

# What a round, a search before the first vote, and all else that a level needs cost per target, in
# pixels of a tile (`python -m benchmarks.rounds`).
ROUND_PX, SEARCH_PX, LEVEL_PX = 3, 2, 3


class RegionPlan(NamedTuple):
    """How a region is filled.

    Attributes:
        region: Its part and window.
        hole: The masks of the window.
        route: What fills it.
        schedule: How it is completed; None if no patch is copied.
        tiles: Where the network looks: on the coarsest level for `propose-coarse`, else on the
            picture's own; nowhere for `complete`.
        work: What all of that costs.
    """

    region: Region
    hole: PackedHole
    route: Route
    schedule: Schedule | None
    tiles: list[Rect]
    work: Work

    @property
    def levels(self) -> int:
        """Levels above the picture's own."""
        return self.schedule.levels if self.schedule else 0


class FillPlan(NamedTuple):
    """What a fill will do.

    Attributes:
        regions: Its regions, from top to bottom.
        options: What the user chose, with a `result` that is decided: `layer` or `composite`.
    """

    regions: list[RegionPlan]
    options: Options

    @property
    def rect(self) -> Rect:
        """Bounds of the pixels of the document that may change."""
        return bounding_rect([plan.region.part for plan in self.regions])


def plan_fill(
    document: Document,
    regions: list[Region],
    options: Options,
    network: NetworkFacts,
    tuning: Tuning = TUNING,
) -> FillPlan:
    """Plan a fill.

    Args:
        document: Samples, selection, layout, and what may be copied.
        regions: From `regions_of`.
        options: What the user chose.
        network: What will fill.
        tuning: Of the completions.

    Raises:
        Unprocessable: If nothing is known around a region (`no_context`), or too little of it may
            be copied (`too_few_sources`).
        BadRequest: If tile and overlap do not go together.
    """
    tile_and_overlap(options, network)  # refused before any region is looked at
    plans = [plan_region(document, region, options, network, tuning) for region in regions]
    return FillPlan(plans, replace(options, result=decide_result(document, plans, options)))


def regions_of(document: Document, options: Options) -> list[Region]:
    """Lay regions over what is selected.

    Raises:
        Unprocessable: If nothing is (`empty_selection`).
    """
    regions = plan_regions(document.selection, options.grow)
    if options.strategy == "tiles":
        return [Region(bounding_rect([region.part for region in regions]), document.rect)]
    return regions


def decide_result(document: Document, plans: list[RegionPlan], options: Options) -> str:
    """Decide what is made: for `auto` a layer if that looks the same, so if no fill has alpha."""
    if options.result != "auto":
        return options.result
    looks_the_same = not any(plan.hole.carries_alpha for plan in plans)
    return "layer" if document.layout.has_alpha and looks_the_same else "composite"


def see_region(document: Document, region: Region, options: Options) -> tuple[Region, Hole]:
    """Find the hole of a region, with a larger window if nothing is known in its own.

    Raises:
        Unprocessable: If nothing is known anywhere (`no_context`).
    """
    try:
        return region, find_hole(document, options, region.window)
    except Unprocessable:
        # Nothing but transparency around: whatever the client sent is worth a look.
        return Region(region.part, document.rect), find_hole(document, options)


def plan_region(
    document: Document,
    region: Region,
    options: Options,
    network: NetworkFacts,
    tuning: Tuning = TUNING,
) -> RegionPlan:
    """Plan one region.

    Raises:
        Unprocessable: If nothing is known around it (`no_context`), or too little of it may be
            copied (`too_few_sources`).
    """
    region, hole = see_region(document, region, options)
    levels, radius_px = count_levels(hole, options, network, tuning)
    route = "complete" if hole.carries_alpha else choose_route(levels, radius_px, options, network)
    schedule = None
    if route in COPYING:
        if is_limited(document, options):
            wider = widen(document, region, options, hole.missing)
            if wider != region:  # routes that copy stay what they are: levels only grow
                region, hole = wider, find_hole(document, options, wider.window)
                route = "complete" if hole.carries_alpha else route
                levels = max(levels, count_levels(hole, options, network, tuning)[0])
        whole = hole.missing.size <= tuning.whole_window_px
        hole = hole._replace(barred=find_barred(document, region, options, whole))
        schedule = schedule_completion(
            hole.missing, levels, route == "propose-coarse", tuning, hole.barred, options.variation
        )
        if hole.barred is not None and not schedule.steps:
            raise too_few_sources(hole.missing, hole.barred, whole, tuning.min_allowed)
    tiles: list[Rect] = []
    if route != "complete":
        level = levels if route == "propose-coarse" else 0
        tiles = place_tiles(region, hole, level, options, network)
    work = Work(len(tiles), sum(rect.area for rect in tiles), rounds_px(schedule))
    return RegionPlan(region, pack_hole(hole), route, schedule, tiles, work)


def count_levels(
    hole: Hole, options: Options, network: NetworkFacts, tuning: Tuning
) -> tuple[int, float]:
    """Return how many levels above the picture's own a hole needs, and its radius in pixels."""
    radius_px = hole_radius(hole.missing)
    if options.strategy in FLAT and not hole.carries_alpha:
        return 0, radius_px
    by_patches = hole.carries_alpha or network.role == "corrects"
    bridged = tuning.bridged_px if by_patches else network.max_hole_radius_px
    levels = levels_to_bridge(radius_px, bridged, min(hole.missing.shape))
    if options.strategy == "pyramid" or (by_patches and hole.missing.size > tuning.whole_window_px):
        levels = max(1, levels)
    return levels, radius_px


def levels_to_bridge(radius_px: float, bridged_px: int, shorter_px: int) -> int:
    """Return the levels above level 0 until the radius of a hole is bridged.

    A level is not reduced further when it has become so small that nothing could be seen on it.

    >>> levels_to_bridge(200.0, 16, 800)
    4
    """
    levels = 0
    while radius_px > bridged_px << levels and shorter_px >> levels > LEAST_LEVEL_PX:
        levels += 1
    return levels


def choose_route(levels: int, radius_px: float, options: Options, network: NetworkFacts) -> Route:
    """Choose what fills a region of so many levels whose hole has such a radius."""
    if network.role == "corrects":
        if options.strategy in FLAT:
            return "correct-rim"
        return "correct" if radius_px <= network.max_hole_radius_px else "complete"
    return "propose-coarse" if levels else "propose"


def place_tiles(
    region: Region, hole: Hole, level: int, options: Options, network: NetworkFacts
) -> list[Rect]:
    """Lay tiles over what is selected on a level; those without a selected pixel are left out."""
    wanted = (hole.soft > 0).astype(np.uint8)
    part = region.part.relative_to(region.window)
    for _ in range(level):
        wanted, part = reduce_missing(wanted), part.reduce(2)
    plane = Rect(0, 0, wanted.shape[1], wanted.shape[0])
    # Without levels the network is shown all there is.
    flat = options.strategy in FLAT
    area = plane if flat else part.grow(TILE_CONTEXT_PX).intersect(plane)
    tile, overlap = tile_and_overlap(options, network)
    rects = plan_tiles(area, plane, tile, overlap, network.multiple_px)
    return [rect for rect in rects if wanted[rect.slices].any()]


def rounds_px(schedule: Schedule | None) -> tuple[int, ...]:
    """Estimate what each round of a completion costs, and at the end what comes after the last."""
    if schedule is None:
        return ()
    rounds: list[int] = []
    besides = 0  # what is done before the next round
    for step in schedule.steps:
        searches = step.turns.searches if step.begin != "coarser" else 0
        besides += (LEVEL_PX + SEARCH_PX * searches) * step.targets
        for _ in range(step.rounds):
            rounds.append(ROUND_PX * step.targets + besides)
            besides = 0
    return *rounds, 1 + besides


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
