"""The picture's own level, shown piece by piece: pixels of the document where level 1 points."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from lacuna_wire import Rect

from ..pixels.document import Document, Mask, Pixels, Places
from ..pixels.levels import enlarge
from .backend import tracing
from .backend.side_by_side import side_by_side
from .join import NEIGHBOURS, REACH_PX, Detail, join
from .problem import Matches, Problem

# Patches that vote on one pixel, of the 49 over it: enough to hide where they meet.
SHIFTS = np.array([(down, right) for down in (-2, 0, 2) for right in (-2, 0, 2)], np.int64)
OWN = np.zeros((1, 2), np.int64)  # the patch around it
BLOCK_PX = 512  # side of what is joined at a time: 30 MB
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
    if window.carries_alpha:
        return _Piece(window, missing, coarser, problem, matches, rect).vote()
    shown = np.empty((rect.height, rect.width, window.colour_count), np.float32)
    for block in _blocks(rect):
        # What lies further away is not felt: blocks that meet show the same.
        seen = block.grow(REACH_PX).intersect(window.rect)
        piece = _Piece(window, missing, coarser, problem, matches, seen)
        joined = join(piece.vote(), missing[seen.slices] > 0, piece.look_closely())
        shown[block.relative_to(rect).slices] = joined[block.relative_to(seen).slices]
    return shown


class _Piece(NamedTuple):
    """A part of level 0: with what `show_picture_level` is given."""

    window: Document
    missing: Mask
    coarser: Pixels
    problem: Problem
    matches: Matches
    rect: Rect

    def vote(self) -> Pixels:
        """Average what the patches over a pixel say: float32 (height, width, C)."""
        shown = self.window.image(self.rect)
        rows, columns = np.nonzero(self.missing[self.rect.slices])
        # Where nobody votes, the enlarged level stays.
        mean = enlarge(self.coarser, self.rect, self.window.rect)[rows, columns]

        def work(some: slice) -> None:
            down, right, match = self._trace(rows[some], columns[some], SHIFTS)
            colours = self.window.colours(down.ravel(), right.ravel())
            colours = colours.reshape(*match.shape, mean.shape[1])
            tracing.average(colours, match, self.matches.bias, mean[some])

        side_by_side(work, len(rows), SLICE_OF_PIXELS)
        shown[rows, columns] = mean
        return shown

    def look_closely(self) -> Detail:
        """Look up the detail of the pixels' own sources."""
        rows, columns = np.nonzero(self.missing[self.rect.slices])
        gradients = np.zeros((len(rows), len(NEIGHBOURS), self.window.colour_count), np.float32)
        cost = np.empty(len(rows), np.float32)
        height, width = self.missing.shape

        def work(some: slice) -> None:
            down, right, match = (
                each[:, 0] for each in self._trace(rows[some], columns[some], OWN)
            )
            told = match >= 0
            own = self.window.colours(down, right)
            for k, (below, beside) in enumerate(NEIGHBOURS):
                there, across = down + below, right + beside
                told &= (there >= 0) & (there < height) & (across >= 0) & (across < width)
                there, across = np.clip(there, 0, height - 1), np.clip(across, 0, width - 1)
                told &= self.missing[there, across] == 0
                gradients[some, k] = own - self.window.colours(there, across)
            cost[some] = np.where(told, self.matches.cost[match], np.inf)

        side_by_side(work, len(rows), SLICE_OF_PIXELS)
        return Detail(gradients, cost)

    def _trace(
        self, rows: Places, columns: Places, shifts: Places
    ) -> tuple[Places, Places, Places]:
        """Find where pixels of the piece come from: rows, columns, matches, (N, K) each."""
        match = np.empty((len(rows), len(shifts)), np.int64)
        down, right = np.empty_like(match), np.empty_like(match)
        size = self.problem.missing.shape[0], self.problem.missing.shape[1]
        tracing.trace(
            rows + self.rect.top, columns + self.rect.left, shifts, self.missing, size,
            self.problem.stride, self.problem.number, self.matches.source, down, right, match,
        )  # fmt: skip
        return down, right, match


def _blocks(rect: Rect) -> Iterator[Rect]:
    """Cut into blocks of about the same size, no side longer than BLOCK_PX."""
    down, across = -(-rect.height // BLOCK_PX), -(-rect.width // BLOCK_PX)
    for row, column in product(range(down), range(across)):
        yield Rect.from_edges(
            rect.left + rect.width * column // across,
            rect.top + rect.height * row // down,
            rect.left + rect.width * (column + 1) // across,
            rect.top + rect.height * (row + 1) // down,
        )
