"""Patches: for every place in a hole, the known patch that fits best, and what they say together.

The search is PatchMatch (Barnes et al., "PatchMatch: A Randomized Correspondence Algorithm for
Structural Image Editing", SIGGRAPH 2009), all places at a time; the colour of a missing pixel is a
vote of all patches over it (Wexler, Shechtman and Irani, "Space-Time Completion of Video", PAMI
2007). Sources are known pixels only.

Places are counted on a plane with a border of RADIUS pixels, row after row in one number, so that a
shift is one addition. A shift over the end of a row lands in the next one: then it is just another
candidate, which is judged by its cost like all of them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from . import kernels, voting
from .kernels import RADIUS, SIDE, SPARE
from .planes import Pixels, Places
from .side_by_side import side_by_side

PATCH = np.ones((SIDE, SIDE), np.uint8)
TRUST_PER_PX = 1 / 1.3  # what lies deeper in the hole is less certain, by this factor per pixel
DEEPEST_PX = 20


class Ground(NamedTuple):
    """A plane on which patches are searched; (H, W) is its size without the border.

    Attributes:
        values: float32, C per place, colours and then what else patches are compared by, and SPARE
            zeros; the hole in it changes with every vote.
        missing: bool (H, W).
        is_source: bool, one per place: the patch around it is known as a whole.
        targets: Places whose patch touches the hole.
        number: int32, one per place: its position among the targets, or -1.
        trust: float32, one per place, 1 for known pixels.
        around: What has to be added to a place to get the SIDE x SIDE places of its patch.
    """

    values: NDArray[np.float32]
    missing: NDArray[np.bool_]
    is_source: NDArray[np.bool_]
    targets: Places
    number: NDArray[np.int32]
    trust: NDArray[np.float32]
    around: Places

    @property
    def stride(self) -> int:
        """Places per row."""
        return int(self.missing.shape[1]) + 2 * RADIUS

    @property
    def image(self) -> Pixels:
        """The values as a view: float32 (H + 2 RADIUS, W + 2 RADIUS, C)."""
        return self.values[:-SPARE].reshape(-1, self.stride, self.channels)

    @property
    def channels(self) -> int:
        """Values per place."""
        return len(self.values) // len(self.number)

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


class Plan(NamedTuple):
    """How matches are improved.

    Attributes:
        searches: Before the first vote; with 0, the vote comes first.
        rounds: Of one search and one vote each, after that.
        reach: Pixels up to which a random source may lie from the present one.
        steps: Distances in pixels of the neighbours that are asked.
        alive: Called after every round; raises to stop.
        judged: Whether matches are compared once more on the plane as the last vote left it; if
            not, their costs and biases are out of date, and only their sources of use.
        far: Random sources that are tried in every search beside those ever nearer by.
    """

    searches: int
    rounds: int
    reach: int
    steps: tuple[int, ...]
    alive: Callable[[], None]
    judged: bool = True
    far: int = 0


Found = TypeVar("Found")  # matches, on a processor or a GPU
Refine = Callable[[Ground, Places, Plan, np.random.Generator], Matches]  # as `refine`


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
    values = np.zeros(number.size * channels + SPARE, np.float32)
    bordered = values[:-SPARE].reshape(-1, stride, channels)
    inside = bordered[RADIUS:-RADIUS, RADIUS:-RADIUS]
    inside[..., :3] = image
    if texture is not None:
        inside[..., 3:] = texture
    extend_edges(bordered)
    return Ground(
        values=values,
        missing=missing,
        is_source=is_source.ravel(),
        targets=targets,
        number=number,
        trust=np.pad(trust.astype(np.float32), RADIUS, mode="edge").ravel(),
        around=(shift[:, None] * stride + shift[None, :]).ravel(),
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


def refine(ground: Ground, source: Places, plan: Plan, rng: np.random.Generator) -> Matches:
    """Search and vote in turns.

    Args:
        ground: The plane; its hole is filled.
        source: Of every target, to begin with.
        plan: What to do.
        rng: Decides which sources are tried.

    Returns:
        The matches.
    """
    matches = take_turns(
        plan,
        judge(ground, source),
        lambda matches: search(ground, matches, rng, plan.reach, plan.steps, plan.far),
        lambda matches: vote(ground, matches),
    )
    return judge(ground, matches.source) if plan.judged else matches


def take_turns(
    plan: Plan, found: Found, search: Callable[[Found], Found], vote: Callable[[Found], None]
) -> Found:
    """Search and vote as a plan says, whatever the matches are made of."""
    for _ in range(plan.searches):
        found = search(found)
    if not plan.searches:
        vote(found)
    for _ in range(plan.rounds):
        found = search(found)
        vote(found)
        plan.alive()
    return found


def judge(ground: Ground, source: Places) -> Matches:
    """Compare every target with its source."""
    cost = np.empty(len(source), np.float32)
    bias = np.empty((len(source), 3), np.float32)

    def work(some: slice) -> None:
        targets, mine = ground.targets[some], (source[some], cost[some], bias[some])
        kernels.judge(ground.values, ground.trust, ground.stride, targets, *mine)

    side_by_side(work, len(source))
    return Matches(source, cost, bias)


def search(
    ground: Ground,
    matches: Matches,
    rng: np.random.Generator,
    reach: int,
    steps: tuple[int, ...],
    far: int = 0,
) -> Matches:
    """Look for better sources: those of the neighbours, shifted, and random ones ever nearer by.

    What is found for a target is offered to those after it in the same slice at once, and to all
    others in the next search.

    Args:
        ground: The plane; it may have changed since the costs of `matches` were found.
        matches: What was found so far.
        rng: Decides the random ones.
        reach: Pixels up to which those may lie from the present source.
        steps: Distances in pixels of the neighbours that are asked.
        far: Random sources up to `reach` away that are tried beside those ever nearer by.
    """
    stride = ground.stride
    shifts = [shift for step in steps for shift in neighbours(stride, step)]
    asked = np.array(shifts, np.int64)
    walks = draw_walks(len(ground.targets), stride, rng, reach, far)
    found = Matches(matches.source.copy(), matches.cost.copy(), matches.bias.copy())
    plane = (ground.values, ground.trust, stride, ground.targets, ground.number, ground.is_source)

    def work(some: slice) -> None:
        mine = (found.source[some], found.cost[some], found.bias[some])
        kernels.search(*plane, matches.source, some.start, asked, walks, *mine)

    side_by_side(work, len(ground.targets))
    return found


def neighbours(stride: int, step: int) -> tuple[int, int, int, int]:
    """How far the four neighbours are that are asked at a step."""
    return step * stride, -step * stride, step, -step


def draw_walks(
    count: int, stride: int, rng: np.random.Generator, reach: int, far: int = 0
) -> Places:
    """Draw how far from its source each of `count` targets looks: (K, count).

    Up to `reach` pixels, `far` times, and then ever nearer by.
    """
    reaches = [reach] * far if reach >= 1 else []
    while reach >= 1:
        reaches.append(reach)
        reach //= 3
    walks = np.empty((len(reaches), count), np.int64)
    for walk, most in zip(walks, reaches, strict=True):
        down, right = rng.integers(-most, most + 1, (2, count))
        walk[:] = down * stride + right
    return walks


def vote(ground: Ground, matches: Matches) -> None:
    """Colour the hole: what most patches over a pixel agree on, good ones counting more.

    How good is good is measured by the patches over that very pixel: compared with the plain ground
    of most pictures every patch that shows an edge would be a bad one, and lines would wither.
    """
    hole = np.flatnonzero(_with_border(ground.missing.astype(np.uint8)))
    trust = ground.trust[ground.targets]
    voted = np.empty((len(hole), ground.channels), np.float32)

    def work(some: slice) -> None:
        plane = (ground.values, ground.stride, hole[some], ground.number, trust)
        voting.vote(*plane, *matches, voted[some])

    side_by_side(work, len(hole))
    ground.image.reshape(-1, ground.channels)[hole] = voted
    extend_edges(ground.image)


def extend_edges(image: Any) -> None:
    """Repeat the outermost pixels of an array or a tensor (H, W, C) in its border."""
    image[:RADIUS], image[-RADIUS:] = image[RADIUS], image[-RADIUS - 1]
    image[:, :RADIUS] = image[:, RADIUS, None]
    image[:, -RADIUS:] = image[:, -RADIUS - 1, None]


def _with_border(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(plane, RADIUS)
