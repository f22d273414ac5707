"""What a fill will do, decided once, before anything is done: of each region its route and work."""

from dataclasses import replace
from typing import Literal, NamedTuple

from lacuna.network_facts import NetworkFacts, Role
from lacuna_wire import Options, Rect
from lacuna_wire.errors import Unprocessable
from lacuna_wire.rect import bounding_rect

from .completion.schedule import TUNING, Schedule, Tuning, schedule_completion
from .geometry.context import painted_window
from .geometry.regions import Region, plan_regions
from .pixels.document import Document
from .pixels.hole import Hole, PackedHole, find_hole, hole_radius, pack_hole
from .progress import Work
from .sources import find_barred, is_limited, too_few_sources, widen
from .tile_plan import FLAT, piece_px, place_tiles, tile_and_overlap

# How a region is filled:
# `correct`: patches complete it, and the network corrects that on the picture's own level.
# `correct-rim`: the same over the rim alone, drawn into the hole of each tile.
# `propose`: the network paints it on the picture's own level.
# `propose-coarse`: it paints the coarsest level, and patches carry that to the picture's own.
# `complete`: patches alone. A network knows nothing of alpha, whatever the strategy; and one that
# corrects adds nothing to a hole that is larger than it bridges.
Route = Literal["correct", "correct-rim", "propose", "propose-coarse", "complete"]

COPYING = ("correct", "propose-coarse", "complete")  # routes with patches
# Holes of up to this radius may be painted by tiles: each sees enough on both sides of a wire.
WIRE_PX = 32
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


def regions_of(document: Document, options: Options, role: Role) -> list[Region]:
    """Lay regions over what is selected.

    Args:
        document: Its selection.
        options: What the user chose.
        role: Of the network that will fill: one that proposes has to see more.

    Raises:
        Unprocessable: If nothing is (`empty_selection`).
    """
    regions = plan_regions(document.selection, options.grow)
    if options.strategy == "tiles":
        return [Region(bounding_rect([region.part for region in regions]), document.rect)]
    if role == "proposes":
        return [Region(part, painted_window(part, document.rect)) for part, _window in regions]
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
            hole.missing,
            levels,
            route == "propose-coarse",
            tuning,
            hole.barred,
            options.variation,
            not hole.carries_alpha,
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
    if not by_patches and radius_px > WIRE_PX:
        levels = max(levels, levels_to_fit(hole.missing.shape, piece_px(options, network)))
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


def levels_to_fit(size: tuple[int, int], piece_px: int) -> int:
    """Return the levels above level 0 until a window is seen in one piece.

    Pieces of a hole that is wide would each show another thing.

    >>> levels_to_fit((3000, 2000), 1 << 21)
    1
    """
    levels, rect = 0, Rect(0, 0, size[1], size[0])
    while rect.area > piece_px and min(rect.width, rect.height) > LEAST_LEVEL_PX:
        levels, rect = levels + 1, rect.reduce(2)
    return levels


def choose_route(levels: int, radius_px: float, options: Options, network: NetworkFacts) -> Route:
    """Choose what fills a region of so many levels whose hole has such a radius."""
    if network.role == "corrects":
        if options.strategy in FLAT:
            return "correct-rim"
        return "correct" if radius_px <= network.max_hole_radius_px else "complete"
    return "propose-coarse" if levels else "propose"


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
