"""The smooth start: the rim of the hole, drawn into it, and sources drawn at random."""

from collections.abc import Callable, Iterable

import numpy as np

from lacuna_wire import Rect

from ...pixels.document import Document, Mask, Pixels, Places
from ...pixels.levels import Level, enlarge
from ...pixels.membrane import pull_push
from ..problem import Problem, extend_edges


def smooth(level: Level) -> Pixels:
    """Draw the rim into what is not known at all: float32 (H, W, C)."""
    return pull_push(level.image, level.some_known)


def draw_sources(problem: Problem, rng: np.random.Generator) -> Places:
    """Choose a source for every target at random: the search finds out what it is worth."""
    return rng.choice(problem.find_sources(), len(problem.targets))


def begin_smoothly(start: Pixels, problem: Problem, rng: np.random.Generator) -> Places:
    """Paint `start`, float32 (H, W, C) of the level, into a problem's hole, and draw sources."""
    problem.completed[problem.missing] = start[problem.missing]
    extend_edges(problem.image)
    return draw_sources(problem, rng)


def complete_smoothly(levels: Iterable[Level], start: Pixels | None) -> Pixels:
    """Complete levels where there is no patch to copy: the rim, drawn into the hole.

    What a coarser fill misses of the known pixels at the rim is spread over the hole, so the edge
    is met on every level.

    Args:
        levels: From coarse to fine; read once.
        start: What a network has painted on the coarsest; None for a membrane there too.

    Returns:
        The finest level: float32 (H, W, C).
    """
    coarsest, *rest = levels
    filled = smooth(coarsest) if start is None else start
    for level in rest:
        filled = enlarge(filled, level.rect, level.rect)
        filled = np.clip(filled + pull_push(level.image - filled, level.some_known), 0, 1)
    return filled


def show_rim(window: Document, missing: Mask) -> Callable[[Rect], Pixels]:
    """Draw the rim into the hole of each rectangle, from its own pixels alone.

    Args:
        window: A region's window of the document.
        missing: uint8 (H, W) of the window, 1 = missing.

    Returns:
        A function from rectangles of the window to float32 (height, width, C), all 0 where
        nothing is known.
    """

    def show(rect: Rect) -> Pixels:
        known = (1 - missing[rect.slices][..., None]).astype(np.float32)
        return pull_push(window.image(rect), known)

    return show
