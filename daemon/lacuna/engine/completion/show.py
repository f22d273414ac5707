"""The picture's own level, shown piece by piece: pixels of the document where level 1 points."""

import numpy as np

from lacuna_wire import Rect

from ..pixels.document import Document, Mask, Pixels
from ..pixels.levels import enlarge
from .backend import kernels
from .backend.side_by_side import side_by_side
from .problem import Matches, Problem

# Patches that vote on one pixel, of the 49 over it: enough to hide where they meet.
SHIFTS = np.array([(down, right) for down in (-2, 0, 2) for right in (-2, 0, 2)], np.int64)
SLICE_OF_PIXELS = 16_384  # that a thread looks up at a time


def show_picture_level(
    window: Document, missing: Mask, coarser: Pixels, problem: Problem, matches: Matches, rect: Rect
) -> Pixels:
    """Complete a part of level 0 from the matches of level 1, reading only what it needs.

    Args:
        window: The region's window of the document.
        missing: uint8 (H, W) of the window, 1 = missing.
        coarser: Level 1, completed: float32 (H / 2, W / 2, C).
        problem: Of level 1.
        matches: Of level 1, scored.
        rect: Wanted pixels, in window coordinates.

    Returns:
        float32 (rect.height, rect.width, C), of meaning where pixels are missing.
    """
    shown = enlarge(coarser, rect, window.rect)
    rows, columns = np.nonzero(missing[rect.slices])
    mean = shown[rows, columns]  # where nobody votes, the enlarged level stays
    size = problem.missing.shape[0], problem.missing.shape[1]

    def work(some: slice) -> None:
        match = np.empty((len(mean[some]), len(SHIFTS)), np.int64)
        down, right = np.empty_like(match), np.empty_like(match)
        kernels.trace(
            rows[some] + rect.top, columns[some] + rect.left, SHIFTS, missing,
            size, problem.stride, problem.number, matches.source, down, right, match,
        )  # fmt: skip
        colours = window.colours(down.ravel(), right.ravel()).reshape(*match.shape, mean.shape[1])
        kernels.average(colours, match, matches.bias, mean[some])

    side_by_side(work, len(rows), SLICE_OF_PIXELS)
    shown[rows, columns] = mean
    return shown
