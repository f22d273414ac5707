"""What a layer looks like with its own fills over it, mixed by GIMP itself.

Only where a fill lies, and only for the rows that are read just now: a picture of 24 megapixels
with a hundred small fills costs no more than its window.
"""

from typing import Any, List

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, Rect
from lacuna_wire.planes import paste

from . import buffers, layers
from .translation import _


def mix_over(image: Any, pixels: bytes, frame: Rect, fills: List[Any], encoding: str) -> bytes:
    """Return pixels as they are with fills over them.

    Args:
        image: The user's; it is only read.
        pixels: Of the source, without its opacity and mode.
        frame: Where they lie on the canvas.
        fills: From the bottom to the top; their opacities, modes and masks count.
        encoding: Of `pixels`.
    """
    area = Rect(0, 0, 0, 0)
    for fill in fills:
        area = area.union(layers.rect_of(fill).intersect(frame))
    if not area.area:
        return pixels
    part = bytearray(area.area * (len(pixels) // frame.area))
    paste(part, area, pixels, frame)
    mixed = bytearray(pixels)
    paste(mixed, frame, _mix(image, part, area, fills, encoding), area)
    return bytes(mixed)


def _mix(image: Any, pixels: bytearray, area: Rect, fills: List[Any], encoding: str) -> bytes:
    kind, precision = image.get_base_type(), image.get_precision()
    scratch = Gimp.Image.new_with_precision(area.width, area.height, kind, precision)
    if scratch is None:
        raise LacunaError(_("GIMP could not mix the fills ({}).").format(layers.last_error()))
    try:
        scratch.undo_disable()
        profile = image.get_color_profile()
        if profile is not None:
            scratch.set_color_profile(profile)
        base = buffers.new_layer(scratch, "source", area.width, area.height)
        scratch.insert_layer(base, None, 0)
        buffers.write(base, Rect(0, 0, area.width, area.height), encoding, pixels)
        for fill in fills:
            copy = Gimp.Layer.new_from_drawable(fill, scratch)
            scratch.insert_layer(copy, None, 0)
            place = layers.rect_of(fill).relative_to(area)
            copy.set_offsets(place.left, place.top)
            copy.set_visible(True)
        merged = scratch.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
        whole = Rect(0, 0, area.width, area.height)
        return buffers.read(merged, whole.relative_to(layers.rect_of(merged)), encoding)
    finally:
        scratch.delete()
