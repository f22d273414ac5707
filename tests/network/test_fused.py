"""Blocks with sums and activations inside their convolutions compute what they replace."""

import copy

import pytest
import torch

from lacuna.network.architectures import lama
from lacuna.network.architectures.lama.fold import fold_batch_norms
from lacuna.network.architectures.lama.fused import (
    FusedBlock,
    FusedConvolution,
    fuse_blocks,
)
from lacuna.network.architectures.lama.lean import make_lean
from lacuna.network.device import has_post_ops, traits_of

FLOAT32_ROUNDING = 2e-5
BFLOAT16_STEP = 1 / 128  # of values up to 1
CPU = torch.device("cpu")

pytestmark = pytest.mark.skipif(not has_post_ops(torch.float32), reason="no oneDNN in this PyTorch")


def plain_and_fused(generator, precision):
    plain = copy.deepcopy(generator).eval().requires_grad_(False)
    fold_batch_norms(plain)
    make_lean(plain, matrix_fourier=precision == torch.bfloat16)
    plain.to(precision).to(memory_format=torch.channels_last)
    fused = copy.deepcopy(plain)
    fuse_blocks(fused)
    return plain, fused


@pytest.mark.parametrize(
    ("precision", "atol"),
    [(torch.float32, FLOAT32_ROUNDING), (torch.bfloat16, BFLOAT16_STEP)],
)
def test_fused_generator_computes_the_same_pixels_for_sizes_in_turns(generator, precision, atol):
    if not has_post_ops(precision):
        pytest.skip(f"this processor has no {precision}")
    plain, fused = plain_and_fused(generator, precision)

    with torch.inference_mode():
        for size in ((2, 4, 40, 56), (1, 4, 64, 64), (2, 4, 40, 56)):
            planes = torch.rand(size).to(precision)
            torch.testing.assert_close(fused(planes), plain(planes), atol=atol, rtol=0)


def test_what_comes_in_is_left_as_it_is_and_comes_out_the_same_again(generator):
    _, fused = plain_and_fused(generator, torch.float32)
    planes = torch.rand(1, 4, 48, 32)
    before = planes.clone()

    with torch.inference_mode():
        first, second = fused(planes), fused(planes)

    assert torch.equal(planes, before)
    assert torch.equal(first, second)


def test_sum_is_clamped_at_zero_and_only_the_sum():
    convolution = torch.nn.Conv2d(3, 5, 3).requires_grad_(False)
    x, total = torch.randn(1, 3, 9, 9), torch.randn(1, 5, 7, 7)
    last = torch.channels_last
    x, total = x.contiguous(memory_format=last), total.contiguous(memory_format=last)
    expected = (total + convolution(x)).relu()

    with torch.inference_mode():
        added = FusedConvolution(convolution).add_to(total, x)

    torch.testing.assert_close(added, expected, atol=FLOAT32_ROUNDING, rtol=0)
    assert (expected == 0).any()


def test_a_processor_gets_fused_blocks(generator):
    prepared = lama.prepare(copy.deepcopy(generator), traits_of(CPU, torch.float32))

    assert sum(isinstance(layer, FusedBlock) for layer in prepared.model) == 2
