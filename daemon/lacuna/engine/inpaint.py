"""The whole fill, top to bottom: from a selection and a network to the pixels that changed.

One region after the other is read and handed out as finished pieces: what is held at a time is set
by the largest region, not by the picture.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lacuna_wire import Options, Rect
from lacuna_wire.messages import Report, ShouldStop
from lacuna_wire.rect import bounding_rect

from .completion.complete import complete_window, refine_here
from .completion.refine import Refine
from .completion.starts.smooth import show_rim
from .geometry.regions import plan_regions, tighten
from .pixels.composite import Take, composite
from .pixels.document import Document, Mask, Pixels, Readable, strips
from .pixels.hole import Hole, unpack_hole
from .pixels.levels import build_levels, coarsest_first
from .plan import RegionPlan, plan_fill, tile_and_overlap
from .progress import WorkCounter
from .sources import find_barred
from .tiling.fill import Show, Tiling, fill_level, fill_picture
from .tiling.network import Network
from .tiling.turned import turned

Bands = Iterator[tuple[Rect, Pixels]]  # of a window, from top to bottom


class Means(NamedTuple):
    """What every region of a job is filled with."""

    tiling: Tiling
    refine: Refine
    work: WorkCounter


def changed_rect(selection: Readable, options: Options) -> Rect:
    """Bound the pixels that a fill of `selection` (H, W) uint8 can change.

    Raises:
        Unprocessable: If nothing is selected (code `empty_selection`).
    """
    return bounding_rect([region.part for region in plan_regions(selection, options.grow)])


def fill(
    document: Document,
    options: Options,
    network: Network,
    take: Take,
    report: Report,
    should_stop: ShouldStop,
    refine: Refine = refine_here,
) -> int:
    """Fill what is selected and hand it out piece by piece.

    Args:
        document: Samples, selection and layout; read region by region.
        options: What the user chose.
        network: Fills one tile at a time.
        take: Gets pieces that together hold every pixel that changes; no two of them meet.
        report: Called before the first tile, after every one, and while patches are searched.
        should_stop: Asked as often.
        refine: Searches for patches.

    Returns:
        Number of tiles that the network filled.

    Raises:
        Unprocessable: If nothing is selected (`empty_selection`), nothing is known around it
            (`no_context`), or too little of it may be copied (`too_few_sources`).
        BadRequest: If tile and overlap do not go together.
        JobCancelled: If `should_stop` said so.
        MemoryError: If a tile does not fit; a `FittingDevice` makes it fit if anything can.
    """
    plans = plan_fill(document, options, network)
    work = WorkCounter([plan.work for plan in plans], report, should_stop)
    _tile, overlap = tile_and_overlap(options, network)
    network = turned(network, options.variation)
    tiling = Tiling(network, overlap, options.colour_correction, work.tile_done)
    means = Means(tiling, refine, work)
    for plan in plans:
        work.next_region(plan.work)
        hole = unpack_hole(plan.hole)
        window = document.crop(plan.region.window)._replace(carries_alpha=hole.carries_alpha)
        barred = None
        if plan.schedule:
            barred = find_barred(document, plan.region, options, plan.schedule.whole)
        for rect, pixels in fill_region(window, hole, plan, means, barred):
            seen = tighten(hole.soft, rect)
            if seen.area:
                own, soft = window.samples[seen.slices], hole.soft[seen.slices]
                inside = pixels[seen.relative_to(rect).slices]
                samples = composite(own, inside, soft, window.layout, options)
                take(seen.shift(plan.region.window.left, plan.region.window.top), samples)
    return work.tiles_done


def fill_region(
    window: Document, hole: Hole, plan: RegionPlan, means: Means, barred: Mask | None = None
) -> Bands:
    """Fill a region as it was planned: bands in coordinates of its window, covering its part.

    Args:
        window: Its window of the document.
        hole: The masks of the window.
        plan: Of the region.
        means: What fills.
        barred: uint8 (H, W) of the window, 1 = must not be copied; None if all may be.

    Returns:
        Pairs (rect, float32 (rect.height, rect.width, window.colour_count)).
    """
    part, tiling = plan.region.part.relative_to(plan.region.window), means.tiling
    show: Show | None = None
    if plan.schedule:
        levels = build_levels(window, hole.missing, plan.schedule.levels)
        proposed = None
        if plan.route == "propose-coarse":
            proposed = fill_level(levels[-1], plan.tiles, tiling)
        show, _cost = complete_window(
            window, hole.missing, coarsest_first(levels), plan.schedule, means.work.round_done,
            proposed, means.refine, barred,
        )  # fmt: skip
        means.work.completion_done()
    elif plan.route == "correct-rim":
        show = show_rim(window, hole.missing)
    if show and plan.route in ("complete", "propose-coarse"):
        return ((strip, show(strip)) for strip in strips(part))
    return fill_picture(window, hole, plan.tiles, part, show, tiling)
