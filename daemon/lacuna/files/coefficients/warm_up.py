"""The loops that code JPEG, compiled before somebody waits for them."""

import imagecodecs
import numpy as np

from lacuna_wire.rect import Rect

from .recode import recode
from .stream import cut


def warm_up() -> None:
    """Have the loops compiled: seconds, once per version."""
    pixels = np.zeros((16, 16, 3), np.uint8)
    parts = cut(bytes(imagecodecs.jpeg8_encode(pixels))).parts
    recode(parts, pixels, [(Rect(0, 0, 16, 16), np.ones((16, 16), bool))], True)
