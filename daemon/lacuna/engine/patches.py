"""Patches: for every place in a hole, the known patch that fits best, and what they say together.

The search is PatchMatch (Barnes et al., "PatchMatch: A Randomized Correspondence Algorithm for
Structural Image Editing", SIGGRAPH 2009), all places at a time; the colour of a missing pixel is a
vote of all patches over it (Wexler, Shechtman and Irani, "Space-Time Completion of Video", PAMI
2007). Sources are known pixels only.

Places are counted on a plane with a border of RADIUS pixels, row after row in one number, so that a
shift is one addition. A shift over the end of a row lands in the next one: then it is just another
candidate, which is judged by its cost like all of them.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .planes import Pixels, Places

RADIUS = 3  # a patch has 7 x 7 pixels
SIDE = 2 * RADIUS + 1
PATCH = np.ones((SIDE, SIDE), np.uint8)
TRUST_PER_PX = 1 / 1.3  # what lies deeper in the hole is less certain, by this factor per pixel
DEEPEST_PX = 20
# What may be added to a patch to meet its surroundings, per channel: a sky has no two places alike.
MOST_BIAS = 0.1
BIAS_COST = 2.0  # of a bias, against the same difference left as it is; 0: nothing
SPREAD = 1.0  # costs over a pixel that count as alike, against their mean
BATCH = 16_384  # patches that are copied at a time: 49 x 3 to 5 floats each
TARGETS_AT_A_TIME = 65_536  # whose own patches are kept while candidates are compared with them


class Ground(NamedTuple):
    """A plane on which patches are searched; (H, W) is its size without the border.

    Attributes:
        image: float32 (H + 2 RADIUS, W + 2 RADIUS, C), colours and then what else patches are
            compared by; the hole in it changes with every vote.
        missing: bool (H, W).
        is_source: bool, one per place: the patch around it is known as a whole.
        targets: Places whose patch touches the hole.
        number: int32, one per place: its position among the targets, or -1.
        trust: float32, one per place, 1 for known pixels.
        around: What has to be added to a place to get the SIDE x SIDE places of its patch.
        row_starts: The same for the first place of each of its rows.
    """

    image: Pixels
    missing: NDArray[np.bool_]
    is_source: NDArray[np.bool_]
    targets: Places
    number: NDArray[np.int32]
    trust: NDArray[np.float32]
    around: Places
    row_starts: Places

    @property
    def stride(self) -> int:
        """Places per row."""
        return int(self.image.shape[1])

    @property
    def channels(self) -> int:
        """Values per place."""
        return int(self.image.shape[2])

    def find_sources(self) -> Places:
        """List the places whose patch is known as a whole."""
        return np.flatnonzero(self.is_source)


class Matches(NamedTuple):
    """The best source of every target so far.

    Attributes:
        source: As a place.
        cost: Of taking it.
        bias: float32 (N, 3), what is added to its colours.
    """

    source: Places
    cost: NDArray[np.float32]
    bias: Pixels


def prepare(image: Pixels, missing: NDArray[np.bool_], texture: Pixels | None = None) -> Ground:
    """Lay out a plane.

    Args:
        image: float32 (H, W, 3), with a first fill where something is missing.
        missing: bool (H, W).
        texture: float32 (H, W, C), what else patches are compared by, also filled.
    """
    # Beyond the plane nothing is known, and nothing is missing.
    touched = cv2.dilate(
        missing.astype(np.uint8), PATCH, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    depth = cv2.distanceTransform(missing.astype(np.uint8), cv2.DIST_L2, 3)
    trust = np.power(np.float32(TRUST_PER_PX), np.minimum(depth, DEEPEST_PX))

    is_source = _with_border(_whole(missing)) > 0
    targets = np.flatnonzero(_with_border(np.asarray(touched, np.uint8)))
    number = np.full(is_source.size, -1, np.int32)
    number[targets] = np.arange(len(targets), dtype=np.int32)
    stride = image.shape[1] + 2 * RADIUS
    shift = np.arange(-RADIUS, RADIUS + 1)
    channels = 3 if texture is None else 3 + texture.shape[2]
    bordered = np.empty((missing.shape[0] + 2 * RADIUS, stride, channels), np.float32)
    inside = bordered[RADIUS:-RADIUS, RADIUS:-RADIUS]
    inside[..., :3] = image
    if texture is not None:
        inside[..., 3:] = texture
    extend_edges(bordered)
    return Ground(
        image=bordered,
        missing=missing,
        is_source=is_source.ravel(),
        targets=targets,
        number=number,
        trust=np.pad(trust.astype(np.float32), RADIUS, mode="edge").ravel(),
        around=(shift[:, None] * stride + shift[None, :]).ravel(),
        row_starts=shift * stride - RADIUS,
    )


def count_sources(missing: NDArray[np.bool_]) -> int:
    """Count the patches of a plane that are known as a whole."""
    return int(np.count_nonzero(_whole(missing)))


def _whole(missing: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Tell where the middle of a whole known patch is: uint8 (H, W), 1 = there."""
    eroded = cv2.erode(
        (~missing).astype(np.uint8), PATCH, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(eroded, np.uint8)


def cut(ground: Ground, places: Places) -> Pixels:
    """Copy the patches around N places: float32 (N, SIDE * SIDE, C)."""
    # A row of a patch is contiguous: seven long reads instead of 49 short ones.
    channels = ground.channels
    rows = sliding_window_view(ground.image.reshape(-1), channels * SIDE)[::channels]
    patches: Pixels = rows[places[:, None] + ground.row_starts]
    return patches.reshape(-1, SIDE * SIDE, channels)


def cut_trust(ground: Ground, places: Places) -> NDArray[np.float32]:
    """Weights of the pixels of the patches around N places: float32 (N, SIDE * SIDE), sum 1."""
    rows = sliding_window_view(ground.trust, SIDE)
    trust = rows[places[:, None] + ground.row_starts].reshape(-1, SIDE * SIDE)
    weights: NDArray[np.float32] = trust / trust.sum(axis=1, keepdims=True)
    return weights


def compare(
    ground: Ground, patches: Pixels, weights: NDArray[np.float32], sources: Places
) -> tuple[NDArray[np.float32], Pixels]:
    """Compare N sources with N patches, known pixels counting most.

    The colours of a source may be shifted as a whole, within limits (Darabi et al., section 3.1).

    Returns:
        Costs, the mean squared differences that are left, and the shifts (N, 3).
    """
    cost = np.empty(len(sources), np.float32)
    bias = np.empty((len(sources), 3), np.float32)
    for first in range(0, len(sources), BATCH):
        part = slice(first, first + BATCH)
        difference = cut(ground, sources[part])
        difference -= patches[part]
        mean = np.matmul(weights[part, None, :], difference)[:, 0, :3]
        shift = np.clip(-mean, -MOST_BIAS, MOST_BIAS)
        np.square(difference, out=difference)
        cost[part] = np.matmul(weights[part, None, :], difference)[:, 0].sum(axis=1)
        # The weights add up to 1, so this is what the squares become.
        cost[part] += ((2 * mean + (1 + BIAS_COST) * shift) * shift).sum(axis=1)
        bias[part] = shift
    return cost, bias


def judge(ground: Ground, source: Places) -> Matches:
    """Compare every target with its source."""
    cost = np.empty(len(source), np.float32)
    bias = np.empty((len(source), 3), np.float32)
    for first in range(0, len(source), BATCH):
        part = slice(first, first + BATCH)
        targets = ground.targets[part]
        patches, weights = cut(ground, targets), cut_trust(ground, targets)
        cost[part], bias[part] = compare(ground, patches, weights, source[part])
    return Matches(source, cost, bias)


def search(
    ground: Ground, matches: Matches, rng: np.random.Generator, reach: int, steps: tuple[int, ...]
) -> Matches:
    """Look for better sources: those of the neighbours, shifted, and random ones ever nearer by.

    Args:
        ground: The plane.
        matches: What was found so far.
        rng: Decides the random ones.
        reach: Pixels up to which those may lie from the present source.
        steps: Distances in pixels of the neighbours that are asked.
    """
    found = Matches(matches.source.copy(), matches.cost.copy(), matches.bias.copy())
    for first in range(0, len(ground.targets), TARGETS_AT_A_TIME):
        _search_for_some(ground, found, slice(first, first + TARGETS_AT_A_TIME), rng, reach, steps)
    return found


def _search_for_some(
    ground: Ground,
    found: Matches,
    some: slice,
    rng: np.random.Generator,
    reach: int,
    steps: tuple[int, ...],
) -> None:
    """Improve the matches of some targets in place."""
    targets = ground.targets[some]
    source, cost, bias = found.source[some], found.cost[some], found.bias[some]
    patches, weights = cut(ground, targets), cut_trust(ground, targets)

    def offer(candidate: Places, possible: NDArray[np.bool_]) -> None:
        candidate = np.clip(candidate, 0, ground.is_source.size - 1)
        which = np.flatnonzero(possible & ground.is_source[candidate] & (candidate != source))
        offered, shifts = compare(ground, patches[which], weights[which], candidate[which])
        better = offered < cost[which]
        source[which[better]] = candidate[which[better]]
        cost[which[better]] = offered[better]
        bias[which[better]] = shifts[better]

    everywhere = np.ones(len(targets), bool)
    for step in steps:
        for shift in (step * ground.stride, -step * ground.stride, step, -step):
            neighbour = np.clip(targets - shift, 0, ground.number.size - 1)
            number = ground.number[neighbour]
            offer(found.source[number] + shift, number >= 0)
    while reach >= 1:
        down, right = rng.integers(-reach, reach + 1, (2, len(source)))
        offer(source + down * ground.stride + right, everywhere)
        reach //= 3


def vote(ground: Ground, matches: Matches) -> None:
    """Colour the hole: the mean of all patches over a pixel, good ones counting more.

    How good is good is measured by the patches over that very pixel: compared with the plain ground
    of most pictures every patch that shows an edge would be a bad one, and lines would wither.
    """
    hole = np.flatnonzero(_with_border(ground.missing.astype(np.uint8)))
    # One more, of no weight: it stands for a patch whose middle is outside of the plane (-1).
    trust = np.append(ground.trust[ground.targets], np.float32(0))
    trusted_cost = trust * np.append(matches.cost, np.float32(0))
    colours = ground.image.reshape(-1, ground.channels)
    voted = np.empty((len(hole), ground.channels), np.float32)
    for first in range(0, len(hole), TARGETS_AT_A_TIME):
        part = slice(first, first + TARGETS_AT_A_TIME)
        places = hole[part]
        usual, total = np.zeros((2, len(places)), np.float32)
        for shift in ground.around:
            number = ground.number[places - shift]
            usual += trusted_cost[number]
            total += trust[number]
        usual = 2 * SPREAD * usual / total + 1e-7
        sums, total = np.zeros((len(places), ground.channels), np.float32), np.zeros_like(total)
        for shift in ground.around:
            number = ground.number[places - shift]
            weight = (np.exp(-matches.cost[number] / usual) + 1e-8) * trust[number]
            shown = colours[matches.source[number] + shift]
            shown[:, :3] += matches.bias[number]
            sums += weight[:, None] * shown
            total += weight
        voted[part] = sums / total[:, None]
    np.clip(voted[:, :3], 0, 1, out=voted[:, :3])
    colours[hole] = voted
    extend_edges(ground.image)


def extend_edges(image: Pixels) -> None:
    """Repeat the outermost pixels in the border."""
    image[:RADIUS], image[-RADIUS:] = image[RADIUS], image[-RADIUS - 1]
    image[:, :RADIUS] = image[:, RADIUS, None]
    image[:, -RADIUS:] = image[:, -RADIUS - 1, None]


def _with_border(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(plane, RADIUS)
