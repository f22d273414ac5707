"""The engine as benchmarks and training use it: the only file of theirs that knows its rooms."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import lacuna.engine.inpaint
from lacuna.engine.completion.complete import Completion, complete_window, refine_here
from lacuna.engine.completion.proposal import propose
from lacuna.engine.completion.refine import Refine
from lacuna.engine.completion.schedule import TUNING, Schedule, schedule_completion
from lacuna.engine.edge.find import find_edge
from lacuna.engine.fitting import FittingDevice
from lacuna.engine.geometry.context import plan_job
from lacuna.engine.geometry.regions import plan_regions
from lacuna.engine.geometry.tiles import plan_tiles
from lacuna.engine.inpaint import fill
from lacuna.engine.pixels.composite import Take, collect_into
from lacuna.engine.pixels.document import Document, Pixels
from lacuna.engine.pixels.hole import hole_radius, reduce_missing, unpack_hole
from lacuna.engine.pixels.levels import (
    Level,
    build_levels,
    coarsest_first,
    enlarge,
    enlarge_often,
    plain_level,
)
from lacuna.engine.pixels.membrane import mean_of_cells
from lacuna.engine.plan import FillPlan, levels_to_bridge, plan_fill, regions_of
from lacuna.engine.tiling.fill import Tiling, fill_level
from lacuna.engine.tiling.network import Network
from lacuna.network.patches_alone import PatchesAlone
from lacuna.network_facts import NetworkFacts, Role
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.rect import bounding_rect

from .cases import Mask, Picture

__all__ = [
    "TUNING",
    "CompletionAlone",
    "Document",
    "FittingDevice",
    "Level",
    "Network",
    "NetworkFacts",
    "Pixels",
    "Role",
    "build_levels",
    "coarse_region",
    "complete_hole",
    "completions_kept",
    "document_of",
    "engine_digest",
    "enlarge",
    "enlarge_often",
    "fill_document",
    "fill_missing",
    "fill_with",
    "find_edge",
    "forget",
    "levels_to_the_bridged",
    "mean_of_cells",
    "nothing_kept",
    "plain_level",
    "plan_document",
    "plan_job",
    "plan_tiles",
    "reduce_missing",
    "schedule_completion",
    "selection_as_document",
    "tiles_of",
    "unpack_hole",
]

CONTEXT_PX = 64  # around a hole of several parts that is filled as one


class CompletionAlone(PatchesAlone):
    """Patches alone that pass through tiles, as if a network were shown them and left them be."""

    max_hole_radius_px = 64


def document_of(picture: Picture, mask: Mask) -> Document:
    """Take a picture uint8 (H, W, 3) RGB and a mask uint8 (H, W), 255 = missing, as a document."""
    return Document(picture, mask, PixelLayout("RGB"))


def selection_as_document(mask: Mask) -> Document:
    """Take a mask as a document of which only the selection is ever looked at."""
    return document_of(np.broadcast_to(np.uint8(0), (*mask.shape, 3)), mask)


def fill_document(
    document: Document, options: Options, network: Network, refine: Refine = refine_here
) -> Picture:
    """Fill a document in arrays: the whole picture, the result laid in."""
    document, options, _px = find_edge(document, options)
    plan = plan_document(document, options, network)
    filled = np.zeros((plan.rect.height, plan.rect.width, 3), np.uint8)
    take = collect_into(filled, plan.rect, document, plan.options)
    fill(document, plan, network, take, lambda _: None, lambda: False, refine)
    whole = np.array(document.samples[document.rect.slices])
    whole[plan.rect.slices] = filled
    return whole


def forget(_plan: FillPlan) -> Take:
    """Let every piece of a fill go: where only its time and memory count."""
    return lambda _rect, _samples: None


def plan_document(document: Document, options: Options, network: NetworkFacts) -> FillPlan:
    """Plan the fill of a document."""
    return plan_fill(document, regions_of(document, options, network.role), options, network)


def fill_with(
    network: Network,
    picture: Picture,
    mask: Mask,
    strategy: str = "auto",
    tile: int = 0,
    grow: int = 0,
) -> Picture:
    """Fill a picture: uint8 (H, W, 3), known pixels as they were if nothing is grown.

    Args:
        network: Fills tiles.
        picture: uint8 (H, W, 3) RGB.
        mask: uint8 (H, W), 255 = missing.
        strategy: As in `Options`.
        tile: Side of a tile in pixels; 0 for what suits the network.
        grow: As in `Options`.
    """
    options = Options(result="composite", strategy=strategy, tile=tile, grow=grow)
    return fill_document(document_of(picture, mask), options, network)


def tiles_of(picture: Picture, mask: Mask, options: Options, network: NetworkFacts) -> list[Rect]:
    """List where the engine has the network look, in the picture's coordinates."""
    return [
        tile.shift(plan.region.window.left, plan.region.window.top)
        for plan in plan_document(document_of(picture, mask), options, network).regions
        for tile in plan.tiles
    ]


def complete_hole(picture: Picture, missing: Mask, schedule: Schedule) -> Completion:
    """Complete what is missing (uint8 (H, W), 1 = missing) of a picture as it is scheduled."""
    document = document_of(picture, missing)
    levels = coarsest_first(build_levels(document, missing, schedule.levels))
    return complete_window(document, missing, levels, schedule, lambda: None)


def levels_to_the_bridged(
    picture: Picture, mask: Mask, network: NetworkFacts
) -> tuple[Rect, list[Level]]:
    """Reduce the window of a hole until the network bridges it.

    Returns:
        The window, and its levels from 0 on.
    """
    (region, *others) = plan_regions(mask, 0)
    document, window = document_of(picture, mask), region.window
    if others:
        parts = bounding_rect([region.part, *(other.part for other in others)])
        window = parts.grow(CONTEXT_PX).intersect(document.rect)
    inside = document.crop(window)
    missing = (mask[window.slices] > 0).astype(np.uint8)
    shorter = min(window.width, window.height)
    count = levels_to_bridge(hole_radius(missing), network.max_hole_radius_px, shorter)
    known = (1 - missing[..., None]).astype(np.float32)
    own = plain_level(inside.image(inside.rect) * known, known)
    return window, [own, *build_levels(inside, missing, count)]


def fill_missing(
    network: Network, image: Pixels, missing: NDArray[np.bool_], tile: int, overlap: int
) -> Pixels:
    """Have a network that proposes fill pixels by overlapping tiles, without a completion.

    Args:
        network: It.
        image: float32 (H, W, 3), true or given as known where nothing is missing.
        missing: bool (H, W).
        tile: Side of a tile in pixels.
        overlap: Pixels that tiles share.

    Returns:
        float32 (H, W, 3), known pixels as they were.
    """
    known = (~missing)[..., None].astype(np.float32)
    level = plain_level(image * known, known)
    tiles = plan_tiles(level.rect, level.rect, tile, overlap, network.multiple_px)
    tiles = [tile for tile in tiles if missing[tile.slices].any()]
    return fill_level(level, tiles, Tiling(network, overlap, True, lambda: None))


def coarse_region(picture: Picture, mask: Mask, network: NetworkFacts) -> tuple[Rect, int]:
    """Plan the one hole of a picture that a network paints on a coarse level: window and level."""
    (plan,) = plan_document(document_of(picture, mask), Options(), network).regions
    assert plan.route == "propose-coarse", f"a hole that is painted by {plan.route}"
    return plan.region.window, plan.levels


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Have completions begin with what a network has painted, and keep nothing of it."""
    let_go = partial(propose, is_kept=False)
    with mock.patch.object(lacuna.engine.inpaint, "propose", lambda *painted: let_go(*painted[:3])):
        yield


def engine_digest() -> str:
    """SHA-256 of the sources of the engine."""
    folder = Path(next(iter(lacuna.engine.__path__)))
    sources = b"".join(path.read_bytes() for path in sorted(folder.rglob("*.py")))
    return hashlib.sha256(sources).hexdigest()


@contextmanager
def completions_kept(folder: Path) -> Iterator[None]:
    """Keep completions in a folder: they cost ten times as much as what the network adds."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = engine_digest().encode()

    def kept(window: Document, missing: NDArray[np.uint8], *others: Any) -> Completion:
        seen = digest + np.asarray(window.samples).tobytes() + missing.tobytes()
        path = folder / f"{hashlib.sha256(seen).hexdigest()}.npy"
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}.npy")
            np.save(unfinished, complete_window(window, missing, *others).show(window.rect))
            unfinished.replace(path)
        image = np.load(path)
        return Completion(lambda rect: np.asarray(image[rect.slices]), 0.0)

    with mock.patch.object(lacuna.engine.inpaint, "complete_window", kept):
        yield
