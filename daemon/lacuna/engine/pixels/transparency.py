"""What transparent pixels are: a part of the picture that goes on, or nothing that is known."""

import cv2
import numpy as np

from lacuna_wire import Options

from .document import Mask, Pixels

OPAQUE = 255  # of `steps_of`
# Only what is as near as a patch can say that a fill is transparent: a photograph on a larger
# canvas is filled like any other wherever its edge is not in sight.
BESIDE_PX = 8
# Whoever fills the corners of a rotated picture also selects some of its edge: so much of the
# selection's own rim, beside what it has been grown by, does not tell what is meant.
RIM_PX = 3
# Of what is selected inside of that rim, if less is opaque, emptiness is to be filled. A corner has
# nothing at all in it. A speck of dust of 4 px in a selection of 60 x 60 px is as much as this.
LEAST_SHARE = 0.001


def steps_of(alpha: Pixels) -> Mask:
    """Tell opacity in steps of 8 bits, uint8: 0 for nothing at all, OPAQUE for all but opaque."""
    return np.where(alpha > 0, np.maximum(np.rint(alpha * OPAQUE), 1), 0).astype(np.uint8)


def is_content(steps: Mask, missing: Mask, soft: Mask, options: Options) -> bool:
    """Decide whether transparency is content in a window, so that the fill has alpha as well.

    If all that is known beside the selection is opaque, so is the fill, whatever is asked for.

    Args:
        steps: uint8 (H, W), how opaque the pixels are, from `steps_of`.
        missing: uint8 (H, W), 1 = selected, or not a finite number.
        soft: uint8 (H, W), the selection, grown.
        options: What the user chose.
    """
    if options.transparency == "empty" or steps.min() == OPAQUE:
        return False
    selected = (soft > 0).astype(np.uint8)
    beside = cv2.dilate(selected, np.ones((2 * BESIDE_PX + 1,) * 2, np.uint8))
    if not ((steps < OPAQUE) & (beside > missing)).any():
        return False
    return options.transparency == "content" or _is_something(steps, selected, options.grow)


def _is_something(steps: Mask, selected: Mask, grow: int) -> bool:
    """Tell whether more than next to nothing of what is selected is there."""
    # The border of the picture is no rim.
    depth = cv2.distanceTransform(selected, cv2.DIST_L2, cv2.DIST_MASK_3)
    inside = np.asarray(depth, np.float32) > grow + RIM_PX
    if not inside.any():
        inside = selected > 0
    return float(steps[inside].mean(dtype=np.float64)) > LEAST_SHARE * OPAQUE
