"""A first fill with structure and texture: patches of known pixels, from the coarse to the fine.

The coarsest level decides what goes where; each finer one takes over its matches and, as long as
that is affordable, improves them (the frame of Darabi et al., "Image Melding", SIGGRAPH 2012).
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lacuna_wire import PixelLayout, Rect

from . import kernels
from .guide import pull_push
from .kernels import RADIUS
from .patches import Ground, Matches, Plan, Refine, count_sources, prepare, refine
from .peeling import can_peel, peel
from .planes import Document, Mask, Pixels, Places
from .pyramid import Level, build_levels, enlarge, plain_level
from .side_by_side import side_by_side

HOLE_RADIUS_PX = 16  # on the coarsest level; below, structure is lost, above, it is not found
MIN_SOURCES = 200  # with fewer patches to choose from, a level decides nothing
# Rounds of search and vote: the first level has to find everything, the last ones only touch up.
ROUNDS = (8, 5, 4, 3, 2, 2, 1)
# At most, of the finest levels: more take most of the time there and show in no figure.
FINEST_ROUNDS = (1, 2, 3)
# A thin hole has one level only, and all that is seen of it is what is found there: it gets as many
# rounds as ROUND_TARGETS targets in all make, 2 s on two cores, and tries more sources in each.
ROUND_TARGETS = 600_000
MOST_ROUNDS = 20
FAR_SOURCES = 4
STARTED_RANK = 4  # where ROUNDS begins if a network has made the first fill
FIRST_SEARCHES = 4  # before the first vote
SEARCHED_TARGETS = 60_000  # more would take seconds; from here on matches are only taken over
NEAR_PX = 32
TEXTURE_WEIGHT = 4.0  # of a difference in texture, against the same difference in colour
STEPS = (8, 2, 1)  # distances of the neighbours that are asked
# Patches that vote on one native pixel, of the 49 over it: enough to hide where they meet.
NATIVE_SHIFTS = np.array([(down, right) for down in (-2, 0, 2) for right in (-2, 0, 2)], np.int64)
SLICE_OF_PIXELS = 16_384  # that a thread looks up at a time
# Up to this size a window is completed as a whole on its own level too, 40 bytes per pixel; larger
# ones are shown piece by piece from the matches of level 1.
WHOLE_WINDOW_PX = 1 << 20

Guide = Callable[[Rect], Pixels]  # first fill of some pixels of the window


class Completion(NamedTuple):
    """A completed level, and where its patches come from.

    Attributes:
        image: float32 (H, W, 3).
        ground: The plane of the search.
        matches: Source of every target.
    """

    image: Pixels
    ground: Ground
    matches: Matches


def native_guide(
    window: Document,
    missing: Mask,
    levels: list[Level],
    start: Pixels | None,
    alive: Callable[[], None],
    device: str = "cpu",
) -> Guide:
    """Complete a region's window.

    Args:
        window: The region's window of the document.
        missing: uint8 (H, W) of the window, 1 = missing.
        levels: Its levels from 1 on; at least one if it is larger than WHOLE_WINDOW_PX. They are
            taken out of the list when they are not needed any more.
        start: First fill of the coarsest level, float32 (H, W, 3); None for a smooth one.
        alive: Called after every round; raises to stop.
        device: Where patches are searched: `cpu`, or a GPU's name for PyTorch.

    Returns:
        A function from rectangles of the window to float32 (height, width, 3), of meaning where
        pixels are missing.
    """
    whole = window.rect.area <= WHOLE_WINDOW_PX
    if whole:
        known = (1 - missing[..., None]).astype(np.float32)
        levels = [plain_level(window.image(window.rect), known), *levels]
    completed = complete(levels, start, alive, choose_refine(device), judged=not whole)
    if completed is None:
        smooth = complete_smoothly(levels, start)
        if whole:
            return lambda rect: smooth[rect.slices]
        return lambda rect: enlarge(smooth, rect, window.rect)
    if whole:
        return lambda rect: completed.image[rect.slices]
    return lambda rect: show_native(window, missing, completed, rect)


def complete_smoothly(levels: Sequence[Level], start: Pixels | None) -> Pixels:
    """Complete levels where there is no patch to copy: the rim, drawn into the hole.

    What a coarser fill misses of the known pixels at the rim is spread over the hole, so the edge
    is met on every level.
    """
    coarsest = levels[-1]
    filled = pull_push(coarsest.image, coarsest.some_known) if start is None else start
    for level in reversed(levels[:-1]):
        filled = enlarge(filled, level.rect, level.rect)
        filled = np.clip(filled + pull_push(level.image - filled, level.some_known), 0, 1)
    return filled


def complete(
    levels: list[Level],
    start: Pixels | None,
    alive: Callable[[], None],
    refine: Refine = refine,
    judged: bool = True,
) -> Completion | None:
    """Complete levels, the coarsest last, by patches of their own known pixels.

    Args:
        levels: Each half as large as the one before. Those that are completed are taken out: the
            finest may be as large as all else together.
        start: First fill of the coarsest, float32 (H, W, 3); None for a smooth one.
        alive: Called after every round; raises to stop.
        refine: Searches and votes.
        judged: Whether the costs and biases of the finest level's matches are of use: `Plan` says
            what it costs not to ask.

    Returns:
        The finest level, or None if none of them has enough whole known patches, or not the one
        that `start` is for.
    """
    rng = np.random.default_rng(0)  # the same picture is filled in the same way every time
    done: Completion | None = None
    # A start that a network made is to be kept: it needs no more rounds than a middle level.
    rank = 0 if start is None else STARTED_RANK
    for number in reversed(range(len(levels))):
        level = levels[number]
        if done is not None:
            first = enlarge(done.image, level.rect, level.rect)
        elif start is not None:
            first = start.copy()
        else:
            first = pull_push(level.image, level.some_known)
        known = level.share >= 1
        np.copyto(first, level.image, where=known)
        texture = None
        # What the start shows has a texture of its own, which nobody knows yet.
        if level.texture.shape[2] and (start is None or done is not None):
            texture = pull_push(TEXTURE_WEIGHT * level.texture, known.astype(np.float32))
        rank += 1
        if done is None and count_sources(~known[..., 0]) < MIN_SOURCES:
            if start is not None:
                return None
            continue
        del level, levels[number]
        ground = prepare(first, ~known[..., 0], texture)
        del first
        few = len(ground.targets) <= SEARCHED_TARGETS
        rounds = ROUNDS[min(rank, len(ROUNDS)) - 1] if few else 0
        if done is not None and number < len(FINEST_ROUNDS):
            rounds = min(rounds, FINEST_ROUNDS[number])
        far = 0
        if done is None and start is None and number == 0 and few:
            rounds, far = rounds_of_thin(len(ground.targets)), FAR_SOURCES
        search = Search(ground, rng, rounds, alive, refine, judged and not number, far)
        matches = _begin(search, start is None) if done is None else _go_on(search, done)
        done = Completion(ground.image[RADIUS:-RADIUS, RADIUS:-RADIUS, :3], ground, matches)
    return done


def rounds_of_thin(targets: int) -> int:
    """Return how often the only level of a thin hole is searched and voted on."""
    return max(ROUNDS[0], min(MOST_ROUNDS, ROUND_TARGETS // max(1, targets)))


class Search(NamedTuple):
    """How the matches of a level are found.

    Attributes:
        ground: The plane of the search.
        rng: Decides which sources are tried.
        rounds: Of search and vote.
        alive: Called after every round; raises to stop.
        refine: Searches and votes, on a processor or a GPU.
        judged: Whether the costs and biases of the matches are of use.
        far: Random sources that are tried in every search beside those ever nearer by.
    """

    ground: Ground
    rng: np.random.Generator
    rounds: int
    alive: Callable[[], None]
    refine: Refine
    judged: bool
    far: int

    def __call__(self, source: Places, reach: int, searches: int = 0) -> Matches:
        """Search up to `reach` pixels from where the sources are, and let them vote."""
        plan = Plan(searches, self.rounds, reach, STEPS, self.alive, self.judged, self.far)
        return self.refine(self.ground, source, plan, self.rng)

    def draw(self, count: int) -> Places:
        """Choose `count` sources at random."""
        return self.rng.choice(self.ground.find_sources(), count)


def _begin(search: Search, peeled: bool) -> Matches:
    """Complete the coarsest level: from its smooth fill, from the rim, or whichever fits better."""
    ground = search.ground
    peeled = peeled and can_peel(ground)
    if peeled:
        search = search._replace(judged=True)  # to be compared
    smooth = ground.image.copy()
    reach = max(ground.missing.shape) // 2
    # The first fill is all there is to go by, and a vote of random patches would wipe it out.
    matches = search(search.draw(len(ground.targets)), reach, FIRST_SEARCHES)
    if not peeled:
        return matches
    one = ground.image.copy()
    ground.image[:] = smooth
    others = search(peel(ground), reach)
    if others.cost.mean() < matches.cost.mean():
        return others
    ground.image[:] = one
    return matches


def _go_on(search: Search, coarser: Completion) -> Matches:
    """Complete a level from the matches of the one before."""
    ground = search.ground
    height, width = ground.missing.shape
    rows, columns = np.divmod(ground.targets, ground.stride)
    down, right = taken_over(coarser, rows - RADIUS, columns - RADIUS)
    place = np.clip((down + RADIUS) * ground.stride + right + RADIUS, 0, ground.is_source.size - 1)
    lost = np.flatnonzero(~ground.is_source[place])
    if len(lost):
        place[lost] = search.draw(len(lost))
    return search(place, max(4, min(NEAR_PX, max(height, width) // 8)))


def choose_refine(device: str) -> Refine:
    """Choose where patches are searched: `cpu`, or a GPU's name for PyTorch."""
    if device == "cpu":
        return refine
    from .patches_gpu import refine_on  # PyTorch is loaded when there is a GPU

    return functools.partial(refine_on, device)


def taken_over(coarser: Completion, rows: Places, columns: Places) -> tuple[Places, Places]:
    """Rows and columns of the sources of pixels of the next finer level, -1 where there is none."""
    ground = coarser.ground
    height, width = ground.missing.shape
    cells = (np.minimum(rows // 2, height - 1) + RADIUS) * ground.stride
    number = ground.number[cells + np.minimum(columns // 2, width - 1) + RADIUS]
    down, right = np.divmod(coarser.matches.source[number], ground.stride)
    found = number >= 0
    return (
        np.where(found, 2 * (down - RADIUS) + rows % 2, -1),
        np.where(found, 2 * (right - RADIUS) + columns % 2, -1),
    )


def show_native(window: Document, missing: Mask, coarser: Completion, rect: Rect) -> Pixels:
    """Complete a part of level 0 from the matches of level 1, reading only what it needs.

    Args:
        window: The region's window of the document.
        missing: uint8 (H, W) of the window, 1 = missing.
        coarser: Level 1.
        rect: Wanted pixels, in window coordinates.

    Returns:
        float32 (rect.height, rect.width, 3), of meaning where pixels are missing.
    """
    shown = enlarge(coarser.image, rect, window.rect)
    rows, columns = np.nonzero(missing[rect.slices])
    mean = shown[rows, columns]  # where nobody votes, the enlarged level stays
    ground, matches = coarser.ground, coarser.matches
    size = ground.missing.shape[0], ground.missing.shape[1]

    def work(some: slice) -> None:
        match = np.empty((len(mean[some]), len(NATIVE_SHIFTS)), np.int64)
        down, right = np.empty_like(match), np.empty_like(match)
        kernels.trace(
            rows[some] + rect.top, columns[some] + rect.left, NATIVE_SHIFTS, missing,
            size, ground.stride, ground.number, matches.source, down, right, match,
        )  # fmt: skip
        colours = window.colours(down.ravel(), right.ravel()).reshape(*match.shape, 3)
        kernels.average(colours, match, matches.bias, mean[some])

    side_by_side(work, len(rows), SLICE_OF_PIXELS)
    shown[rows, columns] = mean
    return shown


def warm_up() -> None:
    """Have the kernels compiled before somebody waits for it: seconds, once per version."""
    selection = np.zeros((64, 64), np.uint8)
    selection[30:34, 30:34] = 1
    document = Document(np.zeros((64, 64, 3), np.uint8), selection, PixelLayout("RGB"))
    for textured in (True, False):  # planes of five and of three channels
        levels = build_levels(document, selection, 1)
        start = None if textured else levels[-1].image
        completed = complete(levels, start, lambda: None)
        if completed is not None:
            show_native(document, selection, completed, document.rect)
