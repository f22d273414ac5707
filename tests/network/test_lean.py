"""What is made fast computes what it replaces."""

import pytest
import torch

from lacuna.network.architectures.lama.ffc import FourierUnit
from lacuna.network.architectures.lama.fold import fold_batch_norms
from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.architectures.lama.lean import (
    BlockConvolution,
    MatrixFourierUnit,
    make_lean,
    transforms,
)

FLOAT32_ROUNDING = 2e-5


def folded(generator):
    copy = Generator(4, 2).eval().requires_grad_(False)
    copy.load_state_dict(generator.state_dict())
    fold_batch_norms(copy)
    return copy


@pytest.mark.parametrize(("height", "width"), [(4, 4), (5, 4), (4, 7), (9, 5), (16, 40), (64, 1)])
def test_matrix_products_mix_like_the_fourier_unit_on_even_and_odd_sides(height, width):
    unit = FourierUnit(3).eval().requires_grad_(False)
    unit.bn = torch.nn.Identity()
    unit.conv_layer.bias = torch.nn.Parameter(torch.randn(6), requires_grad=False)
    x = torch.randn(2, 3, height, width)

    torch.testing.assert_close(MatrixFourierUnit(unit)(x), unit(x), atol=FLOAT32_ROUNDING, rtol=0)


def test_transforms_there_and_back_are_the_identity():
    rows, columns, columns_back, rows_back = transforms(12, 10, torch.float64, torch.device("cpu"))
    x = torch.randn(12, 10, 3, dtype=torch.float64)

    spectrum = columns @ torch.matmul(rows, x).view(24, 18)
    back = torch.matmul(rows_back, (columns_back @ spectrum).view(12, 12, 3))

    torch.testing.assert_close(back, x)
    expected = torch.fft.rfft2(x, dim=(0, 1), norm="ortho").flatten(1)
    torch.testing.assert_close(spectrum, torch.cat([expected.real, expected.imag]))


def test_block_convolution_is_the_convolution():
    plain = torch.nn.Conv2d(5, 3, kernel_size=7).requires_grad_(False)
    x = torch.randn(2, 5, 16, 12)

    torch.testing.assert_close(BlockConvolution(plain)(x), plain(x), atol=FLOAT32_ROUNDING, rtol=0)


@pytest.mark.parametrize("matrix_fourier", [False, True])
def test_lean_generator_computes_the_same_pixels(matrix_fourier, generator):
    plain, lean = folded(generator), folded(generator)
    make_lean(lean, matrix_fourier)
    planes = torch.rand(2, 4, 40, 56)

    with torch.inference_mode():
        torch.testing.assert_close(lean(planes), plain(planes), atol=FLOAT32_ROUNDING, rtol=0)
    units = [module for module in lean.modules() if isinstance(module, MatrixFourierUnit)]
    assert len(units) == (4 if matrix_fourier else 0)


def test_a_batch_is_filled_like_its_tiles_one_by_one(generator):
    lean = folded(generator)
    make_lean(lean, matrix_fourier=True)
    planes = torch.rand(3, 4, 32, 40)

    with torch.inference_mode():
        alone = torch.cat([lean(one[None]) for one in planes])
        torch.testing.assert_close(lean(planes), alone, atol=FLOAT32_ROUNDING, rtol=0)
