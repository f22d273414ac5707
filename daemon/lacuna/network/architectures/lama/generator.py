"""LaMa's generator: three layers down, residual FFC blocks, three layers up.

Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV 2022,
in the one configuration that was published as big-lama. Parameter names are those of its
checkpoint: the position in `model` is part of every name.
"""

import torch
from torch import Tensor, nn

from lacuna_wire import Rect

from . import IN_CHANNELS, MULTIPLE_PX, OUT_CHANNELS
from .ffc import FFCBlock, Pair, reflect, relu

# Cells of the coarsest plane that the way up looks at around those that are wanted: 3 pixels above
# and left of them, and 10 below and right, for a layer up looks at the next cell, and three do.
CELLS_BEFORE, CELLS_AFTER = 1, 2


class Convolution(nn.Module):
    """Convolution, batch norm, ReLU; named like an FFC that has local channels only."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, pad: int = 0
    ) -> None:
        super().__init__()
        convolution = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, pad, bias=False, padding_mode="reflect"
        )
        self.ffc = nn.ModuleDict({"convl2l": convolution})
        self.bn_l: nn.Module = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.bn_l(self.ffc["convl2l"](x)))


class Split(nn.Module):
    """The last layer down: (N, C, H, W) -> local and global channels at half the size."""

    def __init__(self, in_channels: int, local: int, global_: int) -> None:
        super().__init__()
        self.ffc = nn.ModuleDict(
            {
                "convl2l": nn.Conv2d(in_channels, local, kernel_size=3, stride=2, bias=False),
                "convl2g": nn.Conv2d(in_channels, global_, kernel_size=3, stride=2, bias=False),
            }
        )
        self.bn_l: nn.Module = nn.BatchNorm2d(local)
        self.bn_g: nn.Module = nn.BatchNorm2d(global_)

    def forward(self, x: Tensor) -> Pair:
        padded = reflect(x)
        local = relu(self.bn_l(self.ffc["convl2l"](padded)))
        global_ = relu(self.bn_g(self.ffc["convl2g"](padded)))
        return local, global_


class Join(nn.Module):
    """Local and global channels side by side: one tensor (N, C_local + C_global, H, W)."""

    def forward(self, x: Pair) -> Tensor:
        return torch.cat(x, dim=1)


class Generator(nn.Module):
    """Propose pixels: (N, 4, H, W) -> (N, 3, H, W) float32 in (0, 1), sides multiples of 8.

    The input is red, green, blue in [0, 1] and the mask (1 = missing). Sides are at least 32, so
    that mirroring has enough pixels on the coarsest feature map.

    Args:
        width: Channels of the first layer; 64 in big-lama. Three quarters of the channels of the
            blocks are global.
        blocks: Residual blocks; 18 in big-lama.
    """

    def __init__(self, width: int = 64, blocks: int = 18) -> None:
        super().__init__()
        global_ = 6 * width
        local = 2 * width
        self.model = nn.Sequential(
            nn.ReflectionPad2d(3),
            Convolution(IN_CHANNELS, width, kernel_size=7),  # (N, width, H, W)
            Convolution(width, 2 * width, kernel_size=3, stride=2, pad=1),  # H/2, W/2
            Convolution(2 * width, 4 * width, kernel_size=3, stride=2, pad=1),  # H/4, W/4
            Split(4 * width, local, global_),  # (N, 2 width and 6 width, H/8, W/8)
            *(FFCBlock(local, global_) for _ in range(blocks)),
            Join(),
            *_up(8 * width, 4 * width),
            *_up(4 * width, 2 * width),
            *_up(2 * width, width),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, OUT_CHANNELS, kernel_size=7),
        )

    def forward(self, planes: Tensor, part: Rect | None = None) -> Tensor:
        """Propose pixels, all or those of some cells of MULTIPLE_PX x MULTIPLE_PX pixels.

        The layers down and the blocks see the whole tile in any case, and what is proposed is the
        same; the layers up, which cost most per weight, are left out elsewhere.

        Args:
            planes: (N, 4, H, W).
            part: The cells, of H / 8 rows and W / 8 columns.
        """
        features = planes
        seen = Rect(0, 0, planes.shape[3] // MULTIPLE_PX, planes.shape[2] // MULTIPLE_PX)
        part = part or seen
        for layer in self.model:
            features = layer(features)
            if isinstance(layer, Join) and part != seen:
                seen = _grow(part).intersect(seen)
                features = features[..., *seen.slices]
        wanted = part.relative_to(seen).enlarge(MULTIPLE_PX)
        # In half precision the sigmoid alone would cost steps of 1/256 in bright pixels.
        return torch.sigmoid(features[..., *wanted.slices].float())


def _grow(part: Rect) -> Rect:
    edges = part.right + CELLS_AFTER, part.bottom + CELLS_AFTER
    return Rect.from_edges(part.left - CELLS_BEFORE, part.top - CELLS_BEFORE, *edges)


def _up(in_channels: int, out_channels: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    double = nn.ConvTranspose2d(
        in_channels, out_channels, kernel_size=3, stride=2, padding=1, output_padding=1
    )
    return double, nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)
