"""Strips leave no trace: the pixels are those of the whole tile, wherever it is cut."""

from itertools import pairwise

import pytest
import torch

from lacuna.network.lama.fold import fold_batch_norms
from lacuna.network.lama.generator import Generator
from lacuna.network.lama.lean import make_lean
from lacuna.network.lama.strips import LEAST_ROWS, cut_into_strips, strip_rows

FLOAT32_ROUNDING = 2e-5


def prepared(generator):
    copy = Generator(4, 2).eval().requires_grad_(False)
    copy.load_state_dict(generator.state_dict())
    fold_batch_norms(copy)
    make_lean(copy, matrix_fourier=False)
    return copy


@pytest.mark.parametrize(("height", "width"), [(32, 32), (40, 48), (72, 32), (136, 40)])
def test_striped_generator_computes_the_same_pixels(height, width, generator):
    whole, striped = prepared(generator), prepared(generator)
    cut_into_strips(striped, strip_px=1)
    planes = torch.rand(2, 4, height, width)

    with torch.inference_mode():
        expected, pixels = whole(planes), striped(planes)

    torch.testing.assert_close(pixels, expected, atol=FLOAT32_ROUNDING, rtol=0)


@pytest.mark.parametrize("height", range(8, 400, 8))
@pytest.mark.parametrize("strip_px", [1, 3000, 10**9])
def test_strips_cover_all_rows_once_and_none_is_thinner_than_the_padding(height, strip_px):
    strips = strip_rows(height, 64, strip_px)

    assert strips[0][0] == 0
    assert strips[-1][1] == height
    assert all(before[1] == after[0] for before, after in pairwise(strips))
    assert all(end - start >= 8 and start % 8 == 0 for start, end in strips)
    assert all(end - start >= LEAST_ROWS for start, end in strips[:-1])
