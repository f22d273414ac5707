"""Which known pixels may be copied into a hole, and how far its window grows to hold enough.

A user limits them by a mask (`Document.sources`), by a direction (`Options.copy_direction`), or by
both. What may not be copied is *barred*; it stays in sight, and the network may go by it.
"""

import numpy as np
from numpy.typing import NDArray

from lacuna_wire import Options, Rect
from lacuna_wire.errors import Unprocessable
from lacuna_wire.planes import enough_sources
from lacuna_wire.rect import bounding_rect

from .completion.backend.kernels import SIDE
from .completion.problem import find_sources
from .geometry.context import along
from .geometry.regions import Region, tighten
from .pixels.document import Document, Mask, strips
from .pixels.hole import reduce_missing

ALLOWED = 255  # in `Document.sources`


def is_limited(document: Document, options: Options) -> bool:
    """Tell whether a user has said what may be copied."""
    return document.sources is not None or options.copy_direction != "any"


def find_barred(document: Document, region: Region, options: Options, whole: bool) -> Mask | None:
    """Find what of a region's window must not be copied.

    Args:
        document: With `sources`, if there is a mask.
        region: Its part and window.
        options: `copy_direction`.
        whole: Whether its patches lie on the picture's own level, and not on level 1 alone.

    Returns:
        uint8 (H, W) of the window, 1 = barred; None if nothing is.
    """
    if not is_limited(document, options):
        return None
    window = region.window
    barred = np.ones((window.height, window.width), np.uint8)
    band = band_of(region.part, document.rect, options, whole).intersect(window)
    barred[band.relative_to(window).slices] = 0
    if document.sources is not None:
        for strip in strips(window):
            own = document.sources[strip.slices] != ALLOWED
            barred[strip.relative_to(window).slices] |= own
    return barred if barred.any() else None


def band_of(part: Rect, picture: Rect, options: Options, whole: bool) -> Rect:
    """Bound what lies in the direction that may be copied from.

    It is as much wider than the part as leaves every patch at least one row (or column) of it.
    """
    slack = (SIDE if whole else 2 * SIDE) - 1
    return along(part.grow(slack), options.copy_direction, picture)


def widen(document: Document, region: Region, options: Options, missing: Mask) -> Region:
    """Grow a window until it holds enough that may be copied, or all that there is.

    Args:
        document: With `sources`, if there is a mask.
        region: Its part and window.
        options: `copy_direction`.
        missing: uint8 (H, W) of the window, 1 = missing.
    """
    enough = enough_sources(int(np.count_nonzero(missing)))
    band = band_of(region.part, document.rect, options, whole=False)
    reach, seen = max(region.part.width, region.part.height), region.window
    while _count_allowed(document, band.intersect(seen)) < enough and seen != document.rect:
        seen, reach = seen.grow(reach).intersect(document.rect), 2 * reach
    if seen == region.window:
        return region
    return Region(region.part, region.window.union(_bound_allowed(document, band.intersect(seen))))


def _count_allowed(document: Document, rect: Rect) -> int:
    """Count the pixels that are not selected and may be copied."""
    return sum(int(np.count_nonzero(_allowed(document, strip))) for strip in strips(rect))


def _bound_allowed(document: Document, rect: Rect) -> Rect:
    """Bound the same pixels."""
    return bounding_rect(
        [
            tighten(_allowed(document, strip), strip.relative_to(strip)).shift(*strip[:2])
            for strip in strips(rect)
        ]
    )


def _allowed(document: Document, rect: Rect) -> NDArray[np.bool_]:
    allowed: NDArray[np.bool_] = document.selection[rect.slices] == 0
    if document.sources is not None:
        allowed &= document.sources[rect.slices] == ALLOWED
    return allowed


def too_few_sources(missing: Mask, barred: Mask, whole: bool, needed: int) -> Unprocessable:
    """Return the error of a window of which too little may be copied.

    Args:
        missing: uint8 (H, W), 1 = missing.
        barred: uint8 (H, W), 1 = must not be copied.
        whole: As in `find_barred`.
        needed: Patches.
    """
    height, width = missing.shape
    taken = missing | barred
    allowed, side = int(np.count_nonzero(taken == 0)), SIDE
    if not whole:
        taken, side = reduce_missing(taken), 2 * SIDE
    squares = int(np.count_nonzero(find_sources(taken > 0)))
    return Unprocessable(
        f"Too little is left to copy from: of {width:,} x {height:,} px around the selection "
        f"{allowed:,} px may be copied, and a square of {side} x {side} px fits in there in "
        f"{squares:,} place{'s' * (squares != 1)}; {needed:,} are needed. Allow more to be copied.",
        code="too_few_sources",
        values={
            "width": width,
            "height": height,
            "allowed": allowed,
            "side": side,
            "squares": squares,
            "needed": needed,
        },
    )
