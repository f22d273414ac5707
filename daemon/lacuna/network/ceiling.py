"""What a device can do at most, what a tile asks of it, and what it took: for `lacuna bench`."""

import resource
import sys
import time
from pathlib import Path

import torch

from .lama.generator import IN_CHANNELS, OUT_CHANNELS, REDUCTION

ROUNDS = 5
MATRIX_SIDE = {"cpu": 2048, "cuda": 8192}
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def multiply_adds(
    width: int, blocks: int, rows: int, columns: int, proposed: int | None = None
) -> int:
    """Count the products that the convolutions of a generator sum up for one tile.

    Fourier transforms are left out: they are little of it, and devices do them differently.

    Args:
        width: Channels of the first layer.
        blocks: Residual blocks.
        rows: Height of the tile as the network gets it, a multiple of 8.
        columns: Its width.
        proposed: Cells of REDUCTION x REDUCTION pixels that the layers up make; None for all.

    >>> multiply_adds(64, 18, 1024, 1024) // 10**9
    879
    """
    pixels, local, global_ = rows * columns, 2 * width, 6 * width
    coarse = pixels // REDUCTION**2
    frequencies = (rows // REDUCTION) * (columns // REDUCTION // 2 + 1)
    layer = coarse * (9 * (local * local + 2 * local * global_) + global_ * global_)
    layer += frequencies * global_ * global_
    # Three layers down and three up: twice the channels for a quarter of the pixels.
    steps = 3 * pixels // 4 * 9 * width * 2 * width
    down = steps + pixels * 49 * width * IN_CHANNELS
    up = steps + pixels * 49 * width * OUT_CHANNELS
    return down + 2 * blocks * layer + up * (coarse if proposed is None else proposed) // coarse


def matrix_ceiling(device: torch.device, precision: torch.dtype) -> float:
    """Return the multiply-adds per `device_seconds` of a large matrix product, the best of five."""
    side = MATRIX_SIDE[device.type]
    one = torch.randn(side, side, device=device).to(precision)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(ROUNDS + 1):
            _wait(device)
            begun = device_seconds(device)
            one @ one
            _wait(device)
            best = min(best, device_seconds(device) - begun)
    return side**3 / best


def device_seconds(device: torch.device) -> float:
    """Read the clock by which two things on a device may be compared, a while apart.

    On a CPU these are processor seconds per thread: on a busy machine the wall's clock says more of
    the other programs, and made a tile as much as 1.8 times as fast as the ceiling.
    """
    if device.type == "cuda":
        return time.perf_counter()
    return time.process_time() / torch.get_num_threads()


def forget_peak(device: torch.device) -> None:
    """Begin the peak of memory anew, where the system lets us."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif _CLEAR.exists():
        _CLEAR.write_text("5")


def peak_memory(device: torch.device) -> int:
    """Return the most bytes held since `forget_peak`: of a GPU, or by this process."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device))
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _wait(device: torch.device) -> None:
    """Wait until a GPU has done what it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
