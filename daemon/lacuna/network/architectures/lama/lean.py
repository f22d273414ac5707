"""A folded generator made fast for one processor: the same sums in an order that costs less.

Like folding this is done once, on the loaded copy, and only ever for filling: training and the
checkpoints know nothing of it.
"""

import functools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .ffc import FourierUnit, SpectralTransform
from .generator import Generator

BLOCK = 2  # side of the squares of pixels that the last convolution makes at a time


class MatrixFourierUnit(nn.Module):
    """A folded `FourierUnit` whose transforms are matrix products in the precision of its input.

    A Fourier transform library wants planes and has no bfloat16; everything around it has
    channels last and bfloat16. Products with small matrices take the layout as it is, and each
    leaves what the next one reads: no copy is made from the first to the last. At 64 x 64 pixels
    (a tile of 512) that takes half the time, at 128 x 128 two thirds; larger planes gain less.

    Args:
        unit: The unit to replace, its batch norm folded.
    """

    def __init__(self, unit: FourierUnit) -> None:
        super().__init__()
        weight = unit.conv_layer.weight[:, :, 0, 0]  # (2C, 2C), in both: re0 im0 re1 ...
        assert isinstance(unit.bn, nn.Identity)
        assert unit.conv_layer.bias is not None
        # [part of the input][part of the output]: (C, C), the real part first.
        self.weight = nn.Parameter(
            torch.stack([torch.stack([weight[o::2, i::2].T for o in (0, 1)]) for i in (0, 1)]),
            requires_grad=False,
        )
        bias = torch.stack([unit.conv_layer.bias[o::2] for o in (0, 1)])
        self.bias = nn.Parameter(bias, requires_grad=False)  # (2, C)

    def forward(self, x: Tensor) -> Tensor:
        mixed = [self._mix(one.permute(1, 2, 0)) for one in x]
        batch = mixed[0][None] if len(mixed) == 1 else torch.stack(mixed)  # one needs no copy
        return batch.permute(0, 3, 1, 2)

    def _mix(self, x: Tensor) -> Tensor:
        """(H, W, C) -> (H, W, C)."""
        height, width, channels = x.shape
        rows, columns, columns_back, rows_back = transforms(height, width, x.dtype, x.device)
        half = width // 2 + 1

        spectrum = torch.matmul(rows, x)  # (H, 2 half, C): of each row re, then im
        spectrum = columns @ spectrum.view(2 * height, half * channels)
        real, imaginary = spectrum.view(2, height * half, channels)

        mixed = torch.empty_like(spectrum).view(2, height * half, channels)
        for part in (0, 1):
            torch.addmm(self.bias[part], real, self.weight[0, part], out=mixed[part])
            mixed[part].addmm_(imaginary, self.weight[1, part])
        F.relu(mixed, inplace=True)

        rest = columns_back @ mixed.view(2 * height, half * channels)
        return torch.matmul(rows_back, rest.view(height, 2 * half, channels))


@functools.lru_cache(maxsize=16)  # a job has few shapes; 0.3 MB each at 128 x 128
def transforms(
    height: int, width: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the matrices of an orthonormal real transform over two axes, and back.

    Returns:
        Along rows (2 half, W), half = W // 2 + 1: real parts, then imaginary ones; along columns
        (2H, 2H), from (row, part) to (part, row); back along columns (2H, 2H), from (part, row) to
        (row, part); back along rows (W, 2 half).
    """
    half = width // 2 + 1
    # Angles are taken modulo a full turn in integers, so that large ones lose nothing.
    turn = torch.outer(torch.arange(half), torch.arange(width)) % width
    angle = turn.double() * (2 * math.pi / width)
    rows = torch.cat([angle.cos(), -angle.sin()]) / math.sqrt(width)
    twice = torch.full((half, 1), 2.0, dtype=torch.float64)  # for the half that is left out
    twice[0] = 1
    if width % 2 == 0:
        twice[-1] = 1
    rows_back = (rows * twice.repeat(2, 1)).T

    turn = torch.outer(torch.arange(height), torch.arange(height)) % height
    angle = turn.double() * (2 * math.pi / height)
    cosine, sine = angle.cos() / math.sqrt(height), angle.sin() / math.sqrt(height)
    # exp(-i angle): [part of the output, row, row, part of the input]
    columns = torch.stack(
        [torch.stack([cosine, sine], dim=-1), torch.stack([-sine, cosine], dim=-1)]
    ).reshape(2 * height, 2 * height)
    found = rows, columns, columns.T, rows_back  # orthonormal: the way back is the transpose
    # Made on the processor, for GPUs of Apple know no float64.
    made = [matrix.to(dtype).contiguous().to(device) for matrix in found]
    return made[0], made[1], made[2], made[3]


class BlockConvolution(nn.Module):
    """A convolution with few outputs that makes a square of pixels at a time.

    A processor's vectors are made for 16 outputs, and the last convolution has three. One kernel
    that is larger by a pixel, with a stride of two, has twelve: less than half the time.

    Args:
        convolution: A square kernel, stride 1, no padding. Sides of its output have to be even.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        outputs, inputs, side, _ = convolution.weight.shape
        assert convolution.stride == (1, 1)
        assert convolution.padding == (0, 0)
        assert convolution.bias is not None
        self.blocks = nn.Conv2d(
            inputs, outputs * BLOCK**2, kernel_size=side + BLOCK - 1, stride=BLOCK
        ).requires_grad_(False)
        self.blocks.weight.zero_()
        for row in range(BLOCK):
            for column in range(BLOCK):
                kernels = self.blocks.weight[row * BLOCK + column :: BLOCK**2]
                kernels[:, :, row : row + side, column : column + side] = convolution.weight
        self.blocks.bias = nn.Parameter(
            convolution.bias.repeat_interleave(BLOCK**2), requires_grad=False
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.blocks(x), BLOCK)


def make_lean(generator: Generator, matrix_fourier: bool) -> None:
    """Replace layers of a folded generator in place by faster ones that compute the same.

    Args:
        matrix_fourier: Whether Fourier units become matrix products, in the precision of the
            other layers.
    """
    last = generator.model[-1]
    assert isinstance(last, nn.Conv2d)
    generator.model[-1] = BlockConvolution(last)
    if matrix_fourier:
        for module in generator.modules():
            if isinstance(module, SpectralTransform):
                assert isinstance(module.fu, FourierUnit)
                module.fu = MatrixFourierUnit(module.fu)
