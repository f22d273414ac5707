"""The hole finds its own edge: `grow: auto`, decided before anything is planned.

The band in which what is selected shows outside of its selection joins the selection. All that
follows takes it for selected: it is neither copied, nor drawn from, nor measured. Where nothing
bleeds the selection stays what it is, and so does every byte of the fill.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lacuna_wire import Options, Rect
from lacuna_wire.errors import JobCancelled, Unprocessable
from lacuna_wire.messages import ShouldStop
from lacuna_wire.options import AUTO_GROW

from ..geometry.regions import plan_regions
from ..pixels.document import (
    LEAST_ALPHA,
    Document,
    Mask,
    Pixels,
    Readable,
    has_float_samples,
    opacity,
)
from ..pixels.hole import find_hole
from .band import FADE_PX, draw_band
from .bleed import MOST_PX, find_widths
from .profiles import BORDER_PX, Read, measure

MOST_GROWN_PX = MOST_PX + FADE_PX  # that `auto` ever adds


class Edge(NamedTuple):
    """Where a selection really ends.

    Attributes:
        document: What is to be filled, with all that is missing selected.
        options: Of its fill: `grow` is a number.
        grown_px: Pixels that were added at most, fading ones too; 0 if nothing was.
    """

    document: Document
    options: Options
    grown_px: int


@dataclass(frozen=True)
class SelectionWithBand:
    """A selection with pieces laid over it; nothing is copied before it is read.

    Attributes:
        own: uint8 (H, W), 0 = keep, 255 = replace.
        places: int64 (N, 4), left, top, right and bottom of the pieces.
        pieces: uint8, of these sizes; the larger value holds.
    """

    own: Readable
    places: NDArray[np.int64]
    pieces: Sequence[Mask]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.own.shape

    def __getitem__(self, slices: tuple[slice, slice], /) -> NDArray[Any]:
        rows, columns = (range(*s.indices(n)) for s, n in zip(slices, self.shape[:2], strict=True))
        seen = Rect.from_edges(columns.start, rows.start, columns.stop, rows.stop)
        grown = np.array(self.own[seen.slices])
        left, top, right, bottom = self.places.T
        meets = (left < seen.right) & (right > seen.left) & (top < seen.bottom)
        for number in np.flatnonzero(meets & (bottom > seen.top)).tolist():
            piece = Rect.from_edges(*self.places[number].tolist())
            both = piece.intersect(seen)
            own = grown[both.relative_to(seen).slices]
            np.maximum(own, self.pieces[number][both.relative_to(piece).slices], out=own)
        return grown


def find_edge(
    document: Document, options: Options, should_stop: ShouldStop = lambda: False
) -> Edge:
    """Grow the selection as far as what is selected bleeds over it, if the user leaves that to us.

    Args:
        document: Samples, selection and layout; read near the rim of the selection alone.
        options: `grow` and `transparency`.
        should_stop: Asked for every region.

    Raises:
        Unprocessable: If nothing is selected (`empty_selection`).
        JobCancelled: If `should_stop` said so.
    """
    if options.grow != AUTO_GROW:
        return Edge(document, options, 0)
    options = replace(options, grow=0)
    places, pieces, grown_px = [], [], 0
    for region in plan_regions(document.selection, 0):
        if should_stop():
            raise JobCancelled("The fill was cancelled.")
        seen = region.part.grow(BORDER_PX).intersect(document.rect)
        selection = np.ascontiguousarray(document.selection[seen.slices])
        for tile, grown in _grow(document, options, seen, selection):
            grown_px = max(grown_px, _distance(selection, tile, grown))
            place = tile.shift(seen.left, seen.top)
            places.append((place.left, place.top, place.right, place.bottom))
            pieces.append(grown)
    if not pieces:
        return Edge(document, options, 0)
    grown_selection = SelectionWithBand(document.selection, np.array(places, np.int64), pieces)
    return Edge(document._replace(selection=grown_selection), options, grown_px)


def _grow(
    document: Document, options: Options, seen: Rect, selection: Mask
) -> list[tuple[Rect, Mask]]:
    """Enlarge the selection in a part of a document, as `draw_band` does."""
    selected = (selection > 0).astype(np.uint8)
    if selected.all():
        return []
    try:
        read = _reader(document, options, seen)
    except Unprocessable:  # nothing is known around it; planning sees farther, and says so
        return []
    profiles = measure(selected, read)
    widths = find_widths(profiles)
    return draw_band(selection, widths, profiles.cells) if widths.any() else []


def _reader(document: Document, options: Options, seen: Rect) -> Read:
    """Return what decodes parts of a window, with alpha where that is content.

    Raises:
        Unprocessable: If nothing is known in it (`no_context`).
    """
    layout = document.layout
    carries_alpha = layout.has_alpha and find_hole(document, options, seen).carries_alpha
    # What is selected is compared with the ground, so both are within the span.
    span = document.crop(seen).spanned(np.zeros((seen.height, seen.width), np.uint8)).span
    shown = document._replace(carries_alpha=carries_alpha, span=span)

    def read(rect: Rect) -> tuple[Pixels, NDArray[np.bool_]]:
        # Of a file, one read for both.
        crop = shown.crop(rect.shift(seen.left, seen.top))
        samples = np.asarray(crop.samples)
        counted = np.ones(samples.shape[:2], bool)
        if has_float_samples(layout):
            counted = np.isfinite(samples).all(axis=2)
        if layout.has_alpha and not carries_alpha:
            # What is not there has no colour, and the rim of what is there has no clear one.
            counted &= opacity(samples, layout) > 1 - LEAST_ALPHA
        return crop.image(crop.rect), counted

    return read


def _distance(selection: Mask, tile: Rect, grown: Mask) -> int:
    """Return how far from a selection the farthest pixel of a tile is that was added."""
    seen = tile.grow(MOST_GROWN_PX + 1)
    seen = seen.intersect(Rect(0, 0, selection.shape[1], selection.shape[0]))
    outside = (selection[seen.slices] == 0).astype(np.uint8)
    away = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return int(np.ceil(np.asarray(away)[tile.relative_to(seen).slices][grown > 0].max()))
