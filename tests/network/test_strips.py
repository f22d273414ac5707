"""Strips leave no trace: the pixels are those of the whole tile, wherever it is cut."""

from itertools import pairwise, product

import pytest
import torch

from lacuna.network.architectures.lama.fold import fold_batch_norms
from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.architectures.lama.lean import make_lean
from lacuna.network.architectures.lama.strips import LEAST_ROWS, cut_into_strips, strip_rows
from lacuna_wire import Rect

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


def test_a_part_has_the_pixels_of_the_whole_tile_wherever_it_lies(generator):
    """Layers up look at few cells around: with fewer than they are given, edges would differ."""
    striped = prepared(generator)
    cut_into_strips(striped, strip_px=1)
    planes = torch.rand(2, 4, 80, 64)
    with torch.inference_mode():
        whole = striped(planes)
        for rows, columns in product(pairwise((0, 1, 4, 8, 10)), pairwise((0, 2, 5, 7, 8))):
            part = Rect.from_edges(columns[0], rows[0], columns[1], rows[1])
            expected = whole[..., *part.enlarge(8).slices]
            torch.testing.assert_close(
                striped(planes, part), expected, atol=FLOAT32_ROUNDING, rtol=0
            )


@pytest.mark.parametrize("height", range(8, 400, 8))
@pytest.mark.parametrize("strip_px", [1, 3000, 10**9])
def test_strips_cover_all_rows_once_and_none_is_thinner_than_the_padding(height, strip_px):
    strips = strip_rows(height, 64, strip_px)

    assert strips[0][0] == 0
    assert strips[-1][1] == height
    assert all(before[1] == after[0] for before, after in pairwise(strips))
    assert all(end - start >= 8 and start % 8 == 0 for start, end in strips)
    assert all(end - start >= LEAST_ROWS for start, end in strips[:-1])
