"""LaMa, as the rest of `network` asks for it: how it is told, built, prepared, and what it costs.

Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV 2022. The
layers are in the other files, which load torch.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from ...device import DeviceTraits

NAME = "LaMa"
# The published training nests the generator in its own modules; others of them are left alone.
# That of `spandrel`, and of the files that are made for it, calls the generator `model`.
PREFIXES: tuple[str, ...] = (
    "", "generator.", "model.", "model.generator.", "model.model.",
)  # fmt: skip
LIMITS: Mapping[str, int] = {"width": 256, "blocks": 64}  # big-lama has 64 and 18
IN_CHANNELS = 4  # red, green, blue, mask
OUT_CHANNELS = 3
MULTIPLE_PX = 8  # three layers down, each halves the sides
LEAST_PX = 32  # below, the coarsest feature map has fewer pixels than mirroring needs

# Of the published weights; docs/weights.md has the sources. They were trained on squares of 256 px,
# in which a hole is nowhere further than 128 px from a known pixel.
TRAINED_PX = 256
MAX_HOLE_RADIUS_PX = 128
# Fourier layers see tiles of other sizes than those of the training: 1,024 px here. The authors say
# that up to about 2,000 px work, others that structures fall apart on the way there.
USABLE_PER_TRAINED = 4

# Memory at the peak of a fill, per pixel of the tile and channel of the first layer, rounded up,
# by the bytes of an activation: `python -m benchmarks.network` measured 13.7 and 8.3 on a CPU at
# 512 px (and 17.0 once, unexplained). Larger tiles take less, 9.8 and 6.2 at 1024 px; the number of
# blocks does not count.
_BYTES_PER_PIXEL_AND_CHANNEL = {4: 14.5, 2: 9.0}

_FIRST_LAYER = "model.1.ffc.convl2l.weight"
_BLOCK = re.compile(r"model\.[0-9]+\.conv1\.ffc\.convl2l\.weight")


def detect(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int] | None:
    """Read the channels of the first layer and the number of residual blocks."""
    first = shapes.get(_FIRST_LAYER, ())
    blocks = sum(1 for name in shapes if _BLOCK.fullmatch(name))
    if len(first) != 4 or first[1:] != (IN_CHANNELS, 7, 7) or not blocks:
        return None
    return {"width": first[0], "blocks": blocks}


def build(dimensions: Mapping[str, int]) -> "nn.Module":
    """Make the generator as it was trained."""
    from .generator import Generator

    return Generator(dimensions["width"], dimensions["blocks"])


def prepare(network: "nn.Module", traits: "DeviceTraits") -> "nn.Module":
    """Fold, rearrange, convert and move a generator in place, for filling on one device."""
    from .generator import Generator
    from .rearrange import rearrange

    assert isinstance(network, Generator)
    return rearrange(network, traits)


def bytes_per_pixel(dimensions: Mapping[str, int], item_bytes: int) -> float:
    """Return the memory at the peak of a fill, for each pixel of the tile."""
    return _BYTES_PER_PIXEL_AND_CHANNEL[item_bytes] * dimensions["width"]


def multiply_adds(
    dimensions: Mapping[str, int], rows: int, columns: int, cells: int | None = None
) -> int:
    """Count the products that the convolutions of a generator sum up for one tile.

    Fourier transforms are left out: they are little of it, and devices do them differently.

    Args:
        dimensions: Width and blocks.
        rows: Height of the tile as the network gets it, a multiple of MULTIPLE_PX.
        columns: Its width.
        cells: Of MULTIPLE_PX x MULTIPLE_PX pixels, that the layers up make; None for all.

    >>> round(multiply_adds({"width": 64, "blocks": 18}, 1024, 1024) / 10**9)
    879
    """
    width, blocks = dimensions["width"], dimensions["blocks"]
    pixels, local, global_ = rows * columns, 2 * width, 6 * width
    coarse = pixels // MULTIPLE_PX**2
    frequencies = (rows // MULTIPLE_PX) * (columns // MULTIPLE_PX // 2 + 1)
    layer = coarse * (9 * (local * local + 2 * local * global_) + global_ * global_)
    layer += frequencies * global_ * global_
    # Three layers down and three up: twice the channels for a quarter of the pixels.
    steps = 3 * pixels // 4 * 9 * width * 2 * width
    down = steps + pixels * 49 * width * IN_CHANNELS
    up = steps + pixels * 49 * width * OUT_CHANNELS
    return down + 2 * blocks * layer + up * (coarse if cells is None else cells) // coarse
