"""The fill, laid into the picture: selected pixels change, all others come back bit for bit."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lacuna.samples import DTYPES, FULL_SCALE
from lacuna_wire import Options, PixelLayout, Rect

from .document import (
    Document,
    Mask,
    Pixels,
    Samples,
    has_float_samples,
    samples_from_image,
    strips,
)

Take = Callable[[Rect, Samples], None]  # finished pixels of a document, and where they lie


def composite(
    samples: Samples, fill: Pixels, soft: Mask, layout: PixelLayout, options: Options
) -> Samples:
    """Lay the fill over a window of the document.

    Args:
        samples: (H, W, C), the document's own.
        fill: float32 (H, W, 3) in [0, 1].
        soft: uint8 (H, W), 0 = keep, 255 = replace.
        layout: Of `samples` and of what is returned.
        options: `result` decides: `composite` mixes fill and samples and keeps their alpha,
            `layer` gives the fill alone with `soft` as its alpha, zeros where that is 0.

    Returns:
        (H, W, C) of the same layout. For `composite`, pixels with `soft` 0 are the same bits.
    """
    colour = samples_from_image(fill, layout)
    result = np.zeros_like(samples) if options.result == "layer" else samples.copy()
    where = soft > 0
    share = (soft[where].astype(np.float32) / np.float32(255))[:, None]
    # samples_from_image puts the colour in the document's own channel order.
    own = result[..., : colour.shape[2]]
    if options.result == "layer":
        own[where] = _to_samples(colour[where], layout)
        result[..., -1][where] = _to_samples(share[:, 0] * FULL_SCALE[layout.sample], layout)
    else:
        # A known colour that is no number cannot be mixed: it gives way to the fill.
        below = np.where(np.isfinite(own[where]), own[where], colour[where]).astype(np.float32)
        own[where] = _to_samples(below + (colour[where] - below) * share, layout)
    return result


def _to_samples(values: NDArray[np.float32], layout: PixelLayout) -> Samples:
    if not has_float_samples(layout):
        values = np.clip(np.rint(values), 0, FULL_SCALE[layout.sample])
    return values.astype(DTYPES[layout.sample])


def collect_into(result: Samples, rect: Rect, document: Document, options: Options) -> Take:
    """Return what collects the pieces of a fill in one array.

    Args:
        result: Samples of `rect` in the document's layout, all zeros; written at once for a
            `composite`, whose pixels between the pieces are the document's own.
        rect: From `changed_rect`.
        document: What is filled.
        options: What the user chose.
    """

    def take(piece: Rect, samples: Samples) -> None:
        result[piece.relative_to(rect).slices] = samples

    if options.result == "composite":
        for strip in strips(rect):
            take(strip, document.samples[strip.slices])
    return take
