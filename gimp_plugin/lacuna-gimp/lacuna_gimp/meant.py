"""Which layer a user means who clicks: the active one, its source, or the one under the paint."""

from typing import Any, List, Optional

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.planes import mask_bounds

from . import buffers, fills, layers
from .fills import Known
from .masks import Mask, is_quick_mask
from .translation import _


def check_image(image: Any) -> None:
    """Raise a LacunaError if nothing can be filled in an image just now."""
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise LacunaError(
            _("This image has indexed colours. Convert it first: Image > Mode > RGB.")
        )
    if image.get_floating_sel() is not None:
        raise LacunaError(
            _(
                "There is a floating selection. Anchor it or make it a layer first, in the "
                "Layer menu."
            )
        )


def active_layer(image: Any, drawables: List[Any]) -> Any:
    """Return the one layer that is active; its mask counts as the layer.

    Raises:
        LacunaError: If there is none, or more than one.
    """
    if not drawables:
        raise LacunaError(_(sentences.NO_LAYER_ACTIVE))
    if len(drawables) > 1:
        raise LacunaError(
            _("{} layers are active. Choose the one that you want to inpaint.").format(
                len(drawables)
            )
        )
    drawable = layers.layer_of(drawables[0])
    if isinstance(drawable, Gimp.Layer):
        return drawable
    only = list(layers.all_layers(image))
    if len(only) == 1:  # then a channel that is active leaves no doubt
        return only[0]
    raise LacunaError(
        _("“{}” is a channel. Choose the layer that you want to inpaint.").format(
            drawable.get_name()
        )
    )


def layer_to_fill(
    image: Any, drawables: List[Any], mask: Mask, stack: List[Known], visible: bool
) -> Any:
    """Return the layer that is to be filled.

    Args:
        image: The user's.
        drawables: Those that are active.
        mask: What is to be filled.
        stack: From `fills.look`.
        visible: Whether all visible layers are read, so that it does not matter what is hidden.

    Raises:
        LacunaError: If it is not clear which one that is, or if nobody sees it.
    """
    if is_quick_mask(drawables):  # GIMP has forgotten which layer was active
        layer = topmost_under(stack, mask)
        if layer is None:
            raise LacunaError(
                _("No visible layer has pixels under the Quick Mask. Choose the layer first.")
            )
        return layer
    layer = source_meant(stack, active_layer(image, drawables))
    if visible or layers.is_seen(layer):
        return layer
    copy = fills.filled_copy_of(stack, layer)
    if copy is None:
        raise LacunaError(_(sentences.LAYER_HIDDEN).format(layer.get_name()))
    return copy


def source_meant(stack: List[Known], layer: Any) -> Any:
    """Return a layer, or if it is a fill the layer that it fills."""
    chosen = fills.known(stack, layer)
    if not chosen.is_fill:
        return layer
    source = fills.source_of(stack, chosen)
    return layer if source is None else source


def topmost_under(stack: List[Known], mask: Mask, below: Optional[Any] = None) -> Optional[Any]:
    """Return the topmost layer that is seen and has pixels under a mask, or None.

    Args:
        stack: From `fills.look`.
        mask: Whose pixels are asked for.
        below: If given, only what lies below this layer counts.
    """
    waiting = below is not None
    for each in stack:
        if waiting:
            waiting = not layers.same(each.layer, below)
            continue
        if each.layer.is_group() or not layers.is_seen(each.layer):
            continue
        if _has_pixels(each.layer, mask.bounds):
            return source_meant(stack, each.layer)
    return None


def _has_pixels(layer: Any, bounds: Rect) -> bool:
    place = layers.rect_of(layer)
    both = place.intersect(bounds).relative_to(place)
    if not both.area or not layer.has_alpha():
        return both.area > 0

    def read(rect: Rect) -> bytes:
        return buffers.read_mask(layer, rect, buffers.ALPHA)

    return mask_bounds(read, both) is not None
