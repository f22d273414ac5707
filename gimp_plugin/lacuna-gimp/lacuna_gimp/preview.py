"""What will be filled, before the click: how much it is, and how long it will take.

The main thread reads the selection; what lasts longer is for another one. Nothing is changed in the
image, and no daemon is started for a look.
"""

from typing import Any, Callable, List, NamedTuple, Optional

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.editor import EditorSettings
from lacuna_wire.growing import count_grown
from lacuna_wire.planes import nonzero_bounds
from lacuna_wire.questions import estimated_s

from . import buffers, fills, layers, masks, meant
from .image import missed
from .translation import _

# A larger mask is thinned out and then counted, in a few tenths of a second however far it grows.
MOST_CELLS = 4_000_000


class Selected(NamedTuple):
    """What is selected of a source.

    Attributes:
        source: Bounds of the source on the canvas.
        area: Where the selection was read, on the canvas too.
        bounds: Of what is selected there.
        mask: The area, one byte per cell, 0 = not selected.
        cell: Side of a cell in pixels; of each the first pixel was read.
    """

    source: Rect
    area: Rect
    bounds: Rect
    mask: bytes
    cell: int


def selection_bounds(image: Any) -> Any:
    """Return something that is another one when the selection is; quick enough to ask again."""
    if not image.is_valid():
        return None
    found = Gimp.Selection.bounds(image)
    return found.non_empty, found.x1, found.y1, found.x2, found.y2


def read_selected(image: Any, drawables: List[Any], visible: bool, grow: int) -> Selected:
    """Return what is selected of the source.

    Args:
        image: The user's.
        drawables: What is active in it.
        visible: Whether the source is the whole canvas, and not the active layer.
        grow: By how many pixels it will be grown.

    Raises:
        LacunaError: If nothing is selected; the sentence says what to do.
    """
    if not image.is_valid():
        raise LacunaError(_(sentences.IMAGE_CLOSED))
    if not all(drawable.is_valid() for drawable in drawables):
        raise LacunaError(_(sentences.LAYER_REMOVED))
    buffers.start()
    meant.check_image(image)
    if not masks.is_quick_mask(drawables):
        meant.active_layer(image, drawables)
    selection = masks.selected(image, drawables)
    layer = meant.layer_to_fill(image, drawables, selection, fills.look(image), visible)
    canvas = Rect(0, 0, image.get_width(), image.get_height())
    source = canvas if visible else layers.rect_of(layer)
    area = selection.bounds.intersect(source)
    cell = 1
    while area.grow(grow).area > MOST_CELLS * cell * cell:
        cell += 1
    mask = thinned(selection.read, area, cell)
    seen = nonzero_bounds(mask, len(range(0, area.width, cell))) if mask else area
    if not seen.area:
        raise missed(layer)
    bounds = Rect(*(side * cell for side in seen)).shift(area.left, area.top).intersect(area)
    return Selected(source, area, bounds, mask, cell)


def thinned(read: Callable[[Rect], bytes], area: Rect, cell: int) -> bytes:
    """Return the first byte of every cell of an area, which `read` gives in parts.

    >>> list(thinned(lambda rect: bytes(range(rect.top, rect.top + 5)), Rect(0, 0, 5, 4), 2))
    [0, 2, 4, 2, 4, 6]
    """
    if not area.area or cell == 1:
        return bytes(read(area)) if area.area else b""
    rows = range(area.top, area.bottom, cell)
    return b"".join(read(Rect(area.left, row, area.width, 1))[::cell] for row in rows)


def count_pixels(selected: Selected, grow: int) -> int:
    """Return how many pixels of the source are filled when the selection is grown; any thread may.

    Exact as long as the mask need not be thinned out.
    """
    area, cell = selected.area, selected.cell
    width, height = (len(range(0, side, cell)) for side in (area.width, area.height))
    source = selected.source.relative_to(area)
    cells = Rect.from_edges(
        source.left // cell, source.top // cell, -(-source.right // cell), -(-source.bottom // cell)
    )
    count = count_grown(selected.mask, width, height, round(grow / cell), cells)
    return min(count * cell * cell, selected.source.area)


def estimate_s(selected: Selected, settings: EditorSettings) -> Optional[float]:
    """Return the seconds that the fill will take, or None if nobody knows; waits for the daemon."""
    size = selected.source.width, selected.source.height
    return estimated_s(size, selected.bounds.relative_to(selected.source), settings)


def grow_selection(image: Any, grow: int) -> None:
    """Let the image's selection be what will be filled, in one undo step."""
    Gimp.Selection.grow(image, grow)
    Gimp.displays_flush()
