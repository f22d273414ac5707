"""One level of a region, filled tile by tile by a network that is handed in."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from lacuna_wire import Options, Rect

from .blend import blend_tiles
from .completion import Guide
from .composite import match_colour
from .guide import pull_push
from .hole import Hole
from .planes import Document, Pixels
from .progress import Progress
from .pyramid import Level


class NetworkFacts(Protocol):
    """What the engine needs to know of a network to plan its work.

    Attributes:
        role: `corrects`: `image` must carry a first fill; `proposes`: it need not.
        max_hole_radius_px: Largest distance to a known pixel that it bridges on one level.
        tile_px: Side of a tile that suits memory and weights.
        overlap_px: Pixels that neighbouring tiles should share.
    """

    @property
    def role(self) -> str: ...
    @property
    def max_hole_radius_px(self) -> int: ...
    @property
    def tile_px(self) -> int: ...
    @property
    def overlap_px(self) -> int: ...


class Network(NetworkFacts, Protocol):
    """What fills tiles."""

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Fill a tile: (H, W, 3) in [0, 1] and mask (H, W, 1), 1 = missing -> (H, W, 3) in [0, 1].

        Known pixels further than the ring of `match_colour` from missing ones are not looked at.

        Raises:
            MemoryError: If the tile does not fit.
        """
        ...

    def fill_all(self, tiles: Iterable[tuple[Pixels, Pixels]]) -> Iterator[Pixels]:
        """Fill tiles (image, mask) as `fill` does, in their order.

        Args:
            tiles: Read ahead as far as it helps; what their reading raises is passed on.

        Raises:
            MemoryError: If a tile does not fit; the fills of those before it came.
        """
        ...


class Step(NamedTuple):
    """What every tile of a job needs.

    Attributes:
        network: Fills a tile.
        options: What the user chose.
        overlap: Pixels that neighbouring tiles share at least.
        progress: Told of every tile and every round of a guide; raises to stop the job.
        device: Where patches are searched: `cpu`, or a GPU's name for PyTorch.
    """

    network: Network
    options: Options
    overlap: int
    progress: Progress
    device: str = "cpu"


def fill_level(level: Level, tiles: list[Rect], step: Step) -> Pixels:
    """Fill a reduced level by a network that needs no guide.

    Args:
        level: Its image and what is missing of it.
        tiles: Where the network looks.

    Returns:
        float32 (H, W, 3): known pixels as they were, the fill where tiles lie, else a smooth one.
    """
    mask = level.mask
    plane = np.where(mask > 0, pull_push(level.image, level.some_known), level.image)

    def read(rect: Rect) -> tuple[Pixels, Pixels, Pixels]:
        image = level.image[rect.slices]
        return image, mask[rect.slices], image

    filled = fill_tiles(tiles, read, step)
    for rect, pixels, covered in blend_tiles(filled, level.rect, max(1, step.overlap)):
        seen = covered & (mask[rect.slices][..., 0] > 0)
        plane[rect.slices][seen] = pixels[seen]
    return plane


def fill_native(
    window: Document, hole: Hole, tiles: list[Rect], part: Rect, guide: Guide | None, step: Step
) -> Iterator[tuple[Rect, Pixels]]:
    """Fill the picture's own level, reading one tile at a time.

    Args:
        window: The region's window of the document.
        hole: Its two masks.
        tiles: Where the network looks.
        part: Pixels that are wanted, in window coordinates.
        guide: First fill for a network that wants one.

    Yields:
        (rect, fill float32 (rect.height, rect.width, 3)), from top to bottom, covering `part`.

    Raises:
        ValueError: If a wanted pixel is under no tile: a bug in the plan, not a black dot.
    """

    def read(rect: Rect) -> tuple[Pixels, Pixels, Pixels]:
        image = window.image(rect)
        mask = hole.missing[rect.slices][..., None].astype(np.float32)
        return image, mask, image if guide is None else guide(rect)

    filled = fill_tiles(tiles, read, step)
    for rect, pixels, covered in blend_tiles(filled, part, max(1, step.overlap)):
        bare = ~covered & (hole.soft[rect.slices] > 0)
        if bare.any():
            raise ValueError(f"{np.count_nonzero(bare)} selected pixels are under no tile")
        yield rect, pixels


def fill_tiles(
    rects: list[Rect], read: Callable[[Rect], tuple[Pixels, Pixels, Pixels]], step: Step
) -> Iterator[tuple[Rect, Pixels]]:
    """Fill tiles in their order: (rect, float32 (H, W, 3) in [0, 1]) for every pixel of each.

    Args:
        rects: Where they lie.
        read: Gives the image (H, W, 3), true where known, the mask (H, W, 1), 1 = missing, and a
            first fill (H, W, 3), looked at only by a network that wants one. All float32.
    """
    under_way: deque[tuple[Rect, Pixels, Pixels]] = deque()

    def shown() -> Iterator[tuple[Pixels, Pixels]]:
        for rect in rects:
            image, mask, guide = read(rect)
            under_way.append((rect, image, mask))
            corrects = step.network.role == "corrects"
            yield (np.where(mask > 0, guide, image) if corrects else image * (1 - mask)), mask

    for fill in step.network.fill_all(shown()):
        rect, image, mask = under_way.popleft()
        step.progress.tile_done()
        yield rect, match_colour(fill, image, mask) if step.options.colour_correction else fill
