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
TRUST_PER_PX = 1 / 1.3  # what lies deeper in the hole is less certain, by this factor per pixel
DEEPEST_PX = 20
# What may be added to a patch to meet its surroundings, per channel: a sky has no two places alike.
MOST_BIAS = 0.1
BIAS_COST = 2.0  # of a bias, against the same difference left as it is; 0: nothing
BATCH = 16_384  # patches that are copied at a time: 49 x 3 floats each


class Ground(NamedTuple):
    """A plane on which patches are searched; (H, W) is its size without the border.

    Attributes:
        image: float32 (H + 2 RADIUS, W + 2 RADIUS, 3); the hole in it changes with every vote.
        missing: bool (H, W).
        is_source: bool, one per place: the patch around it is known as a whole.
        sources: The places that are.
        targets: Places whose patch touches the hole.
        number: int32, one per place: its position among the targets, or -1.
        trust: float32, one per place, 1 for known pixels.
        around: What has to be added to a place to get the SIDE x SIDE places of its patch.
        row_starts: The same for the first place of each of its rows.
    """

    image: Pixels
    missing: NDArray[np.bool_]
    is_source: NDArray[np.bool_]
    sources: Places
    targets: Places
    number: NDArray[np.int32]
    trust: NDArray[np.float32]
    around: Places
    row_starts: Places

    @property
    def stride(self) -> int:
        """Places per row."""
        return int(self.image.shape[1])


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


def prepare(image: Pixels, mask: Pixels) -> Ground:
    """Lay out a plane: float32 (H, W, 3) with a first fill where mask (H, W, 1) is 1."""
    missing = mask[..., 0] > 0
    patch = np.ones((SIDE, SIDE), np.uint8)
    outside = cv2.BORDER_CONSTANT  # beyond the plane nothing is known, and nothing is missing
    whole = cv2.erode((~missing).astype(np.uint8), patch, borderType=outside, borderValue=0)
    touched = cv2.dilate(missing.astype(np.uint8), patch, borderType=outside, borderValue=0)
    depth = cv2.distanceTransform(missing.astype(np.uint8), cv2.DIST_L2, 3)
    trust = np.power(np.float32(TRUST_PER_PX), np.minimum(depth, DEEPEST_PX))

    is_source = _with_border(np.asarray(whole, np.uint8)) > 0
    targets = np.flatnonzero(_with_border(np.asarray(touched, np.uint8)))
    number = np.full(is_source.size, -1, np.int32)
    number[targets] = np.arange(len(targets), dtype=np.int32)
    stride = image.shape[1] + 2 * RADIUS
    shift = np.arange(-RADIUS, RADIUS + 1)
    return Ground(
        image=np.pad(image, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="edge"),
        missing=missing,
        is_source=is_source.ravel(),
        sources=np.flatnonzero(is_source),
        targets=targets,
        number=number,
        trust=np.pad(trust.astype(np.float32), RADIUS, mode="edge").ravel(),
        around=(shift[:, None] * stride + shift[None, :]).ravel(),
        row_starts=shift * stride - RADIUS,
    )


def cut(ground: Ground, places: Places) -> Pixels:
    """Copy the patches around N places: float32 (N, SIDE * SIDE, 3)."""
    # A row of a patch is contiguous: seven long reads instead of 49 short ones.
    rows = sliding_window_view(ground.image.reshape(-1), 3 * SIDE)[::3]
    patches: Pixels = rows[places[:, None] + ground.row_starts].reshape(-1, SIDE * SIDE, 3)
    return patches


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
        mean = np.matmul(weights[part, None, :], difference)[:, 0]
        shift = np.clip(-mean, -MOST_BIAS, MOST_BIAS)
        np.einsum("npc,npc,np->n", difference, difference, weights[part], out=cost[part])
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
    source, cost, bias = matches.source.copy(), matches.cost.copy(), matches.bias.copy()
    patches, weights = cut(ground, ground.targets), cut_trust(ground, ground.targets)

    def offer(candidate: Places, possible: NDArray[np.bool_]) -> None:
        candidate = np.clip(candidate, 0, ground.is_source.size - 1)
        which = np.flatnonzero(possible & ground.is_source[candidate] & (candidate != source))
        offered, shifts = compare(ground, patches[which], weights[which], candidate[which])
        better = offered < cost[which]
        source[which[better]] = candidate[which[better]]
        cost[which[better]] = offered[better]
        bias[which[better]] = shifts[better]

    everywhere = np.ones(len(ground.targets), bool)
    for step in steps:
        for shift in (step * ground.stride, -step * ground.stride, step, -step):
            neighbour = np.clip(ground.targets - shift, 0, ground.number.size - 1)
            number = ground.number[neighbour]
            offer(source[number] + shift, number >= 0)
    while reach >= 1:
        down, right = rng.integers(-reach, reach + 1, (2, len(source)))
        offer(source + down * ground.stride + right, everywhere)
        reach //= 3
    return Matches(source, cost, bias)


def vote(ground: Ground, matches: Matches) -> None:
    """Colour the hole: the mean of all patches over a pixel, good ones counting more."""
    sigma = np.percentile(matches.cost, 75) + 1e-6
    weight = np.exp(-matches.cost / (2 * sigma)) * ground.trust[ground.targets] + 1e-8
    colours = ground.image.reshape(-1, 3)
    hole = np.flatnonzero(_with_border(ground.missing.astype(np.uint8)))
    # Sums for the missing pixels alone: a scratch across a large plane must not cost the plane.
    rank = np.searchsorted(hole, ground.targets[:, None] + ground.row_starts[None, :])
    sums = np.zeros((len(hole), 4), np.float32)
    for row, start in enumerate(ground.row_starts):
        position = rank[:, row].copy()
        for column in range(SIDE):
            shift = start + column
            place = ground.targets + shift
            which = np.flatnonzero(hole[np.minimum(position, len(hole) - 1)] == place)
            at = position[which]  # no pixel twice, so plain addition is safe
            voted = colours[matches.source[which] + shift] + matches.bias[which]
            sums[at, :3] += weight[which, None] * voted
            sums[at, 3] += weight[which]
            position[which] += 1
    colours[hole] = np.clip(sums[:, :3] / sums[:, 3:], 0, 1)
    _extend_edges(ground.image)


def _extend_edges(image: Pixels) -> None:
    """Repeat the outermost pixels in the border."""
    image[:RADIUS], image[-RADIUS:] = image[RADIUS], image[-RADIUS - 1]
    image[:, :RADIUS] = image[:, RADIUS, None]
    image[:, -RADIUS:] = image[:, -RADIUS - 1, None]


def _with_border(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(plane, RADIUS)
