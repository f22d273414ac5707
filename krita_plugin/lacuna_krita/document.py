"""The first and the last step of the line: what is read from Krita's document, and the new layer.

The only file that touches layers and their pixels. All of it is for the main thread. No layer is
held from one call to the next: it would keep the image alive after its document is closed, and
Krita crashes over an image without a document.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from krita import Krita

from lacuna_wire import LacunaError, PixelLayout, Rect, sentences

from .clicks import Click, clicked_node, take_click
from .colours import Space, plan_journey
from .landmarks import Landmark, are_seen, take_landmarks
from .translation import _

MASKS = ("transparencymask", "filtermask", "transformmask", "selectionmask", "colorizemask")

_Shift = Tuple[int, int]


class KritaSource(NamedTuple):
    """Where a fill reads, and where it will be put.

    Attributes:
        document: The user's. Its wrapper stays harmless when the document is closed.
        layer_id: Of the active layer, or of the one whose mask is active.
        layer_name: As it was at the click.
        visible: Whether all visible layers are read, and not this one alone.
        size: Width and height of the canvas.
        selection: A copy: the user may go on selecting.
        bounds: Of the part of it that lies on the canvas; not empty.
        space: Colour space of what is read.
        travel: Colour space in which pixels travel.
        layout: The same in the protocol's words.
        offsets: Left and top of every paint layer, by its id.
        landmarks: Rows of pixels around the selection.
    """

    document: Any
    layer_id: Any
    layer_name: str
    visible: bool
    size: Tuple[int, int]
    selection: Any
    bounds: Rect
    space: Space
    travel: Space
    layout: PixelLayout
    offsets: Dict[str, _Shift]
    landmarks: List[Landmark]


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
    _check_open(document)
    click = take_click(document) if click is None else click
    layer = _layer_of(document, clicked_node(document, click))
    canvas = Rect(0, 0, document.width(), document.height())
    selection = click.selection
    if selection is None or selection.width() <= 0 or selection.height() <= 0:
        raise LacunaError(_(sentences.NOTHING_SELECTED))
    selected = Rect(selection.x(), selection.y(), selection.width(), selection.height())
    bounds = selected.intersect(canvas)
    if not bounds.area:
        raise LacunaError(
            _(
                "The selection is outside the canvas of {:,} x {:,} px. Select what you want to "
                "remove."
            ).format(canvas.width, canvas.height)
        )
    space = space_of(document if visible else layer)
    travel, layout = plan_journey(space)

    def read(rect: Rect) -> bytes:
        return bytes(_read(document, None if visible else layer, space, rect))

    return KritaSource(
        document=document,
        layer_id=layer.uniqueId(),
        layer_name=layer.name(),
        visible=visible,
        size=(canvas.width, canvas.height),
        selection=selection,
        bounds=bounds,
        space=space,
        travel=travel,
        layout=layout,
        offsets={
            node.uniqueId().toString(): _offset(node)
            for node in _walk(document.rootNode())
            if node.type() == "paintlayer"
        },
        landmarks=take_landmarks(read, bounds, canvas),
    )


def read_pixels(source: KritaSource, rect: Rect) -> Any:
    """Return a part of the source in its own colour space, as a QByteArray."""
    document, layer = find(source)
    return _read(document, None if source.visible else layer, source.space, rect)


def read_selection(source: KritaSource, rect: Rect) -> Any:
    """Return the mask of a part of the source, one byte per pixel, as a QByteArray."""
    find(source)
    return source.selection.pixelData(*rect)


def find(source: KritaSource) -> Tuple[Any, Any]:
    """Return the document and the layer of a source.

    Raises:
        LacunaError: If the user has closed the one or removed the other meanwhile.
    """
    _check_open(source.document)
    for node in _walk(source.document.rootNode()):
        if node.uniqueId() == source.layer_id:
            return source.document, node
    raise LacunaError(_(sentences.LAYER_REMOVED))


def target_space(source: KritaSource) -> Space:
    """Return the space of the layer that `add_layer` will make: that of the image."""
    document, _layer = find(source)
    return space_of(document)


def add_layer(source: KritaSource, parts: List[Tuple[Rect, Any]]) -> Any:
    """Put a fill above its source, in one undo step, and return the new layer's id.

    Args:
        source: From `open_source`.
        parts: Places, and their pixels in the space of `target_space`.

    Raises:
        LacunaError: If the document or the layer is gone, if the place of the fill is not found
            again, or if Krita does not take the new layer.
    """
    document, layer = find(source)
    left, top = _shift_since(source)
    new = document.createNode(_(sentences.LAYER_NAME).format(1), "paintlayer")
    for rect, pixels in parts:
        new.setPixelData(bytes(pixels), *rect.shift(left, top))
    new_id = new.uniqueId()
    # What shows everything belongs above everything.
    parent, below = layer.parentNode(), layer
    if source.visible:
        parent, below = document.rootNode(), None
    parent.addChildNode(new, below)
    # Krita's event loop has run in there, and it says "done" also where it did nothing.
    document, _layer = find(source)
    if not any(node.uniqueId() == new_id for node in _walk(document.rootNode())):
        raise LacunaError(_(sentences.LAYER_NOT_TAKEN).format("Krita"))
    return new_id


def keep_source_active(source: KritaSource, new_id: Any, was_active: bool) -> Tuple[bool, bool]:
    """Make the source active again, so that the next selection works on the picture.

    Krita makes every new layer the active one, a moment after it was added, and changes that
    only in the document at which the user looks: so this is called again and again.

    Args:
        source: From `open_source`.
        new_id: From `add_layer`.
        was_active: Whether the new layer has been seen to be the active one.

    Returns:
        The same by now, and whether everything is settled.
    """
    try:
        document, layer = find(source)
    except LacunaError:
        return was_active, True
    active = document.activeNode()
    if active is not None and active.uniqueId() == new_id:
        document.setActiveNode(layer)
        return True, False
    return was_active, was_active


def space_of(place: Any) -> Space:
    """Return the colour space of a layer or a document."""
    return Space(place.colorModel(), place.colorDepth(), place.colorProfile())


def _check_open(document: Any) -> None:
    # Compared, not trusted: calls on what was closed would end Krita.
    if not any(document == each for each in Krita.instance().documents()):
        raise LacunaError(_(sentences.IMAGE_CLOSED))


def _active_layer(document: Any) -> Any:
    return _layer_of(document, document.activeNode())


def _layer_of(document: Any, node: Any) -> Any:
    while node is not None and node.type() in MASKS:
        node = node.parentNode()
    # The mask of the global selection hangs from the root, which is no layer of the user's.
    if node is None or node.uniqueId() == document.rootNode().uniqueId():
        raise LacunaError(_(sentences.NO_LAYER_ACTIVE))
    return node


def _walk(node: Any) -> Any:
    """Yield every node below one; Krita 5.1 cannot look one up by its id."""
    for child in node.childNodes():
        yield child
        yield from _walk(child)


def _read(document: Any, layer: Optional[Any], space: Space, rect: Rect) -> Any:
    """Read one layer, or all visible ones; transparent where there is nothing."""
    if layer is None:
        pixels = document.pixelData(*rect)
    elif layer.type() == "paintlayer":
        pixels = layer.pixelData(*rect)
    else:  # has no pixels of its own, or those of a mask
        pixels = layer.projectionPixelData(*rect)
    expected = rect.area * space.pixel_bytes
    if pixels.size() != expected:
        raise LacunaError(
            _(sentences.WRONG_SIZE).format(rect.width, rect.height, expected, pixels.size())
        )
    return pixels


def _offset(node: Any) -> _Shift:
    position = node.position()
    return position.x(), position.y()


def _shift_since(source: KritaSource) -> _Shift:
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
    shifts = [
        (x - source.offsets[key][0], y - source.offsets[key][1])
        for key, (x, y) in (
            (node.uniqueId().toString(), _offset(node))
            for node in [layer, *_walk(layer), *_walk(document.rootNode())]
        )
        if key in source.offsets
    ]
    if same_size and layer.uniqueId().toString() in source.offsets:
        return shifts[0]  # its own, also if it was painted over meanwhile
    for shift in dict.fromkeys([*shifts, (0, 0)]):
        if _is_seen_at(source, document, layer, shift):
            return shift
    if same_size:
        return 0, 0
    raise LacunaError(
        _(
            "The image was changed from {:,} x {:,} to {:,} x {:,} px before the fill was ready, "
            "and Lacuna cannot find what was selected. Select it again."
        ).format(*source.size, document.width(), document.height())
    )


def _is_seen_at(source: KritaSource, document: Any, layer: Any, shift: _Shift) -> bool:
    """Tell whether the surroundings of the selection have moved by so much."""
    read_from = None if source.visible else layer
    if space_of(document if source.visible else layer) != source.space:
        return False

    def read(rect: Rect) -> bytes:
        return bytes(_read(document, read_from, source.space, rect))

    canvas = Rect(0, 0, document.width(), document.height())
    return are_seen(source.landmarks, read, canvas, shift, source.space.pixel_bytes)


def copy_masks(document: Any) -> List[Tuple[str, str]]:
    """Return ids and names of the masks that may say what is copied; ids as texts."""
    return [
        (node.uniqueId().toString(), node.name())
        for node in _walk(document.rootNode())
        if node.type() in ("selectionmask", "transparencymask")
    ]
