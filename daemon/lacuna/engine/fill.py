"""One level of a region, filled tile by tile by a network that is handed in."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from lacuna_wire import Options, Rect
from lacuna_wire.errors import OutOfMemory

from .blend import blend_tiles
from .composite import match_colour
from .guide import pull_push
from .hole import Hole
from .planes import Document, Pixels
from .pyramid import Level, enlarge
from .tiles import MULTIPLE_PX, plan_tiles

SMALLEST_TILE_PX = 64  # out of memory even here is the end


class Network(Protocol):
    """What the engine needs to know of a network.

    Attributes:
        guided: Whether `image` must carry a first fill, which the network corrects.
        max_hole_radius_px: Largest distance to a known pixel that it bridges on one level.
        tile_px: Side of a tile that suits memory and weights.
        overlap_px: Pixels that neighbouring tiles should share.
    """

    @property
    def guided(self) -> bool: ...
    @property
    def max_hole_radius_px(self) -> int: ...
    @property
    def tile_px(self) -> int: ...
    @property
    def overlap_px(self) -> int: ...

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Fill a tile: (H, W, 3) in [0, 1] and mask (H, W, 1), 1 = missing -> (H, W, 3) in [0, 1].

        Raises:
            MemoryError: If the tile does not fit.
        """
        ...


class Step(NamedTuple):
    """What every tile of a job needs.

    Attributes:
        network: Fills a tile.
        options: What the user chose.
        overlap: Pixels that neighbouring tiles share at least.
        tile_done: Called after every tile; raises to stop the job.
    """

    network: Network
    options: Options
    overlap: int
    tile_done: Callable[[], None]


def fill_level(level: Level, tiles: list[Rect], coarser: Pixels | None, step: Step) -> Pixels:
    """Fill a reduced level as a whole.

    Args:
        level: Its image and what is missing of it.
        tiles: Where the network looks.
        coarser: The filled coarser level, float32 (H/2, W/2, 3), or None on the coarsest.

    Returns:
        float32 (H, W, 3): known pixels as they were, the fill where tiles lie, the guide elsewhere.
    """
    mask = level.mask
    guide = first_fill(level.image, level.some_known, level.rect, level.rect, coarser)

    def filled() -> Iterator[tuple[Rect, Pixels]]:
        for rect in tiles:
            at = rect.slices
            yield rect, fill_tile(level.image[at], mask[at], guide[at], step)

    plane = np.where(mask > 0, guide, level.image)
    for rect, pixels, covered in blend_tiles(filled(), level.rect, max(1, step.overlap)):
        seen = covered & (mask[rect.slices][..., 0] > 0)
        plane[rect.slices][seen] = pixels[seen]
    return plane


def fill_native(
    window: Document,
    hole: Hole,
    tiles: list[Rect],
    part: Rect,
    coarser: Pixels | None,
    step: Step,
) -> Iterator[tuple[Rect, Pixels]]:
    """Fill the picture's own level, reading one tile at a time.

    Args:
        window: The region's window of the document.
        hole: Its two masks.
        tiles: Where the network looks; none if the coarser level is the answer.
        part: Pixels that are wanted, in window coordinates.
        coarser: The filled level 1, or None if there is only this level.

    Yields:
        (rect, fill float32 (rect.height, rect.width, 3)), from top to bottom, covering `part`.

    Raises:
        ValueError: If a wanted pixel is under no tile: a bug in the plan, not a black dot.
    """

    def filled() -> Iterator[tuple[Rect, Pixels]]:
        for rect in tiles:
            image = window.image(rect)
            mask = hole.missing[rect.slices][..., None].astype(np.float32)
            guide = first_fill(image, 1 - mask, rect, window.rect, coarser)
            yield rect, fill_tile(image, mask, guide, step)

    for rect, pixels, covered in blend_tiles(filled(), part, max(1, step.overlap)):
        bare = ~covered & (hole.soft[rect.slices] > 0)
        if not tiles and coarser is not None:
            pixels = enlarge(coarser, rect, window.rect)
        elif bare.any():
            raise ValueError(f"{np.count_nonzero(bare)} selected pixels are under no tile")
        yield rect, pixels


def first_fill(
    image: Pixels, known: Pixels, rect: Rect, frame: Rect, coarser: Pixels | None
) -> Pixels:
    """Guide the network over `rect` of a level: the coarser fill, met smoothly with the rim.

    On the coarsest level there is nothing but the rim, drawn into the hole. On the others the
    coarser fill decides; what it misses of the known pixels near the rim is spread the same way.

    Args:
        image: float32 (rect.height, rect.width, 3).
        known: float32 (rect.height, rect.width, 1), 1 = `image` has a colour there.
        rect: Where they lie on the level.
        frame: The whole level.
        coarser: The filled coarser level, or None on the coarsest.
    """
    if coarser is None:
        return pull_push(image, known)
    guide = enlarge(coarser, rect, frame)
    guide += pull_push(image - guide, known)
    return np.clip(guide, 0, 1)


def fill_tile(image: Pixels, mask: Pixels, guide: Pixels, step: Step) -> Pixels:
    """Fill one tile: float32 (H, W, 3) in [0, 1] for every pixel of it.

    Args:
        image: float32 (H, W, 3), true where known.
        mask: float32 (H, W, 1), 1 = missing.
        guide: float32 (H, W, 3), a first fill.
    """
    shown = np.where(mask > 0, guide, image) if step.network.guided else image * (1 - mask)
    fill = fill_or_split(shown, mask, step.network)
    step.tile_done()
    return match_colour(fill, image, mask) if step.options.colour_correction else fill


def fill_or_split(image: Pixels, mask: Pixels, network: Network) -> Pixels:
    """Let the network fill a tile, in ever smaller pieces if memory is short.

    Raises:
        OutOfMemory: If even SMALLEST_TILE_PX does not fit.
    """
    try:
        return network.fill(image, mask)
    except MemoryError as error:
        height, width = mask.shape[:2]
        half = max(height, width) // 2 // MULTIPLE_PX * MULTIPLE_PX
        half = max(half, SMALLEST_TILE_PX)
        if max(height, width) <= half:
            raise OutOfMemory(
                f"Not even a tile of {width} x {height} px fits into memory. "
                "Close other programs, or choose the CPU."
            ) from error
    whole = Rect(0, 0, width, height)
    pieces = plan_tiles(whole, whole, half, half // 4)
    filled = (
        (rect, fill_or_split(image[rect.slices], mask[rect.slices], network)) for rect in pieces
    )
    return np.concatenate([band.pixels for band in blend_tiles(filled, whole, half // 4)])
