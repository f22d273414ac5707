"""The two ends of the generator in strips: what has the tile's full size never exists as a whole.

At full size a layer of big-lama takes 134 MB for 1024 x 1024 pixels, and each end would hold two of
them with their mirrored edges. In strips they stay in the processor's cache, and the memory of a
tile is set by its layers of half the size.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .ffc import relu
from .generator import Convolution, Generator

FIRST_PAD = 3  # of the first and of the last convolution, 7 x 7
LEAST_ROWS = 32  # the last end computes 6 to 8 rows of each strip twice


class StripedEntry(nn.Module):
    """Both convolutions that full-size pixels pass: (N, 4, H, W) -> (N, 2 width, H/2, W/2).

    Args:
        first: 7 x 7, its input already padded.
        second: 3 x 3 with a stride of two and one mirrored pixel around.
        strip_px: Pixels of a strip at full size, of all tiles of a batch.
    """

    def __init__(self, first: nn.Conv2d, second: nn.Conv2d, strip_px: int) -> None:
        super().__init__()
        self.first, self.second, self.strip_px = first, second, strip_px

    def forward(self, planes: Tensor) -> Tensor:
        count, _, height, width = planes.shape
        padded = F.pad(planes, (FIRST_PAD,) * 4, mode="reflect")
        half = torch.empty(
            (count, self.second.out_channels, height // 2, width // 2),
            dtype=planes.dtype, device=planes.device, memory_format=torch.channels_last,
        )  # fmt: skip
        for start, end in strip_rows(height, count * width, self.strip_px):
            # Row r of half the size looks at rows 2r - 1 to 2r + 1: one above a strip, none below.
            above = max(0, start - 1)
            full = relu(self.first(padded[:, :, above : end + 2 * FIRST_PAD]))
            full = F.pad(full, (1, 0, int(start == 0), 0), mode="reflect")
            second = F.conv2d(full, self.second.weight, self.second.bias, stride=2)
            half[:, :, start // 2 : end // 2] = relu(second)
        return half


class StripedExit(nn.Module):
    """From half the size to pixels: (N, 2 width, H/2, W/2) -> (N, 3, H, W).

    Args:
        up: The transposed convolution, 3 x 3; each of its output rows depends on its own
            input row and the one below.
        last: Takes three mirrored pixels on each side.
        strip_px: Pixels of a strip at full size.
    """

    def __init__(self, up: nn.ConvTranspose2d, last: nn.Module, strip_px: int) -> None:
        super().__init__()
        self.up, self.last, self.strip_px = up, last, strip_px

    def forward(self, half: Tensor) -> Tensor:
        count, height, width = len(half), 2 * half.shape[2], 2 * half.shape[3]
        strips = []
        for start, end in strip_rows(height, count * width, self.strip_px):
            top, bottom = max(0, start - FIRST_PAD), min(height, end + FIRST_PAD)
            # Whole input rows from the one of `top`; one more than needed makes the last one right.
            begin = top // 2
            full = relu(self.up(half[:, :, begin : bottom // 2 + 2]))
            full = full[:, :, top - 2 * begin : bottom - 2 * begin]
            pad = (FIRST_PAD, FIRST_PAD, FIRST_PAD - (start - top), FIRST_PAD - (bottom - end))
            strips.append(self.last(F.pad(full, pad, mode="reflect")))
        return torch.cat(strips, dim=2)


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
    pad, first, second = layers[:3]
    up, norm, activation, last_pad, last = layers[-5:]
    assert isinstance(pad, nn.ReflectionPad2d)
    assert isinstance(first, Convolution)
    assert isinstance(second, Convolution)
    assert isinstance(up, nn.ConvTranspose2d)
    assert isinstance(norm, nn.Identity)
    assert isinstance(activation, nn.ReLU)
    assert isinstance(last_pad, nn.ReflectionPad2d)
    one, two = first.ffc["convl2l"], second.ffc["convl2l"]
    assert isinstance(one, nn.Conv2d)
    assert isinstance(two, nn.Conv2d)
    generator.model = nn.Sequential(
        StripedEntry(one, two, strip_px), *layers[3:-5], StripedExit(up, last, strip_px)
    )
