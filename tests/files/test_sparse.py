"""A mask in blocks equals the same mask in one piece, whatever is read of it."""

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.files import read_mask
from lacuna.files.sparse import BLOCK_PX, SparseMask
from lacuna_wire import Rect

HEIGHT, WIDTH = 700, 900
rects = st.builds(
    Rect.from_edges,
    st.integers(0, WIDTH),
    st.integers(0, HEIGHT),
    st.integers(0, WIDTH),
    st.integers(0, HEIGHT),
)


def draw(parts):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number, rect in enumerate(parts):
        mask[rect.slices] = 255 if number % 3 else 40 + number  # hard ones and soft ones
    return mask


def bounds(mask):
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return Rect(0, 0, 0, 0)
    return Rect.from_edges(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(rects, max_size=6), st.integers(20, 400), st.integers(40, 900), rects)
def test_every_rectangle_is_that_of_the_array(parts, rows, columns, seen):
    """However the pieces lie that it is put together from."""
    dense, mask = draw(parts), SparseMask(HEIGHT, WIDTH)
    for top in range(0, HEIGHT, rows):
        for left in range(0, WIDTH, columns):
            piece = Rect(left, top, columns, rows).intersect(mask.rect)
            mask.put(piece, dense[piece.slices])

    np.testing.assert_array_equal(mask[seen.slices], dense[seen.slices])
    np.testing.assert_array_equal(mask[mask.rect.slices], dense)
    assert mask.bounds() == bounds(dense)
    assert mask.is_all_selected() == dense.all()
    assert mask.count() == np.count_nonzero(dense)
    assert mask.highest() == dense.max()


KINDS = {
    "strips": {"rowsperstrip": 37},
    "one plain strip": {"rowsperstrip": HEIGHT},
    "compressed strips": {"rowsperstrip": 50, "compression": "zlib"},
    "one compressed strip": {"rowsperstrip": HEIGHT, "compression": "lzw"},
    "tiles": {"tile": (64, 128)},
    "compressed tiles": {"tile": (128, 64), "compression": "zstd"},
    "big": {"bigtiff": True, "tile": (256, 256), "compression": "zlib"},
    "big endian": {"byteorder": ">", "rowsperstrip": 60},
    "16 bits": {"dtype": np.uint16, "rowsperstrip": 20, "byteorder": ">"},
    "floats": {"dtype": np.float32, "tile": (64, 64), "predictor": 3, "compression": "zlib"},
    "planes": {"planarconfig": "separate", "photometric": "rgb", "rowsperstrip": 90},
    "alpha": {"extrasamples": ["unassalpha"], "tile": (96, 96)},
}


@settings(max_examples=3, deadline=None)
@given(parts=st.lists(rects, min_size=1, max_size=5))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_mask_of_a_tiff_is_what_tifffile_reads_as_a_whole(
    tmp_path_factory, parts, kind, orientation
):
    path = tmp_path_factory.mktemp("masks") / "mask.tif"
    dense = draw(parts)
    dense[3, 5] = 255  # never faint
    options = {"photometric": "minisblack", **KINDS[kind]}
    samples = dense
    dtype = options.pop("dtype", np.uint8)
    if dtype == np.uint16:
        samples = dense.astype(np.uint16) * 257
    if dtype == np.float32:
        samples = dense.astype(np.float32) / 255
    if kind == "planes":
        samples = np.stack([dense, dense // 2, dense // 3])
    if kind == "alpha":
        samples = np.stack([255 - dense, dense], axis=2)
    tifffile.imwrite(path, samples, extratags=[(274, 3, 1, orientation, True)], **options)

    mask = read_mask(path)

    seen = dense if orientation == 1 else np.rot90(dense, -1)
    if kind == "alpha" and dense.all() and dense.min() == 255:
        seen = 255 - seen  # opaque: what is painted counts
    np.testing.assert_array_equal(mask[mask.rect.slices], seen)


def test_what_is_all_or_nothing_takes_no_memory():
    mask = SparseMask(40 * BLOCK_PX, 40 * BLOCK_PX)
    for top in range(0, 40 * BLOCK_PX, 100):
        band = Rect(0, top, 40 * BLOCK_PX, 100).intersect(mask.rect)
        half = np.zeros((band.height, band.width), np.uint8)
        half[:, 20 * BLOCK_PX :] = 255
        mask.put(band, half)

    assert mask.held_bytes == 0
    assert mask[0:1, 0 : 40 * BLOCK_PX].sum() == 20 * BLOCK_PX * 255
