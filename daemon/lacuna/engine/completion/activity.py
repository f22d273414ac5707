"""How active patches are, and how active the sources of a hole have to be: foliage is not fog.

A mean of squared differences prefers smooth patches: where a target is not known exactly, a patch
with detail of its own differs from it twice, and the vote of smooth ones is smoother still. So
a source costs more that is smoother than what lies around the hole.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels.document import Pixels
from ..pixels.membrane import pull_push
from .backend.kernels import SIDE, Floats

WEIGHT = np.float32(2)  # of a lack of activity, squared, against the same difference in colour
# A rim that is partly calm, a sky over a meadow, may go on either way: so much of its spread less
# is asked for.
MARGIN = np.float32(0.5)
CALM = np.float32(1e-3)  # activity below which calm is calm


def measure_activity(image: Pixels, is_source: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Tell how active patches are, and how active they are expected to be.

    Args:
        image: float32 (H, W, C), the colours.
        is_source: bool (H, W): the patch around it is known as a whole and may be copied.

    Returns:
        Two times float32 (H, W). The standard deviation of the patch around each place, over all
        channels, of meaning for sources; and its geometric mean along the rim, as a membrane, less
        MARGIN of its spread there (0 if there is no source). Both times the square root of WEIGHT:
        the square of what lacks is a cost.
    """
    variance = np.zeros(is_source.shape, np.float32)
    for channel in range(image.shape[2]):
        plane = np.ascontiguousarray(image[..., channel])
        mean = cv2.blur(plane, (SIDE, SIDE))
        variance += cv2.blur(plane * plane, (SIDE, SIDE)) - mean * mean
    active = np.sqrt(np.maximum(variance, 0))
    # Ratios count: a membrane of the deviations themselves would ask a sky for half a tree.
    told = np.log1p(active / CALM)
    known = is_source[..., None].astype(np.float32)
    mean, square = np.moveaxis(pull_push(np.stack([told, told * told], axis=2), known), 2, 0)
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    expected = CALM * np.expm1(np.maximum(mean - MARGIN * spread, 0))
    scale = np.sqrt(WEIGHT)
    return scale * active, scale * expected
