"""LaMa on a device: the one callable that the engine gives its tiles to."""

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from lacuna.cores import usable_cores
from lacuna_wire.errors import DeviceLost

from .catalogue import WeightsInfo, check_sha256
from .checkpoints import read_checkpoint
from .device import (
    choose_device,
    choose_precision,
    default_overlap,
    default_tile,
    device_name,
    free_memory,
)
from .lama.ffc import FourierUnit
from .lama.fold import fold_batch_norms
from .lama.generator import REDUCTION, Generator
from .lama.lean import make_lean
from .lama.strips import cut_into_strips

Pixels = NDArray[np.float32]

# Pixels of a strip at full size: 8 MB of big-lama's first layer, near a processor's cache; a GPU
# wants more to do at a time.
STRIP_PX = {"cpu": 2**16, "cuda": 2**20}
MIN_SIDE = 32  # below, the coarsest feature map has fewer pixels than mirroring needs


class TileNetwork:
    """Weights on a device, until the process ends.

    Attributes:
        info: The weights.
        guided: Whether the image that goes in carries a first fill under the mask.
        max_hole_radius_px: Largest distance from a missing pixel to a known one that is bridged.
        tile_px: Side of a tile that suits the weights and the memory free at loading.
        overlap_px: Pixels that neighbouring tiles of that size share.
        device_name: The device, for people.
        device: The device, for torch.
        precision: Type of the activations outside the Fourier layers.
    """

    def __init__(
        self, info: WeightsInfo, generator: Generator, device: torch.device, precision: torch.dtype
    ) -> None:
        """Take over a loaded generator: it is folded, converted and moved in place."""
        self.info = info
        self.guided = info.guided
        self.max_hole_radius_px = info.max_hole_radius_px
        self.device = device
        self.device_name = device_name(device)
        self.precision = precision
        self.tile_px = default_tile(info, free_memory(device), precision)
        self.overlap_px = default_overlap(self.tile_px)
        self._generator = _prepare(generator, device, precision)
        self._on_cpu: TileNetwork | None = None

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Propose every pixel of a tile: float32 (H, W, 3) in [0, 1], any H and W from 1.

        Args:
            image: float32 (H, W, 3) in [0, 1]. What lies under the mask is the guide for guided
                weights and is not looked at for others.
            mask: float32 (H, W, 1), 1 = missing.

        Raises:
            MemoryError: If the device has too little memory for a tile of this size.
            DeviceLost: If the device has failed.
        """
        height, width, _ = image.shape
        seen = image if self.guided else image * (1 - mask)
        planes = np.concatenate([seen, mask], axis=2)  # (H, W, 4)
        planes = np.pad(planes, (_pad(height), _pad(width), (0, 0)), mode="reflect")
        with _device_errors(), torch.inference_mode():
            # A transposed view of (H, W, 4) is channels_last already.
            tensor = torch.from_numpy(planes[None]).permute(0, 3, 1, 2)
            tensor = tensor.to(self.device, self.precision)  # (1, 4, H, W)
            proposed = self._generator(tensor)[0].permute(1, 2, 0)  # (H, W, 3)
            fill: Pixels = proposed[:height, :width].cpu().contiguous().numpy()
        if self.info.output == "residual":
            fill = np.clip(image + 2 * fill - 1, 0, 1)
        return fill

    def on_cpu(self) -> "TileNetwork | None":
        """Return the same weights on the CPU, loaded once; None if this is the CPU."""
        if self.device.type == "cpu":
            return None
        if self._on_cpu is None:
            self._on_cpu = load_network(self.info, "cpu")
        return self._on_cpu


def load_network(info: WeightsInfo, device: str = "auto") -> TileNetwork:
    """Check weights, load them strictly and put them on a device.

    Args:
        info: Weights of the catalogue.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        Unprocessable: If the weights are damaged or the device is not there.
        MemoryError: If the device cannot hold the weights.
        DeviceLost: If the device has failed.
    """
    chosen = choose_device(device)
    check_sha256(info)
    if chosen.type == "cpu":
        torch.set_num_threads(usable_cores())
    with _device_errors():
        return TileNetwork(info, load_generator(info), chosen, choose_precision(chosen))


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


def _prepare(generator: Generator, device: torch.device, precision: torch.dtype) -> Generator:
    fold_batch_norms(generator)
    # GPUs have fast Fourier transforms for the layout at hand, and float32 gains nothing.
    make_lean(generator, device.type == "cpu" and precision == torch.bfloat16)
    cut_into_strips(generator, STRIP_PX[device.type])
    generator.to(device, precision)
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
    for module in generator.modules():
        if isinstance(module, FourierUnit):
            module.float()  # it computes in float32 whatever the others do
    return generator


def padded_side(side: int) -> int:
    """Return the next larger side that the network takes."""
    return max(MIN_SIDE, -(-side // REDUCTION) * REDUCTION)


def _pad(side: int) -> tuple[int, int]:
    """Pixels to mirror before and after."""
    return 0, padded_side(side) - side


@contextlib.contextmanager
def _device_errors() -> Iterator[None]:
    """Turn every way in which torch runs out of memory into Python's `MemoryError`.

    Any other error of a GPU sticks: whatever this process asks of it from now on fails too.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise MemoryError(str(error)) from None
    except torch.AcceleratorError as error:
        reason = str(error).partition("\n")[0]
        raise DeviceLost(f"The GPU has failed ({reason}); the next job starts it anew.") from error
    except RuntimeError as error:
        # The CPU allocator and oneDNN have no exception of their own.
        words = ("can't allocate memory", "not enough memory", "could not create a memory object")
        if any(word in str(error) for word in words):
            raise MemoryError(str(error)) from None
        raise
