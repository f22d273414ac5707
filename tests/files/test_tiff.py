"""TIFF: a window costs its strips or tiles, and a copy is the same file but for the edits."""

import itertools

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.files import open_picture, save_picture
from lacuna_wire.rect import Rect
from tests.files.pictures import (
    CHANNELS,
    DTYPES,
    edited,
    noise_of,
    read_by_pillow,
    smooth,
)
from tests.files.tiffs import raw_segments, read, tags, write

RECT = Rect(11, 5, 17, 23)
SHAPES = {"strips": {"rowsperstrip": 7}, "one strip": {}, "tiles": {"tile": (16, 32)}}
COMPRESSIONS = [None, "lzw", "deflate", "zstd", "packbits", "lzma"]


def check_copy(tmp_path, pixels, **options):
    """Edit a file, and compare pixels inside and outside with a reader that is not ours."""
    write(tmp_path / "in.tif", pixels, **options)
    rng = np.random.default_rng(3)
    new = pixels[RECT.slices].copy()
    flat = new.reshape(-1, pixels.shape[2])
    rng.shuffle(flat)
    picture = open_picture(tmp_path / "in.tif")
    np.testing.assert_array_equal(picture.read(RECT), pixels[RECT.slices])

    save_picture(picture, tmp_path / "out.tif", [(RECT, new)])

    np.testing.assert_array_equal(read(tmp_path / "out.tif"), edited(pixels, (RECT, new)))
    np.testing.assert_array_equal(open_picture(tmp_path / "out.tif").read(RECT), new)
    return picture


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sample", DTYPES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_every_layout_in_strips_and_tiles(tmp_path, channels, sample, shape):
    picture = check_copy(tmp_path, noise_of(channels, sample), **SHAPES[shape])

    assert picture.layout == (channels, sample, "linear" if sample[0] == "f" else "srgb")
    assert not picture.lossy


@pytest.mark.parametrize(
    ("compression", "predictor", "byteorder", "sample"),
    [
        (compression, predictor, byteorder, sample)
        for compression, predictor, byteorder, sample in itertools.product(
            COMPRESSIONS, [False, True], "<>", DTYPES
        )
        if compression or not predictor
        if compression != "packbits" or not predictor
    ],
)
def test_every_compression_with_and_without_predictor(
    tmp_path, compression, predictor, byteorder, sample
):
    check_copy(
        tmp_path, noise_of("RGB", sample), compression=compression, predictor=predictor,
        byteorder=byteorder, tile=(16, 32),
    )  # fmt: skip


@pytest.mark.parametrize("compression", [None, "lzw"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("big", [False, True])
def test_separate_planes_and_bigtiff(tmp_path, compression, shape, big):
    check_copy(
        tmp_path, noise_of("RGBA", "u16"), planarconfig="separate", bigtiff=big,
        compression=compression, **SHAPES[shape],
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert tiff.is_bigtiff is big


def test_pillow_reads_what_was_edited(tmp_path):
    """A third reader (libtiff) for the compressions that everyone uses."""
    for compression in ("lzw", "deflate", "zstd", "packbits", None):
        check_copy(tmp_path, noise_of("RGB", "u8"), compression=compression, rowsperstrip=7)
        np.testing.assert_array_equal(
            read_by_pillow(tmp_path / "out.tif"), read(tmp_path / "out.tif")
        )


@settings(deadline=None)
@given(data=st.data())
def test_any_rectangles_in_any_tiles(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    pixels = noise_of("RGB", "u8", 41, 55)
    tile = data.draw(st.sampled_from([(16, 16), (16, 48), (64, 64), None]))
    compression = data.draw(st.sampled_from([None, "deflate"]))
    rows = None if tile else data.draw(st.integers(1, 41))
    write(folder / "any.tif", pixels, tile=tile, rowsperstrip=rows, compression=compression)
    edits = []
    for seed in (5, 6, 7):
        left, top = data.draw(st.integers(0, 54)), data.draw(st.integers(0, 40))
        width, height = data.draw(st.integers(0, 55 - left)), data.draw(st.integers(0, 41 - top))
        edits.append((Rect(left, top, width, height), noise_of("RGB", "u8", height, width, seed)))

    picture = open_picture(folder / "any.tif")
    for rect, _ in edits:
        np.testing.assert_array_equal(picture.read(rect), pixels[rect.slices])
    save_picture(picture, folder / "copy.tif", edits)

    np.testing.assert_array_equal(read(folder / "copy.tif"), edited(pixels, *edits))


@pytest.mark.parametrize("sample", DTYPES)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_premultiplied_alpha_is_handed_out_straight_and_rounds_no_pixel_that_stays(
    tmp_path, sample, planar, compression
):
    """Even pixels that are brighter than their alpha, which dividing and multiplying would lose."""
    stored = noise_of("RGBA", sample)
    stored[:10, :, 3] = 0
    write(tmp_path / "in.tif", stored, extrasamples=["assocalpha"], planarconfig=planar,
          tile=(16, 16), compression=compression)  # fmt: skip
    picture = open_picture(tmp_path / "in.tif")
    whole = Rect(0, 0, 53, 37)
    seen = picture.read(whole)
    assert not seen[:10, :, :3].any()

    save_picture(picture, tmp_path / "same.tif", [(whole, seen)])
    edited = seen.copy()
    edited[20, 20] = edited.max(axis=(0, 1))
    save_picture(picture, tmp_path / "out.tif", [(whole, edited)])

    np.testing.assert_array_equal(read(tmp_path / "same.tif"), stored)
    after = read(tmp_path / "out.tif")
    changed = (after != stored).any(axis=2)
    assert changed[20, 20]
    assert changed.sum() == 1
    np.testing.assert_array_equal(
        open_picture(tmp_path / "out.tif").read(whole)[20, 20], edited[20, 20]
    )


def test_straight_colours_are_the_nearest_ones(tmp_path):
    stored = np.array([[[30, 60, 100, 128], [255, 255, 255, 255], [1, 0, 1, 1]]], np.uint8)
    write(tmp_path / "in.tif", stored, extrasamples=["assocalpha"])

    seen = open_picture(tmp_path / "in.tif").read(Rect(0, 0, 3, 1))

    expected = [[60, 120, 199, 128], [255, 255, 255, 255], [255, 0, 255, 1]]
    np.testing.assert_array_equal(seen[0], expected)


@pytest.mark.parametrize("sample", ["u8", "u16"])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_grey_where_zero_is_white_is_handed_out_as_seen(tmp_path, sample, compression):
    stored = noise_of("GRAY", sample)
    write(tmp_path / "in.tif", stored, photometric="miniswhite", compression=compression)
    picture = open_picture(tmp_path / "in.tif")
    np.testing.assert_array_equal(picture.read(RECT), ~stored[RECT.slices])

    new = noise_of("GRAY", sample, RECT.height, RECT.width, seed=2)
    save_picture(picture, tmp_path / "out.tif", [(RECT, new)])

    np.testing.assert_array_equal(read(tmp_path / "out.tif"), edited(stored, (RECT, ~new)))
    assert tags(tmp_path / "out.tif")[262][1] == 0


@pytest.mark.parametrize("photometric", ["rgb", "ycbcr", "minisblack"])
@pytest.mark.parametrize("subsampling", [(1, 1), (2, 2)])
def test_jpeg_in_tiff_changes_only_tiles_under_the_edit(tmp_path, photometric, subsampling):
    pixels = smooth(128, 192, 1 if photometric == "minisblack" else 3)
    options = {"subsampling": subsampling} if photometric == "ycbcr" else {}
    write(tmp_path / "in.tif", pixels, photometric=photometric, compression="jpeg",
          compressionargs={"level": 90}, tile=(64, 64), **options)  # fmt: skip
    before = read(tmp_path / "in.tif")
    rect = Rect(68, 68, 20, 20)

    picture = open_picture(tmp_path / "in.tif")
    assert picture.lossy
    np.testing.assert_array_equal(picture.read(rect), before[rect.slices])
    new = np.full((20, 20, pixels.shape[2]), 180, np.uint8)
    save_picture(picture, tmp_path / "out.tif", [(rect, new)])

    old, new = raw_segments(tmp_path / "in.tif"), raw_segments(tmp_path / "out.tif")
    assert [n for n in range(6) if old[n] != new[n]] == [4]
    for after in (read(tmp_path / "out.tif"), read_by_pillow(tmp_path / "out.tif")):
        assert np.abs(after[rect.grow(-4).slices].astype(int) - 180).max() <= 12
    # Of the tile under the edit, blocks that the edit does not reach keep their coefficients.
    same = (read(tmp_path / "out.tif") == before)[97:, 64:128]
    assert same.all()
