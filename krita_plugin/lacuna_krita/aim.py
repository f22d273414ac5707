"""Which layer a click means: what is active may be a mask, a fill, or the selection itself."""

from typing import Any, Optional

from lacuna_wire import LacunaError, Rect, sentences

from . import layers
from .fill_layers import is_fill, load_book, owner_of
from .translation import _


def aimed_layer(document: Any, node: Any, selected: Rect, visible: bool) -> Any:
    """Return the layer that a click means, if this node was active.

    A mask means its layer, and a fill the layer for which it was made. If the selection itself is
    active, that is the layer that was filled last, or else the topmost with pixels under it.

    Raises:
        LacunaError: If there is none, or if it is hidden and not all that is visible is read.
    """
    layer = layers.layer_of(node)
    if layer is None or layers.is_root(document, layer):
        layer = _last_filled(document) or _topmost(document, selected)
    if layer is None:
        raise LacunaError(_(sentences.NO_LAYER_ACTIVE))
    layer = _without_fill(document, layer)
    if not visible and not layers.is_shown(document, layer):
        raise _hidden(layer)
    return layer


def aimed_strokes(document: Any, node: Any) -> Any:
    """Return the layer on which strokes are painted: the active node, or the one of a mask.

    Raises:
        LacunaError: If none is active, nothing is painted on it, or it is hidden.
    """
    layer = layers.layer_of(node)
    if layer is None or layers.is_root(document, layer):
        raise LacunaError(_(sentences.NO_LAYER_ACTIVE))
    if layer.type() != "paintlayer" or is_fill(load_book(document), layer):
        raise LacunaError(_(sentences.NO_STROKES).format(layer.name()))
    if not layers.is_shown(document, layer):
        raise _hidden(layer)
    if not layers.bounds_of(layer).intersect(layers.canvas_of(document)).area:
        raise LacunaError(_(sentences.NOTHING_PAINTED).format(layer.name()))
    return layer


def layer_below(document: Any, strokes: Any) -> Any:
    """Return the first visible layer with pixels below strokes; of a fill, what it was made for.

    Raises:
        LacunaError: If there is none.
    """
    painted, level = layers.bounds_of(strokes), strokes
    while not layers.is_root(document, level):
        below = []
        for each in level.parentNode().childNodes():
            if layers.id_of(each) == layers.id_of(level):
                break
            below.append(each)
        for each in reversed(below):
            if _has_pixels(each, painted):
                return _without_fill(document, each)
        level = level.parentNode()
    raise LacunaError(_(sentences.NOTHING_BELOW).format(strokes.name()))


def _hidden(layer: Any) -> LacunaError:
    return LacunaError(_(sentences.LAYER_HIDDEN).format(layer.name()))


def _without_fill(document: Any, layer: Any) -> Any:
    book = load_book(document)
    owner = owner_of(document, book, layer) if is_fill(book, layer) else None
    return layer if owner is None else owner


def _last_filled(document: Any) -> Optional[Any]:
    """Return the layer that was filled last, if it is there and visible."""
    book = load_book(document)
    for key, entry in reversed(list(book.entries.items())):
        origin = book.origin(entry.source if entry.kind != "copy" else key)
        for layer in layers.all_layers(document):
            if book.origin(layers.id_of(layer)) == origin and layers.is_shown(document, layer):
                return layer
    return None


def _topmost(document: Any, selected: Rect) -> Optional[Any]:
    for layer in reversed(list(layers.all_layers(document))):
        is_picture = layer.type() != "grouplayer" and layers.is_shown(document, layer)
        if is_picture and _has_pixels(layer, selected):
            return layer
    return None


def _has_pixels(layer: Any, rect: Rect) -> bool:
    return (
        layer.type() not in (*layers.MASKS, "filterlayer")
        and layer.visible()
        and bool(layers.bounds_of(layer).intersect(rect).area)
    )
