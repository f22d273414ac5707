"""What a removal will take, said before it begins: `lacuna inpaint --estimate`.

The plan is the real one, made from the real mask; no network is loaded and nothing is filled.
"""

from collections.abc import Callable
from typing import NamedTuple

from lacuna.engine.edge.find import find_edge
from lacuna.engine.geometry.context import plan_job
from lacuna.engine.plan import plan_fill, regions_of
from lacuna.files import is_streamed
from lacuna.filler import with_network
from lacuna.network.catalogue import find_weights, is_patches
from lacuna.network.patches_alone import PatchesAlone, searches_on_gpu
from lacuna.network_facts import NetworkFacts, Role, usual_overlap
from lacuna.removal import Removal, document_of
from lacuna_wire import JobRequest, LacunaError, Options
from lacuna_wire.client import Client
from lacuna_wire.endpoint import find_daemon

# Measured by `python -m benchmarks.large`, rounded up (docs/large.md).
IDLE_BYTES = 460 << 20  # a process with PyTorch, the search and lacuna-small, and room to work
PATCHES_IDLE_BYTES = 240 << 20  # one with the search alone
BYTES_PER_WINDOW_PIXEL = 18  # what the engine holds of the largest region: levels, matches, masks


class PlannedNetwork(NamedTuple):
    """What planning needs to know of a network that is not loaded.

    Attributes:
        role: `corrects` a completion, or `proposes`.
        max_hole_radius_px: Largest distance to a known pixel that it bridges on one level.
        tile_px: Side of a tile that suits the memory that is free now.
        piece_px: Pixels that it is shown in one piece, if it proposes.
        overlap_px: Pixels that neighbouring tiles share.
        multiple_px: Sides of a tile are multiples of it.
    """

    role: Role
    max_hole_radius_px: int
    tile_px: int
    piece_px: int
    overlap_px: int
    multiple_px: int


class Estimate(NamedTuple):
    """What a removal will take.

    Attributes:
        windows: Regions that are filled one after the other.
        levels: Levels above the picture's own, in the region that has most.
        tiles: Tiles that the network fills, on all levels.
        tile_px: Longest side of any of them.
        seconds: How long it will run; None if nobody knows.
        memory_bytes: Peak of the command with `--local`; a picture that is no TIFF is held whole.
        tile_bytes: The part of it that the network takes for a tile: on a GPU, its memory.
    """

    windows: int
    levels: int
    tiles: int
    tile_px: int
    seconds: float | None
    memory_bytes: int
    tile_bytes: int


def estimate(removal: Removal, seconds: float | None = None) -> Estimate:
    """Plan a removal and say what it will take.

    Args:
        removal: What is to be done.
        seconds: How long it will run, from whoever knows it.

    Raises:
        LacunaError: As the removal itself would, were it not for the memory.
    """
    request = removal.request
    network, bytes_of, idle_bytes = _planned(with_network(request.options))
    window, _tiles = plan_job(request, network.role)
    edge = find_edge(document_of(removal, window), request.options)
    regions = regions_of(edge.document, edge.options, network.role)
    plans = plan_fill(edge.document, regions, edge.options, network).regions

    tiles = [tile for plan in plans for tile in plan.tiles]
    largest_px = max((tile.area for tile in tiles), default=0)  # patches alone need no tile
    network_bytes = bytes_of(largest_px)
    pixel_bytes = request.layout.pixel_bytes
    window_px = max(plan.region.window.area for plan in plans)
    masks = len(request.planes) - 1
    engine_bytes = (BYTES_PER_WINDOW_PIXEL + pixel_bytes + masks) * window_px
    # What was filled waits for the saving; the masks are there all the time.
    result_bytes = pixel_bytes * sum(plan.region.part.area for plan in plans)
    held_bytes = removal.selection.held_bytes + result_bytes
    if removal.sources is not None:
        held_bytes += removal.sources.held_bytes
    if not is_streamed(removal.picture, removal.out):
        held_bytes += removal.picture.width * removal.picture.height * pixel_bytes
    return Estimate(
        windows=len(plans),
        levels=max(plan.levels for plan in plans),
        tiles=len(tiles),
        tile_px=max((max(tile.width, tile.height) for tile in tiles), default=0),
        seconds=seconds,
        memory_bytes=idle_bytes
        + held_bytes
        + max(engine_bytes + network_bytes, removal.picture.working_bytes),
        tile_bytes=network_bytes,
    )


def _planned(options: Options) -> tuple[NetworkFacts, Callable[[int], int], int]:
    """Return what will fill, what a tile of so many pixels takes of it, and a process without one.

    Raises:
        LacunaError: If weights or device are not there.
    """
    if is_patches(options.weights):
        on_gpu = options.device not in ("auto", "cpu") or searches_on_gpu()
        return PatchesAlone(), lambda _px: 0, IDLE_BYTES if on_gpu else PATCHES_IDLE_BYTES
    from lacuna.network.device import choose_device, free_memory
    from lacuna.network.precision import known_precision
    from lacuna.network.tile_size import default_piece, default_tile, tile_bytes

    info, device = find_weights(options.weights), choose_device(options.device)
    precision = known_precision(info, device)
    free_bytes = free_memory(device, options.memory_limit << 20)
    tile_px = default_tile(info, free_bytes, precision)
    facts = PlannedNetwork(
        role=info.role,
        max_hole_radius_px=info.max_hole_radius_px,
        tile_px=tile_px,
        piece_px=default_piece(info, free_bytes, precision),
        overlap_px=usual_overlap(tile_px),
        multiple_px=info.architecture.MULTIPLE_PX,
    )
    return facts, lambda px: round(tile_bytes(info, px, precision)), IDLE_BYTES


def known_seconds(request: JobRequest) -> float | None:
    """Ask the daemon how long a fill will run; None if none runs, or it does not know."""
    endpoint = find_daemon()
    if endpoint is None:
        return None
    try:
        return Client(endpoint).estimate(request).seconds
    except LacunaError:  # it is older than the question, or would not do such a job
        return None
