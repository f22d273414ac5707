"""Where a pattern is looked for: a level of a picture as it lies, or a plane of it."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ...pixels.document import Pixels

Flags = NDArray[np.bool_]


class View(NamedTuple):
    """A hole and its surroundings.

    Attributes:
        image: float32 (H, W, 3) in [0, 1]; of no meaning where something is missing.
        missing: bool (H, W), what is to be filled.
        usable: bool (H, W), known and may be copied; nothing that is missing.
    """

    image: Pixels
    missing: Flags
    usable: Flags

    @property
    def radius(self) -> float:
        """Of the largest disc in the hole, in pixels."""
        padded = np.pad(self.missing, 1).astype(np.uint8)
        return float(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5).max())


def grow(flags: Flags, by_px: float) -> Flags:
    """Add all that lies up to so many pixels from what is set."""
    distance = cv2.distanceTransform((~flags).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return distance <= by_px
