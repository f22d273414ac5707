"""How far a fill is from the truth: inside the hole, around it, and across the tiles' borders."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from skimage.metrics import structural_similarity

from lacuna_wire import Rect

from .cases import Case, Mask, Picture

CONTEXT_PX = 32  # around the hole, for the feature distance
MOST_PSNR = 90.0  # of the truth itself, in dB
LEAST_BORDER_PX = 64  # of tiles' borders in a hole, below which their mean says little


class Score(NamedTuple):
    """How far a fill is from the truth.

    Attributes:
        psnr: In the hole, in dB.
        ssim: Structural similarity, mean over the hole.
        distance: SqueezeNet feature distance of the window around the hole.
        seam: Change across tiles' borders over change elsewhere in the hole; None without borders.
    """

    psnr: float
    ssim: float
    distance: float
    seam: float | None


def score(
    case: Case,
    filled: Picture,
    distance: Callable[[Picture, Picture], float],
    tiles: Sequence[Rect],
) -> Score:
    """Judge a fill.

    Args:
        case: Truth and hole.
        filled: uint8 (H, W, 3).
        distance: Of two pictures.
        tiles: Where the network looked, in the picture's coordinates.

    Raises:
        AssertionError: If a known pixel is not as it was.
    """
    missing = case.mask > 0
    assert (filled[~missing] == case.picture[~missing]).all(), f"{case.name}: a known pixel changed"
    error = np.square(filled[missing].astype(float) - case.picture[missing]).mean() / 255**2
    around = window(case.mask, CONTEXT_PX)
    one, other = filled[around], case.picture[around]
    similar = structural_similarity(one, other, channel_axis=2, data_range=255, full=True)[1]
    return Score(
        min(MOST_PSNR, -10 * math.log10(error)) if error else MOST_PSNR,
        float(similar[missing[around]].mean()),
        distance(one, other),
        seam_ratio(filled, case.mask, tiles),
    )


def window(mask: Mask, context: int) -> tuple[slice, slice]:
    """Rows and columns around a hole."""
    rows, columns = np.where(mask > 0)
    return (
        slice(max(0, int(rows.min()) - context), int(rows.max()) + context),
        slice(max(0, int(columns.min()) - context), int(columns.max()) + context),
    )


def seam_ratio(filled: Picture, mask: Mask, tiles: Sequence[Rect]) -> float | None:
    """Mean change across tiles' borders in the hole over that elsewhere in it; 1 is perfect.

    Rows are compared with rows and columns with columns: a sunset changes more downwards than
    sideways, and the borders of a plan need not be of both kinds alike.

    Returns:
        None if fewer than LEAST_BORDER_PX pixels of a hole lie at a border.
    """
    rows, columns = window(mask, 1)
    image, missing = filled[rows, columns].astype(np.float32), mask[rows, columns] > 0
    found = wanted = 0.0
    count = 0
    for turned in (False, True):
        if turned:
            image, missing = image.swapaxes(0, 1), missing.T
        change = np.abs(np.diff(image, axis=0)).mean(axis=2)
        inside = missing[1:] & missing[:-1]
        border = np.zeros_like(inside)
        for tile in tiles:
            own = tile.shift(-columns.start, -rows.start)
            top, bottom, left, right = own.top, own.bottom, own.left, own.right
            if turned:
                top, bottom, left, right = left, right, top, bottom
            for edge in (top, bottom):
                if 0 < edge < len(image):
                    border[edge - 1, max(0, left) : max(0, right)] = True
        at, elsewhere = inside & border, inside & ~border
        if at.any() and elsewhere.any():
            count += np.count_nonzero(at)
            found += float(change[at].sum())
            wanted += float(change[elsewhere].mean()) * np.count_nonzero(at)
    if count < LEAST_BORDER_PX:
        return None
    return found / wanted if wanted else (math.inf if found else 1.0)
