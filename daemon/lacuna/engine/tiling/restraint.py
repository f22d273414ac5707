"""What a network that corrects may change: as much as the completion that it is shown hides.

Part of what such a network adds is a pattern of its own cells. In grass that passes for grain, on a
window pane it is dots. A change is seen against the activity of what lies around it (Legge and
Foley, "Contrast Masking in Human Vision", JOSA 1980), so that is the limit.
"""

import cv2
import numpy as np

from ..pixels.document import Pixels

FINE_SIGMA_PX = 1.5  # activity is what a blur of this width takes away
AROUND_PX = 7  # side of the square over which it is averaged, and then its least is sought
UNSEEN = np.float32(0.5 / 255)  # a change that is always allowed, and activity that hides nothing
TIMES = np.float32(4)  # the activity beyond that: so much larger may a change be
REACH_PX = 12  # from here on nothing of a pixel is felt: 6 of the blur, 3 of each square


def most_change(shown: Pixels) -> Pixels:
    """Return how far each pixel may be changed: float32 (H, W, 1).

    The least of the squares around counts: beside an edge, the pane itself is still plain.

    Args:
        shown: float32 (H, W, C) in [0, 1], known pixels and the completion.
    """
    square = np.ones((AROUND_PX, AROUND_PX), np.uint8)
    fine = np.abs(shown - cv2.GaussianBlur(shown, (0, 0), FINE_SIGMA_PX)).mean(axis=2)
    least = cv2.erode(cv2.blur(fine, square.shape), square)
    return np.asarray(UNSEEN + TIMES * np.maximum(least - UNSEEN, 0)[..., None], np.float32)
