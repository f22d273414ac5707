"""What a network has painted on a coarse level, and how much of it the completion keeps.

Patches begin with it, and would soon be all that is left of it. So every level is held to it: seen
from as far away as the network saw it, a level shows what the network has painted, and patches say
only what is finer (by back-projection: Irani and Peleg, "Improving Resolution by Image
Registration", CVGIP 1991). Mush is kept only from as far away as it is no mush any more.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lacuna_wire import Rect

from ..pixels.document import Mask, Pixels
from ..pixels.hole import reduce_missing
from ..pixels.levels import enlarge_often
from ..pixels.membrane import mean_of_cells

TURNS = 3  # of back-projection: what is added to one cell is spread over those around it
REACH_CELLS = 4  # from here on nothing of a cell is felt
# Photographs themselves have a sharpness of 0.8 to 1.3. A blur of half a pixel leaves 0.6 to 1.0 of
# that, one of a pixel 0.4 to 0.7; a poor network that adds a grain of its own to its mush has 1.3
# to 1.6 (docs/decisions/0005).
LEAST_SHARP, MOST_SHARP = 0.6, 1.35
MOST_REDUCTIONS = 3  # of what is not as sharp as its surroundings
FINE_SIGMA_PX = 1.0  # detail is what a blur of this width takes away
LEAST_DETAIL = 0.1 / 255  # less is rounding
AROUND_A_CELL = np.ones((3, 3), np.uint8)
REACH_OF_DETAIL = np.ones((5, 5), np.uint8)  # around a pixel


class Proposal(NamedTuple):
    """What a network proposes for a hole.

    Attributes:
        start: float32 (H, W, COLOURS), the coarsest level as the network has painted it.
        level: Number of the level that is kept: that one, or a reduction of it that is sharp.
        held: float32 (h, w, COLOURS), `start` on that level.
        cells: uint8 (h, w), 1 = a pixel that is kept.
    """

    start: Pixels
    level: int
    held: Pixels
    cells: Mask

    @property
    def rect(self) -> Rect:
        """All of the level that is kept."""
        return Rect(0, 0, self.cells.shape[1], self.cells.shape[0])

    def begin(self, level: Rect, times: int) -> Pixels:
        """Show all of a level that is `times` finer than `start` as interpolated from that."""
        return enlarge_often(self.start, level, times)


def propose(painted: Pixels, missing: Mask, level: int, is_kept: bool = True) -> Proposal:
    """Decide what of a painted level is kept: as much as is as sharp as its surroundings.

    Args:
        painted: float32 (H, W, COLOURS) in [0, 1], known pixels as they are.
        missing: uint8 (H, W), 1 = painted.
        level: Its number.
        is_kept: Whether anything is; if not, patches only begin with it.
    """
    held, cells = painted, missing
    for _ in range(MOST_REDUCTIONS):
        if LEAST_SHARP <= sharpness(held, cells) <= MOST_SHARP:
            break
        held, cells, level = mean_of_cells(held), reduce_missing(cells), level + 1
    # The outermost are left to the patches, which meet what is known better than anything painted.
    kept = cv2.erode(cells, AROUND_A_CELL) if is_kept else np.zeros_like(cells)
    return Proposal(painted, level, held, np.asarray(kept, np.uint8))


def sharpness(image: Pixels, missing: Mask) -> float:
    """Tell how sharp a hole is beside its surroundings: 1 if as sharp, less if it is blurred.

    More if it has a grain that its coarser detail does not go with.

    Sharp is what has as much more detail than reduced by two as its surroundings have. How much
    detail that is does not matter: a calm fill amid leaves is not a blurred one.

    Args:
        image: float32 (H, W, C).
        missing: uint8 (H, W), 1 = missing.
    """
    reduced, hole = mean_of_cells(image), reduce_missing(missing)
    inside = detail(image, missing) / detail(reduced, hole)
    return inside / (detail(image, 1 - missing) / detail(reduced, 1 - hole))


def detail(image: Pixels, part: Mask) -> float:
    """Measure the finest detail of a part of an image, uint8 (H, W), 1 = in it; never 0."""
    # What lies beyond the image takes nothing away; of a part that is all rim, the rim counts.
    inner = cv2.erode(part, REACH_OF_DETAIL)
    counted = (inner if inner.any() else part) > 0
    if not counted.any():
        return LEAST_DETAIL
    fine = np.abs(image - cv2.GaussianBlur(image, (0, 0), FINE_SIGMA_PX)).mean(axis=2)
    return float(fine[counted].mean()) + LEAST_DETAIL


def hold(
    image: Pixels,
    missing: NDArray[np.bool_],
    level: int,
    proposal: Proposal | None,
    cells: Rect | None = None,
) -> Pixels:
    """Give a completed level the colours that were proposed; what is finer stays.

    Args:
        image: float32 (H, W, COLOURS) in [0, 1].
        missing: bool (H, W), what may be changed.
        level: Its number, no more than that of the proposal.
        proposal: What it is held to; None if to nothing.
        cells: What of the proposal the image covers; None for all of it.

    Returns:
        float32 (H, W, COLOURS) in [0, 1], known pixels as they were.
    """
    if proposal is None or not proposal.cells.any():
        return image
    place = (proposal.rect if cells is None else cells).slices
    wanted, kept = proposal.held[place], proposal.cells[place][..., None]
    reductions, image = proposal.level - level, image.copy()
    size = wanted.shape[1] << reductions, wanted.shape[0] << reductions
    for _ in range(TURNS):
        seen = image
        for _ in range(reductions):
            seen = mean_of_cells(seen)
        lacks = cv2.resize((wanted - seen) * kept, size, interpolation=cv2.INTER_LINEAR)
        lacks = lacks[: image.shape[0], : image.shape[1]]
        image[missing] = np.clip(image[missing] + lacks[missing], 0, 1)
    return image


def show_held(
    show: Callable[[Rect], Pixels], missing: Mask, proposal: Proposal, rect: Rect
) -> Pixels:
    """Show a rectangle of the picture's own level, held to what was proposed.

    Args:
        show: Gives any rectangle of the window as patches complete it.
        missing: uint8 (H, W) of the window, 1 = missing.
        proposal: What it is held to.
        rect: Wanted pixels, in window coordinates.
    """
    factor, window = 1 << proposal.level, Rect(0, 0, missing.shape[1], missing.shape[0])
    cells = rect.reduce(factor).grow(REACH_CELLS).intersect(proposal.rect)
    seen = cells.enlarge(factor).intersect(window)
    held = hold(show(seen), missing[seen.slices] > 0, 0, proposal, cells)
    return held[rect.relative_to(seen).slices]
