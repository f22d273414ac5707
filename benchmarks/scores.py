"""How far a fill is from the truth: inside the hole, around it, and across the tiles' borders."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter
from skimage.metrics import structural_similarity

from lacuna_wire import Rect

from .cases import Case, Mask, Picture

CONTEXT_PX = 32  # around the hole, for the feature distance
MOST_PSNR = 90.0  # of the truth itself, in dB
LEAST_BORDER_PX = 64  # of tiles' borders in a hole, below which their mean says little
GRAIN_SIGMA_PX = 2.0  # what a Gaussian of this width takes away is grain
LEAST_GRAIN = 0.5  # of 255: below it the truth has no grain to be compared with
SAME_COLOUR = 12  # of 255 in every channel
STEEP = 48  # of 255 within 3 x 3 px: an edge, whose grays are as they should be
LEAST_PAPER, LIGHT, LEAST_INK, DARK = 0.4, 176, 0.01, 96  # ink over paper: share and brightness
MOST_TINT = 20  # of 255 between the channels of paper: a sky has more
BIN = 4  # of 255, in which colours are counted


class Score(NamedTuple):
    """How far a fill is from the truth.

    Attributes:
        psnr: In the hole, in dB.
        ssim: Structural similarity, mean over the hole.
        distance: SqueezeNet feature distance of the window around the hole; None if not measured.
        seam: Change across tiles' borders over change elsewhere in the hole; None without borders.
        grain: Grain in the hole over that of the truth, see `grain_ratio`.
        cloud: Share of the hole in colours that its surroundings do not have, see `cloud_share`.
    """

    psnr: float
    ssim: float
    distance: float | None
    seam: float | None
    grain: float | None = None
    cloud: float | None = None


def score(
    case: Case,
    filled: Picture,
    distance: Callable[[Picture, Picture], float] | None,
    tiles: Sequence[Rect],
    reach: int = 0,
) -> Score:
    """Judge a fill.

    Args:
        case: Truth and hole.
        filled: uint8 (H, W, 3).
        distance: Of two pictures.
        tiles: Where the network looked, in the picture's coordinates.
        reach: How many pixels around the hole may change, too.

    Raises:
        AssertionError: If a known pixel is not as it was.
    """
    missing = case.mask > 0
    beyond = cv2.dilate(case.mask, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) == 0
    assert (filled[beyond] == case.given[beyond]).all(), f"{case.name}: a known pixel changed"
    error = np.square(filled[missing].astype(float) - case.picture[missing]).mean() / 255**2
    around = window(case.mask, CONTEXT_PX)
    one, other = filled[around], case.picture[around]
    similar = structural_similarity(one, other, channel_axis=2, data_range=255, full=True)[1]
    return Score(
        min(MOST_PSNR, -10 * math.log10(error)) if error else MOST_PSNR,
        float(similar[missing[around]].mean()),
        distance(one, other) if distance else None,
        seam_ratio(filled, case.mask, tiles),
        grain_ratio(one, other, missing[around]),
        cloud_share(one, missing[around]),
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


def grain_ratio(filled: Picture, truth: Picture, missing: NDArray[np.bool_]) -> float | None:
    """High-pass of a fill over that of the truth, root mean squares over the hole; 1 is right.

    Returns:
        None where the truth is as good as flat.
    """
    found, wanted = (
        float(np.sqrt(np.square(high_pass(picture)[missing]).mean())) for picture in (filled, truth)
    )
    return found / wanted if wanted >= LEAST_GRAIN else None


def high_pass(picture: Picture) -> NDArray[np.float32]:
    image = picture.astype(np.float32)
    return np.asarray(image - cv2.GaussianBlur(image, (0, 0), GRAIN_SIGMA_PX), np.float32)


def cloud_share(filled: Picture, missing: NDArray[np.bool_]) -> float | None:
    """Share of a hole in ink over paper that has a colour which is not found around it; 0 is right.

    Edges of lines have every gray there is, so steep pixels neither count nor excuse others.

    Args:
        filled: uint8 (H, W, 3), the hole and the ring around it whose colours it may have.
        missing: bool (H, W).

    Returns:
        None if the ring is not mostly one light colour with something dark on it.
    """
    ring = filled[~missing]
    if not len(ring) or not is_ink_on_paper(ring):
        return None
    square = np.ones((3, 3), np.uint8)
    steep = (cv2.dilate(filled, square).astype(int) - cv2.erode(filled, square)).max(2) > STEEP
    bins = filled // BIN
    found = np.zeros((256 // BIN,) * 3, np.uint8)
    found[tuple(bins[~missing & ~steep].T)] = 1
    allowed = maximum_filter(found, 2 * (SAME_COLOUR // BIN) + 1)
    strange = allowed[tuple(np.moveaxis(bins, 2, 0))] == 0
    return float((strange & ~steep)[missing].mean())


def is_ink_on_paper(colours: NDArray[np.uint8]) -> bool:
    """Tell whether colours (N, 3) are mostly one light one, with something dark among them."""
    bins = (colours // SAME_COLOUR).astype(np.int64) @ np.array([10000, 100, 1])
    names, counts = np.unique(bins, return_counts=True)
    paper = colours[bins == names[counts.argmax()]].mean(axis=0)
    near = (np.abs(colours - paper) <= SAME_COLOUR).all(axis=1).mean()
    dark = (colours.mean(axis=1) < DARK).mean()
    light = paper.mean() >= LIGHT and np.ptp(paper) <= MOST_TINT
    return bool(near >= LEAST_PAPER and light and dark >= LEAST_INK)
