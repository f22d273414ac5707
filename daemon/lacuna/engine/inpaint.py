"""The whole fill, top to bottom: from a plan and a network to the pixels that changed.

One region after the other is read and handed out as finished pieces: what is held at a time is set
by the largest region, not by the picture.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lacuna_wire import Rect
from lacuna_wire.messages import Report, ShouldStop

from .completion.complete import complete_window, refine_here
from .completion.proposal import propose
from .completion.refine import Refine
from .completion.starts.smooth import show_rim
from .geometry.regions import tighten
from .pixels.composite import Take, composite
from .pixels.document import Document, Pixels, strips
from .pixels.hole import Hole, unpack_hole
from .pixels.levels import build_levels, coarsest_first
from .plan import FillPlan, RegionPlan
from .progress import WorkCounter
from .tile_plan import tile_and_overlap
from .tiling.fill import Show, Tiling, fill_level, fill_picture
from .tiling.network import Network
from .tiling.turned import turned

Bands = Iterator[tuple[Rect, Pixels]]  # of a window, from top to bottom


class Means(NamedTuple):
    """What every region of a job is filled with."""

    tiling: Tiling
    refine: Refine
    work: WorkCounter


def fill(
    document: Document,
    plan: FillPlan,
    network: Network,
    take: Take,
    report: Report,
    should_stop: ShouldStop,
    refine: Refine = refine_here,
) -> int:
    """Fill what is selected and hand it out piece by piece.

    Args:
        document: Samples, selection and layout; read region by region.
        plan: Of the document, for this network.
        network: Fills one tile at a time.
        take: Gets pieces that together hold every pixel that changes; no two of them meet.
        report: Called before the first tile, after every one, and while patches are searched.
        should_stop: Asked as often.
        refine: Searches for patches.

    Returns:
        Number of tiles that the network filled.

    Raises:
        JobCancelled: If `should_stop` said so.
        MemoryError: If a tile does not fit; a `FittingDevice` makes it fit if anything can.
    """
    options = plan.options
    work = WorkCounter([each.work for each in plan.regions], report, should_stop)
    _tile, overlap = tile_and_overlap(options, network)
    network = turned(network, options.variation)
    tiling = Tiling(network, overlap, options.colour_correction, work.tile_done)
    means = Means(tiling, refine, work)
    for each in plan.regions:
        work.next_region(each.work)
        hole, place = unpack_hole(each.hole), each.region.window
        window = document.crop(place)._replace(carries_alpha=hole.carries_alpha)
        window = window.spanned(hole.missing)
        for rect, pixels in fill_region(window, hole, each, means):
            seen = tighten(hole.soft, rect)
            if seen.area:
                own, soft = window.samples[seen.slices], hole.soft[seen.slices]
                inside = pixels[seen.relative_to(rect).slices]
                samples = composite(own, inside, soft, window.layout, options, window.span)
                take(seen.shift(place.left, place.top), samples)
    return work.tiles_done


def fill_region(window: Document, hole: Hole, plan: RegionPlan, means: Means) -> Bands:
    """Fill a region as it was planned: bands in coordinates of its window, covering its part.

    Args:
        window: Its window of the document.
        hole: The masks of the window.
        plan: Of the region.
        means: What fills.

    Returns:
        Pairs (rect, float32 (rect.height, rect.width, window.colour_count)).
    """
    part, tiling = plan.region.part.relative_to(plan.region.window), means.tiling
    show: Show | None = None
    if plan.schedule:
        levels = build_levels(window, hole.missing, plan.schedule.levels)
        proposed = None
        if plan.route == "propose-coarse":
            painted = fill_level(levels[-1], plan.tiles, tiling)
            # The network has seen what must not be copied, and may have painted that.
            is_kept = hole.barred is None
            proposed = propose(painted, levels[-1].incomplete, plan.levels, is_kept)
        show, _cost = complete_window(
            window, hole.missing, coarsest_first(levels), plan.schedule, means.work.round_done,
            proposed, means.refine, hole.barred,
        )  # fmt: skip
        means.work.completion_done()
    elif plan.route == "correct-rim":
        show = show_rim(window, hole.missing)
    if show and plan.route in ("complete", "propose-coarse"):
        return ((strip, show(strip)) for strip in strips(part))
    restrained = plan.route == "correct"
    return fill_picture(window, hole, plan.tiles, part, show, tiling, restrained)
