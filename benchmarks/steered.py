"""Ways to steer weights of the published way from outside, for `benchmarks/steering`.

Such weights see the masked picture and answer with all of it. A hole larger than they bridge is
first filled on a level where they do bridge it; each way carries that fill down in another manner.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lacuna.network.architectures import lama
from lacuna.network.architectures.lama.ffc import FFCBlock
from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.checkpoints import load_generator
from lacuna.network.tile_network import TileNetwork, padded_side

from .cases import Mask, Picture
from .workbench import Level, Pixels, enlarge, fill_missing, levels_to_the_bridged, plan_tiles

RING_PX = 12  # of one ring or cell of what is given as known
CELL_PX = 24
FRONT_BLOCKS = 0.3  # share of the blocks before the features that refinement changes
STEPS, RATE = 15, 0.002  # as published
BANDS = 2  # reductions of the low frequencies that the coarse fill decides

Way = Callable[["Scene"], Pixels]
Flags = NDArray[np.bool_]


class Scene(NamedTuple):
    """A window with a hole.

    Attributes:
        network: Proposes.
        levels: Level 0 first, the last is the one that the network bridges.
        tile: Side of a tile in pixels.
    """

    network: TileNetwork
    levels: list[Level]
    tile: int

    def fill(self, image: Pixels, missing: Flags) -> Pixels:
        """Fill pixels by overlapping tiles: float32 (H, W, 3), known ones as they were.

        Args:
            image: float32 (H, W, 3), true or given as known where nothing is missing.
            missing: bool (H, W).
        """
        return fill_missing(self.network, image, missing, self.tile, self.tile // 8)


def steer(way: Way, network: TileNetwork, tile: int, picture: Picture, mask: Mask) -> Picture:
    """Fill a picture of one hole: uint8 (H, W, 3), known pixels as they were."""
    window, levels = levels_to_the_bridged(picture, mask, network)
    scene, missing = Scene(network, levels, tile), mask[window.slices] > 0
    fill = np.rint(np.clip(way(scene), 0, 1) * 255).astype(np.uint8)
    whole = picture.copy()
    whole[window.slices][missing] = fill[missing]
    return whole


def missing_of(level: Level) -> Flags:
    found: Flags = level.mask[..., 0] > 0
    return found


def coarsest(scene: Scene) -> Pixels:
    level = scene.levels[-1]
    return scene.fill(level.image, missing_of(level))


def carry(scene: Scene, add: Callable[[Scene, Level, Pixels], Pixels]) -> Pixels:
    """Fill the coarsest level, and let `add` make each finer one of what the coarser one shows."""
    fill = coarsest(scene)
    for level in reversed(scene.levels[:-1]):
        shown = enlarge(fill, level.rect, level.rect)
        shown = np.where(level.mask > 0, shown, level.image)
        fill = np.where(level.mask > 0, add(scene, level, shown), level.image)
    return fill


def only_enlarged(scene: Scene) -> Pixels:
    """What all ways begin with: the coarse fill, enlarged."""
    return carry(scene, lambda _scene, _level, shown: shown)


def bands(scene: Scene) -> Pixels:
    """(a) The coarse fill's low frequencies, the high ones of a fill at the level's own size."""

    def add(scene: Scene, level: Level, shown: Pixels) -> Pixels:
        own = scene.fill(level.image, missing_of(level))
        return low(shown) + own - low(own)

    return carry(scene, add)


def low(image: Pixels) -> Pixels:
    """Low frequencies of an image: a Gaussian as wide as BANDS reductions by two."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 2.0**BANDS), np.float32)


def alternating(pattern: Callable[[Flags], Flags], scene: Scene) -> Pixels:
    """(b) The coarse fill as known content on every other cell; then the others in their turn."""

    def add(scene: Scene, level: Level, shown: Pixels) -> Pixels:
        missing = missing_of(level)
        first = missing & pattern(missing)
        shown = scene.fill(shown, first)
        return scene.fill(shown, missing & ~first)

    return carry(scene, add)


def rings(missing: Flags) -> Flags:
    """Every other ring of a hole, the outermost first."""
    padded = np.pad(missing.astype(np.uint8), 1)  # holes end at the window's border
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(depth // RING_PX % 2 == 0, bool)


def cells(missing: Flags) -> Flags:
    """The black cells of a checkerboard."""
    rows, columns = np.indices(missing.shape) // CELL_PX
    return np.asarray((rows + columns) % 2 == 0, bool)


def sequence(scene: Scene) -> Pixels:
    """(c) No coarse level: tile after tile, what is finished counts as known for the next."""
    level = scene.levels[0]
    image, missing = level.image.copy(), missing_of(level)
    # A tile has to show the network something known, so it advances by half.
    for tile in plan_tiles(
        level.rect, level.rect, scene.tile, scene.tile // 2, scene.network.multiple_px
    ):
        hole = missing[tile.slices]
        if hole.any():
            image[tile.slices] = scene.fill(image[tile.slices], hole)
            hole[:] = False
    return image


def refined(scene: Scene) -> Pixels:
    """(d) Feature refinement: features are changed until the fill, reduced, is the coarser one.

    Kulshreshtha, Pugh and Jiddi, "Feature Refinement to Improve High Resolution Image Inpainting",
    2022. The whole window in one piece, float32, with gradients.
    """
    generator = load_generator(scene.network.info.path)
    fill = coarsest(scene)
    for level in reversed(scene.levels[:-1]):
        fill = np.where(level.mask > 0, refine(generator, level, fill), level.image)
    return fill


def refine(generator: Generator, level: Level, coarser: Pixels) -> Pixels:
    """Fill a level so that it looks like the coarser one from afar."""
    height, width = level.mask.shape[:2]
    pad = (0, padded_side(width, lama) - width, 0, padded_side(height, lama) - height)
    mask, image = (
        F.pad(torch.from_numpy(plane).permute(2, 0, 1)[None], pad, mode="reflect")
        for plane in (level.mask, level.image)
    )
    wanted = torch.from_numpy(coarser).permute(2, 0, 1)[None]
    layers = list(generator.model)
    blocks = [place for place, layer in enumerate(layers) if isinstance(layer, FFCBlock)]
    split = blocks[round(FRONT_BLOCKS * len(blocks))]
    with torch.no_grad():
        features = torch.cat([image * (1 - mask), mask], dim=1)
        for layer in layers[:split]:
            features = layer(features)
    changed = [part.clone().requires_grad_() for part in features]
    inside = F.interpolate(mask, scale_factor=0.5, mode="area")
    inside = inside[..., : wanted.shape[2], : wanted.shape[3]]
    optimiser = torch.optim.Adam(changed, lr=RATE)

    def rear() -> Tensor:
        found: Tensor | tuple[Tensor, Tensor] = (changed[0] * 1.0, changed[1] * 1.0)
        for layer in layers[split:]:
            found = layer(found)
        assert isinstance(found, Tensor)
        return torch.sigmoid(found)

    for _ in range(STEPS):
        optimiser.zero_grad(set_to_none=True)
        seen = F.interpolate(rear() * mask + image * (1 - mask), scale_factor=0.5, mode="area")
        seen = seen[..., : wanted.shape[2], : wanted.shape[3]]
        (((seen - wanted).abs() * inside).sum() / (3 * inside.sum())).backward()
        optimiser.step()
    with torch.no_grad():
        found = rear()[0, :, :height, :width].permute(1, 2, 0)
    return np.ascontiguousarray(found.numpy())


STEERED: dict[str, Way] = {
    "enlarged": only_enlarged,
    "bands": bands,
    "rings": partial(alternating, rings),
    "checkerboard": partial(alternating, cells),
    "sequence": sequence,
    "refined": refined,
}
