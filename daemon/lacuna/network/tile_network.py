"""LaMa on a device: the one callable that the engine gives its tiles to."""

import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch

from lacuna.machine import usable_cores
from lacuna_wire import Rect

from .batches import Lane, Pixels, Tile, device_errors, fill_in_batches
from .catalogue import WeightsInfo, check_sha256
from .ceiling import device_seconds, multiply_adds
from .checkpoints import read_checkpoint
from .device import (
    choose_devices,
    choose_precision,
    default_batch,
    default_overlap,
    default_tile,
    device_name,
    free_memory,
    limit_memory,
)
from .lama.ffc import FourierUnit
from .lama.fold import fold_batch_norms
from .lama.fused import can_fuse, fuse_blocks
from .lama.generator import REDUCTION, Generator
from .lama.lean import make_lean
from .lama.strips import cut_into_strips

# Pixels of a strip at full size: 8 MB of big-lama's first layer, near a processor's cache; a GPU
# wants more to do at a time.
STRIP_PX = {"cpu": 2**16, "cuda": 2**20}
RIM_PX = 16  # known pixels as near as this to a missing one are proposed too, by a processor
MIN_SIDE = 32  # below, the coarsest feature map has fewer pixels than mirroring needs


class TileNetwork:
    """Weights on one device or several equal ones, until the process ends.

    Attributes:
        info: The weights.
        guided: Whether the image that goes in carries a first fill under the mask.
        max_hole_radius_px: Largest distance from a missing pixel to a known one that is bridged.
        tile_px: Side of a tile that suits the weights and the memory free at loading.
        overlap_px: Pixels that neighbouring tiles of that size share.
        device_name: The devices, for people.
        device: The first device, for torch.
        precision: Type of the activations outside the Fourier layers.
        lanes: One generator per device.
    """

    def __init__(
        self,
        info: WeightsInfo,
        generator: Generator,
        device: torch.device,
        precision: torch.dtype,
        more_devices: Sequence[torch.device] = (),
        memory_limit: int = 0,
    ) -> None:
        """Take over a loaded generator: it is folded, converted and moved in place."""
        self.info = info
        self.guided = info.guided
        self.max_hole_radius_px = info.max_hole_radius_px
        self.device = device
        self.precision = precision
        self._memory_limit = memory_limit
        devices = [device, *more_devices]
        self.device_name = " and ".join(device_name(one) for one in devices)
        self.tile_px = default_tile(info, self._free_memory(devices), precision)
        self.overlap_px = default_overlap(self.tile_px)
        copies = [generator, *(copy.deepcopy(generator) for _ in more_devices)]
        self.lanes = [
            Lane(prepare(one, place, precision), place, precision)
            for one, place in zip(copies, devices, strict=True)
        ]
        self._on_cpu: TileNetwork | None = None

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Propose pixels of a tile: float32 (H, W, 3) in [0, 1], any H and W from 1.

        Those are the missing pixels and the known ones up to RIM_PX from them. What lies further
        off is proposed or stays as it was shown, whichever costs less.

        Args:
            image: float32 (H, W, 3) in [0, 1]. What lies under the mask is the guide for guided
                weights and is not looked at for others.
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
        if self.device.type == "cuda":
            return sum(lane.busy_s for lane in self.lanes)
        return device_seconds(self.device)

    def multiply_adds(self, mask: Pixels) -> int:
        """Count the products that a tile with this mask, (H, W, 1), asks for."""
        rows, columns = (padded_side(side) for side in mask.shape[:2])
        proposed = self._wanted_cells([mask]).area
        return multiply_adds(self.info.width, self.info.blocks, rows, columns, proposed)

    def _wanted_cells(self, masks: Sequence[Pixels]) -> Rect:
        if self.device.type == "cpu":
            return wanted_cells(masks)
        # What a GPU has recorded is of one shape.
        rows, columns = masks[0].shape[:2]
        return Rect(0, 0, padded_side(columns), padded_side(rows)).reduce(REDUCTION)

    def _most_tiles(self, size: tuple[int, int]) -> int:
        if self.device.type == "cpu":
            return 1  # its cores have enough to do
        free = self._free_memory([lane.device for lane in self.lanes])
        area = padded_side(size[0]) * padded_side(size[1])
        return default_batch(self.info, area, free, self.precision)

    def _free_memory(self, devices: Sequence[torch.device]) -> int:
        return min(free_memory(device, self._memory_limit) for device in devices)

    def _begin(self, lane: Lane, tiles: list[Tile]) -> Callable[[], list[Pixels]]:
        """Show equal tiles to a lane."""
        height, width = tiles[0][1].shape[:2]
        planes = lane.new_batch(len(tiles), padded_side(height), padded_side(width))
        for place, (image, mask) in zip(planes.numpy(), tiles, strict=True):
            own = place[:height, :width]
            own[..., :3] = image if self.guided else image * (1 - mask)
            own[..., 3:] = mask
            if own.shape != place.shape:
                place[:] = np.pad(own, (_pad(height), _pad(width), (0, 0)), mode="reflect")
        cells = self._wanted_cells([mask for _, mask in tiles])
        finish = lane.begin(planes, cells)
        there = cells.enlarge(REDUCTION).intersect(Rect(0, 0, width, height))

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
        """Return the same weights on the CPU, loaded once; None if this is the CPU."""
        if self.device.type == "cpu":
            return None
        if self._on_cpu is None:
            self._on_cpu = load_network(self.info, "cpu")
        return self._on_cpu


def load_network(info: WeightsInfo, device: str = "auto", memory_limit: int = 0) -> TileNetwork:
    """Check weights, load them strictly and put them on a device.

    Args:
        info: Weights of the catalogue.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `cuda:all`.
        memory_limit: Bytes that tiles may take on each device; 0 for what is free there. A GPU
            refuses more; on a CPU tiles are chosen to fit.

    Raises:
        Unprocessable: If the weights are damaged or the device is not there.
        MemoryError: If the device cannot hold the weights.
        DeviceLost: If the device has failed.
    """
    first, *others = choose_devices(device)
    check_sha256(info)
    if first.type == "cpu":
        torch.set_num_threads(usable_cores())
    with device_errors():
        precision = choose_precision(first, *others)
        for one in (first, *others):
            limit_memory(one, memory_limit)
        generator = load_generator(info)
        return TileNetwork(info, generator, first, precision, others, memory_limit)


def load_generator(info: WeightsInfo) -> Generator:
    """Return the generator of these weights on the CPU: float32, as trained, for evaluation.

    Raises:
        Unprocessable: If the file is not what it should be.
    """
    checkpoint = read_checkpoint(info.path)
    with torch.device("meta"):  # no time for random numbers that are replaced at once
        generator = Generator(checkpoint.width, checkpoint.blocks)
    tensors = {name: tensor.float() for name, tensor in checkpoint.tensors.items()}
    generator.load_state_dict(tensors, strict=True, assign=True)
    return generator.eval().requires_grad_(False)


def prepare(generator: Generator, device: torch.device, precision: torch.dtype) -> Generator:
    """Fold, rearrange, convert and move a generator in place."""
    fold_batch_norms(generator)
    # GPUs have fast Fourier transforms for the layout at hand, and float32 gains nothing.
    make_lean(generator, device.type == "cpu" and precision == torch.bfloat16)
    cut_into_strips(generator, STRIP_PX[device.type])
    generator.to(device, precision)
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
    for module in generator.modules():
        if isinstance(module, FourierUnit):
            module.float()  # it computes in float32 whatever the others do
    if device.type == "cpu" and can_fuse(precision):
        fuse_blocks(generator)
    return generator


def wanted_cells(masks: Sequence[Pixels]) -> Rect:
    """Find the cells of equal tiles in which pixels are missing, and those of the rim around.

    Args:
        masks: float32 (H, W, 1), 1 = missing. If nothing is missing, everything is wanted.
    """
    missing = functools.reduce(np.maximum, masks)[..., 0] > 0
    whole = Rect(0, 0, missing.shape[1], missing.shape[0])
    rows, columns = (np.flatnonzero(missing.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return whole.reduce(REDUCTION)
    hole = Rect.from_edges(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return hole.grow(RIM_PX).intersect(whole).reduce(REDUCTION)


def padded_side(side: int) -> int:
    """Return the next larger side that the network takes."""
    return max(MIN_SIDE, -(-side // REDUCTION) * REDUCTION)


def _pad(side: int) -> tuple[int, int]:
    """Pixels to mirror before and after."""
    return 0, padded_side(side) - side
