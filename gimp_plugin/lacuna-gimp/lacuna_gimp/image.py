"""The first step of the line: what is read from GIMP's image. All of it is for the main thread."""

from contextlib import contextmanager
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, PixelLayout, Rect, sentences
from lacuna_wire.planes import mask_bounds, paste

from . import buffers, layers
from .masks import Mask
from .mixing import mix_over
from .translation import _


class Before(NamedTuple):
    """What was in a layer before its last fill: pixels of `rect` in it."""

    rect: Rect
    pixels: bytes


class GimpSource(NamedTuple):
    """Where a fill reads, and where it will be put.

    Attributes:
        image: The user's.
        layer: The one that is filled.
        readable: The drawable that is read: `layer`, or a copy of all visible layers.
        origin: Left and top of `readable` on the canvas.
        size: Width and height of `readable`.
        selection: Bounds of what is selected, in pixels of `readable`; not empty.
        mask: One byte per pixel of `selection`, as it was at the click.
        fills: Of `layer`, that are seen: what is read are they over it, from the bottom to the top.
        before: What is read in the place of pixels of `layer`: its last fill is made once more.
        sources: What may be copied; None if everything may.
        layout: How pixels travel.
        encoding: The same as a babl encoding, without its space.
    """

    image: Any
    layer: Any
    readable: Any
    origin: Tuple[int, int]
    size: Tuple[int, int]
    selection: Rect
    mask: bytes
    fills: List[Any]
    before: Optional[Before]
    sources: Optional[Mask]
    layout: PixelLayout
    encoding: str

    @property
    def visible(self) -> bool:
        """Whether all visible layers are read."""
        return self.readable is not self.layer


@contextmanager
def open_source(
    image: Any,
    layer: Any,
    mask: Mask,
    visible: bool,
    fills: List[Any],
    before: Optional[Before] = None,
    unseen: Tuple[Any, ...] = (),
) -> Iterator[GimpSource]:
    """Give access to what is to be read, for the length of a `with` block.

    Args:
        image: The user's.
        layer: The one that is to be filled.
        mask: Which pixels.
        visible: Whether all visible layers are read instead.
        fills: As in `GimpSource`.
        before: As in `GimpSource`.
        unseen: Layers that do not count among the visible ones.

    Raises:
        LacunaError: If there is nothing to fill; the sentence says what to do.
    """
    layout, encoding = buffers.layout_of(image)
    canvas = Rect(0, 0, image.get_width(), image.get_height())
    area = canvas if visible else layers.rect_of(layer)
    # Bounds are those of a rectangle, and of a soft selection in a float image the whole canvas.
    bounds = mask_bounds(mask.read, mask.bounds.intersect(area))
    if bounds is None:
        raise missed(layer)
    readable = _copy_visible(image, unseen) if visible else layer
    try:
        yield GimpSource(
            image=image,
            layer=layer,
            readable=readable,
            origin=(area.left, area.top),
            size=(area.width, area.height),
            selection=bounds.relative_to(area),
            mask=b"".join(mask.read(strip) for strip in buffers.strips(bounds)),
            fills=[] if visible else fills,
            before=before,
            sources=None,
            layout=layout,
            encoding=encoding,
        )
    finally:
        if visible and readable.is_valid():
            readable.delete()


def read_pixels(source: GimpSource, rect: Rect) -> bytes:
    """Return a part of the source in its layout, as it looks with its own fills over it."""
    check_open(source)
    pixels = buffers.read(source.readable, rect, source.encoding)
    if source.before is not None:
        changed = bytearray(pixels)
        paste(changed, rect, source.before.pixels, source.before.rect)
        pixels = bytes(changed)
    fills = [fill for fill in source.fills if layers.is_in(source.image, fill)]
    if not fills:
        return pixels
    return mix_over(source.image, pixels, rect.shift(*origin_now(source)), fills, source.encoding)


def read_selection(source: GimpSource, rect: Rect) -> bytes:
    """Return the mask of a part of the source, one byte per pixel."""
    check_open(source)
    result = bytearray(rect.area)
    paste(result, rect, source.mask, source.selection)
    return bytes(result)


def read_sources(source: GimpSource, rect: Rect) -> bytes:
    """Return what may be copied of a part of the source, one byte per pixel."""
    check_open(source)
    assert source.sources is not None, "everything may be copied"
    return source.sources.read(rect.shift(*source.origin))


def place_of(source: GimpSource) -> Rect:
    """Return where the source lay on the canvas when it was opened."""
    return Rect(*source.origin, *source.size)


def is_whole(source: GimpSource, grow: int) -> bool:
    """Return whether no layer mask hides anything of the layer where it is to be filled."""
    mask = source.layer.get_mask()
    if mask is None or not source.layer.get_apply_mask():
        return True
    filled = source.selection.grow(grow).intersect(Rect(0, 0, *source.size))
    return not buffers.read_mask(mask, filled).strip(b"\xff")


def check_open(source: GimpSource) -> None:
    """Raise a LacunaError if the user has closed the image or removed the layer meanwhile."""
    if layers.is_in(source.image, source.layer):
        return
    # Asked last: the image may be closed while GIMP is asked for the layer.
    closed = not source.image.is_valid()
    raise LacunaError(_(sentences.IMAGE_CLOSED if closed else sentences.LAYER_REMOVED))


def origin_now(source: GimpSource) -> Tuple[int, int]:
    """Return where the source is now: the user may have moved the layer, or cropped the image."""
    now = layers.rect_of(source.layer)
    if source.visible or (now.width, now.height) != source.size:
        return source.origin
    return now.left, now.top


def missed(layer: Any) -> LacunaError:
    """Return the error of a selection that lies beside its layer."""
    text = _("The selection does not touch the layer “{}”. Choose the layer under the selection.")
    return LacunaError(text.format(layer.get_name()))


def _copy_visible(image: Any, unseen: Tuple[Any, ...]) -> Any:
    hidden = [layer for layer in unseen if layer.get_visible()]
    if hidden:
        image.undo_freeze()  # that they are hidden for a moment is no step
    try:
        for layer in hidden:
            layer.set_visible(False)
        copy = Gimp.Layer.new_from_visible(image, image, "Lacuna")
    finally:
        for layer in hidden:
            layer.set_visible(True)
        if hidden:
            image.undo_thaw()
    if copy is None:
        raise LacunaError(
            _("GIMP could not copy the visible layers ({}).").format(layers.last_error())
        )
    return copy
