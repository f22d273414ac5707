"""The device that runs the network: which one, how much of its memory is free, how large a tile."""

import math
import os
import re
from pathlib import Path

import torch

from lacuna.machine import usable_cores
from lacuna_wire.errors import Unprocessable

from .catalogue import WeightsInfo

# Memory at the peak of a fill, per pixel of the tile and channel of the first layer, rounded up:
# `python -m benchmarks.network` measured 13.7 and 8.3 on a CPU at 512 px (and 17.0 once,
# unexplained). Larger tiles take less, 9.8 and 6.2 at 1024 px; the number of blocks does not count.
BYTES_PER_PIXEL_AND_CHANNEL = {torch.float32: 14.5, torch.bfloat16: 9.0}

# Tiles take their size from a short ladder, so that it does not change with every little program
# that the user starts, and a second job meets the sizes that the first one has prepared.
TILES = (128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
OVERLAP_PER_TILE = 1 / 8

# The part of the free memory that a tile may take. Up to a plain size a tile need only fit; more
# is for devices with plenty, because editor and desktop want memory too and the time to the first
# finished tile grows with its area. In float32 this gives big-lama 1024 px from 18 GB on, 768 px
# from 12 GB on, else 512 px.
PLAIN_TILE = 512
SHARE_TO_FIT = 0.5
SHARE_OF_PLENTY = 0.06

# What the tiles of a batch may take together, of the free memory and at all. A recording takes the
# same once more. Eight tiles of lacuna-small at 512 px keep the memory of a 6 GB card in hand; that
# more gain nothing on a large one is an assumption, not a measurement.
SHARE_OF_BATCH = 0.2
MOST_BATCH_BYTES = 2**30

# Fourier layers see tiles of other sizes than those of the training; how far that holds up.
TRAINED_PX_TO_TILE = 4


def choose_device(wish: str = "auto") -> torch.device:
    """Return the device for a wish, the first if there are several.

    Raises:
        Unprocessable: As `choose_devices`.
    """
    return choose_devices(wish)[0]


def choose_devices(wish: str = "auto") -> list[torch.device]:
    """Return the devices for `auto`, `cpu`, `cuda`, `cuda:N` or `cuda:all`.

    `auto` takes the first GPU if there is one; `cuda:all` takes all of them.

    Raises:
        Unprocessable: If a GPU is asked for that is not there.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:([0-9]{1,2}|all))?", wish):
        raise Unprocessable(
            f"{ascii(wish)[:40]} is not a device; possible are auto, cpu, cuda, cuda:N and "
            "cuda:all",
            code="unknown_device",
        )
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wish == "cpu" or (wish == "auto" and not count):
        return [torch.device("cpu")]
    if wish == "cuda:all" and count:
        return [torch.device("cuda", number) for number in range(count)]
    number = int(wish.partition(":")[2].replace("all", "") or 0)
    if number >= count:
        raise Unprocessable(
            f"{wish} was asked for and PyTorch {torch.__version__} finds {count} NVIDIA GPUs",
            code="no_such_device",
        )
    return [torch.device("cuda", number)]


def device_name(device: torch.device) -> str:
    """Name a device for people: the GPU's own name, or `CPU` with its number of threads."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    return f"CPU, {usable_cores()} threads"


def free_memory(device: torch.device, limit: int = 0) -> int:
    """Return the bytes that are free on a device now, or that torch keeps there for later.

    Args:
        device: A GPU, or the CPU.
        limit: The most bytes that are wanted; 0 for any number.
    """
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        free = int(torch.cuda.mem_get_info(device)[0]) + kept
    else:
        free = free_host_memory(Path("/proc/meminfo"))
    return min(free, limit) if limit else free


def limit_memory(device: torch.device, limit: int) -> None:
    """Have torch refuse a GPU's memory beyond so many bytes; 0 for no limit. No effect on a CPU."""
    if device.type == "cuda":
        total = torch.cuda.mem_get_info(device)[1]
        torch.cuda.set_per_process_memory_fraction(
            min(1.0, limit / total) if limit else 1.0, device
        )


def free_host_memory(meminfo: Path) -> int:
    """Return the bytes of RAM that can be had without swapping.

    Args:
        meminfo: The kernel's table; where there is none, half of all RAM counts as free.
    """
    try:
        found = re.search(r"^MemAvailable: +([0-9]+) kB$", meminfo.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def choose_precision(device: torch.device, *others: torch.device) -> torch.dtype:
    """Return bfloat16 where all of the processors multiply it natively, else float32.

    Emulated, it is slower than float32 and no more exact.
    """
    if device.type == "cuda":
        every = (device, *others)
        native = all(torch.cuda.get_device_capability(one) >= (8, 0) for one in every)
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def default_tile(info: WeightsInfo, free_bytes: int, precision: torch.dtype = torch.float32) -> int:
    """Return the side of a tile in pixels: the largest that memory and training allow.

    Args:
        info: The weights; their width sets the memory, their training the limit.
        free_bytes: Free memory of the device.
        precision: Type of the activations.

    Returns:
        One of `TILES`; the smallest even if less memory is free, since a try costs nothing.

    >>> largest_tile(300)
    256
    """
    per_pixel = BYTES_PER_PIXEL_AND_CHANNEL[precision] * info.width
    fitting = min(PLAIN_TILE, math.isqrt(int(free_bytes * SHARE_TO_FIT / per_pixel)))
    plenty = math.isqrt(int(free_bytes * SHARE_OF_PLENTY / per_pixel))
    return largest_tile(min(max(fitting, plenty), TRAINED_PX_TO_TILE * info.trained_px))


def default_batch(
    info: WeightsInfo, tile_area: int, free_bytes: int, precision: torch.dtype
) -> int:
    """Return how many equal tiles a GPU gets at a time, a power of two.

    Args:
        info: The weights.
        tile_area: Pixels of a tile.
        free_bytes: Free memory of the device.
        precision: Type of the activations.
    """
    each = BYTES_PER_PIXEL_AND_CHANNEL[precision] * info.width * tile_area
    room = min(free_bytes * SHARE_OF_BATCH, MOST_BATCH_BYTES)
    return 1 << max(0, int(room / each).bit_length() - 1)


def largest_tile(limit_px: int) -> int:
    """Return the largest of `TILES` within a limit, or the smallest of all."""
    return max((tile for tile in TILES if tile <= limit_px), default=TILES[0])


def default_overlap(tile_px: int) -> int:
    """Return the pixels that tiles of this size share: 128 of 1024, 96 of 768, 64 of 512."""
    return int(tile_px * OVERLAP_PER_TILE)
