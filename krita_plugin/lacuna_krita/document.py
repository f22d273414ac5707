"""The first and the last step of the line: what is read from Krita's document, and the new layer.

The only file that touches layers and their pixels. All of it is for the main thread. No layer is
held from one call to the next: it would keep the image alive when its document is closed, and Krita
crashes over an image without a document.
"""

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from krita import Krita

from lacuna_wire import LacunaError, PixelLayout, Rect

from .colours import Space, plan_journey
from .translation import _

MASKS = ("transparencymask", "filtermask", "transformmask", "selectionmask", "colorizemask")
LANDMARK_ROWS = 16
LANDMARK_MARGIN = 32  # pixels around the selection in which landmarks are looked for

Read = Callable[[Rect], bytes]
_Shift = Tuple[int, int]


class Landmark(NamedTuple):
    """A row of pixels that is looked for again when the canvas has changed."""

    rect: Rect
    pixels: bytes


class Source(NamedTuple):
    """Where a fill reads, and where it will be put.

    Attributes:
        document: The user's. Its wrapper stays harmless when the document is closed.
        layer_id: Of the active layer, or of the one whose mask is active.
        layer_name: As it was at the click.
        visible: Whether all that is visible is read, and not this layer alone.
        size: Width and height of the canvas.
        selection: A copy of the user's, who may go on selecting.
        bounds: What of it lies on the canvas; not empty.
        space: Colour space of what is read.
        travel: Colour space in which pixels travel.
        layout: The same in the protocol's words.
        places: Where the paint layers lay, by their ids.
        landmarks: What was to be seen around the selection.
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
    places: Dict[str, _Shift]
    landmarks: List[Landmark]


def wait_for_krita(document: Any) -> None:
    """Let Krita finish what the user has asked it for.

    It selects, paints and filters in threads of its own: right after the mouse is released a
    selection may be half of what it will be. The event loop runs meanwhile.
    """
    document.waitForDone()


def open_source(document: Any, visible: bool) -> Source:
    """Look at what is active and selected by now.

    Raises:
        LacunaError: If it is of no use, or closed by now; the sentence says what to do.
    """
    _check_open(document)
    layer = _active_layer(document)
    canvas = Rect(0, 0, document.width(), document.height())
    selection = document.selection()
    if selection is None or selection.width() <= 0 or selection.height() <= 0:
        raise LacunaError(_("Nothing is selected: select what is to be removed."))
    selected = Rect(selection.x(), selection.y(), selection.width(), selection.height())
    bounds = selected.intersect(canvas)
    if not bounds.area:
        raise LacunaError(
            _(
                "The selection lies outside the canvas of {} x {} px: select what is to be removed."
            ).format(canvas.width, canvas.height)
        )
    space = space_of(document if visible else layer)
    travel, layout = plan_journey(space)

    def read(rect: Rect) -> bytes:
        return bytes(_read(document, None if visible else layer, space, rect))

    return Source(
        document=document,
        layer_id=layer.uniqueId(),
        layer_name=layer.name(),
        visible=visible,
        size=(canvas.width, canvas.height),
        selection=selection.duplicate(),
        bounds=bounds,
        space=space,
        travel=travel,
        layout=layout,
        places={
            node.uniqueId().toString(): _place(node)
            for node in _walk(document.rootNode())
            if node.type() == "paintlayer"
        },
        landmarks=_landmarks(read, bounds.grow(LANDMARK_MARGIN).intersect(canvas)),
    )


def read_pixels(source: Source, rect: Rect) -> Any:
    """Return a part of the source in its own colour space, as a QByteArray."""
    document, layer = find(source)
    return _read(document, None if source.visible else layer, source.space, rect)


def read_selection(source: Source, rect: Rect) -> Any:
    """Return the mask of a part of the source, one byte per pixel, as a QByteArray."""
    find(source)
    return source.selection.pixelData(*rect)


def find(source: Source) -> Tuple[Any, Any]:
    """Return document and layer of a source, which the user may have closed or removed meanwhile.

    Raises:
        LacunaError: If one of them is gone.
    """
    _check_open(source.document)
    for node in _walk(source.document.rootNode()):
        if node.uniqueId() == source.layer_id:
            return source.document, node
    raise LacunaError(_("The layer was removed before the fill was ready."))


def target_space(source: Source) -> Space:
    """Return the space of the layer that `add_layer` will make: always that of the image."""
    document, _layer = find(source)
    return space_of(document)


def add_layer(source: Source, parts: List[Tuple[Rect, Any]]) -> Any:
    """Put a fill above its source, in one undo step, and return the new layer's id.

    Args:
        source: From `open_source`.
        parts: Places, and their pixels in the space of `target_space`.

    Raises:
        LacunaError: If document or layer are gone, if their place cannot be told any more, or
            Krita does not take the new layer.
    """
    document, layer = find(source)
    left, top = _shift_since(source)
    new = document.createNode(_("{} inpainted").format(source.layer_name), "paintlayer")
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
        raise LacunaError(_("Krita does not take the new layer."))
    return new_id


def keep_source_active(source: Source, new_id: Any, was_active: bool) -> Tuple[bool, bool]:
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
        raise LacunaError(_("The document was closed before the fill was ready."))


def _active_layer(document: Any) -> Any:
    node = document.activeNode()
    while node is not None and node.type() in MASKS:
        node = node.parentNode()
    # The mask of the global selection hangs from the root, which is no layer of the user's.
    if node is None or node.uniqueId() == document.rootNode().uniqueId():
        raise LacunaError(_("No layer is active: choose the one that is to be inpainted."))
    return node


def _walk(node: Any) -> Any:
    """Give every node below one; Krita 5.1 cannot look one up by its id."""
    for child in node.childNodes():
        yield child
        yield from _walk(child)


def _read(document: Any, layer: Optional[Any], space: Space, rect: Rect) -> Any:
    """Read what is visible, or a layer; transparent where there is nothing."""
    if layer is None:
        pixels = document.pixelData(*rect)
    elif layer.type() == "paintlayer":
        pixels = layer.pixelData(*rect)
    else:  # has no pixels of its own, or those of a mask
        pixels = layer.projectionPixelData(*rect)
    if pixels.size() != rect.area * space.pixel_bytes:
        raise LacunaError(
            _("Krita gives {:,} bytes for {} x {} px of {}, {:,} were expected.").format(
                pixels.size(), rect.width, rect.height, space.model, rect.area * space.pixel_bytes
            )
        )
    return pixels


def _place(node: Any) -> _Shift:
    position = node.position()
    return position.x(), position.y()


def _landmarks(read: Read, area: Rect) -> List[Landmark]:
    """Remember some rows of an area: those that are of one colour tell nothing of a place."""
    step = max(1, area.height // LANDMARK_ROWS)
    return [
        Landmark(row, read(row))
        for row in (
            Rect(area.left, top, area.width, 1)
            for top in range(area.top + step // 2, area.bottom, step)
        )
    ]


def _shift_since(source: Source) -> _Shift:
    """Return how far what was read has moved since: its layer may be moved, the canvas cropped.

    Layers know where they lie, but not that they were scaled, and groups know nothing at all. So
    what was to be seen is looked for, where the layers that were moved say that it should be.

    Raises:
        LacunaError: If the canvas has another size and nothing is where it should be.
    """
    document, layer = find(source)
    same_size = (document.width(), document.height()) == source.size
    if same_size and source.visible:
        return 0, 0  # whatever its layers do, the canvas stays
    shifts = [
        (x - source.places[key][0], y - source.places[key][1])
        for key, (x, y) in (
            (node.uniqueId().toString(), _place(node))
            for node in [layer, *_walk(layer), *_walk(document.rootNode())]
        )
        if key in source.places
    ]
    if same_size and layer.uniqueId().toString() in source.places:
        return shifts[0]  # its own, also if it was painted over meanwhile
    for shift in dict.fromkeys([*shifts, (0, 0)]):
        if _is_seen_at(source, document, layer, shift):
            return shift
    if same_size:
        return 0, 0
    raise LacunaError(
        _(
            "The image was changed from {} x {} to {} x {} px before the fill was ready, and what "
            "was selected is not found again: select it anew."
        ).format(*source.size, document.width(), document.height())
    )


def _is_seen_at(source: Source, document: Any, layer: Any, shift: _Shift) -> bool:
    """Tell whether most landmarks are found in their place."""
    read_from = None if source.visible else layer
    space = space_of(document if source.visible else layer)
    if space != source.space:
        return False
    canvas = Rect(0, 0, document.width(), document.height())
    found = looked = 0
    for rect, pixels in source.landmarks:
        now = rect.shift(*shift).intersect(canvas)
        if not now.area:
            continue
        start = (now.left - shift[0] - rect.left) * space.pixel_bytes
        expected = pixels[start : start + now.width * space.pixel_bytes]
        looked += 1
        found += bytes(_read(document, read_from, space, now)) == expected
    return found * 2 > looked or not looked
