"""One selection, used three ways: the soft mask of the composite, the layer's alpha, the hole."""

from typing import NamedTuple

import numpy as np

from lacuna_wire import Options, Rect
from lacuna_wire.errors import Unprocessable

from .composite import soften
from .planes import Document, Mask, may_be_unknown, strips, unknown_samples


class Hole(NamedTuple):
    """Two masks of a window.

    Attributes:
        soft: uint8 (H, W), 0 = the picture's own pixel, 255 = the fill's.
        missing: uint8 (H, W), 1 = unknown to the network: selected, however softly, fully
            transparent, or not a finite number.
    """

    soft: Mask
    missing: Mask


def find_hole(document: Document, options: Options, window: Rect | None = None) -> Hole:
    """Make both masks of a window of a document, into which what lies outside of it may grow.

    Args:
        document: Samples and selection.
        options: `grow` and `feather` shape the selection.
        window: Pixels of the document; None for all of them.

    Raises:
        Unprocessable: If no known pixel is left in the window (code `no_context`).
    """
    window = document.rect if window is None else window
    seen = window.grow(options.grow).intersect(document.rect)
    soft = soften(document.selection[seen.slices], options.grow, options.feather)
    soft = soft[window.relative_to(seen).slices]
    missing = (soft > 0).astype(np.uint8)
    # Where all samples are colours, none is read: planning then needs the selection alone.
    for strip in strips(window) if may_be_unknown(document.layout) else ():
        unknown = unknown_samples(document.samples[strip.slices], document.layout)
        missing[strip.relative_to(window).slices] |= unknown
    if missing.all():
        raise Unprocessable(
            f"Nothing is known around the selection: all {missing.size:,} pixels there are "
            "selected or transparent.",
            code="no_context",
        )
    return Hole(soft, missing)
