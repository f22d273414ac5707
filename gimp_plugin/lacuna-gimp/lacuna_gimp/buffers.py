"""Pixels of GIMP's drawables: how they travel, and the only reads and writes of their buffers.

The one file that knows GEGL and babl. All of it is for the main thread.
"""

import zlib
from array import array
from typing import Any, Dict, List, Tuple

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Babl, Gegl, Gimp

from lacuna_wire import PixelLayout, Rect
from lacuna_wire.editor import cut_into_strips

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
# Curve in GIMP's enumeration -> the wire's word, babl's colour and gray model, where such pixels
# are mixed.
_CURVES = {
    "LINEAR": ("linear", "RGBA", "YA", "RGB_LINEAR"),
    "NON_LINEAR": ("srgb", "R'G'B'A", "Y'A", "RGB_NON_LINEAR"),
    "PERCEPTUAL": ("srgb", "R~G~B~A", "Y~A", "RGB_PERCEPTUAL"),
}
# Linear, though the eye sees it: "Y' u8" would make 188 of a half-selected 128.
MASK = "Y u8"
ALPHA = "A u8"
# babl's word for a depth -> as `array` holds such a sample, and what it is where all is opaque.
_OPAQUE = {"u8": ("B", 255), "u16": ("H", 65535), "half": ("H", 0x3C00), "float": ("I", 0x3F800000)}

# What a checksum looks at.
_CHECKED_PIXELS, _CHECKED_BANDS = 1 << 20, 32


def start() -> None:
    """Get GEGL ready; more than once does no harm."""
    Gegl.init(None)


def layout_of(image: Any) -> Tuple[PixelLayout, str]:
    """Return how this image's pixels travel: layout for the wire, encoding for babl."""
    sample, depth, transfer, colour, gray, _space = _precisions()[int(image.get_precision())]
    if is_gray(image):
        return PixelLayout("GRAYA", sample, transfer), f"{gray} {depth}"
    return PixelLayout("RGBA", sample, transfer), f"{colour} {depth}"


def mix_as_they_lie(layer: Any, image: Any) -> None:
    """Let a layer be mixed in the numbers that the image holds, as the daemon mixes a composite.

    GIMP does it in linear light, whatever they are: a rim shows where the selection is soft.
    """
    space = _precisions()[int(image.get_precision())][-1]
    layer.set_composite_space(getattr(Gimp.LayerColorSpace, space))


def is_gray(image: Any) -> bool:
    return bool(image.get_base_type() == Gimp.ImageBaseType.GRAY)


def new_layer(image: Any, name: str, width: int, height: int) -> Any:
    """Return a transparent layer that is in no image yet; None if GIMP does not make it."""
    kind = Gimp.ImageType.GRAYA_IMAGE if is_gray(image) else Gimp.ImageType.RGBA_IMAGE
    return Gimp.Layer.new(image, name, width, height, kind, 100.0, Gimp.LayerMode.NORMAL)


def read(drawable: Any, rect: Rect, encoding: str) -> bytes:
    """Return pixels of a drawable, in its own colour space; outside it they are transparent."""
    buffer, inside = drawable.get_buffer(), Rect(0, 0, drawable.get_width(), drawable.get_height())
    own = drawable.get_format()
    model, depth = encoding.split()
    # babl needs 0.4 s, in every process, to find out how an alpha is best added to these.
    if Babl.format_get_encoding(own) == f"{model[:-1]} {depth}" and inside.contains(rect):
        colours = buffer.get(_rectangle(rect), 1.0, str(Babl.get_name(own)), _OUTSIDE)
        return _with_alpha(colours, rect.area, depth)
    encoded = _in_own_space(drawable, encoding)
    return bytes(buffer.get(_rectangle(rect), 1.0, encoded, _OUTSIDE))


def read_mask(drawable: Any, rect: Rect, encoding: str = MASK) -> bytes:
    """Return a channel or the selection, or with `ALPHA` what is painted: one byte per pixel."""
    return bytes(drawable.get_buffer().get(_rectangle(rect), 1.0, encoding, _OUTSIDE))


def write(drawable: Any, rect: Rect, encoding: str, pixels: Any) -> None:
    """Put pixels into a drawable; no undo step comes of it.

    Args:
        drawable: Any that is not a group.
        rect: In its own pixels.
        encoding: As for `read`.
        pixels: As many bytes as belong there: GEGL would silently take nothing of others.
    """
    _set(drawable, rect, _in_own_space(drawable, encoding), pixels)


def write_mask(mask: Any, rect: Rect, data: bytes) -> None:
    """Put bytes into a channel or a layer mask that is in no image yet."""
    buffer = mask.get_buffer()
    buffer.set(_rectangle(rect), MASK, data)
    buffer.flush()


def copy_pixels(drawable: Any, into: Any) -> None:
    """Copy all pixels of one drawable into another of the same size."""
    extent = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    target = into.get_buffer()
    drawable.get_buffer().copy(extent, _OUTSIDE, target, extent)
    target.flush()


def strips(rect: Rect) -> List[Rect]:
    """Cut into full rows, from top to bottom, of which none is too large to be read at once."""
    return cut_into_strips(rect, rect.width * STRIP_ROWS) if rect.area else []


def checksum(drawable: Any, rect: Rect, encoding: str) -> int:
    """Return a number that is another one when the pixels are; of many, only some are looked at."""
    if not rect.area:
        return 0
    rows = max(1, _CHECKED_PIXELS // (rect.width * _CHECKED_BANDS))
    step = max(rows, rect.height // _CHECKED_BANDS)
    total = 0
    for top in range(rect.top, rect.bottom, step):
        band = Rect(rect.left, top, rect.width, min(rows, rect.bottom - top))
        total = zlib.crc32(read(drawable, band, encoding), total)
    return total


def remember(image: Any, layer: Any, rect: Rect) -> None:
    """Let GIMP remember a part of a layer for undo, before it is written.

    GIMP remembers for a plug-in only what it merges itself from the layer's shadow, and that is as
    much as is selected. So the part is selected for a moment; the merge empties it, and its pixels
    are put back.

    Args:
        image: Of the layer, in an undo group.
        layer: With pixels of its own.
        rect: In its own pixels.
    """
    _, left, top = layer.get_offsets()
    place = rect.shift(left, top)
    selection = Gimp.Selection.save(image)
    Gimp.context_push()
    Gimp.context_set_feather(False)
    Gimp.context_set_antialias(False)
    if Rect(0, 0, image.get_width(), image.get_height()).contains(place):
        image.select_rectangle(Gimp.ChannelOps.REPLACE, *place)
    else:  # what lies beside the canvas cannot be selected
        Gimp.Selection.none(image)
        rect = Rect(0, 0, layer.get_width(), layer.get_height())
    native = str(Babl.get_name(layer.get_format()))
    pixels = layer.get_buffer().get(_rectangle(rect), 1.0, native, _OUTSIDE)
    shadow = layer.get_shadow_buffer()
    corner = Rect(rect.left, rect.top, 1, 1)  # there is no shadow before something is written
    shadow.set(_rectangle(corner), native, bytes(len(pixels) // rect.area))
    shadow.flush()
    layer.merge_shadow(True)
    _set(layer, rect, native, bytes(pixels))
    Gimp.context_pop()
    image.select_item(Gimp.ChannelOps.REPLACE, selection)
    image.remove_channel(selection)


def _precisions() -> Dict[int, Tuple[str, ...]]:
    return {
        int(getattr(Gimp.Precision, f"{depth}_{curve}")): (*_DEPTHS[depth], *_CURVES[curve])
        for depth in _DEPTHS
        for curve in _CURVES
    }


def _with_alpha(colours: bytes, pixels: int, depth: str) -> bytes:
    code, opaque = _OPAQUE[depth]
    samples = memoryview(colours).cast(code)
    channels = len(samples) // pixels
    result = array(code, [opaque]) * (pixels * (channels + 1))
    mixed = memoryview(result)
    for channel in range(channels):
        mixed[channel :: channels + 1] = samples[channel::channels]
    mixed.release()
    return result.tobytes()


def _in_own_space(drawable: Any, encoding: str) -> str:
    """Name an encoding in the drawable's own space; a plain name would convert to sRGB and clip."""
    space = Babl.format_get_space(drawable.get_format())
    return str(Babl.get_name(Babl.format_with_space(encoding, space)))


def _set(drawable: Any, rect: Rect, encoded: str, pixels: Any) -> None:
    buffer = drawable.get_buffer()
    row_bytes = len(pixels) // rect.height
    for strip in strips(rect):
        start_of_strip = (strip.top - rect.top) * row_bytes
        part = memoryview(pixels)[start_of_strip : start_of_strip + strip.height * row_bytes]
        # Bytes, because any other type is taken value by value, which lasts twenty times as long.
        buffer.set(_rectangle(strip), encoded, bytes(part))
    buffer.flush()
    drawable.update(*rect)


def _rectangle(rect: Rect) -> Any:
    return Gegl.Rectangle.new(*rect)


_OUTSIDE = Gegl.AbyssPolicy.NONE  # transparent, not selected
