"""Between the document's own samples and what the network sees, window by window."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lacuna.samples import DTYPES, FULL_SCALE
from lacuna_wire import PixelLayout, Rect

from .span import Span, span_of

Pixels = NDArray[np.float32]
Mask = NDArray[np.uint8]
Places = NDArray[np.int64]  # row or column numbers, or numbers of places
Samples = NDArray[Any]  # (H, W, C) in the document's own depth

COLOUR_ORDER = {
    "RGBA": (0, 1, 2),
    "BGRA": (2, 1, 0),
    "RGB": (0, 1, 2),
    "GRAY": (0,),
    "GRAYA": (0,),
}

COLOURS = 3  # channels of an image
COLOURS_AND_ALPHA = 4  # of one that carries alpha
LEAST_ALPHA = np.float32(0.5 / 255)  # less is 0 where colours have 8 bits
SPAN_PIXELS = 1 << 20  # that a span is measured on, beside its ends
STRIP_ROWS = 512  # rows that are float at a time where a whole window is walked through


class Readable(Protocol):
    """What is read by rectangle, `readable[rect.slices]`: an array, a memory map, or a file.

    Attributes:
        shape: Rows and columns first.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __getitem__(self, slices: tuple[slice, slice], /) -> NDArray[Any]: ...


class Document(NamedTuple):
    """What the editor sent: samples, the selection over them, and how the samples lie.

    A whole document may be larger than memory. What the engine works on is a `crop`, in arrays.

    Attributes:
        samples: (H, W, C) in the document's own depth, only read.
        selection: uint8 (H, W), 0 = keep, 255 = replace.
        layout: Of the samples.
        sources: uint8 (H, W), 255 = may be copied, anything less must not; None if all may.
        carries_alpha: Whether transparency is a part of the picture: its images have alpha as a
            fourth channel then, and their colours are multiplied by it.
        span: Range of the known samples, if they are no colours of [0, 1].
    """

    samples: Readable
    selection: Readable
    layout: PixelLayout
    sources: Readable | None = None
    carries_alpha: bool = False
    span: Span | None = None

    @property
    def rect(self) -> Rect:
        return Rect(0, 0, self.selection.shape[1], self.selection.shape[0])

    def crop(self, rect: Rect) -> "Document":
        """Read a part; of arrays it is a view."""
        return self._replace(
            samples=self.samples[rect.slices],
            selection=self.selection[rect.slices],
            sources=None if self.sources is None else self.sources[rect.slices],
        )

    def spanned(self, uncounted: Mask) -> "Document":
        """Find the span of its known samples, strip by strip.

        Args:
            uncounted: uint8 (H, W), what is not 0 is no known pixel.
        """
        if not has_float_samples(self.layout):
            return self
        order, known = COLOUR_ORDER[self.layout.channels], []
        step = max(1, self.rect.area // SPAN_PIXELS)
        for strip in strips(self.rect):
            pixels = self.samples[strip.slices][uncounted[strip.slices] == 0]
            if self.layout.has_alpha:  # nothing has no colour
                pixels = pixels[opacity(pixels, self.layout) > 0]
            counted = pixels[:, order]
            counted = counted[np.isfinite(counted).all(axis=1)]
            if len(counted):  # the extremes, and some of what lies between
                extremes = counted.min(axis=0, keepdims=True), counted.max(axis=0, keepdims=True)
                known += [*extremes, counted[::step]]
        return (
            self if not known else self._replace(span=span_of(np.concatenate(known), self.layout))
        )

    @property
    def colour_count(self) -> int:
        """Channels of its images."""
        return COLOURS_AND_ALPHA if self.carries_alpha else COLOURS

    def image(self, rect: Rect) -> Pixels:
        """Decode a window to float32 (rect.height, rect.width, colour_count) in [0, 1]."""
        return self._decode(self.samples[rect.slices])

    def colours(self, rows: Places, columns: Places) -> Pixels:
        """Decode single pixels to float32 (N, colour_count) in [0, 1], of a document in arrays."""
        row = self._decode(np.asarray(self.samples)[rows, columns][None])
        return row.reshape(-1, row.shape[2])

    def _decode(self, samples: Samples) -> Pixels:
        image = image_from_samples(samples, self.layout, self.span)
        return premultiply(image, opacity(samples, self.layout)) if self.carries_alpha else image


def strips(rect: Rect) -> Iterator[Rect]:
    """Cut into strips of at most STRIP_ROWS rows, from top to bottom; all but the last are even."""
    for top in range(rect.top, rect.bottom, STRIP_ROWS):
        yield Rect(rect.left, top, rect.width, min(STRIP_ROWS, rect.bottom - top))


def has_float_samples(layout: PixelLayout) -> bool:
    return DTYPES[layout.sample].kind == "f"


def image_from_samples(samples: Samples, layout: PixelLayout, span: Span | None = None) -> Pixels:
    """Decode a window: (H, W, C) samples -> float32 (H, W, 3) in [0, 1], perceptual, RGB order.

    Gray is repeated three times. Values outside [0, 1], or outside of `span`, are clipped and NaN
    becomes 0: the network has never seen such; the document's own samples stay as they are.
    """
    colour = samples[..., COLOUR_ORDER[layout.channels]].astype(np.float32)
    colour *= np.float32(1 / FULL_SCALE[layout.sample])
    if span is not None:
        colour = span.show(colour)
    elif has_float_samples(layout):
        colour = np.nan_to_num(colour, nan=0.0, posinf=1.0, neginf=0.0)
        np.clip(colour, 0, 1, out=colour)
    if _is_shown_as_light(layout, span):
        colour = srgb_from_linear(colour)
    return np.repeat(colour, 3, axis=2) if colour.shape[2] == 1 else colour


def _is_shown_as_light(layout: PixelLayout, span: Span | None) -> bool:
    return layout.transfer == "linear" if span is None else span.is_light


def samples_from_image(
    image: Pixels, layout: PixelLayout, span: Span | None = None
) -> NDArray[np.float32]:
    """Encode colour: float32 (H, W, 3) in [0, 1] -> float32 (H, W, 1 or 3) in sample units.

    With a `span` they lie in it.

    Not rounded yet: the composite mixes these with the document's samples and rounds once.
    """
    order = COLOUR_ORDER[layout.channels]
    colour = image.mean(axis=2, keepdims=True) if len(order) == 1 else image[..., order]
    if _is_shown_as_light(layout, span):
        colour = linear_from_srgb(colour)
    if span is not None:
        return span.hide(colour)
    scaled: NDArray[np.float32] = (colour * np.float32(FULL_SCALE[layout.sample])).astype(
        np.float32
    )
    return scaled


def opacity(samples: Samples, layout: PixelLayout) -> Pixels:
    """Decode the alpha of (H, W, C) samples: float32 (H, W) in [0, 1], 0 where it is no number."""
    alpha = samples[..., -1].astype(np.float32)
    if has_float_samples(layout):
        return np.clip(np.nan_to_num(alpha, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
    return alpha * np.float32(1 / FULL_SCALE[layout.sample])


def premultiply(image: Pixels, alpha: Pixels) -> Pixels:
    """Make an image that carries alpha: (H, W, 3) and (H, W) -> (H, W, COLOURS_AND_ALPHA).

    Where nothing is there is no colour either, so nothing of it can bleed into a mean.
    """
    return np.concatenate([image * alpha[..., None], alpha[..., None]], axis=2)


def straighten(image: Pixels) -> tuple[Pixels, Pixels]:
    """Undo `premultiply`: colours (H, W, 3) in [0, 1], and alpha (H, W).

    What no screen shows is nothing, and what it shows as opaque is; nothing has no colour.
    """
    alpha = image[..., COLOURS]
    alpha = np.where(alpha < LEAST_ALPHA, 0, np.where(alpha > 1 - LEAST_ALPHA, 1, alpha))
    colours = np.zeros((*alpha.shape, COLOURS), np.float32)
    there = alpha > 0
    colours[there] = np.minimum(image[there][:, :COLOURS] / image[there][:, COLOURS:], 1)
    return colours, alpha.astype(np.float32)


def srgb_from_linear(light: Pixels) -> Pixels:
    """Encode light in [0, 1] with the curve of IEC 61966-2-1.

    >>> float(srgb_from_linear(np.float32([0.5]))[0].round(4))
    0.7354
    """
    curve = 1.055 * np.power(np.maximum(light, 1e-8), 1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, curve).astype(np.float32)


def linear_from_srgb(image: Pixels) -> Pixels:
    """Undo `srgb_from_linear`."""
    curve = np.power((np.maximum(image, 0) + 0.055) / 1.055, 2.4)
    return np.where(image <= 0.04045, image / 12.92, curve).astype(np.float32)
