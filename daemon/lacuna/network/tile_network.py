"""A network on a device: the one callable that the engine gives its tiles to."""

import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import nn

from lacuna.network_facts import usual_overlap
from lacuna_wire import Rect

from .architectures import Architecture
from .batches import Lane, Pixels, Tile, device_errors, fill_in_batches
from .catalogue import check_sha256
from .ceiling import device_seconds
from .checkpoints import load_generator
from .device import (
    DeviceTraits,
    choose_devices,
    free_memory,
    set_up,
    traits_of,
)
from .precision import settle_precision
from .tile_size import default_batch, default_piece, default_tile
from .weights_info import WeightsInfo

RIM_PX = 16  # known pixels as near as this to a missing one are proposed too


class TileNetwork:
    """Weights on one device or several equal ones, until the process ends.

    Attributes:
        info: The weights.
        name: Theirs.
        role: `corrects`: the image that goes in carries a completion under the mask; `proposes`:
            nothing under the mask is looked at.
        max_hole_radius_px: Largest distance from a missing pixel to a known one that is bridged.
        multiple_px: Sides that are no multiple of it are mirrored until they are.
        tile_px: Side of a tile that suits the weights and the memory free at loading.
        piece_px: Pixels of the largest window that it is shown in one piece, if it proposes.
        overlap_px: Pixels that neighbouring tiles of that size share.
        device: The first device, for torch.
        device_name: All of them, for people.
        traits: What suits the first device, and the others like it.
        lanes: One generator per device.
    """

    def __init__(
        self,
        info: WeightsInfo,
        generator: nn.Module,
        traits: DeviceTraits,
        *more: DeviceTraits,
        memory_limit: int = 0,
    ) -> None:
        """Take over a loaded generator: it is rearranged, converted and moved in place."""
        self.info = info
        self.name = info.name
        self.role = info.role
        self.max_hole_radius_px = info.max_hole_radius_px
        self.multiple_px = info.architecture.MULTIPLE_PX
        self.traits = traits
        self.device = traits.device
        self._memory_limit = memory_limit
        every = [traits, *more]
        self.device_name = " and ".join(one.name for one in every)
        self.tile_px = default_tile(info, self._free_memory(every), traits.precision)
        self.piece_px = default_piece(info, self._free_memory(every), traits.precision)
        self.overlap_px = usual_overlap(self.tile_px)
        copies = [generator, *(copy.deepcopy(generator) for _ in more)]
        self.lanes = [
            Lane(info.architecture.prepare(one, place), place)
            for one, place in zip(copies, every, strict=True)
        ]
        self._on_cpu: TileNetwork | None = None

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Propose pixels of a tile: float32 (H, W, 3) in [0, 1], any H and W from 1.

        Those are the missing pixels and the known ones up to RIM_PX from them. What lies further
        off is proposed or stays as it was shown, whichever costs less.

        Args:
            image: float32 (H, W, 3) in [0, 1]. A network that corrects finds a completion under the
                mask; for one that proposes it is painted black there.
            mask: float32 (H, W, 1), 1 = missing.

        Raises:
            MemoryError: If the device has too little memory for a tile of this size.
            DeviceLost: If the device has failed.
        """
        return next(self.fill_all([(image, mask)]))

    def fill_all(self, tiles: Iterable[Tile]) -> Iterator[Pixels]:
        """Fill tiles as `fill` does, in their order; GPUs take several at a time.

        Args:
            tiles: (image, mask). A CPU reads one when the fill of the one before has been taken;
                GPUs read ahead, and copy and compute meanwhile.

        Raises:
            MemoryError: If a tile does not fit; those before it have been handed out then.
            DeviceLost: If a device has failed.
        """
        # Asked once per size: a batch that grew and shrank with every little program would meet
        # many shapes.
        most = functools.cache(self._most_tiles)
        return fill_in_batches(tiles, self.lanes, self._begin, most)

    def busy_seconds(self) -> float:
        """Read the clock that runs while the network computes, to be compared with a ceiling.

        The seconds of all GPUs; on a CPU, where everything counts, those of `device_seconds`.
        """
        if self.traits.asynchronous:
            return sum(lane.busy_s for lane in self.lanes)
        return device_seconds(self.traits)

    def multiply_adds(self, mask: Pixels) -> int:
        """Count the products that a tile with this mask, (H, W, 1), asks for."""
        rows, columns = (self._padded(side) for side in mask.shape[:2])
        cells = self._wanted_cells([mask]).area
        return self.info.architecture.multiply_adds(self.info.dimensions, rows, columns, cells)

    def _wanted_cells(self, masks: Sequence[Pixels]) -> Rect:
        if not self.traits.records:
            return wanted_cells(masks, self.multiple_px)
        # What was recorded is of one shape: all of the tile.
        rows, columns = masks[0].shape[:2]
        whole = Rect(0, 0, self._padded(columns), self._padded(rows))
        return whole.reduce(self.multiple_px)

    def _most_tiles(self, size: tuple[int, int]) -> int:
        if not self.traits.stacks:
            return 1
        free = self._free_memory([lane.traits for lane in self.lanes])
        area = self._padded(size[0]) * self._padded(size[1])
        return default_batch(self.info, area, free, self.traits.precision)

    def _free_memory(self, every: Sequence[DeviceTraits]) -> int:
        return min(free_memory(one.device, self._memory_limit) for one in every)

    def _padded(self, side: int) -> int:
        return padded_side(side, self.info.architecture)

    def _begin(self, lane: Lane, tiles: list[Tile]) -> Callable[[], list[Pixels]]:
        """Show equal tiles to a lane."""
        height, width = tiles[0][1].shape[:2]
        rows, columns = self._padded(height), self._padded(width)
        planes = lane.new_batch(len(tiles), rows, columns)
        for place, (image, mask) in zip(planes.numpy(), tiles, strict=True):
            own = place[:height, :width]
            own[..., :3] = image if self.role == "corrects" else image * (1 - mask)
            own[..., 3:] = mask
            if own.shape != place.shape:
                mirrored = (0, rows - height), (0, columns - width), (0, 0)
                place[:] = np.pad(own, mirrored, mode=self.info.padding)  # type: ignore[call-overload]
        cells = self._wanted_cells([mask for _, mask in tiles])
        finish = lane.begin(planes, None if self.traits.records else cells)
        there = cells.enlarge(self.multiple_px).intersect(Rect(0, 0, width, height))

        def fills() -> list[Pixels]:
            return [
                self._answer(image, there, pixels[: there.height, : there.width])
                for (image, _), pixels in zip(tiles, finish(), strict=True)
            ]

        return fills

    def _answer(self, image: Pixels, there: Rect, proposed: Pixels) -> Pixels:
        filled = image.copy()
        if self.info.output == "residual":
            proposed = np.clip(image[there.slices] + 2 * proposed - 1, 0, 1)
        filled[there.slices] = proposed
        return filled

    def on_cpu(self) -> "TileNetwork | None":
        """Return the same weights on the CPU, loaded once; None if they are there already."""
        if not self.traits.leavable:
            return None
        if self._on_cpu is None:
            self._on_cpu = load_network(self.info, "cpu")
        return self._on_cpu


def load_network(info: WeightsInfo, device: str = "auto", memory_limit: int = 0) -> TileNetwork:
    """Check weights, load them strictly and put them on a device.

    Args:
        info: Weights of the catalogue.
        device: As in `choose_devices`.
        memory_limit: Bytes that tiles may take on each device; 0 for what is free there. A GPU
            refuses more; on a CPU tiles are chosen to fit.

    Raises:
        Unprocessable: If the weights are damaged or the device is not there.
        MemoryError: If the device cannot hold the weights.
        DeviceLost: If the device has failed.
    """
    devices = choose_devices(device)
    check_sha256(info)
    precision = check_precision(info, devices)
    with device_errors():
        for one in devices:
            set_up(one, memory_limit)
        traits = [traits_of(one, precision) for one in devices]
        return TileNetwork(info, load_generator(info.path), *traits, memory_limit=memory_limit)


def check_precision(info: WeightsInfo, devices: Sequence[torch.device]) -> torch.dtype:
    """Return the precision that weights fill in on these devices, measured if nobody knows it yet.

    Raises:
        DeviceLost: If a device has failed.
    """

    def fill_in(
        device: torch.device, precision: torch.dtype, image: Pixels, mask: Pixels
    ) -> Pixels:
        with device_errors():
            set_up(device, 0)
            generator = load_generator(info.path)
            return TileNetwork(info, generator, traits_of(device, precision)).fill(image, mask)

    return settle_precision(info, devices, fill_in)


def wanted_cells(masks: Sequence[Pixels], cell_px: int) -> Rect:
    """Find the cells of equal tiles in which pixels are missing, and those of the rim around.

    Args:
        masks: float32 (H, W, 1), 1 = missing. If nothing is missing, everything is wanted.
        cell_px: Side of a cell.
    """
    missing = functools.reduce(np.maximum, masks)[..., 0] > 0
    whole = Rect(0, 0, missing.shape[1], missing.shape[0])
    rows, columns = (np.flatnonzero(missing.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return whole.reduce(cell_px)
    hole = Rect.from_edges(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return hole.grow(RIM_PX).intersect(whole).reduce(cell_px)


def padded_side(side: int, architecture: Architecture) -> int:
    """Return the next larger side that a network of this kind takes."""
    multiple = architecture.MULTIPLE_PX
    return max(architecture.LEAST_PX, -(-side // multiple) * multiple)
