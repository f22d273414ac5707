"""The last step of the line: where a fill goes, and the layers that it makes.

A new layer shows its fill and nothing else. Where that would not look like the layer with its
pixels replaced, there is a filled copy of the layer, or one that stands for it.
"""

from typing import Any, Generator, Iterator, List, NamedTuple, Optional, Tuple

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.editor import EditorSettings, cut_into_strips

from . import layers
from .active_layer import keep_active
from .changed import KeptPixels, changed_runs, paste_runs
from .colours import Space, converter_back
from .document import KritaSource, find, seen_in, shift_since
from .fill_layers import FillEntry, fills_of, load_book, next_number, save_book
from .layers import find_node, id_of, space_of
from .made import Made, Placed
from .mixing import Mixer
from .qt import QByteArray
from .translation import _
from .undo_steps import HISTORIES, Change

COPIED_PIXELS = 1 << 20  # of a layer without pixels of its own, between two looks at the user


def result_to_ask_for(source: KritaSource, destination: str) -> str:
    """Return what the daemon is to make, a value of `Options.result`.

    Raises:
        LacunaError: If the layer is locked and would be replaced.
    """
    _document, layer = find(source)
    if source.visible or layer.type() == "filterlayer" or destination == "layer":
        return "layer"
    if destination == "into" and layer.locked():
        raise LacunaError(_(sentences.LAYER_LOCKED).format(layer.name()))
    return "auto" if destination == "auto" and _is_plain(layer) else "composite"


def kind_of(source: KritaSource, destination: str, result: str) -> str:
    """Return where an answer goes: a `layer`, `into` the layer, or a filled `copy`."""
    if result != "composite":
        return "layer"
    _document, layer = find(source)
    return "into" if destination == "into" and layer.type() == "paintlayer" else "copy"


def target_space(source: KritaSource, kind: str) -> Space:
    """Return the colour space of the layer into which a fill is written."""
    document, layer = find(source)
    has_own = kind != "layer" and layer.type() == "paintlayer"
    return space_of(layer if has_own else document)


class _Plan(NamedTuple):
    """What one placing is about."""

    source: KritaSource
    settings: EditorSettings
    placed: Placed
    replaced: Optional[Made]
    kind: str
    number: int
    shift: Tuple[int, int]


def place(
    source: KritaSource, settings: EditorSettings, placed: Placed, replaced: Optional[Made]
) -> Generator[None, None, Made]:
    """Put a fill where it belongs, in one step for the user, and return what was `Made`.

    It may pause between any two rows, and Krita goes on meanwhile.

    Raises:
        LacunaError: If the document or the layer is gone, if the place of the fill is not found
            again, or if Krita does not take the new layer.
    """
    document, _layer = find(source)
    kind = kind_of(source, settings.destination, placed.result)
    number = replaced.number if replaced is not None else next_number(document)
    plan = _Plan(source, settings, placed, replaced, kind, number, shift_since(source))
    before: List[KeptPixels] = []
    if kind == "layer":
        new = _new_layer(document, plan)
    else:
        new = yield from _filled_layer(plan, before)
    change, hidden = _put(plan, new)
    del new
    HISTORIES.record(document, change)
    new_id = change.added[-1]
    if kind == "layer":
        keep_active(document, change.active, (new_id,))
        source = source._replace(layer_id=change.active)
    else:
        source = seen_in(source, new_id, plan.shift)
    return Made(source, settings, [new_id], placed, number, kind, before, hidden)


def _new_layer(document: Any, plan: _Plan) -> Any:
    """Return a layer of the fill alone, which is in no image yet."""
    new = document.createNode(_(sentences.LAYER_NAME).format(plan.number), "paintlayer")
    for rect, pixels in _parts_in(plan.placed, space_of(document)):
        new.setPixelData(QByteArray(bytes(pixels)), *rect.shift(*plan.shift))
    return new


def _filled_layer(plan: _Plan, before: List[KeptPixels]) -> Generator[None, None, Any]:
    """Return a copy of the source's layer with its fills and this one in its pixels."""
    source = plan.source
    document, layer = find(source)
    fills = [find_node(document, each) for each in source.fill_ids]
    fills = [fill for fill in fills if fill is not None]
    canvas, name = layers.canvas_of(document), layer.name()
    if plan.kind == "copy":
        name = _(sentences.LAYER_NAME).format(plan.number)
    if layer.type() == "paintlayer":
        new = layer.duplicate()
        places = [layers.bounds_of(fill).intersect(canvas) for fill in fills]
    else:
        new = document.createNode(name, "paintlayer")
        new.setOpacity(layer.opacity())
        new.setBlendingMode(layer.blendingMode())
        new.setInheritAlpha(layer.inheritAlpha())
        places = [layers.bounds_of(layer).intersect(canvas)]
    new.setName(name)
    space, own = space_of(new), space_of(layer)
    mixer, convert = Mixer(own), converter_back(own, space)
    try:
        for place in places:
            for rect in cut_into_strips(place, COPIED_PIXELS) if place.area else ():
                pixels = convert(mixer(layer, fills, rect), rect)
                new.setPixelData(QByteArray(bytes(pixels)), *rect)
                yield
                layers.check_open(document)
    finally:
        mixer.close()
        convert.close()
    _put_back(source, new)
    # Of what the user does meanwhile, only what the fill may change is lost.
    grow = plan.settings.options.least_grow + plan.placed.grown_px
    for rect, pixels in _parts_in(plan.placed, space):
        at = rect.shift(*plan.shift)
        kept = bytes(new.pixelData(*at))
        selected = bytes(source.selection.pixelData(*rect.grow(grow)))
        runs = changed_runs(selected, rect, grow)
        before.append(KeptPixels(rect, kept, runs))
        filled = bytearray(kept)
        paste_runs(filled, memoryview(bytes(pixels)), runs, rect.width, space.pixel_bytes)
        new.setPixelData(QByteArray(bytes(filled)), *at)
        yield
        layers.check_open(document)
    return new


def _put_back(source: KritaSource, layer: Any) -> None:
    """Let a layer be as it was before it was filled the last time."""
    for kept in source.patch:
        pixels = bytearray(bytes(layer.pixelData(*kept.rect)))
        kept.put_back(pixels, kept.rect)
        layer.setPixelData(QByteArray(bytes(pixels)), *kept.rect)


def _put(plan: _Plan, new: Any) -> Tuple[Change, Tuple[str, ...]]:
    """Add a layer to its image, take away what it replaces, and note all of it.

    Returns:
        What was done, and the ids of all layers that are hidden because of this fill; some of them
        may have been so before.
    """
    source, replaced = plan.source, plan.replaced
    document, layer = find(source)
    book = load_book(document)
    layer_id, new_id = id_of(layer), id_of(new)
    discarded = [] if replaced is None else list(replaced.layer_ids)
    hidden: List[str] = []
    shown: List[str] = []
    added, restored_id = [new_id], ""
    if plan.kind == "into":
        discarded = [layer_id, *source.fill_ids, *(x for x in discarded if x != layer_id)]
        book.stands_for[new_id] = layer_id
    elif plan.kind == "copy":
        hidden = [layer_id, *source.fill_ids]
        if replaced is not None and replaced.kind == "copy":
            hidden = list(replaced.hidden)
        elif replaced is not None:
            hidden = [each for each in hidden if each not in discarded]
    if replaced is not None and replaced.kind == "copy" and plan.kind == "layer":
        shown = list(replaced.hidden)
        layer_id = replaced.hidden[0]
    elif replaced is not None and replaced.kind == "into" and plan.kind != "into":
        restored_id = _restore(source, layer, hidden=plan.kind == "copy")
        book.stands_for[restored_id] = layer_id
        added.insert(0, restored_id)
        layer_id = restored_id
        if plan.kind == "copy":
            hidden = [restored_id, *(each for each in hidden if each not in discarded)]
    if source.strokes_id:
        discarded.append(source.strokes_id)
    newly_hidden = tuple(each for each in hidden if _is_visible(document, each))
    newly_shown = tuple(each for each in shown if not _is_visible(document, each))
    # Krita draws these anew only with the layer that is added, which covers them all.
    for each in shown:
        _set_visible(document, each, True)
    for each in hidden:
        _set_visible(document, each, False)
    parent, below = _place_above(document, source, layer_id)
    parent.addChildNode(new, below)
    layers.check_open(document)  # Krita's event loop has run in there
    if find_node(document, new_id) is None:  # it says "done" also where it did nothing
        raise LacunaError(_(sentences.LAYER_NOT_TAKEN).format("Krita"))
    removed = []
    for each in discarded:
        node = find_node(document, each)
        if node is not None:
            removed.append(each)
            node.remove()
            layers.check_open(document)
    variation = plan.settings.options.variation
    book.entries[new_id] = FillEntry(plan.kind, layer_id, plan.number, variation)
    save_book(document, book)
    active = layer_id if plan.kind == "layer" else new_id
    change = Change(
        tuple(added), tuple(removed), newly_hidden, newly_shown, active, source.layer_id
    )
    return change, tuple(hidden)


def _restore(source: KritaSource, layer: Any, hidden: bool) -> str:
    """Add a copy of a layer into which was filled, as it was before that, and return its id."""
    restored = layer.duplicate()
    restored.setName(layer.name())
    _put_back(source, restored)
    restored.setVisible(not hidden)
    restored_id = id_of(restored)
    layer.parentNode().addChildNode(restored, layer)
    layers.check_open(source.document)
    return restored_id


def _place_above(document: Any, source: KritaSource, layer_id: str) -> Tuple[Any, Optional[Any]]:
    """Return the parent of a new layer and its neighbour below: the topmost of the older fills."""
    if source.visible:
        return document.rootNode(), None  # what shows everything belongs above everything
    layer = find_node(document, layer_id)
    if layer is None:
        raise LacunaError(_(sentences.LAYER_REMOVED))
    family = {layer_id, *(id_of(fill) for fill in fills_of(document, layer))}
    topmost = [each for each in layers.all_layers(document) if id_of(each) in family][-1]
    return topmost.parentNode(), topmost


def _parts_in(placed: Placed, space: Space) -> Iterator[Tuple[Rect, Any]]:
    """Yield the parts of a fill in a space; it is another one if the image was converted."""
    convert = converter_back(placed.space, space)
    try:
        for rect, pixels in placed.parts:
            yield rect, convert(pixels, rect)
    finally:
        convert.close()


def _is_visible(document: Any, layer_id: str) -> bool:
    layer = find_node(document, layer_id)
    return layer is not None and layer.visible()


def _set_visible(document: Any, layer_id: str, visible: bool) -> None:
    layer = find_node(document, layer_id)
    if layer is not None:
        layer.setVisible(visible)


def _is_plain(layer: Any) -> bool:
    """Tell whether an opaque layer above this one looks like this one with its pixels replaced."""
    if layer.opacity() < 255 or layer.blendingMode() != "normal" or layer.inheritAlpha():
        return False
    if layer.layerStyleToAsl():
        return False
    if layer.type() != "paintlayer":
        return True  # it is read with its masks
    masks = (each for each in layer.childNodes() if each.type() != "selectionmask")
    return not any(mask.visible() for mask in masks)
