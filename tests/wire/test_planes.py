"""The bounds of a mask, whoever has it."""

import numpy as np
import pytest

from lacuna_wire import Rect
from lacuna_wire.planes import nonzero_bounds


@pytest.mark.parametrize(
    ("points", "bounds"),
    [
        ([], Rect(0, 0, 0, 0)),
        ([(0, 0)], Rect(0, 0, 1, 1)),
        ([(6, 4)], Rect(6, 4, 1, 1)),
        ([(6, 0), (0, 4)], Rect(0, 0, 7, 5)),
        ([(2, 1), (4, 3)], Rect(2, 1, 3, 3)),
    ],
    ids=["nothing", "first pixel", "last pixel", "far corners", "inside"],
)
def test_bounds_hold_every_selected_pixel_and_no_empty_side(points, bounds):
    mask = np.zeros((5, 7), np.uint8)
    for x, y in points:
        mask[y, x] = 1

    assert nonzero_bounds(mask.tobytes(), 7) == bounds


def test_bounds_are_right_for_any_mask():
    random = np.random.default_rng(4)
    for _ in range(200):
        height, width = random.integers(1, 9, 2)
        mask = (random.random((height, width)) < 0.2).astype(np.uint8)
        rows, columns = np.nonzero(mask)
        expected = Rect(0, 0, 0, 0)
        if len(rows):
            expected = Rect.from_edges(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert nonzero_bounds(mask.tobytes(), int(width)) == expected
