"""The two ends of the generator in strips: what is larger than a quarter never exists as a whole.

At full size a layer of big-lama takes 268 MB for 1024 x 1024 pixels in float32, at half the size
half of that, and each end would hold two of them with their mirrored edges. In strips they stay
near the processor's cache, and the memory of a tile is set by its layers of a quarter of the sides.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .ffc import relu
from .generator import Convolution, Generator

FIRST_PAD = 3  # of the first and of the last convolution, 7 x 7
LEAST_ROWS = 32  # the last end computes 6 to 8 rows of each strip twice


class StripedEntry(nn.Module):
    """All convolutions with large planes on the way down: (N, 4, H, W) -> (N, 4 width, H/4, W/4).

    Args:
        first: 7 x 7, its input already padded.
        second: 3 x 3 with a stride of two and one mirrored pixel around.
        third: Likewise.
        strip_px: Pixels of a strip at full size, of all tiles of a batch.
    """

    def __init__(
        self, first: nn.Conv2d, second: nn.Conv2d, third: nn.Conv2d, strip_px: int
    ) -> None:
        super().__init__()
        self.first, self.second, self.third, self.strip_px = first, second, third, strip_px

    def forward(self, planes: Tensor) -> Tensor:
        count, _, height, width = planes.shape
        padded = F.pad(planes, (FIRST_PAD,) * 4, mode="reflect")
        quarter = torch.empty(
            (count, self.third.out_channels, height // 4, width // 4),
            dtype=planes.dtype, device=planes.device, memory_format=torch.channels_last,
        )  # fmt: skip
        for start, end in strip_rows(height, count * width, self.strip_px):
            # Row r of the smaller plane looks at rows 2r - 1 to 2r + 1: one above, none below.
            half_above = max(0, start // 2 - 1)
            above = max(0, 2 * half_above - 1)
            full = relu(self.first(padded[:, :, above : end + 2 * FIRST_PAD]))
            half = _down(self.second, full, at_top=start == 0)
            quarter[:, :, start // 4 : end // 4] = _down(self.third, half, at_top=start == 0)
        return quarter


def _down(convolution: nn.Conv2d, rows: Tensor, at_top: bool) -> Tensor:
    padded = F.pad(rows, (1, 0, int(at_top), 0), mode="reflect")
    return relu(F.conv2d(padded, convolution.weight, convolution.bias, stride=2))


class StripedExit(nn.Module):
    """From a quarter of the sides to pixels: (N, 4 width, H/4, W/4) -> (N, 3, H, W).

    Args:
        first: A transposed convolution, 3 x 3; each of its output rows depends on its own input
            row and the one below.
        second: Likewise, to the full size.
        last: Takes three mirrored pixels on each side.
        strip_px: Pixels of a strip at full size.
    """

    def __init__(
        self,
        first: nn.ConvTranspose2d,
        second: nn.ConvTranspose2d,
        last: nn.Module,
        strip_px: int,
    ) -> None:
        super().__init__()
        self.first, self.second, self.last, self.strip_px = first, second, last, strip_px

    def forward(self, quarter: Tensor) -> Tensor:
        count, height, width = len(quarter), 4 * quarter.shape[2], 4 * quarter.shape[3]
        strips = []
        for start, end in strip_rows(height, count * width, self.strip_px):
            top, bottom = max(0, start - FIRST_PAD), min(height, end + FIRST_PAD)
            # One row more than is looked at, for the last one of an excerpt comes out wrong.
            begin, finish = top // 2, min(height // 2, bottom // 2 + 2)
            half = _up(self.first, quarter, begin, finish)
            full = _up(self.second, half, top - 2 * begin, bottom - 2 * begin)
            pad = (FIRST_PAD, FIRST_PAD, FIRST_PAD - (start - top), FIRST_PAD - (bottom - end))
            strips.append(self.last(F.pad(full, pad, mode="reflect")))
        return torch.cat(strips, dim=2)


def _up(convolution: nn.ConvTranspose2d, plane: Tensor, start: int, end: int) -> Tensor:
    """Rows `start` to `end` of what a layer up makes of a plane, from the rows that they need."""
    begin = start // 2
    doubled = relu(convolution(plane[:, :, begin : end // 2 + 2]))
    return doubled[:, :, start - 2 * begin : end - 2 * begin]


def strip_rows(height: int, width: int, strip_px: int) -> list[tuple[int, int]]:
    """Cut rows into strips of about `strip_px` pixels: (start, end), all multiples of 8.

    Args:
        height: Rows of a tile.
        width: Columns of all tiles of a batch.
        strip_px: Pixels of a strip of all of them.

    >>> strip_rows(80, 512, strip_px=2**14)
    [(0, 32), (32, 64), (64, 80)]
    """
    rows = max(LEAST_ROWS, strip_px // width // 8 * 8)
    return [(start, min(height, start + rows)) for start in range(0, height, rows)]


def cut_into_strips(generator: Generator, strip_px: int) -> None:
    """Replace both ends of a folded generator in place; they compute the same."""
    layers = list(generator.model)
    first_pad, first, second, third = layers[:4]
    *up, last_pad, last = layers[-8:]
    assert isinstance(first_pad, nn.ReflectionPad2d)
    assert isinstance(last_pad, nn.ReflectionPad2d)
    down = _convolution(first), _convolution(second), _convolution(third)
    entry = StripedEntry(*down, strip_px)
    exit_ = StripedExit(_doubling(*up[:3]), _doubling(*up[3:]), last, strip_px)
    generator.model = nn.Sequential(entry, *layers[4:-8], exit_)


def _convolution(layer: nn.Module) -> nn.Conv2d:
    assert isinstance(layer, Convolution)
    convolution = layer.ffc["convl2l"]
    assert isinstance(convolution, nn.Conv2d)
    return convolution


def _doubling(up: nn.Module, norm: nn.Module, activation: nn.Module) -> nn.ConvTranspose2d:
    assert isinstance(up, nn.ConvTranspose2d)
    assert isinstance(norm, nn.Identity)
    assert isinstance(activation, nn.ReLU)
    return up
