"""One selection, used three ways: the soft mask of the composite, the layer's alpha, the hole."""

from typing import NamedTuple

import numpy as np

from lacuna_wire import Options
from lacuna_wire.errors import Unprocessable

from .composite import soften
from .planes import Document, Mask, strips, unknown_samples


class Hole(NamedTuple):
    """Two masks of a window.

    Attributes:
        soft: uint8 (H, W), 0 = the picture's own pixel, 255 = the fill's.
        missing: uint8 (H, W), 1 = unknown to the network: selected, however softly, fully
            transparent, or not a finite number.
    """

    soft: Mask
    missing: Mask


def find_hole(window: Document, options: Options) -> Hole:
    """Make both masks of a window from its selection.

    Raises:
        Unprocessable: If no known pixel is left (code `no_context`).
    """
    soft = soften(window.selection, options.grow, options.feather)
    missing = (soft > 0).astype(np.uint8)
    for strip in strips(window.rect):
        missing[strip.slices] |= unknown_samples(window.samples[strip.slices], window.layout)
    if missing.all():
        raise Unprocessable(
            f"Nothing is known around the selection: all {missing.size:,} pixels there are "
            "selected or transparent.",
            code="no_context",
        )
    return Hole(soft, missing)
