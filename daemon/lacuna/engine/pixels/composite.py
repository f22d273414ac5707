"""The fill, laid into the picture: selected pixels change, all others come back bit for bit."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lacuna.samples import DTYPES, FULL_SCALE
from lacuna_wire import Options, PixelLayout, Rect

from .document import (
    COLOURS_AND_ALPHA,
    Document,
    Mask,
    Pixels,
    Samples,
    has_float_samples,
    opacity,
    samples_from_image,
    straighten,
    strips,
)
from .span import Span

REACH = 16.0  # times the largest number of a span, beyond which a sample is not mixed
LARGEST = float(np.finfo(np.float32).max) / 4
TINY = np.float32(1e-30)  # instead of a division by nothing

Take = Callable[[Rect, Samples], None]  # finished pixels of a document, and where they lie


def composite(
    samples: Samples,
    fill: Pixels,
    soft: Mask,
    layout: PixelLayout,
    options: Options,
    span: Span | None = None,
) -> Samples:
    """Lay the fill over a window of the document.

    Args:
        samples: (H, W, C), the document's own.
        fill: float32 (H, W, 3) in [0, 1], or 4 channels if it carries alpha; else it is opaque.
        soft: uint8 (H, W), 0 = keep, 255 = replace.
        layout: Of `samples` and of what is returned.
        options: `result` decides: `composite` mixes fill and samples and their alphas, `layer`
            gives the fill alone with its alpha times `soft`, zeros where that is 0.
        span: By which the fill was shown to whoever made it.

    Returns:
        (H, W, C) of the same layout. For `composite`, pixels with `soft` 0 are the same bits.
    """
    where = soft > 0
    share = (soft[where].astype(np.float32) / np.float32(255))[:, None]
    image, alpha = fill[where][None], np.ones_like(share)
    if fill.shape[2] == COLOURS_AND_ALPHA:
        image, alphas = straighten(image)
        alpha = alphas.reshape(-1, 1)
    # samples_from_image puts the colour in the document's own channel order.
    colour = samples_from_image(image, layout, span)[0]
    if options.result == "layer":
        result, mixed, alpha = np.zeros_like(samples), colour, share * alpha
    else:
        result = samples.copy()
        mixed, alpha = _mix(samples[where], colour, alpha, share, layout, span)
    if not layout.has_alpha:
        result[where] = _to_samples(mixed, layout)
        return result
    encoded = _to_samples(alpha * FULL_SCALE[layout.sample], layout)
    mixed = np.where(encoded > 0, mixed, 0)  # nothing has no colour
    result[where] = np.concatenate([_to_samples(mixed, layout), encoded], axis=1)
    return result


def _mix(
    own: Samples,
    colour: Pixels,
    alpha: Pixels,
    share: Pixels,
    layout: PixelLayout,
    span: Span | None,
) -> tuple[Pixels, Pixels]:
    """Mix pixels with a fill, as light and not as numbers: each colour weighs what it covers.

    Args:
        own: (N, C) samples.
        colour: Of the fill, float32 (N, 1 or 3) in sample units.
        alpha: Of the fill, float32 (N, 1).
        share: Of the fill in each pixel, float32 (N, 1).
        layout: Of `own`.
        span: By which the fill was shown.

    Returns:
        Colours in sample units, and alpha in [0, 1], not rounded.
    """
    before: Pixels = own[:, : colour.shape[1]].astype(np.float32)
    covered = share
    if layout.has_alpha:
        there = opacity(own[None], layout).reshape(-1, 1)
        mixed_alpha = there + (alpha - there) * share
        # For opaque pixels this is `share`, to the bit.
        covered = np.asarray(share * alpha / np.maximum(mixed_alpha, TINY), np.float32)
        before = np.where(there > 0, before, colour)
        alpha = mixed_alpha
    # A known colour that is no number cannot be mixed: it gives way to the fill.
    before = np.where(np.isfinite(before), before, colour)
    if span is not None:
        # Nor has a sum with what lies a million times as far out any digits left for the fill.
        reach = REACH * max(abs(span.low), abs(span.high), span.high - span.low)
        before = np.clip(before, -min(reach, LARGEST), min(reach, LARGEST))
    return before + (colour - before) * covered, alpha


def _to_samples(values: NDArray[np.float32], layout: PixelLayout) -> Samples:
    if not has_float_samples(layout):
        values = np.clip(np.rint(values), 0, FULL_SCALE[layout.sample])
    return values.astype(DTYPES[layout.sample])


def collect_into(result: Samples, rect: Rect, document: Document, options: Options) -> Take:
    """Return what collects the pieces of a fill in one array.

    Args:
        result: Samples of `rect` in the document's layout, all zeros; written at once for a
            `composite`, whose pixels between the pieces are the document's own.
        rect: What may change, from the plan.
        document: What is filled.
        options: What the user chose.
    """

    def take(piece: Rect, samples: Samples) -> None:
        result[piece.relative_to(rect).slices] = samples

    if options.result == "composite":
        for strip in strips(rect):
            take(strip, document.samples[strip.slices])
    return take
