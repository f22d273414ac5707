"""What is done to a layer when a fill is placed: copied, written into, put into its image."""

from typing import Any, List, Optional, Tuple

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, Rect, sentences

from . import buffers, layers
from . import image as picture
from .image import GimpSource
from .translation import _


def take_over(old: Any, new: Any) -> None:
    """Give a fill what the user has given to the one that it replaces."""
    new.set_opacity(old.get_opacity())
    new.set_mode(old.get_mode())
    new.set_blend_space(old.get_blend_space())
    new.set_composite_space(old.get_composite_space())
    new.set_composite_mode(old.get_composite_mode())
    new.set_color_tag(old.get_color_tag())
    if old.get_mask() is not None:
        _copy_mask(old, new)


def _copy_mask(old: Any, new: Any) -> None:
    mask = new.create_mask(Gimp.AddMaskType.WHITE)
    place, there = layers.rect_of(new), layers.rect_of(old)
    both = place.intersect(there)
    if both.area:
        data = buffers.read_mask(old.get_mask(), both.relative_to(there))
        buffers.write_mask(mask, both.relative_to(place), data)
    new.add_mask(mask)
    new.set_apply_mask(old.get_apply_mask())


def copy_of(image: Any, layer: Any) -> Any:
    """Return a layer of pixels that looks like another layer, or like a group."""
    if type(layer) is Gimp.Layer:
        return layer.copy()
    copy = buffers.new_layer(image, "", layer.get_width(), layer.get_height())
    place = layers.rect_of(layer)
    copy.set_offsets(place.left, place.top)
    buffers.copy_pixels(layer, copy)
    take_over(layer, copy)
    if copy.get_mode() == Gimp.LayerMode.PASS_THROUGH:
        copy.set_mode(Gimp.LayerMode.NORMAL)
    return copy


def seen_of_fills(source: GimpSource) -> List[Tuple[Rect, Any]]:
    """Return where the fills of a source lie in it, and what is seen there."""
    frame = layers.rect_of(source.layer)
    found = []
    for fill in source.fills:
        if layers.is_in(source.image, fill):
            rect = layers.rect_of(fill).intersect(frame).relative_to(frame)
            if rect.area:
                found.append((rect, picture.read_pixels(source, rect)))
    return found


def write_into(source: GimpSource, layer: Any, writes: List[Tuple[Rect, Any]]) -> None:
    """Write into a layer of the image so that undo takes it back, and nothing else is touched."""
    whole = Rect(0, 0, 0, 0)
    for rect, _pixels in writes:
        whole = whole.union(rect)
    buffers.remember(source.image, layer, whole)
    for rect, pixels in writes:
        buffers.write(layer, rect, source.encoding, pixels)


def insert(image: Any, new: Any, parent: Optional[Any], position: int) -> None:
    """Put a layer into an image; raises a LacunaError if GIMP refuses it."""
    if not image.insert_layer(new, parent, position):
        if not image.is_valid():  # closed this very moment
            raise LacunaError(_(sentences.IMAGE_CLOSED))
        refused = _(sentences.LAYER_NOT_TAKEN).format("GIMP")
        raise LacunaError(_("{} The reason is: {}.").format(refused, layers.last_error()))


def check_writable(layer: Any) -> None:
    """Raise a LacunaError if nothing can be filled into a layer."""
    name = layer.get_name()
    if not layers.has_own_pixels(layer):
        raise LacunaError(
            _(
                "The layer “{}” has no pixels of its own, so nothing can be filled into it. Choose "
                "a layer of pixels, or another result."
            ).format(name)
        )
    if layers.is_locked(layer):
        raise LacunaError(_(sentences.LAYER_LOCKED).format(name))


def is_there(image: Any, drawable: Any) -> bool:
    """Tell whether a drawable is still in its image; a mask or a channel always is."""
    return not isinstance(drawable, Gimp.Layer) or layers.is_in(image, drawable)
