"""What is selected in Krita, in a size that can be counted, and the grown selection."""

from typing import Any, NamedTuple, Optional
from zlib import crc32

from krita import Selection

from lacuna_wire import Rect
from lacuna_wire.editor import cut_into_strips
from lacuna_wire.growing import count_grown, grow_mask, is_hard

from .layers import canvas_of, selection_bounds
from .qt import QByteArray

COUNTED_PIXELS = 1 << 21  # of a larger selection only every n-th row and column is counted
COPIED_PIXELS = 1 << 24  # at a time
LOOKED_AT_ROWS = 16  # to see whether a selection is still the same
# Pixels times radius that are grown as the engine does it; soft values take a hundred times longer.
MOST_WORK, MOST_SOFT_WORK = 1 << 33, 1 << 26


class SelectedMask(NamedTuple):
    """A selection, or every n-th row and column of it.

    Attributes:
        mask: One byte per pixel.
        bounds: Of the selection on the canvas.
        step: n.
        canvas: All pixels of the image.
    """

    mask: bytes
    bounds: Rect
    step: int
    canvas: Rect

    def count(self, grow: int) -> int:
        """Return how many pixels will be filled; rounded, if not all were looked at."""
        step, area = self.step, self.bounds
        columns = len(range(0, area.width, step))
        image = self.canvas.relative_to(area)
        coarse = Rect.from_edges(
            *(edge // step for edge in (*image[:2], image.right, image.bottom))
        )
        rows = len(self.mask) // columns
        count = count_grown(self.mask, columns, rows, round(grow / step), coarse)
        return count if step == 1 else int(float(f"{count * step * step:.3g}"))


def selected_bounds(document: Any) -> Optional[Rect]:
    """Return the bounds of what is selected on the canvas, or None if nothing is."""
    if document is None:
        return None
    bounds = selection_bounds(document.selection()).intersect(canvas_of(document))
    return bounds if bounds.area else None


def fingerprint(document: Any, bounds: Rect) -> int:
    """Return a number that will be another one when something else is selected, as a rule."""
    selection = document.selection()
    if selection is None:
        return 0
    every, sum_ = max(1, bounds.height // LOOKED_AT_ROWS), crc32(repr(bounds).encode())
    for top in range(bounds.top, bounds.bottom, every):
        sum_ = crc32(bytes(selection.pixelData(bounds.left, top, bounds.width, 1)), sum_)
    return sum_


def read_mask(document: Any, bounds: Rect) -> SelectedMask:
    """Read what is selected; coarsely where it is large, for nobody may have to wait."""
    selection = document.selection()
    step = 1
    while bounds.area // (step * step) > COUNTED_PIXELS:
        step += 1
    if step == 1:
        mask = bytes(selection.pixelData(*bounds))
    else:
        rows = range(bounds.top, bounds.bottom, step)
        mask = b"".join(
            bytes(selection.pixelData(bounds.left, top, bounds.width, 1))[::step] for top in rows
        )
    return SelectedMask(mask, bounds, step, canvas_of(document))


class GrownSelection(NamedTuple):
    """A grown selection, before Krita has it.

    Attributes:
        mask: One byte per pixel; None if Krita has to grow it by itself.
        bounds: Where it lies.
        radius: By which it was grown.
    """

    mask: Optional[bytes]
    bounds: Rect
    radius: int


def read_whole_mask(document: Any) -> SelectedMask:
    """Read all that is selected, also outside of the canvas."""
    selection = document.selection()
    bounds = selection_bounds(selection)
    mask = bytes(selection.pixelData(*bounds))
    return SelectedMask(mask, bounds, 1, canvas_of(document))


def grow_selection(selected: SelectedMask, radius: int) -> GrownSelection:
    """Grow what was read, in any thread."""
    grown = selected.bounds.grow(radius)
    most = MOST_WORK if is_hard(selected.mask) else MOST_SOFT_WORK
    if grown.area * radius > most:
        return GrownSelection(None, grown, radius)
    width, height = selected.bounds[2:]
    return GrownSelection(grow_mask(selected.mask, width, height, radius), grown, radius)


def set_selection(document: Any, grown: GrownSelection) -> None:
    """Select what was grown."""
    if grown.mask is None:
        selection = document.selection().duplicate()
        selection.grow(grown.radius, grown.radius)
    else:
        selection = Selection()
        selection.setPixelData(QByteArray(grown.mask), *grown.bounds)
    document.setSelection(selection)


def moved_copy(selection: Any, left: int, top: int) -> Any:
    """Return a copy of a selection, so many pixels farther to the right and below."""
    if not left and not top:
        return selection.duplicate()
    copy = Selection()  # where `Selection.move` puts one depends on where it was moved before
    for rect in cut_into_strips(selection_bounds(selection), COPIED_PIXELS):
        copy.setPixelData(selection.pixelData(*rect), *rect.shift(left, top))
    return copy
