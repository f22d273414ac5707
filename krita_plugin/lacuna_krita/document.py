"""The first step of the line: what is read from Krita's document.

All of it is for the main thread.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from krita import Selection

from lacuna_wire import LacunaError, PixelLayout, Rect, sentences
from lacuna_wire.editor import cut_into_strips
from lacuna_wire.numbers import whole

from . import layers
from .aim import aimed_layer, aimed_strokes, layer_below
from .changed import KeptPixels
from .clicks import Click, clicked_node, take_click
from .colours import Space, alpha_of, plan_journey
from .fill_layers import fills_of, layer_in_place_of
from .landmarks import Landmark, are_seen, take_landmarks
from .layers import canvas_of, id_of, offset_of, space_of
from .mixing import Mixer
from .qt import QByteArray
from .translation import _

COPY_MASKS = ("selectionmask", "transparencymask")
STROKE_PIXELS = 1 << 21  # whose alpha is taken at a time

_Shift = Tuple[int, int]


class KritaSource(NamedTuple):
    """Where a fill reads, and where it will be put.

    Attributes:
        document: The user's. Its wrapper stays harmless when the document is closed.
        layer_id: Of the layer that is filled.
        layer_name: As it was at the click.
        visible: Whether all visible layers are read, and not this one alone.
        fill_ids: Of its own fills that are visible: they are read together with it.
        strokes_id: Of the layer whose strokes are the selection, and which goes with the fill.
        size: Width and height of the canvas.
        selection: A copy: the user may go on selecting.
        bounds: Of the part of it that lies on the canvas; not empty.
        space: Colour space of what is read.
        travel: Colour space in which pixels travel.
        layout: The same in the protocol's words.
        offsets: Left and top of every paint layer, by its id.
        landmarks: Rows of pixels around the selection.
        patch: What lay in the layer before it was filled the last time: read instead of that.
    """

    document: Any
    layer_id: str
    layer_name: str
    visible: bool
    fill_ids: Tuple[str, ...]
    strokes_id: str
    size: Tuple[int, int]
    selection: Any
    bounds: Rect
    space: Space
    travel: Space
    layout: PixelLayout
    offsets: Dict[str, _Shift]
    landmarks: List[Landmark]
    patch: List[KeptPixels]


def wait_for_krita(document: Any) -> None:
    """Let Krita finish what the user has asked for.

    It selects, paints and filters in threads of its own: right after the mouse is released, a
    selection may be half of what it will be. The event loop runs meanwhile.
    """
    document.waitForDone()


def open_source(document: Any, visible: bool, click: Optional[Click] = None) -> KritaSource:
    """Look at what was active and selected at a click, or is now.

    Raises:
        LacunaError: If there is nothing to fill, or the document is closed by now; the sentence
            says what to do.
    """
    click = take_click(document) if click is None else click
    node = clicked_node(document, click)
    selected = _bounds_on_canvas(document, click.selection)
    layer = aimed_layer(document, node, selected, visible)
    return source_of(document, layer, visible, click.selection)


def open_strokes(document: Any, click: Optional[Click] = None) -> KritaSource:
    """Take what is painted on the active layer as a selection in the layer below.

    Raises:
        LacunaError: If nothing is painted, or there is nothing below; the sentence says what to do.
    """
    click = take_click(document) if click is None else click
    strokes = aimed_strokes(document, clicked_node(document, click))
    below = layer_below(document, strokes)
    space = space_of(strokes)
    selection = Selection()
    painted = layers.bounds_of(strokes).intersect(canvas_of(document))
    for rect in cut_into_strips(painted, STROKE_PIXELS):
        alpha = alpha_of(layers.read_layer(strokes, space, rect), space)
        selection.setPixelData(QByteArray(alpha), *rect)
    return source_of(document, below, False, selection, id_of(strokes))


def copy_masks(document: Any) -> List[Tuple[str, str]]:
    """Return ids and names of the masks that may say what is copied."""
    nodes = layers.walk(document.rootNode())
    return [(id_of(node), node.name()) for node in nodes if node.type() in COPY_MASKS]


def source_of(
    document: Any, layer: Any, visible: bool, selection: Any, strokes_id: str = ""
) -> KritaSource:
    """Describe a layer and what is to be filled in it.

    Raises:
        LacunaError: If nothing is selected on the canvas, or the colour space is unknown.
    """
    bounds = _bounds_on_canvas(document, selection)
    space = space_of(document if visible else layer)
    travel, layout = plan_journey(space)
    canvas = canvas_of(document)

    def read(rect: Rect) -> bytes:
        return bytes(_read(document, None if visible else layer, space, rect))

    return KritaSource(
        document=document,
        layer_id=id_of(layer),
        layer_name=layer.name(),
        visible=visible,
        fill_ids=() if visible else _visible_fills(document, layer),
        strokes_id=strokes_id,
        size=(canvas.width, canvas.height),
        selection=selection,
        bounds=bounds,
        space=space,
        travel=travel,
        layout=layout,
        offsets={
            id_of(node): offset_of(node)
            for node in layers.all_layers(document)
            if node.type() == "paintlayer"
        },
        landmarks=take_landmarks(read, bounds, canvas),
        patch=[],
    )


def read_pixels(source: KritaSource, rect: Rect, mixer: Mixer) -> Any:
    """Return a part of the source in its own colour space, with its fills over it."""
    document, layer = find(source)
    if source.visible:
        return _read(document, None, source.space, rect)
    fills = [layers.find_node(document, each) for each in source.fill_ids]
    pixels = mixer(layer, [fill for fill in fills if fill is not None], rect)
    if not source.patch:
        return pixels
    patched = bytearray(bytes(pixels))
    for kept in source.patch:
        kept.put_back(patched, rect)
    return QByteArray(bytes(patched))


def read_selection(source: KritaSource, rect: Rect) -> Any:
    """Return the mask of a part of the source, one byte per pixel, as a QByteArray."""
    find(source)
    return source.selection.pixelData(*rect)


def find(source: KritaSource) -> Tuple[Any, Any]:
    """Return the document and the layer of a source, or the layer that stands for it by now.

    Raises:
        LacunaError: If the user has closed the one or removed the other meanwhile.
    """
    layers.check_open(source.document)
    layer = layers.find_node(source.document, source.layer_id)
    if layer is None:
        layer = layer_in_place_of(source.document, source.layer_id)
    if layer is None:
        raise LacunaError(_(sentences.LAYER_REMOVED))
    return source.document, layer


def seen_in(source: KritaSource, layer_id: str, shift: _Shift) -> KritaSource:
    """Return a source that is found again by another layer: that which holds its fill.

    Args:
        source: As it was at the click.
        layer_id: Of a paint layer that looks like the source now.
        shift: By how much everything has moved since the click.
    """
    left, top = shift
    layer = layers.find_node(source.document, layer_id)
    x, y = offset_of(layer)

    def read(rect: Rect) -> bytes:
        return bytes(layer.pixelData(*rect.shift(left, top)))

    canvas = Rect(0, 0, *source.size)
    return source._replace(
        layer_id=layer_id,
        space=space_of(layer),
        offsets={**source.offsets, layer_id: (x - left, y - top)},
        landmarks=take_landmarks(read, source.bounds, canvas),
    )


def shift_since(source: KritaSource) -> _Shift:
    """Return how far the source has moved since it was opened: the canvas may have been cropped.

    Layers know where they lie, but not that they were scaled, and groups know nothing at all. So
    the landmarks are looked for wherever one of the layers that were moved says they should be.

    Raises:
        LacunaError: If the canvas has another size and the landmarks are nowhere.
    """
    document, layer = find(source)
    same_size = (document.width(), document.height()) == source.size
    if same_size and source.visible:
        return 0, 0  # whatever its layers do, the canvas stays
    others = (*layers.walk(layer), *layers.walk(document.rootNode()))
    places = [
        (source.layer_id, offset_of(layer)),
        *((id_of(node), offset_of(node)) for node in others),
    ]
    shifts = [
        (x - source.offsets[key][0], y - source.offsets[key][1])
        for key, (x, y) in places
        if key in source.offsets
    ]
    if same_size and source.layer_id in source.offsets:
        return shifts[0]  # its own, also if it was painted over meanwhile
    for shift in dict.fromkeys([*shifts, (0, 0)]):
        if _is_seen_at(source, document, layer, shift):
            return shift
    if same_size:
        return 0, 0
    raise LacunaError(
        _(
            "The image was changed from {} x {} to {} x {} px, and Lacuna cannot find what was "
            "selected. Select it again."
        ).format(*map(whole, (*source.size, document.width(), document.height())))
    )


def _bounds_on_canvas(document: Any, selection: Optional[Any]) -> Rect:
    selected = layers.selection_bounds(selection)
    if not selected.area:
        raise LacunaError(_(sentences.NOTHING_SELECTED))
    canvas = canvas_of(document)
    bounds = selected.intersect(canvas)
    if not bounds.area:
        raise LacunaError(
            _(
                "The selection is outside the canvas of {} x {} px. Select what you want to remove."
            ).format(whole(canvas.width), whole(canvas.height))
        )
    return bounds


def _visible_fills(document: Any, layer: Any) -> Tuple[str, ...]:
    shown = (fill for fill in fills_of(document, layer) if layers.is_shown(document, fill))
    return tuple(id_of(fill) for fill in shown)


def _read(document: Any, layer: Optional[Any], space: Space, rect: Rect) -> Any:
    """Read one layer, or all visible ones; transparent where there is nothing."""
    if layer is None:
        return layers.check_size(document.pixelData(*rect), space, rect)
    return layers.read_layer(layer, space, rect)


def _is_seen_at(source: KritaSource, document: Any, layer: Any, shift: _Shift) -> bool:
    """Tell whether the surroundings of the selection have moved by so much."""
    read_from = None if source.visible else layer
    if space_of(document if source.visible else layer) != source.space:
        return False

    def read(rect: Rect) -> bytes:
        return bytes(_read(document, read_from, source.space, rect))

    return are_seen(source.landmarks, read, canvas_of(document), shift, source.space.pixel_bytes)
