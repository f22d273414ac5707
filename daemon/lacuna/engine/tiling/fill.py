"""One level of a region, filled tile by tile by a network that is handed in."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from lacuna_wire import Rect

from ..pixels.colour_correction import correct_colours
from ..pixels.document import COLOURS, Document, Pixels
from ..pixels.hole import Hole
from ..pixels.levels import Level
from ..pixels.membrane import pull_push
from .blend import blend_tiles
from .network import Network
from .restraint import REACH_PX, most_change

Show = Callable[[Rect], Pixels]  # pixels of a rectangle, of meaning where they are missing


class Tiling(NamedTuple):
    """How a job's tiles are filled.

    Attributes:
        network: Fills a tile.
        overlap: Pixels that neighbouring tiles share at least.
        colour_correction: Whether each fill is matched to the known pixels around the hole, unless
            the network is restrained.
        tile_done: Called after every tile; raises to stop.
    """

    network: Network
    overlap: int
    colour_correction: bool
    tile_done: Callable[[], None]


def fill_level(level: Level, tiles: list[Rect], tiling: Tiling) -> Pixels:
    """Fill a reduced level by a network that proposes.

    Args:
        level: Its image and what is missing of it.
        tiles: Where the network looks.
        tiling: How.

    Returns:
        float32 (H, W, COLOURS): known pixels as they were, the fill where tiles lie, else a smooth
        one.
    """
    mask = level.mask
    plane = np.where(mask > 0, pull_push(level.image, level.some_known), level.image)

    def read(rect: Rect) -> tuple[Pixels, Pixels]:
        return level.image[rect.slices], mask[rect.slices]

    filled = fill_tiles(tiles, read, tiling)
    for rect, pixels, covered in blend_tiles(filled, level.rect, max(1, tiling.overlap), COLOURS):
        seen = covered & (mask[rect.slices][..., 0] > 0)
        plane[rect.slices][seen] = pixels[seen]
    return plane


def fill_picture(
    window: Document,
    hole: Hole,
    tiles: list[Rect],
    part: Rect,
    show: Show | None,
    tiling: Tiling,
    restrained: bool = False,
) -> Iterator[tuple[Rect, Pixels]]:
    """Fill the picture's own level, reading one tile at a time.

    Args:
        window: The region's window of the document.
        hole: Its two masks.
        tiles: Where the network looks.
        part: Pixels that are wanted, in window coordinates.
        show: Gives what a network that corrects is shown in the hole; None for one that proposes.
        tiling: How.
        restrained: Whether the network may change of what it is shown only as much as that hides.

    Yields:
        (rect, fill float32 (rect.height, rect.width, COLOURS)), from top to bottom, covering
        `part`.

    Raises:
        ValueError: If a wanted pixel is under no tile: a bug in the plan, not a black dot.
    """

    def read(rect: Rect) -> tuple[Pixels, Pixels]:
        image, missing = window.image(rect), hole.missing[rect.slices][..., None]
        shown = image if show is None else np.where(missing > 0, show(rect), image)
        return shown, missing.astype(np.float32)

    filled = fill_tiles(tiles, read, tiling, window.rect if restrained else None)
    for rect, pixels, covered in blend_tiles(filled, part, max(1, tiling.overlap), COLOURS):
        bare = ~covered & (hole.soft[rect.slices] > 0)
        if bare.any():
            raise ValueError(f"{np.count_nonzero(bare)} selected pixels are under no tile")
        yield rect, pixels


def fill_tiles(
    rects: list[Rect],
    read: Callable[[Rect], tuple[Pixels, Pixels]],
    tiling: Tiling,
    plane: Rect | None = None,
) -> Iterator[tuple[Rect, Pixels]]:
    """Fill tiles in their order: (rect, float32 (H, W, COLOURS) in [0, 1]) for all pixels of each.

    Args:
        rects: Where they lie.
        read: Gives what the network is shown of a rectangle: the image (H, W, COLOURS), and the
            mask (H, W, 1), 1 = missing, both float32.
        tiling: How.
        plane: All that can be read, if the network is restrained.
    """
    under_way: deque[tuple[Rect, Pixels, Pixels, Pixels | None]] = deque()

    def shown() -> Iterator[tuple[Pixels, Pixels]]:
        for rect in rects:
            wide = rect if plane is None else rect.grow(REACH_PX).intersect(plane)
            own = rect.relative_to(wide).slices
            image, mask = read(wide)
            most = None if plane is None else most_change(image)[own]
            under_way.append((rect, image[own], mask[own], most))
            yield image[own], mask[own]

    for fill in tiling.network.fill_all(shown()):
        rect, image, mask, most = under_way.popleft()
        tiling.tile_done()
        if most is not None:
            yield rect, image + np.clip(fill - image, -most, most)
        elif tiling.colour_correction:
            yield rect, correct_colours(fill, image, mask)
        else:
            yield rect, fill
