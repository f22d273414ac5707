"""GIMP's stack of layers: who is where, who is seen, and who looks like his own pixels."""

from typing import Any, Iterator, List, Optional

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import Rect


def all_layers(image: Any) -> Iterator[Any]:
    """Give every layer and group of an image, from the top of the stack to its bottom."""
    waiting = list(image.get_layers())
    while waiting:
        layer = waiting.pop(0)
        yield layer
        if layer.is_group():
            waiting = [*layer.get_children(), *waiting]


def rect_of(layer: Any) -> Rect:
    """Return where a layer lies on the canvas."""
    _, left, top = layer.get_offsets()
    return Rect(left, top, layer.get_width(), layer.get_height())


def is_in(image: Any, layer: Any) -> bool:
    """Return whether a layer is in an image; one that was removed lives on for undo."""
    if not layer.is_valid():
        return False
    outermost = layer
    while outermost.get_parent() is not None:
        outermost = outermost.get_parent()
    return outermost.get_id() in [each.get_id() for each in image.get_layers()]


def is_seen(layer: Any) -> bool:
    """Return whether a layer and all groups around it are switched on."""
    item: Optional[Any] = layer
    while item is not None:
        if not item.get_visible():
            return False
        item = item.get_parent()
    return True


def has_own_pixels(layer: Any) -> bool:
    """Return whether a layer's pixels are its own: not a group's, a link's or a path's."""
    kinds = [getattr(Gimp, name, None) for name in ("GroupLayer", "LinkLayer", "VectorLayer")]
    return not isinstance(layer, tuple(kind for kind in kinds if kind is not None))


def looks_like_its_pixels(layer: Any) -> bool:
    """Return whether nothing but other layers comes between a layer's pixels and the eye.

    A layer mask is not asked for here: what matters is what it hides where something is filled.
    """
    modes = Gimp.LayerMode
    plain = [modes.NORMAL, modes.NORMAL_LEGACY]
    if layer.is_group():
        plain.append(modes.PASS_THROUGH)
    return (
        layer.get_opacity() >= 100.0
        and layer.get_mode() in plain
        and layer.get_composite_mode()
        in (Gimp.LayerCompositeMode.AUTO, Gimp.LayerCompositeMode.UNION)
        and not layer.get_filters()
    )


def same(one: Any, other: Any) -> bool:
    """Return whether two of GIMP's objects are one item."""
    return one is not None and other is not None and one.get_id() == other.get_id()


def alike(one: Optional[Any], other: Optional[Any]) -> bool:
    """Return whether two groups are one, or both none."""
    return same(one, other) or (one is None and other is None)


def is_locked(layer: Any) -> bool:
    """Tell whether the pixels of a layer are locked, by itself or by a group around it."""
    item: Optional[Any] = layer
    while item is not None:
        if item.get_lock_content():
            return True
        item = item.get_parent()
    return bool(layer.get_lock_alpha())


def layer_of(drawable: Any) -> Any:
    """Return the layer of a mask, which GIMP takes for a channel; any other drawable itself."""
    is_mask = isinstance(drawable, Gimp.LayerMask)
    return Gimp.Layer.from_mask(drawable) if is_mask else drawable


def without(layers: List[Any], gone: Any) -> List[Any]:
    return [layer for layer in layers if not same(layer, gone)]


def select_again(image: Any, drawables: List[Any]) -> None:
    """Make these active, as far as they are still there: GIMP activates every new layer."""
    there = [layer_of(each) for each in drawables if each is not None and each.is_valid()]
    channels = [each for each in there if isinstance(each, Gimp.Channel)]
    layers = [each for each in there if isinstance(each, Gimp.Layer)]
    if channels:
        image.set_selected_channels(channels)
    elif layers:
        image.set_selected_layers(layers)


def last_error() -> str:
    """Return why GIMP did not do the last thing that it was asked for."""
    return str(Gimp.get_pdb().get_last_error()).rstrip(".")
