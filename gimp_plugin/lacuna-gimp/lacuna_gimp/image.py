"""The first and the last step of the line: what is read from GIMP's image, and the new layer.

The only file that touches drawables and their buffers. All of it is for the main thread.
"""

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Babl, Gegl, Gimp

from lacuna_wire import LacunaError, PixelLayout, Rect, sentences

STRIP_ROWS = 512  # that are searched, or given to GIMP, at a time

# Depth in GIMP's enumeration -> the wire's word, babl's word. The wire has no 32-bit integers and
# no doubles; GIMP converts the fill to these when it takes it.
_DEPTHS = {
    "U8": ("u8", "u8"),
    "U16": ("u16", "u16"),
    "U32": ("f32", "float"),
    "HALF": ("f16", "half"),
    "FLOAT": ("f32", "float"),
    "DOUBLE": ("f32", "float"),
}
# Curve in GIMP's enumeration -> the wire's word, babl's colour and gray model.
_CURVES = {
    "LINEAR": ("linear", "RGBA", "YA"),
    "NON_LINEAR": ("srgb", "R'G'B'A", "Y'A"),
    "PERCEPTUAL": ("srgb", "R~G~B~A", "Y~A"),
}


class GimpSource(NamedTuple):
    """Where a fill reads, and where it will be put.

    Attributes:
        image: The user's.
        layer: The active one; the new layer is named after it.
        readable: The drawable that is read: `layer`, or a copy of all visible layers.
        origin: Left and top of `readable` on the canvas.
        size: Width and height of `readable`.
        selection: Bounds of what is selected, in pixels of `readable`; not empty.
        layout: How pixels travel.
        encoding: The same as a babl encoding, without its space.
    """

    image: Any
    layer: Any
    readable: Any
    origin: Tuple[int, int]
    size: Tuple[int, int]
    selection: Rect
    layout: PixelLayout
    encoding: str


@contextmanager
def open_source(image: Any, drawables: List[Any], visible: bool) -> Iterator[GimpSource]:
    """Give access to what is to be read, for the length of a `with` block.

    Raises:
        LacunaError: If there is nothing to fill; the sentence says what to do.
    """
    Gegl.init(None)
    layer = _active_layer(image, drawables)
    layout, encoding = _layout(image)
    canvas = Rect(0, 0, image.get_width(), image.get_height())
    area = canvas if visible else _layer_rect(layer)
    found = Gimp.Selection.bounds(image)
    if not found.non_empty:
        raise LacunaError(sentences.NOTHING_SELECTED)
    bounds = Rect.from_edges(found.x1, found.y1, found.x2, found.y2).intersect(area)
    # Bounds are those of a rectangle, and of a soft selection in a float image the whole canvas.
    bounds = _selected_bounds(image, bounds)
    if bounds is None:
        raise LacunaError(
            f'The selection does not touch the layer "{layer.get_name()}". Choose the layer under '
            "the selection."
        )
    readable = layer
    if visible:
        readable = Gimp.Layer.new_from_visible(image, image, "Lacuna")
        if readable is None:
            raise LacunaError(f"GIMP could not copy the visible layers ({_gimp_error()}).")
    try:
        yield GimpSource(
            image=image,
            layer=layer,
            readable=readable,
            origin=(area.left, area.top),
            size=(area.width, area.height),
            selection=bounds.relative_to(area),
            layout=layout,
            encoding=encoding,
        )
    finally:
        if visible and readable.is_valid():
            readable.delete()


def read_pixels(source: GimpSource, rect: Rect) -> bytes:
    """Return a part of the source in its layout."""
    check_open(source)
    encoded = _format_in_own_space(source.readable, source.encoding)
    return bytes(source.readable.get_buffer().get(_rectangle(rect), 1.0, encoded, _OUTSIDE))


def read_selection(source: GimpSource, rect: Rect) -> bytes:
    """Return the mask of a part of the source, one byte per pixel."""
    check_open(source)
    return _read_mask(source.image, rect.shift(*source.origin))


def check_open(source: GimpSource) -> None:
    """Raise a LacunaError if the user has closed the image or removed the layer meanwhile."""
    if not source.image.is_valid():
        raise LacunaError(sentences.IMAGE_CLOSED)
    # A layer that was removed lives on for undo: valid, but in no image.
    if not source.layer.is_valid() or not _is_in(source.image, source.layer):
        raise LacunaError(sentences.LAYER_REMOVED)


def add_layer(source: GimpSource, rect: Rect, pixels: bytearray) -> Any:
    """Put a fill above its source, in one undo step, and leave the source layer active.

    Args:
        source: From `open_source`.
        rect: Pixels of the source that the fill covers.
        pixels: Of these, in the layout of the source.

    Raises:
        LacunaError: If the image or the layer is gone, or GIMP does not take the new one.
    """
    check_open(source)
    image, layer = source.image, source.layer
    name = sentences.LAYER_NAME.format(1)
    gray = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if gray else Gimp.ImageType.RGBA_IMAGE
    new = Gimp.Layer.new(image, name, rect.width, rect.height, kind, 100.0, Gimp.LayerMode.NORMAL)
    if new is None:  # the image was given indexed colours in the meantime
        raise LacunaError(f"GIMP could not make a layer for the fill ({_gimp_error()}).")
    # GIMP mixes in linear light by default, which shows as a rim where the selection is soft.
    new.set_composite_space(Gimp.LayerColorSpace.RGB_NON_LINEAR)
    left, top = _origin_now(source)
    new.set_offsets(left + rect.left, top + rect.top)
    expected = rect.area * source.layout.pixel_bytes
    if len(pixels) != expected:  # GEGL would silently leave the layer empty
        raise LacunaError(
            sentences.WRONG_SIZE.format(rect.width, rect.height, expected, len(pixels))
        )
    buffer = new.get_buffer()
    encoded = _format_in_own_space(new, source.encoding)
    row_bytes = rect.width * source.layout.pixel_bytes
    for row in range(0, rect.height, STRIP_ROWS):
        rows = min(STRIP_ROWS, rect.height - row)
        strip = memoryview(pixels)[row * row_bytes : (row + rows) * row_bytes]
        # Bytes, because any other type is taken value by value, which lasts twenty times as long.
        buffer.set(Gegl.Rectangle.new(0, row, rect.width, rows), encoded, bytes(strip))
    buffer.flush()
    new.update(0, 0, rect.width, rect.height)
    # The layer is complete before the image hears of it: there is no undo group to be left open.
    on_top = source.readable is not layer
    parent = None if on_top else layer.get_parent()
    position = 0 if on_top else image.get_item_position(layer)
    if not image.insert_layer(new, parent, position):
        refused = sentences.LAYER_NOT_TAKEN.format("GIMP")
        raise LacunaError(f"{refused} The reason is: {_gimp_error()}.")
    image.set_selected_layers([layer])
    return new


def _active_layer(image: Any, drawables: List[Any]) -> Any:
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        raise LacunaError("This image has indexed colours. Convert it first: Image > Mode > RGB.")
    if image.get_floating_sel() is not None:
        raise LacunaError(
            "There is a floating selection. Anchor it or make it a layer first, in the Layer menu."
        )
    if not drawables:
        raise LacunaError(sentences.NO_LAYER_ACTIVE)
    if len(drawables) > 1:
        raise LacunaError(
            f"{len(drawables)} layers are active. Choose the one that you want to inpaint."
        )
    drawable = drawables[0]
    if isinstance(drawable, Gimp.LayerMask):
        drawable = Gimp.Layer.from_mask(drawable)
    if not isinstance(drawable, Gimp.Layer):
        raise LacunaError(
            f'"{drawable.get_name()}" is a channel. Choose the layer that you want to inpaint.'
        )
    return drawable


def _layout(image: Any) -> Tuple[PixelLayout, str]:
    """Return how this image's pixels travel: layout for the wire, encoding for babl."""
    sample, depth, transfer, colour, gray = _precisions()[int(image.get_precision())]
    if image.get_base_type() == Gimp.ImageBaseType.GRAY:
        return PixelLayout("GRAYA", sample, transfer), f"{gray} {depth}"
    return PixelLayout("RGBA", sample, transfer), f"{colour} {depth}"


def _precisions() -> Dict[int, Tuple[str, str, str, str, str]]:
    return {
        int(getattr(Gimp.Precision, f"{depth}_{curve}")): (*_DEPTHS[depth], *_CURVES[curve])
        for depth in _DEPTHS
        for curve in _CURVES
    }


def _layer_rect(layer: Any) -> Rect:
    _, left, top = layer.get_offsets()
    return Rect(left, top, layer.get_width(), layer.get_height())


def _origin_now(source: GimpSource) -> Tuple[int, int]:
    """Return where the source is now: the user may have moved the layer, or cropped the image."""
    now = _layer_rect(source.layer)
    if source.readable is not source.layer or (now.width, now.height) != source.size:
        return source.origin
    return now.left, now.top


def _is_in(image: Any, layer: Any) -> bool:
    outermost = layer
    while outermost.get_parent() is not None:
        outermost = outermost.get_parent()
    return outermost.get_id() in [each.get_id() for each in image.get_layers()]


def _format_in_own_space(drawable: Any, encoding: str) -> str:
    """Name an encoding in the drawable's own space; a plain name would convert to sRGB and clip."""
    space = Babl.format_get_space(drawable.get_format())
    return str(Babl.get_name(Babl.format_with_space(encoding, space)))


def _read_mask(image: Any, rect: Rect) -> bytes:
    # Linear, though the eye sees it: "Y' u8" would make 188 of a half-selected 128.
    buffer = image.get_selection().get_buffer()
    return bytes(buffer.get(_rectangle(rect), 1.0, "Y u8", _OUTSIDE))


def _selected_bounds(image: Any, within: Rect) -> Optional[Rect]:
    """Return the bounds of all that is at least 1/255 selected, or None."""
    bounds = Rect(0, 0, 0, 0)
    for top in range(within.top, within.bottom, STRIP_ROWS):
        strip = Rect(within.left, top, within.width, min(STRIP_ROWS, within.bottom - top))
        found = nonzero_bounds(_read_mask(image, strip), strip.width)
        bounds = bounds.union(found.shift(strip.left, strip.top))
    return bounds if bounds.area else None


def nonzero_bounds(mask: bytes, width: int) -> Rect:
    """Return the bounds of the bytes that are not 0 in rows of `width`; empty if there are none.

    >>> nonzero_bounds(bytes([0, 0, 0, 0, 0, 7, 9, 0]), 4)
    Rect(left=1, top=1, width=2, height=1)
    """
    first = len(mask) - len(mask.lstrip(b"\0"))
    if first == len(mask):
        return Rect(0, 0, 0, 0)
    top, bottom = first // width, (len(mask.rstrip(b"\0")) - 1) // width + 1
    left, right = width, 0
    for start in range(top * width, bottom * width, width):
        row = mask[start : start + width]
        selected = row.lstrip(b"\0")
        if selected:
            left = min(left, width - len(selected))
            right = max(right, len(row.rstrip(b"\0")))
    return Rect.from_edges(left, top, right, bottom)


def _rectangle(rect: Rect) -> Any:
    return Gegl.Rectangle.new(*rect)


def _gimp_error() -> str:
    return str(Gimp.get_pdb().get_last_error()).rstrip(".")


_OUTSIDE = Gegl.AbyssPolicy.NONE  # transparent, not selected
