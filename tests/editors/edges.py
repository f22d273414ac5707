"""A red disc with a soft edge on gray grass: what both editors remove, and what may be left."""

import re
from pathlib import Path

import cv2
import numpy as np
from skimage import data, io

from lacuna_wire.options import MOST_AUTO_GROW
from tests.editors.fills import ROUNDING

SIDE, RADIUS, SIGMA = 320, 40, 2.5  # of the picture, the disc, and the blur of its edge; pixels
NEAR_PX = 16  # from the selection, where a ring is looked for
MOST_RED = 12  # levels of red over green that are no ring; 170 before the fill


def save_disc(path: Path, middle: tuple[int, int] = (160, 160)) -> np.ndarray:
    """Draw the disc around a pixel, column and row; return (SIDE, SIDE, 3) uint8 RGB."""
    grass = np.dstack([data.grass()[:SIDE, :SIDE]] * 3)
    alpha = np.zeros(grass.shape[:2], np.float32)
    cv2.circle(alpha, middle, RADIUS, 1, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), SIGMA, borderType=cv2.BORDER_REPLICATE)[..., None]
    picture = (grass * (1 - alpha) + np.array([200, 30, 30]) * alpha).astype(np.uint8)
    io.imsave(path, picture, check_contrast=False)
    return picture


def disc_selected(middle: tuple[int, int] = (160, 160), radius: int = RADIUS) -> np.ndarray:
    """Select the disc at half its edge, or with more of what is around it: (SIDE, SIDE) uint8."""
    selection = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(selection, middle, radius, 255, -1)
    return selection


def away_from(selection: np.ndarray) -> np.ndarray:
    """How far each pixel is from what is selected."""
    outside = (selection == 0).astype(np.uint8)
    return cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def redness(picture: np.ndarray) -> np.ndarray:
    """Red over green, of (H, W, 3) RGB."""
    return picture[..., 0].astype(int) - picture[..., 1]


def check_gone(before: np.ndarray, after: np.ndarray, selection: np.ndarray, px: int) -> None:
    """Check that no ring is left, and that nothing has changed farther away than `px`."""
    away = away_from(selection)
    ring = (away > 0) & (away <= NEAR_PX)
    assert redness(before)[ring].max() > 50, "there was a ring to remove"
    assert redness(after)[ring].max() <= MOST_RED
    assert 0 < px <= MOST_AUTO_GROW
    changed = np.abs(after.astype(int) - before).max(axis=2) > ROUNDING["u8"]
    assert 1 < away[changed].max() <= px


def told_px(text: str) -> int:
    """By how many pixels an editor says that the selection was enlarged; 0 if it says nothing."""
    found = re.search(r"Edge found: \+(\d+) px", text)
    return int(found[1]) if found else 0
