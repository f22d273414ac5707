"""What says which pixels are meant: the selection, the Quick Mask, painted strokes, a channel."""

from typing import Any, Callable, List, NamedTuple, Tuple

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.planes import mask_bounds, paste

from . import buffers, layers
from .translation import _

QUICK_MASK = "Qmask"  # GIMP's own name of that channel
_INVERTED = bytes(255 - value for value in range(256))


class Mask(NamedTuple):
    """What is to be filled.

    Attributes:
        read: Gives one byte per pixel of a part of the canvas.
        bounds: Of the canvas, outside which nothing is selected; there may be nothing inside.
    """

    read: Callable[[Rect], bytes]
    bounds: Rect


def is_quick_mask(drawables: List[Any]) -> bool:
    return (
        len(drawables) == 1
        and isinstance(drawables[0], Gimp.Channel)
        and not isinstance(drawables[0], Gimp.LayerMask)
        and drawables[0].get_name() == QUICK_MASK
    )


def selected(image: Any, drawables: List[Any]) -> Mask:
    """Return the selection; while the Quick Mask is painted on, what it leaves free of colour.

    Raises:
        LacunaError: If nothing is selected.
    """
    if is_quick_mask(drawables):
        return _quick_mask(image, drawables[0])
    found = Gimp.Selection.bounds(image)
    if not found.non_empty:
        raise LacunaError(_(sentences.NOTHING_SELECTED))
    bounds = Rect.from_edges(found.x1, found.y1, found.x2, found.y2)
    return Mask(lambda rect: buffers.read_mask(image.get_selection(), rect), bounds)


def painted(strokes: Any) -> Mask:
    """Return what is painted on a layer.

    Raises:
        LacunaError: If nothing is, or if the layer cannot be painted on in that way.
    """
    if strokes.is_group() or not strokes.has_alpha():
        raise LacunaError(_(sentences.NO_STROKES).format(strokes.get_name()))
    place = layers.rect_of(strokes)

    def read(rect: Rect) -> bytes:
        return buffers.read_mask(strokes, rect.relative_to(place), buffers.ALPHA)

    bounds = mask_bounds(read, place)
    if bounds is None:
        raise LacunaError(_(sentences.NOTHING_PAINTED).format(strokes.get_name()))
    return Mask(read, bounds)


def kept(data: bytes, place: Rect) -> Mask:
    """Return a mask of bytes that lie at `place` on the canvas."""

    def read(rect: Rect) -> bytes:
        result = bytearray(rect.area)
        paste(result, rect, data, place)
        return bytes(result)

    return Mask(read, place)


def channels(image: Any) -> List[Tuple[str, str]]:
    """Return all channels that may say what is copied, each as its key and its name."""
    found = [channel.get_name() for channel in image.get_channels()]
    # GIMP gives no two channels of an image one name.
    return [(name, name) for name in found if name != QUICK_MASK]


def copied_from(image: Any, copy_from: str, key: str, within: Rect) -> Mask:
    """Return what may be copied: 255 = may; its bounds are those of the mask for `only`.

    Args:
        image: The user's.
        copy_from: `only` or `never`.
        key: Of `channels`.
        within: The source's place on the canvas.

    Raises:
        LacunaError: If there is no such channel, or nothing of it is left to copy from.
    """
    found = [channel for channel in image.get_channels() if channel.get_name() == key]
    if not key:
        raise LacunaError(_(sentences.NO_COPY_MASK))
    if not found:
        raise LacunaError(
            _(
                "There is no channel “{}” in this image. Choose another one, or copy from "
                "everywhere."
            ).format(key)
        )
    channel = found[0]

    def read(rect: Rect) -> bytes:
        if not channel.is_valid():
            raise LacunaError(
                _("The channel “{}” was removed before the fill was ready.").format(key)
            )
        mask = buffers.read_mask(channel, rect)
        return mask if copy_from == "only" else mask.translate(_INVERTED)

    bounds = mask_bounds(lambda rect: buffers.read_mask(channel, rect), within)
    if bounds is None and copy_from == "only":
        raise LacunaError(_(sentences.COPY_MASK_EMPTY).format(key))
    return Mask(read, bounds if bounds is not None and copy_from == "only" else within)


def _quick_mask(image: Any, channel: Any) -> Mask:
    # The colour covers what is not selected, or if the user has turned it round what is.
    inverted = not channel.get_show_masked()

    def read(rect: Rect) -> bytes:
        mask = buffers.read_mask(channel, rect)
        return mask.translate(_INVERTED) if inverted else mask

    canvas = Rect(0, 0, image.get_width(), image.get_height())
    bounds = mask_bounds(read, canvas)
    if bounds is None:
        raise LacunaError(_(sentences.NOTHING_SELECTED))
    return Mask(read, bounds)
