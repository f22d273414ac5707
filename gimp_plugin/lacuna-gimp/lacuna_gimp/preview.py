"""What will be filled, before the click: how much it is, and how long it will take.

The main thread reads the selection; what lasts longer is for another one. Nothing is changed in the
image, and no daemon is started for a look.
"""

from typing import Any, List, NamedTuple, Optional

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Gegl, Gimp

from lacuna_wire import LacunaError, PixelLayout, Rect, sentences
from lacuna_wire.client import connect
from lacuna_wire.editor import EditorSettings, new_request
from lacuna_wire.growing import count_grown

from .buffers import nonzero_bounds
from .translation import _

QUICK_MASK = "Qmask"  # GIMP's name of the channel that the Quick Mask is
# A larger mask is reduced and then counted, in a few tenths of a second however far it grows.
MOST_CELLS = 4_000_000


class Selected(NamedTuple):
    """What is selected of a source.

    Attributes:
        source: Bounds of the source on the canvas.
        bounds: Of what is selected there, on the canvas too.
        mask: One byte per cell, 0 = not selected.
        cells: Bounds of the mask on the canvas, in cells.
        cell: Side of a cell in pixels.
    """

    source: Rect
    bounds: Rect
    mask: bytes
    cells: Rect
    cell: int


def selected_area(image: Any) -> Optional[Rect]:
    """Return the bounds of the selection on the canvas, or None; quick enough to ask all the time.

    With the Quick Mask, and with a soft selection in a float image, it is the whole canvas.
    """
    if not image.is_valid():
        return None
    if image.get_channel_by_name(QUICK_MASK) is not None:
        return Rect(0, 0, image.get_width(), image.get_height())
    found = Gimp.Selection.bounds(image)
    return Rect.from_edges(found.x1, found.y1, found.x2, found.y2) if found.non_empty else None


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
    area = selected_area(image)
    if area is None:
        raise LacunaError(_(sentences.NOTHING_SELECTED))
    Gegl.init(None)
    source = Rect(0, 0, image.get_width(), image.get_height())
    layer = None
    if not visible and drawables and not isinstance(drawables[0], Gimp.Channel):
        layer = drawables[0]
        _there, left, top = layer.get_offsets()
        source = Rect(left, top, layer.get_width(), layer.get_height())
    area = area.intersect(source)
    cell = 1
    while area.grow(grow).area > MOST_CELLS * cell * cell:
        cell += 1
    cells = _in_cells(area, cell)
    mask = _read(image, cells, cell) if area.area else b""
    found = nonzero_bounds(mask, cells.width) if mask else Rect(0, 0, 0, 0)
    if not found.area:
        if layer is None:
            raise LacunaError(_(sentences.NOTHING_SELECTED))
        text = _(
            'The selection does not touch the layer "{}". Choose the layer under the selection.'
        )
        raise LacunaError(text.format(layer.get_name()))
    bounds = _in_pixels(found.shift(cells.left, cells.top), cell).intersect(area)
    return Selected(source, bounds, mask, cells, cell)


def count_pixels(selected: Selected, grow: int) -> int:
    """Return how many pixels of the source are filled when the selection is grown; any thread may.

    Exact as long as the mask need not be reduced.
    """
    cells, cell = selected.cells, selected.cell
    source = _in_cells(selected.source, cell).relative_to(cells)
    count = count_grown(selected.mask, cells.width, cells.height, round(grow / cell), source)
    return count * cell * cell


def estimate_s(selected: Selected, settings: EditorSettings) -> Optional[float]:
    """Return the seconds that the fill will take, or None if nobody knows; waits for the daemon."""
    size = selected.source.width, selected.source.height
    bounds = selected.bounds.relative_to(selected.source)
    # A mask of the user's does not change the time by much, and would have to be read.
    request = new_request(size, bounds, PixelLayout(), settings._replace(copy_from="everywhere"))
    try:
        return connect(start=False).estimate(request).estimate_s
    except LacunaError:
        return None  # none runs, or one that gives no estimates


def grow_selection(image: Any, grow: int) -> None:
    """Let the image's selection be what will be filled, in one undo step."""
    Gimp.Selection.grow(image, grow)
    Gimp.displays_flush()


def _in_cells(rect: Rect, cell: int) -> Rect:
    return Rect.from_edges(
        rect.left // cell, rect.top // cell, -(-rect.right // cell), -(-rect.bottom // cell)
    )


def _in_pixels(cells: Rect, cell: int) -> Rect:
    return Rect(*(cell * side for side in cells))


def _read(image: Any, cells: Rect, cell: int) -> bytes:
    """Return what is selected on a part of the canvas, one byte per cell."""
    drawable = image.get_channel_by_name(QUICK_MASK) or image.get_selection()
    rectangle, outside = Gegl.Rectangle.new(*cells), Gegl.AbyssPolicy.NONE
    return bytes(drawable.get_buffer().get(rectangle, 1.0 / cell, "Y u8", outside))
