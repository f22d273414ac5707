"""TIFF: a window costs its strips or tiles, and a copy is the same file but for the patches."""

import itertools
import struct
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.files import open_picture
from lacuna_wire.errors import LacunaError
from lacuna_wire.rect import Rect
from tests.files.pictures import (
    CHANNELS,
    DTYPES,
    ICC,
    load,
    noise,
    patched,
    read_by_pillow,
    resources_of_photoshop,
    smooth,
)

RECT = Rect(11, 5, 17, 23)
SHAPES = {"strips": {"rowsperstrip": 7}, "one strip": {}, "tiles": {"tile": (16, 32)}}
COMPRESSIONS = [None, "lzw", "deflate", "zstd", "packbits", "lzma"]


def write(path, pixels, **options):
    """Write (h, w, channels) by tifffile, with straight alpha unless `options` say otherwise."""
    channels = pixels.shape[2]
    if channels in (2, 4):
        options.setdefault("extrasamples", ["unassalpha"])
    options.setdefault("photometric", "rgb" if channels > 2 else "minisblack")
    options.setdefault("planarconfig", "contig")
    if channels == 1:
        pixels = pixels[..., 0]
        del options["planarconfig"]
    elif options["planarconfig"] == "separate":
        pixels = np.moveaxis(pixels, -1, 0)
    tifffile.imwrite(path, pixels, **options)


def read(path):
    """All pixels (h, w, channels) by tifffile, in the layout of `write`."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        pixels = page.asarray()
        if page.samplesperpixel > 1 and page.planarconfig == 2:
            pixels = np.moveaxis(pixels, 0, -1)
        return pixels.reshape(page.imagelength, page.imagewidth, -1)


def raw_segments(path):
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        return [
            data[at : at + count]
            for at, count in zip(page.dataoffsets, page.databytecounts, strict=True)
        ]


def tags(path):
    with tifffile.TiffFile(path) as tiff:
        return {tag.code: (tag.count, tag.value) for tag in tiff.pages.first.tags}


def check_copy(tmp_path, pixels, **options):
    """Patch a file, and compare pixels inside and outside with a reader that is not ours."""
    write(tmp_path / "in.tif", pixels, **options)
    rng = np.random.default_rng(3)
    patch = pixels[RECT.slices].copy()
    flat = patch.reshape(-1, pixels.shape[2])
    rng.shuffle(flat)
    picture = open_picture(tmp_path / "in.tif")
    np.testing.assert_array_equal(picture.read(RECT), pixels[RECT.slices])

    picture.save(tmp_path / "out.tif", [(RECT, patch)])

    np.testing.assert_array_equal(read(tmp_path / "out.tif"), patched(pixels, (RECT, patch)))
    np.testing.assert_array_equal(open_picture(tmp_path / "out.tif").read(RECT), patch)
    return picture


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sample", DTYPES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_every_layout_in_strips_and_tiles(tmp_path, channels, sample, shape):
    picture = check_copy(tmp_path, noise(channels, sample), **SHAPES[shape])

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
        tmp_path, noise("RGB", sample), compression=compression, predictor=predictor,
        byteorder=byteorder, tile=(16, 32),
    )  # fmt: skip


@pytest.mark.parametrize("compression", [None, "lzw"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("big", [False, True])
def test_separate_planes_and_bigtiff(tmp_path, compression, shape, big):
    check_copy(
        tmp_path, noise("RGBA", "u16"), planarconfig="separate", bigtiff=big,
        compression=compression, **SHAPES[shape],
    )  # fmt: skip
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert tiff.is_bigtiff is big


def test_pillow_reads_what_was_patched(tmp_path):
    """A third reader (libtiff) for the compressions that everyone uses."""
    for compression in ("lzw", "deflate", "zstd", "packbits", None):
        check_copy(tmp_path, noise("RGB", "u8"), compression=compression, rowsperstrip=7)
        np.testing.assert_array_equal(
            read_by_pillow(tmp_path / "out.tif"), read(tmp_path / "out.tif")
        )


@settings(deadline=None)
@given(data=st.data())
def test_any_rectangles_in_any_tiles(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    pixels = noise("RGB", "u8", 41, 55)
    tile = data.draw(st.sampled_from([(16, 16), (16, 48), (64, 64), None]))
    compression = data.draw(st.sampled_from([None, "deflate"]))
    rows = None if tile else data.draw(st.integers(1, 41))
    write(folder / "any.tif", pixels, tile=tile, rowsperstrip=rows, compression=compression)
    patches = []
    for seed in (5, 6, 7):
        left, top = data.draw(st.integers(0, 54)), data.draw(st.integers(0, 40))
        width, height = data.draw(st.integers(0, 55 - left)), data.draw(st.integers(0, 41 - top))
        patches.append((Rect(left, top, width, height), noise("RGB", "u8", height, width, seed)))

    picture = open_picture(folder / "any.tif")
    for rect, _ in patches:
        np.testing.assert_array_equal(picture.read(rect), pixels[rect.slices])
    picture.save(folder / "copy.tif", patches)

    np.testing.assert_array_equal(read(folder / "copy.tif"), patched(pixels, *patches))


def test_copy_without_patches_is_the_same_file(tmp_path):
    write(tmp_path / "in.tif", noise("RGB", "u16"), compression="lzw", iccprofile=ICC)

    open_picture(tmp_path / "in.tif").save(tmp_path / "out.tif", [])

    assert (tmp_path / "in.tif").read_bytes() == (tmp_path / "out.tif").read_bytes()


def test_segments_that_no_patch_touches_keep_their_bytes_and_tags_their_values(tmp_path):
    """Also private tags, which nobody needs to understand."""
    write(
        tmp_path / "in.tif", noise("RGB", "u8", 64, 64), compression="deflate", predictor=True,
        tile=(16, 16), iccprofile=ICC, resolution=(240, 240), software="a scanner",
        extratags=[(65000, 7, 9, b"private \0", True), (700, 1, 6, b"<xmp/>", True)],
    )  # fmt: skip
    rect = Rect(16, 16, 16, 16)

    open_picture(tmp_path / "in.tif").save(
        tmp_path / "out.tif", [(rect, noise("RGB", "u8", 16, 16))]
    )

    before, after = raw_segments(tmp_path / "in.tif"), raw_segments(tmp_path / "out.tif")
    assert [n for n in range(16) if before[n] != after[n]] == [5]
    of_segments = {324, 325}
    expected = tags(tmp_path / "in.tif")
    for code, value in tags(tmp_path / "out.tif").items():
        assert code in of_segments or value == expected.pop(code)
    assert set(expected) == of_segments


def test_segment_that_grows_moves_to_the_end_and_leaves_nothing_behind(tmp_path):
    """Lengths were 16-bit numbers and no longer fit."""
    flat = np.zeros((256, 256, 3), np.uint8)
    flat[40:60, 40:60] = np.frombuffer(b"removed object!", np.uint8)[:3]
    write(tmp_path / "in.tif", flat, compression="deflate", tile=(256, 256))
    assert tags(tmp_path / "in.tif")[325][0] == 1
    grain = noise("RGB", "u8", 256, 256)
    segment = raw_segments(tmp_path / "in.tif")[0]

    picture = open_picture(tmp_path / "in.tif")
    picture.save(tmp_path / "out.tif", [(Rect(0, 0, 256, 256), grain)])

    np.testing.assert_array_equal(read(tmp_path / "out.tif"), grain)
    assert segment not in (tmp_path / "out.tif").read_bytes()
    assert len(raw_segments(tmp_path / "out.tif")[0]) > 65_535


def test_segment_that_shrinks_is_blanked_behind_its_new_end(tmp_path):
    grain = noise("RGB", "u8", 64, 64)
    write(tmp_path / "in.tif", grain, compression="deflate", tile=(64, 64))
    tail = raw_segments(tmp_path / "in.tif")[0][-200:]

    picture = open_picture(tmp_path / "in.tif")
    picture.save(tmp_path / "out.tif", [(Rect(0, 0, 64, 64), grain * 0)])

    assert tail not in (tmp_path / "out.tif").read_bytes()
    assert not read(tmp_path / "out.tif").any()


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_tiles_that_share_their_data_are_parted(tmp_path, compression):
    """Some writers store equal tiles once; a patch in one must not show in the other."""
    write(tmp_path / "in.tif", np.full((32, 32, 3), 9, np.uint8), compression=compression,
          tile=(16, 16))  # fmt: skip
    with tifffile.TiffFile(tmp_path / "in.tif", mode="r+") as tiff:
        first = tiff.pages.first
        first.tags[324].overwrite([first.dataoffsets[0]] * 4)
        first.tags[325].overwrite([first.databytecounts[0]] * 4)
    patch = noise("RGB", "u8", 8, 8)

    picture = open_picture(tmp_path / "in.tif")
    picture.save(tmp_path / "out.tif", [(Rect(20, 4, 8, 8), patch)])

    expected = patched(np.full((32, 32, 3), 9, np.uint8), (Rect(20, 4, 8, 8), patch))
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), expected)


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_tiles_that_were_never_written_are_zeros_until_patched(tmp_path, compression):
    write(tmp_path / "in.tif", np.full((32, 32, 3), 9, np.uint8), compression=compression,
          tile=(16, 16))  # fmt: skip
    with tifffile.TiffFile(tmp_path / "in.tif", mode="r+") as tiff:
        first = tiff.pages.first
        first.tags[324].overwrite([*first.dataoffsets[:3], 0])
        first.tags[325].overwrite([*first.databytecounts[:3], 0])
    patch = noise("RGB", "u8", 8, 8)

    picture = open_picture(tmp_path / "in.tif")
    assert not picture.read(Rect(16, 16, 16, 16)).any()
    picture.save(tmp_path / "out.tif", [(Rect(20, 20, 8, 8), patch)])

    expected = np.full((32, 32, 3), 9, np.uint8)
    expected[16:, 16:] = 0
    expected[20:28, 20:28] = patch
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), expected)


@pytest.mark.parametrize("sample", DTYPES)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_premultiplied_alpha_is_handed_out_straight_and_rounds_no_pixel_that_stays(
    tmp_path, sample, planar, compression
):
    """Even pixels that are brighter than their alpha, which dividing and multiplying would lose."""
    stored = noise("RGBA", sample)
    stored[:10, :, 3] = 0
    write(tmp_path / "in.tif", stored, extrasamples=["assocalpha"], planarconfig=planar,
          tile=(16, 16), compression=compression)  # fmt: skip
    picture = open_picture(tmp_path / "in.tif")
    whole = Rect(0, 0, 53, 37)
    seen = picture.read(whole)
    assert not seen[:10, :, :3].any()

    picture.save(tmp_path / "same.tif", [(whole, seen)])
    edited = seen.copy()
    edited[20, 20] = edited.max(axis=(0, 1))
    picture.save(tmp_path / "out.tif", [(whole, edited)])

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
    stored = noise("GRAY", sample)
    write(tmp_path / "in.tif", stored, photometric="miniswhite", compression=compression)
    picture = open_picture(tmp_path / "in.tif")
    np.testing.assert_array_equal(picture.read(RECT), ~stored[RECT.slices])

    patch = noise("GRAY", sample, RECT.height, RECT.width, seed=2)
    picture.save(tmp_path / "out.tif", [(RECT, patch)])

    np.testing.assert_array_equal(read(tmp_path / "out.tif"), patched(stored, (RECT, ~patch)))
    assert tags(tmp_path / "out.tif")[262][1] == 0


@pytest.mark.parametrize("photometric", ["rgb", "ycbcr", "minisblack"])
@pytest.mark.parametrize("subsampling", [(1, 1), (2, 2)])
def test_jpeg_in_tiff_changes_only_tiles_under_the_patch(tmp_path, photometric, subsampling):
    pixels = smooth(128, 192, 1 if photometric == "minisblack" else 3)
    options = {"subsampling": subsampling} if photometric == "ycbcr" else {}
    write(tmp_path / "in.tif", pixels, photometric=photometric, compression="jpeg",
          compressionargs={"level": 90}, tile=(64, 64), **options)  # fmt: skip
    before = read(tmp_path / "in.tif")
    rect = Rect(68, 68, 20, 20)

    picture = open_picture(tmp_path / "in.tif")
    assert picture.lossy
    np.testing.assert_array_equal(picture.read(rect), before[rect.slices])
    patch = np.full((20, 20, pixels.shape[2]), 180, np.uint8)
    picture.save(tmp_path / "out.tif", [(rect, patch)])

    old, new = raw_segments(tmp_path / "in.tif"), raw_segments(tmp_path / "out.tif")
    assert [n for n in range(6) if old[n] != new[n]] == [4]
    for after in (read(tmp_path / "out.tif"), read_by_pillow(tmp_path / "out.tif")):
        assert np.abs(after[rect.grow(-4).slices].astype(int) - 180).max() <= 12
    # Of the tile under the patch, blocks that the patch does not reach are only coded again.
    same = (read(tmp_path / "out.tif") == before)[96:, 64:128]
    assert same.mean() > 0.75


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("where", ["pages", "sub pages"])
def test_smaller_copies_go_because_they_show_what_was_removed(tmp_path, where, big):
    pixels = noise("RGB", "u8", 64, 64)
    small = np.ascontiguousarray(pixels[::2, ::2])
    options = {"photometric": "rgb", "tile": (16, 16), "metadata": None}
    with tifffile.TiffWriter(tmp_path / "in.tif", bigtiff=big) as tiff:
        tiff.write(pixels, subifds=1 if where == "sub pages" else 0, software="kept", **options)
        tiff.write(small, subfiletype=1, **options)
    rect = Rect(4, 4, 8, 8)

    picture = open_picture(tmp_path / "in.tif")
    picture.save(tmp_path / "out.tif", [(rect, noise("RGB", "u8", 8, 8, 2))])

    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert len(tiff.pages) == 1
        assert 330 not in tiff.pages.first.tags
        assert tiff.pages.first.tags[305].value == "kept"
    assert small[:16, :16].tobytes() not in (tmp_path / "out.tif").read_bytes()
    expected = patched(pixels, (rect, noise("RGB", "u8", 8, 8, 2)))
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), expected)
    assert load(tmp_path / "out.tif").n_frames == 1


def test_preview_of_photoshop_is_left_out(tmp_path):
    resources = resources_of_photoshop(b"what was removed")
    write(tmp_path / "in.tif", noise("RGB", "u8"),
          extratags=[(34377, 1, len(resources), resources, True)])  # fmt: skip

    open_picture(tmp_path / "in.tif").save(tmp_path / "out.tif", [])

    assert b"what was removed" not in (tmp_path / "out.tif").read_bytes()
    kept = bytes(tags(tmp_path / "out.tif")[34377][1])
    assert kept.startswith(b"8BIM")
    assert bytes(range(16)) in kept


def test_copy_of_a_cloud_optimised_tiff_no_longer_promises_its_order(tmp_path):
    write(tmp_path / "in.tif", noise("RGB", "u8"))
    data = (tmp_path / "in.tif").read_bytes()
    promise = b"LAYOUT=IFDS_BEFORE_DATA\nKNOWN_INCOMPATIBLE_EDITION=NO\n "
    at = struct.unpack("<I", data[4:8])[0]
    # Stands right behind the header, so the directory is moved to the end here.
    padded = data[:4] + struct.pack("<I", len(data) + len(promise) + 1)
    moved = bytearray(padded + promise + data[8:])
    moved += bytes(len(moved) % 2)
    moved[4:8] = struct.pack("<I", len(moved))
    (count,) = struct.unpack_from("<H", data, at)
    rows = bytearray(data[at : at + 2 + 12 * count + 4])
    for row in range(2, len(rows) - 4, 12):
        tag, kind, number, value = struct.unpack_from("<HHII", rows, row)
        size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}[kind] * number
        if size > 4 or tag == 273:
            struct.pack_into("<I", rows, row + 8, value + len(promise))
    (tmp_path / "in.tif").write_bytes(moved + rows)

    open_picture(tmp_path / "in.tif").save(
        tmp_path / "out.tif", [(RECT, noise("RGB", "u8", RECT.height, RECT.width))]
    )

    assert b"KNOWN_INCOMPATIBLE_EDITION=YES\n" in (tmp_path / "out.tif").read_bytes()[:100]


def test_picture_may_be_saved_over_itself(tmp_path):
    pixels = noise("RGB", "u16")
    write(tmp_path / "in.tif", pixels, compression="lzw")
    patch = noise("RGB", "u16", RECT.height, RECT.width, seed=2)

    open_picture(tmp_path / "in.tif").save(tmp_path / "in.tif", [(RECT, patch)])

    np.testing.assert_array_equal(read(tmp_path / "in.tif"), patched(pixels, (RECT, patch)))
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_classic_tiff_that_would_grow_over_its_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lacuna.files.tiff_patch._MAX_CLASSIC_BYTES", 20_000)
    write(tmp_path / "in.tif", np.zeros((256, 256, 3), np.uint8), compression="deflate")
    picture = open_picture(tmp_path / "in.tif")

    with pytest.raises(LacunaError, match="BigTIFF") as refusal:
        picture.save(tmp_path / "out.tif", [(Rect(0, 0, 256, 256), noise("RGB", "u8", 256, 256))])
    assert refusal.value.code == "too_large"
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


MEASURE = """
import resource, sys
from pathlib import Path
import numpy as np
from lacuna.files import open_picture
from lacuna_wire.rect import Rect

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

source, out = map(Path, sys.argv[1:])
rect = Rect(5000, 5000, 300, 300)
warm = open_picture(source).read(Rect(0, 0, 16, 16))
before = peak()
picture = open_picture(source)
window = picture.read(rect)
picture.save(out, [(rect, window ^ 255)])
print(peak() - before)
"""


@pytest.mark.parametrize(
    "options",
    [
        {"tile": (512, 512), "compression": "zstd"},
        {"tile": (512, 512)},
        {"rowsperstrip": 12_000},
    ],
    ids=["compressed tiles", "plain tiles", "one plain strip"],
)
def test_memory_is_set_by_the_window_not_by_the_picture(tmp_path, options):
    """12,000 x 12,000 px are 432 MB; what is allowed on top of the libraries is 24 MB."""
    side = 12_000
    tile = options.get("tile", (side, side))
    rng = np.random.default_rng(4)
    # One pattern repeated: quick to make, and nothing here compresses whole pictures.
    pattern = rng.integers(0, 255, (*tile, 3), dtype=np.uint8) if tile[0] < side else None
    if pattern is None:
        row = rng.integers(0, 255, (1, side, 3), dtype=np.uint8)
        data = np.broadcast_to(row, (side, side, 3))
    else:
        count = (-(-side // tile[0])) ** 2
        data = itertools.repeat(pattern, count)
    tifffile.imwrite(
        tmp_path / "in.tif", data, shape=(side, side, 3), dtype=np.uint8, photometric="rgb",
        **options,
    )  # fmt: skip

    grown = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "in.tif"), str(tmp_path / "out.tif")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    assert int(grown.stdout) < 24_000_000
    rect = Rect(5000, 5000, 300, 300)
    before, after = (open_picture(tmp_path / name).read(rect) for name in ("in.tif", "out.tif"))
    np.testing.assert_array_equal(after, before ^ 255)
    for path in tmp_path.iterdir():
        path.unlink()  # almost a gigabyte
