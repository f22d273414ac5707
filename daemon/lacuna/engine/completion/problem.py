"""What has to be completed on one level: known pixels, the hole, and which patches may be copied.

Places are counted on a plane with a border of RADIUS pixels, row after row in one number, so that a
shift is one addition. A shift over the end of a row lands in the next one: then it is just another
candidate, which is judged by its cost like all of them.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..pixels.document import COLOURS, COLOURS_AND_ALPHA, Mask, Pixels, Places
from .activity import measure_activity
from .backend.kernels import MOST_BIAS, RADIUS, SIDE, SPARE
from .backend.shades import most_shifts

PATCH = np.ones((SIDE, SIDE), np.uint8)
TRUST_PER_PX = 1 / 1.3  # what lies deeper in the hole is less certain, by this factor per pixel
DEEPEST_PX = 20
# On 284 pictures: patterns that people would see have .36 to .86 of the difference of patches.
CLEARLY = 0.9
# Black ink on nothing has alpha alone: it counts as much as three colours, and as ink on paper.
ALPHA_SCALE = np.float32(np.sqrt(3))


class Problem(NamedTuple):
    """A plane on which patches are searched; (H, W) is its size without the border.

    Attributes:
        values: float32, C per place, `colours` of them colours, then alpha times ALPHA_SCALE if it
            is carried, and then what else patches are compared by, and SPARE zeros; the hole in it
            changes with every vote.
        colours: Channels that are voted on as colours and may be shifted by a bias.
        has_alpha: Whether there is alpha: it is voted on with them, and never shifted.
        is_guided: Whether votes leave alone what else patches are compared by.
        missing: bool (H, W).
        is_source: bool, one per place: the patch around it may be copied, for it is known as a
            whole, and nothing of it is barred.
        targets: Places whose patch touches the hole.
        number: int32, one per place: its position among the targets, or -1.
        trust: float32, one per place, 1 for known pixels.
        most_shift: float32, one per place: how far the colours of its patch may be shifted.
        around: What has to be added to a place to get the SIDE x SIDE places of its patch.
        activity: float32, one per place: how active the patch around it is, if it is a source.
        expected: float32, one per target: how active its source has to be to cost no more.
    """

    values: NDArray[np.float32]
    colours: int
    has_alpha: bool
    is_guided: bool
    missing: NDArray[np.bool_]
    is_source: NDArray[np.bool_]
    targets: Places
    number: NDArray[np.int32]
    trust: NDArray[np.float32]
    most_shift: NDArray[np.float32]
    around: Places
    activity: NDArray[np.float32]
    expected: NDArray[np.float32]

    @property
    def stride(self) -> int:
        """Places per row."""
        return int(self.missing.shape[1]) + 2 * RADIUS

    @property
    def image(self) -> Pixels:
        """The values as a view: float32 (H + 2 RADIUS, W + 2 RADIUS, C)."""
        return self.values[:-SPARE].reshape(-1, self.stride, self.channels)

    @property
    def completed(self) -> Pixels:
        """The plane as a level: float32 (H, W, C), of C the colours and alpha; maybe a view."""
        level = self.image[RADIUS:-RADIUS, RADIUS:-RADIUS]
        if not self.has_alpha:
            return level[..., : self.colours]
        return unscale_alpha(level[..., :COLOURS_AND_ALPHA])

    @property
    def channels(self) -> int:
        """Values per place."""
        return len(self.values) // len(self.number)

    @property
    def voted(self) -> int:
        """Values per place that a vote changes, the first ones."""
        return self.colours + self.has_alpha if self.is_guided else self.channels

    def find_sources(self) -> Places:
        """List the places whose patch may be copied."""
        return np.flatnonzero(self.is_source)

    def find_hole(self) -> Places:
        """List the places that are missing."""
        return np.flatnonzero(_with_border(self.missing.astype(np.uint8)))


class Matches(NamedTuple):
    """The best source of every target so far.

    Attributes:
        source: As a place.
        cost: Of taking it.
        bias: float32 (N, colours), what is added to its colours.
    """

    source: Places
    cost: NDArray[np.float32]
    bias: Pixels

    @property
    def difference(self) -> float:
        """How much targets and sources differ on average; inf if there are none.

        Against the mean cost, a little that is wrong everywhere, such as a cloud on plain ground,
        counts more than much that is wrong in a few places.
        """
        return float(np.sqrt(self.cost).mean()) if len(self.cost) else float("inf")

    def is_clearly_nearer(self, other: "Matches") -> bool:
        """Tell whether these differ less from their sources than other ones, and not by chance."""
        return self.difference < CLEARLY * other.difference


def pose_problem(
    image: Pixels,
    missing: NDArray[np.bool_],
    texture: Pixels | None = None,
    barred: Mask | None = None,
    is_guided: bool = False,
) -> Problem:
    """Lay out a plane.

    Args:
        image: float32 (H, W, C), colours or colours and alpha, with a start where something is
            missing.
        missing: bool (H, W).
        texture: float32 (H, W, C), what else patches are compared by, also filled.
        is_guided: Whether `texture` stays as it is in the hole.
        barred: uint8 (H, W), 1 = known, but not to be copied; None if all of it may be.
    """
    depth = cv2.distanceTransform(missing.astype(np.uint8), cv2.DIST_L2, 3)
    trust = np.power(np.float32(TRUST_PER_PX), np.minimum(depth, DEEPEST_PX))

    is_source = _with_border(find_sources(missing, barred)) > 0
    targets = np.flatnonzero(_with_border(find_targets(missing)))
    number = np.full(is_source.size, -1, np.int32)
    number[targets] = np.arange(len(targets), dtype=np.int32)
    stride = image.shape[1] + 2 * RADIUS
    shift = np.arange(-RADIUS, RADIUS + 1)
    shown = image.shape[2]
    channels = shown if texture is None else shown + texture.shape[2]
    values = np.zeros(number.size * channels + SPARE, np.float32)
    bordered = values[:-SPARE].reshape(-1, stride, channels)
    inside = bordered[RADIUS:-RADIUS, RADIUS:-RADIUS]
    inside[..., :shown] = image
    if shown == COLOURS_AND_ALPHA:
        inside[..., COLOURS] *= ALPHA_SCALE
    if texture is not None:
        inside[..., shown:] = texture
    extend_edges(bordered)
    if shown == COLOURS_AND_ALPHA:  # ink on nothing has no grain
        activity = expected = np.zeros_like(is_source, np.float32)
    else:
        activity, expected = measure_activity(bordered[..., :COLOURS], is_source)
    good = ~missing if barred is None else ~missing & (barred == 0)
    is_counted = _with_border(good.astype(np.uint8)).ravel() > 0
    return Problem(
        values=values,
        colours=COLOURS,
        has_alpha=shown == COLOURS_AND_ALPHA,
        is_guided=is_guided,
        missing=missing,
        is_source=is_source.ravel(),
        targets=targets,
        number=number,
        trust=np.pad(trust.astype(np.float32), RADIUS, mode="edge").ravel(),
        most_shift=most_shifts(values, stride, is_counted, SIDE, MOST_BIAS),
        around=(shift[:, None] * stride + shift[None, :]).ravel(),
        activity=activity.ravel(),
        expected=expected.ravel()[targets],
    )


def unscale_alpha(image: Pixels) -> Pixels:
    """Copy colours and alpha (H, W, 4) of a problem; no colour is more than its alpha."""
    alpha = image[..., COLOURS:] / ALPHA_SCALE
    return np.concatenate([np.minimum(image[..., :COLOURS], alpha), alpha], axis=2)


def find_sources(missing: NDArray[np.bool_], barred: Mask | None = None) -> Mask:
    """Tell where the middle of a patch is that may be copied: uint8 (H, W), 1 = there.

    Args:
        missing: bool (H, W); nothing of a patch is.
        barred: uint8 (H, W), 1 = must not be copied; nothing of a patch is either.
    """
    good = ~missing if barred is None else ~missing & (barred == 0)
    eroded = cv2.erode(good.astype(np.uint8), PATCH, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(eroded, np.uint8)


def find_targets(missing: NDArray[np.bool_]) -> Mask:
    """Tell where the middle of a patch is that touches the hole: uint8 (H, W), 1 = there."""
    # Beyond the plane nothing is known, and nothing is missing.
    touched = cv2.dilate(
        missing.astype(np.uint8), PATCH, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(touched, np.uint8)


def extend_edges(image: Any) -> None:
    """Repeat the outermost pixels of an array or a tensor (H, W, C) in its border."""
    image[:RADIUS], image[-RADIUS:] = image[RADIUS], image[-RADIUS - 1]
    image[:, :RADIUS] = image[:, RADIUS, None]
    image[:, -RADIUS:] = image[:, -RADIUS - 1, None]


def _with_border(plane: Mask) -> Mask:
    return np.pad(plane, RADIUS)
