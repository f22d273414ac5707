"""The levels of a region: the coarse one decides structure, each finer one only adds detail.

Level 0 is the picture itself and is never held in floats; level n is reduced n times by two.
"""

from collections.abc import Iterator
from functools import reduce
from typing import NamedTuple

import cv2
import numpy as np

from lacuna_wire import Rect

from .document import COLOURS, Document, Mask, Pixels, strips
from .membrane import halve, with_channels

# Larger levels do without a texture: it takes 8 bytes per pixel, and they show it themselves.
MAX_TEXTURED_PX = 1 << 22
TEXTURES = 2  # contrast from left to right, and from top to bottom


class Level(NamedTuple):
    """A reduced region.

    Attributes:
        image: float32 (H, W, C) in [0, 1]: mean of the known pixels under a cell, so that nothing
            of the removed object bleeds in; 0 where none is known.
        share: float32 (H, W, 1): how much of the cell is known, 0 to 1.
        texture: float32 (H, W, 2), of meaning where the whole cell is known: how much neighbouring
            pixels of the picture differ there, side by side and one below the other. A reduced
            meadow looks like a lawn; this tells them apart (Newson et al., "Non-Local Patch-Based
            Image Inpainting", IPOL 2017, section 3.2). (H, W, 0) where nobody has measured it.
    """

    image: Pixels
    share: Pixels
    texture: Pixels

    @property
    def rect(self) -> Rect:
        return Rect(0, 0, self.share.shape[1], self.share.shape[0])

    @property
    def mask(self) -> Pixels:
        """What the network may not rely on: float32 (H, W, 1), 1 = some of the cell is missing."""
        return self.incomplete[..., None].astype(np.float32)

    @property
    def incomplete(self) -> Mask:
        """The same as uint8 (H, W)."""
        return (self.share[..., 0] < 1).astype(np.uint8)

    @property
    def some_known(self) -> Pixels:
        """float32 (H, W, 1), 1 = the image has a colour there."""
        return (self.share > 0).astype(np.float32)


def build_levels(window: Document, missing: Mask, count: int) -> list[Level]:
    """Reduce a window `count` times; level 1 comes first.

    The window is walked through in strips, so that no float copy of it is ever made.

    Args:
        window: The region's window of the document.
        missing: uint8 (H, W), 1 = missing.
        count: Levels to build.
    """
    if not count:
        return []
    rect, textured = window.rect.reduce(2), 1
    image, share = _empty(rect, window.colour_count), _empty(rect, 1)
    while rect.area > MAX_TEXTURED_PX:
        rect, textured = rect.reduce(2), textured + 1
    first_texture = _empty(rect, TEXTURES)
    for strip in strips(window.rect):
        known = (1 - missing[strip.slices][..., None]).astype(np.float32)
        colours, cells = window.image(strip), strip.reduce(2)
        image[cells.slices], share[cells.slices] = halve(colours, known)
        texture, weight = contrast(colours, known), share[cells.slices]
        for _ in range(1, textured):
            (texture, weight), cells = halve(texture, weight), cells.reduce(2)
        first_texture[cells.slices] = texture

    levels: list[Level] = []
    for number in range(1, count + 1):
        if levels:
            image, share = halve(image, share)
        if number < textured:
            levels.append(plain_level(image, share))
            continue
        if number == textured:
            texture = first_texture
        else:
            texture = halve(levels[-1].texture, levels[-1].share)[0]
        levels.append(Level(image, share, texture))
    return levels


def coarsest_first(levels: list[Level]) -> Iterator[Level]:
    """Take levels out of a list, from the last to the first: the finest is the largest of all."""
    while levels:
        yield levels.pop()


def plain_level(image: Pixels, share: Pixels) -> Level:
    """Make a level whose texture nobody has measured."""
    return Level(image, share, np.empty((*share.shape[:2], 0), np.float32))


def contrast(image: Pixels, known: Pixels) -> Pixels:
    """Measure how much the known pixels of each 2 x 2 cell differ from each other.

    Args:
        image: float32 (H, W, C) in [0, 1].
        known: float32 (H, W, 1), 1 = known.

    Returns:
        float32 (ceil(H/2), ceil(W/2), 2) in [0, 1]: from left to right, and from top to bottom; 0
        where no two neighbours of a cell are known. Black on nothing differs as much as on white.
    """
    odd = ((0, known.shape[0] % 2), (0, known.shape[1] % 2))
    seen = np.pad(known[..., 0], odd, mode="edge")
    pairs_across = seen[:, 1::2] * seen[:, ::2]
    pairs_down = seen[1::2] * seen[::2]
    gray_and_alpha = image[..., :COLOURS].mean(axis=2), *np.moveaxis(image[..., COLOURS:], 2, 0)
    planes = [np.pad(plane, odd, mode="edge") for plane in gray_and_alpha]
    across = reduce(np.maximum, (np.abs(each[:, 1::2] - each[:, ::2]) for each in planes))
    down = reduce(np.maximum, (np.abs(each[1::2] - each[::2]) for each in planes))
    across, down = across * pairs_across, down * pairs_down
    measured = (
        (across[::2] + across[1::2]) / np.maximum(pairs_across[::2] + pairs_across[1::2], 1),
        (down[:, ::2] + down[:, 1::2]) / np.maximum(pairs_down[:, ::2] + pairs_down[:, 1::2], 1),
    )
    return np.stack(measured, axis=2)


def _empty(rect: Rect, channels: int) -> Pixels:
    return np.empty((rect.height, rect.width, channels), np.float32)


def enlarge(coarse: Pixels, rect: Rect, finer: Rect) -> Pixels:
    """Show pixels `rect` of the next finer level, interpolated from the coarser one.

    Args:
        coarse: float32 (H, W, C) of the coarser level.
        rect: Wanted pixels, in coordinates of the finer level.
        finer: All pixels of the finer level; an odd side has half a cell at its end.

    Returns:
        float32 (rect.height, rect.width, C) in [0, 1].
    """
    # Cubic interpolation looks two cells far; what it sees beyond the crop must be real.
    cells = rect.reduce(2).grow(2).intersect(finer.reduce(2))
    size = (2 * cells.width, 2 * cells.height)
    enlarged = with_channels(cv2.resize(coarse[cells.slices], size, interpolation=cv2.INTER_CUBIC))
    shown = enlarged[rect.relative_to(cells.enlarge(2)).slices]
    return np.clip(shown, 0, 1, out=shown)  # it may be the largest array there is


def enlarge_often(coarse: Pixels, finer: Rect, times: int) -> Pixels:
    """Show all of a level, `finer`, as interpolated from one that is `times` coarser."""
    for further in reversed(range(times)):
        rect = finer.reduce(1 << further)
        coarse = enlarge(coarse, rect, rect)
    return coarse
