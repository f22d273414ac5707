"""How large a tile may be, and how many go together, by memory and by training."""

import math

import torch

from lacuna.network_facts import USUAL_TILE_PX

from .weights_info import WeightsInfo

# Tiles take their size from a short ladder, so that it does not change with every little program
# that the user starts, and a second job meets the sizes that the first one has prepared.
TILES = (128, 192, 256, 384, 512, 768, 1024, 1536, 2048)

# The part of the free memory that a tile may take. Up to the usual size a tile need only fit; more
# is for devices with plenty, because editor and desktop want memory too and the time to the first
# finished tile grows with its area. In float32 this gives big-lama 1024 px from 18 GB on, 768 px
# from 12 GB on, else 512 px.
SHARE_TO_FIT = 0.5
SHARE_OF_PLENTY = 0.06

# What the tiles of a batch may take together, of the free memory and at all. A recording takes the
# same once more. Eight tiles of lacuna-small at 512 px keep the memory of a 6 GB card in hand; that
# more gain nothing on a large one is an assumption, not a measurement.
SHARE_OF_BATCH = 0.2
MOST_BATCH_BYTES = 2**30

TILES_TO_PIECE = 2  # of the largest: so much is shown in one piece


def tile_bytes(info: WeightsInfo, area: int, precision: torch.dtype) -> float:
    """Return the memory that a tile of `area` pixels takes while it is filled."""
    return info.architecture.bytes_per_pixel(info.dimensions, precision.itemsize) * area


def default_tile(info: WeightsInfo, free_bytes: int, precision: torch.dtype = torch.float32) -> int:
    """Return the side of a tile in pixels: the largest that memory and training allow.

    Args:
        info: The weights; their dimensions set the memory, their training the limit.
        free_bytes: Free memory of the device.
        precision: Type of the activations.

    Returns:
        One of `TILES`; the smallest even if less memory is free, since a try costs nothing.
    """
    per_pixel = tile_bytes(info, 1, precision)
    fitting = min(USUAL_TILE_PX, math.isqrt(int(free_bytes * SHARE_TO_FIT / per_pixel)))
    plenty = math.isqrt(int(free_bytes * SHARE_OF_PLENTY / per_pixel))
    return largest_tile(min(max(fitting, plenty), info.usable_px))


def default_piece(
    info: WeightsInfo, free_bytes: int, precision: torch.dtype = torch.float32
) -> int:
    """Return how many pixels a network that proposes is shown in one piece, beyond a tile.

    The whole window of a hole, so that nothing has to fit together: 2 megapixels for weights that
    are usable up to 1,024 px, as far as there is memory for them.

    Args:
        info: The weights.
        free_bytes: Free memory of the device.
        precision: Type of the activations.
    """
    fitting = int(free_bytes * SHARE_TO_FIT / tile_bytes(info, 1, precision))
    tile_px = default_tile(info, free_bytes, precision)
    return max(tile_px**2, min(fitting, TILES_TO_PIECE * info.usable_px**2))


def default_batch(
    info: WeightsInfo, tile_area: int, free_bytes: int, precision: torch.dtype
) -> int:
    """Return how many equal tiles a device that stacks them gets at a time, a power of two.

    Args:
        info: The weights.
        tile_area: Pixels of a tile.
        free_bytes: Free memory of the device.
        precision: Type of the activations.
    """
    each = tile_bytes(info, tile_area, precision)
    room = min(free_bytes * SHARE_OF_BATCH, MOST_BATCH_BYTES)
    return 1 << max(0, int(room / each).bit_length() - 1)


def largest_tile(limit_px: int) -> int:
    """Return the largest of `TILES` within a limit, or the smallest of all.

    >>> largest_tile(300)
    256
    """
    return max((tile for tile in TILES if tile <= limit_px), default=TILES[0])
