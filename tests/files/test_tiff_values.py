"""TIFF as maps, scans and presses have it: what is stored is no plain grey or RGB."""

import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from lacuna.files import (
    check_output,
    open_page,
    open_picture,
    page_count,
    save_pages,
    save_picture,
)
from lacuna_wire.errors import LacunaError
from lacuna_wire.rect import Rect
from tests.files.inks import ink_profile, inks, shown
from tests.files.pictures import noise_of, pillow, refusal_of, smooth
from tests.files.tiffs import raw_segments, read

WHOLE, RECT = Rect(0, 0, 53, 37), Rect(8, 4, 16, 12)
OUTSIDE = np.ones((37, 53), bool)
OUTSIDE[RECT.slices] = False
RGB = noise_of("RGB", "u8")
NODATA = (42113, "s", 0, "-9999", True)


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def filled_copy(path: Path, new=None):
    """Save a copy with another place of the picture in RECT, or `new`; what is said, and where."""
    picture, out = open_picture(path), path.with_name("out.tif")
    if new is None:
        new = picture.read(Rect(RECT.left + 20, RECT.top + 9, RECT.width, RECT.height))
    said = save_picture(picture, out, [(RECT, new)])
    np.testing.assert_array_equal(open_picture(out).read(RECT), new)
    return said, out


NUMBERS = {
    kind: np.linspace(low, high, 37 * 53).reshape(37, 53).astype(kind)
    for kind, low, high in [
        ("i1", -100, 100), ("i2", -500, 3000), ("i4", -9e5, 9e6), ("u4", 0, 9e6), ("f8", -1e3, 1e3),
    ]
}  # fmt: skip


@pytest.mark.parametrize(("compression", "predictor"), [(None, None), ("lzw", 2), ("deflate", 1)])
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_that_no_screen_shows_are_floats_to_the_engine(
    tmp_path, kind, compression, predictor
):
    values = NUMBERS[kind]
    if kind == "f8" and predictor == 2:
        predictor = 1
    tifffile.imwrite(tmp_path / "in.tif", values, compression=compression, predictor=predictor,
                     photometric="minisblack", rowsperstrip=5)  # fmt: skip
    picture = open_picture(tmp_path / "in.tif")
    assert picture.layout == ("GRAY", "f32", "linear")
    np.testing.assert_array_equal(picture.read(WHOLE)[..., 0], values.astype(np.float32))

    new = np.full((RECT.height, RECT.width, 1), 41.6, np.float32)
    save_picture(picture, tmp_path / "out.tif", [(RECT, new)])

    after = tifffile.imread(tmp_path / "out.tif")
    assert after.dtype == values.dtype
    np.testing.assert_array_equal(after[OUTSIDE], values[OUTSIDE])
    np.testing.assert_allclose(after[RECT.slices], 41.6 if kind == "f8" else 42, rtol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "nodata"), [("f4", "-9999"), ("f4", "-3.4028234663852886e+38"), ("i2", "-32768"),
                          ("u1", "0"), ("u2", "65535")]
)  # fmt: skip
def test_what_stands_for_nothing_is_transparent_and_unknown(tmp_path, dtype, nodata):
    values = (np.arange(37 * 53).reshape(37, 53) % 200 + 20).astype(dtype)
    nothing = np.dtype(dtype).type(float(nodata))
    values[10:20, 10:40] = nothing
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="minisblack",
                     extratags=[(42113, "s", 0, nodata, True)])  # fmt: skip
    picture = open_picture(tmp_path / "in.tif")

    read_ = picture.read(WHOLE)

    assert picture.layout.channels == "GRAYA"
    assert picture.alpha_is_unknown
    np.testing.assert_array_equal(read_[..., 1] > 0, values != nothing)
    new = read_[RECT.slices].copy()
    new[..., 1] = read_[..., 1].max()
    new[..., 0] = float(nothing)  # by chance: it must not read as nothing
    save_picture(picture, tmp_path / "out.tif", [(RECT, new)])
    after = tifffile.imread(tmp_path / "out.tif")
    np.testing.assert_array_equal(after[OUTSIDE], values[OUTSIDE])
    assert (after[RECT.slices] != nothing).all()


def test_of_integers_all_channels_have_to_say_that_there_is_nothing(tmp_path):
    pixels = np.full((37, 53, 3), 90, np.uint8)
    pixels[3, 4], pixels[5, 6] = (0, 0, 0), (255, 0, 0)
    tifffile.imwrite(tmp_path / "in.tif", pixels, photometric="rgb",
                     extratags=[(42113, "s", 0, "0", True)])  # fmt: skip

    alpha = open_picture(tmp_path / "in.tif").read(WHOLE)[..., 3]

    assert alpha[3, 4] == 0
    assert alpha[5, 6] == 255


@pytest.mark.parametrize("nodata", ["nan", "300", "1e40", "none at all"])
def test_nothing_that_no_sample_can_be_is_no_alpha(tmp_path, nodata):
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb",
                     extratags=[(42113, "s", 0, nodata, True)])  # fmt: skip

    assert open_picture(tmp_path / "in.tif").layout.channels == "RGB"


@pytest.mark.parametrize("extra", [1, 2])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_channels_of_no_kind_are_kept_and_never_alpha(tmp_path, extra, planar, compression):
    """Scanners put infrared there."""
    pixels = np.concatenate([RGB, noise_of("RGB", "u8", seed=9)[..., :extra]], axis=2)
    tifffile.imwrite(
        tmp_path / "in.tif", pixels if planar == "contig" else np.moveaxis(pixels, 2, 0),
        photometric="rgb", planarconfig=planar, extrasamples=["unspecified"] * extra,
        compression=compression,
    )  # fmt: skip
    assert open_picture(tmp_path / "in.tif").layout.channels == "RGB"

    said, out = filled_copy(tmp_path / "in.tif")

    after = read(out)
    np.testing.assert_array_equal(after[..., 3:], pixels[..., 3:])
    np.testing.assert_array_equal(after[OUTSIDE], pixels[OUTSIDE])
    assert "stayed as " in said[0]


def test_alpha_before_a_channel_of_no_kind_is_alpha(tmp_path):
    pixels = np.concatenate([noise_of("RGBA", "u8"), RGB[..., :1]], axis=2)
    tifffile.imwrite(tmp_path / "in.tif", pixels, photometric="rgb", planarconfig="contig",
                     extrasamples=["unassalpha", "unspecified"])  # fmt: skip

    picture = open_picture(tmp_path / "in.tif")

    np.testing.assert_array_equal(picture.read(WHOLE), pixels[..., :4])


@pytest.mark.parametrize(
    ("bits", "compression", "tiled"),
    [*itertools.product([1, 2, 4], ["NONE", "LZW", "DEFLATE", "PACKBITS"], [False, True])],
)
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_greys_of_less_than_8_bits_stay_what_they_are(
    tmp_path, bits, compression, tiled, white_is_zero
):
    top = 2**bits - 1
    levels = np.random.default_rng(bits).integers(0, top + 1, (37, 53), dtype=np.uint8)
    if shutil.which("gdal_translate") is None:
        pytest.skip("gdal_translate is not installed")
    tifffile.imwrite(tmp_path / "plain.tif", levels, photometric="minisblack")
    made = ["-co", f"NBITS={bits}", "-co", f"COMPRESS={compression}", "-co", f"TILED={tiled}",
            "-co", f"PHOTOMETRIC={'MINISWHITE' if white_is_zero else 'MINISBLACK'}",
            "-co", f"BLOCKYSIZE={16 if tiled else 7}",
            *["-co", "BLOCKXSIZE=32"] * tiled]  # fmt: skip
    subprocess.run(
        ["gdal_translate", "-q", *made, tmp_path / "plain.tif", tmp_path / "in.tif"],
        check=True, capture_output=True,
    )  # fmt: skip
    picture = open_picture(tmp_path / "in.tif")
    shown = (top - levels if white_is_zero else levels) * (255 // top)
    np.testing.assert_array_equal(picture.read(WHOLE)[..., 0], shown)

    said, out = filled_copy(tmp_path / "in.tif")

    after = open_picture(out).read(WHOLE)[..., 0]
    np.testing.assert_array_equal(after[OUTSIDE], shown[OUTSIDE])
    with tifffile.TiffFile(out) as tiff:
        assert tiff.pages.first.bitspersample == bits
    assert f"{2**bits} greys" in said[0]


def test_filled_greys_become_the_nearest_there_is(tmp_path):
    tifffile.imwrite(tmp_path / "in.tif", np.zeros((37, 53), bool), photometric="minisblack")
    picture = open_picture(tmp_path / "in.tif")
    new = np.full((RECT.height, RECT.width, 1), 127, np.uint8)
    new[2:] = 128

    save_picture(picture, tmp_path / "out.tif", [(RECT, new)])

    after = tifffile.imread(tmp_path / "out.tif")[RECT.slices]
    assert not after[:2].any()
    assert after[2:].all()


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_faxes_are_coded_as_faxes(tmp_path, compression):
    rows, columns = np.indices((37, 53))
    page = (rows // 5 + columns // 7) % 3 == 0
    Image.fromarray(page).save(tmp_path / "in.tif", compression=compression)
    before = np.array(Image.open(tmp_path / "in.tif"))

    _said, out = filled_copy(tmp_path / "in.tif")

    with Image.open(out) as image:  # by libtiff, which is not ours
        after = np.array(image)
        assert image.info["compression"] == compression
    np.testing.assert_array_equal(after[OUTSIDE], before[OUTSIDE])
    assert (after[RECT.slices] != before[RECT.slices]).any()


@pytest.mark.parametrize("colours", [2, 13, 200])
def test_palette_of_a_tiff_is_kept_with_the_nearest_of_its_colours(tmp_path, colours):
    pillow(smooth(37, 53)).quantize(colours).save(tmp_path / "in.tif", compression="tiff_lzw")
    before = np.array(Image.open(tmp_path / "in.tif").convert("RGB"))
    picture = open_picture(tmp_path / "in.tif")
    np.testing.assert_array_equal(picture.read(WHOLE), before)
    wanted = picture.read(RECT.shift(20, 9)).astype(int)
    new = np.clip(wanted + np.random.default_rng(1).integers(-1, 2, wanted.shape), 0, 255)

    said = save_picture(picture, tmp_path / "out.tif", [(RECT, new.astype(np.uint8))])

    with Image.open(tmp_path / "out.tif") as image:
        assert image.mode == "P"
        after = np.array(image.convert("RGB"))
    np.testing.assert_array_equal(after[OUTSIDE], before[OUTSIDE])
    table = np.unique(before.reshape(-1, 3), axis=0).astype(int)
    best = ((new.reshape(-1, 1, 3) - table) ** 2).sum(2).min(1)
    assert (((after[RECT.slices].reshape(-1, 3) - new.reshape(-1, 3)) ** 2).sum(1) <= best).all()
    assert "nearest" in said[0]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("bits", "channels"), [(8, 4), (16, 4), (8, 5)])
def test_inks_go_through_a_wide_rgb_and_back(tmp_path, bits, channels, order):
    """A fifth channel, whatever the file calls it, is no ink and stays."""
    profile, pixels = ink_profile(), inks()
    if bits == 16:
        pixels = pixels.astype(np.uint16) * 257
    if channels == 5:
        pixels = np.concatenate([pixels, pixels[..., :1]], axis=2)
    tifffile.imwrite(tmp_path / "in.tif", pixels, photometric="separated", compression="lzw",
                     byteorder=order, extrasamples=[2] if channels == 5 else None,
                     extratags=[(34675, 7, len(profile), profile, True)])  # fmt: skip
    picture = open_picture(tmp_path / "in.tif")
    assert picture.layout == ("RGB", "u16", "srgb")
    place = RECT.shift(20, 9)
    new = picture.read(place)

    said = save_picture(picture, tmp_path / "out.tif", [(RECT, new)])

    after = tifffile.imread(tmp_path / "out.tif")
    np.testing.assert_array_equal(after[OUTSIDE], pixels[OUTSIDE])
    np.testing.assert_array_equal(after[..., 4:], pixels[..., 4:])
    colours = [shown(part[..., :4], profile) for part in (after[RECT.slices], pixels[place.slices])]
    assert after.dtype == pixels.dtype
    assert np.abs(colours[0] - colours[1]).mean() < 3
    assert "inks" in " ".join(said)
    save_picture(picture, tmp_path / "out.png", [])
    assert open_picture(tmp_path / "out.png").metadata.icc == picture.metadata.icc != profile


# -- several pages --


def orthophoto(path, compression="deflate", overview=True):
    """A picture with a mask beside it, and smaller copies of both, as GDAL orders them."""
    there = np.zeros((37, 53), bool)
    there[:, 6:] = True
    options = {"tile": (16, 16), "compression": compression, "metadata": None}
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(RGB, photometric="rgb", **options)
        tiff.write(there, photometric=4, subfiletype=4, **options)
        if overview:
            tiff.write(np.ascontiguousarray(RGB[::2, ::2]), photometric="rgb", subfiletype=1,
                       **options)  # fmt: skip
            tiff.write(np.ascontiguousarray(there[::2, ::2]), subfiletype=5, photometric=4,
                       **options)  # fmt: skip
    return there


@pytest.mark.parametrize("compression", [None, "deflate", "lzw"])
def test_mask_inside_of_a_tiff_is_its_alpha(tmp_path, compression):
    there = orthophoto(tmp_path / "in.tif", compression)
    picture = open_picture(tmp_path / "in.tif")
    before = picture.read(WHOLE)
    np.testing.assert_array_equal(before[..., :3], RGB)
    np.testing.assert_array_equal(before[..., 3] > 0, there)
    place = Rect(2, 20, 10, 8)
    new = before[20:28, 22:32].copy()

    said = save_picture(picture, tmp_path / "out.tif", [(place, new)])

    expected, there = before.copy(), there.copy()
    expected[place.slices], there[place.slices] = new, True
    np.testing.assert_array_equal(open_picture(tmp_path / "out.tif").read(WHOLE), expected)
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert [int(page.subfiletype) for page in tiff.pages] == [0, 4]
        np.testing.assert_array_equal(tiff.pages[1].asarray() > 0, there)
    assert "gdaladdo" in said[0]


@needs("gdal_translate")
def test_gdal_reads_the_mask_of_a_copy(tmp_path):
    orthophoto(tmp_path / "in.tif", overview=False)
    picture = open_picture(tmp_path / "in.tif")
    new = picture.read(Rect(22, 20, 10, 8))
    save_picture(picture, tmp_path / "out.tif", [(Rect(2, 20, 10, 8), new)])

    subprocess.run(
        ["gdal_translate", "-q", "-b", "mask", tmp_path / "out.tif", tmp_path / "mask.tif"],
        check=True, capture_output=True,
    )  # fmt: skip

    there = tifffile.imread(tmp_path / "mask.tif") > 0
    assert there[20:28, 2:12].all()
    assert not there[:20, :6].any()


@needs("gdal_translate")
def test_cog_of_gdal_with_nodata_is_read_and_written(tmp_path):
    heights = (1000 + np.indices((300, 260)).sum(0)).astype(np.int16)
    heights[:40, :50] = -9999
    tifffile.imwrite(tmp_path / "plain.tif", heights, photometric="minisblack")
    subprocess.run(
        ["gdal_translate", "-q", "-of", "COG", "-a_nodata", "-9999", "-co", "COMPRESS=DEFLATE",
         "-co", "PREDICTOR=YES", "-co", "BLOCKSIZE=128", tmp_path / "plain.tif",
         tmp_path / "in.tif"],
        check=True, capture_output=True,
    )  # fmt: skip
    picture = open_picture(tmp_path / "in.tif")
    new = picture.read(Rect(100, 100, 40, 30))

    save_picture(picture, tmp_path / "out.tif", [(Rect(200, 200, 40, 30), new)])

    expected = heights.copy()
    expected[200:230, 200:240] = heights[100:130, 100:140]
    subprocess.run(
        ["gdal_translate", "-q", "-co", "COMPRESS=NONE", tmp_path / "out.tif",
         tmp_path / "again.tif"],
        check=True, capture_output=True,
    )  # fmt: skip
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "again.tif"), expected)


def three_pages(path):
    pages = [noise_of("RGB", "u8", seed=seed) for seed in (1, 2, 3)]
    with tifffile.TiffWriter(path) as tiff:
        for page in pages:
            tiff.write(page, photometric="rgb", compression="lzw", metadata=None, rowsperstrip=8)
    return pages


def test_one_page_of_several_is_edited_and_all_others_stay(tmp_path):
    pages = three_pages(tmp_path / "in.tif")
    refusal = refusal_of(tmp_path / "in.tif")
    assert "3 pages. Add --page 1" in str(refusal)
    assert page_count(tmp_path / "in.tif") == 3
    picture = open_page(tmp_path / "in.tif", 2)
    np.testing.assert_array_equal(picture.read(WHOLE), pages[1])
    new = ~pages[1][RECT.slices]

    save_picture(picture, tmp_path / "out.tif", [(RECT, new)])

    pages[1][RECT.slices] = new
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif", key=range(3)), pages)
    for number in (0, 4):
        with pytest.raises(LacunaError, match=f"no page {number}: it holds 3 pages") as refused:
            open_page(tmp_path / "in.tif", number)
        assert refused.value.code == "no_such_page"


def test_all_pages_are_edited_in_one_copy(tmp_path):
    pages = three_pages(tmp_path / "in.tif")
    pictures = [open_page(tmp_path / "in.tif", number) for number in (1, 2, 3)]

    save_pages(
        tmp_path / "out.tif",
        [(each, [(RECT, ~page[RECT.slices])]) for each, page in zip(pictures, pages, strict=True)],
    )

    for page in pages:
        page[RECT.slices] = ~page[RECT.slices]
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif", key=range(3)), pages)


def test_pages_of_a_tiff_become_one_tiff_only(tmp_path):
    three_pages(tmp_path / "in.tif")
    pictures = [open_page(tmp_path / "in.tif", number) for number in (1, 2)]

    with pytest.raises(LacunaError, match="holds one page") as refusal:
        save_pages(tmp_path / "out.png", [(each, []) for each in pictures])

    assert refusal.value.code == "unsupported_output"
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("beside", [".ovr", ".aux.xml", ".msk"])
def test_files_beside_an_overwritten_one_that_no_longer_fit_are_named(tmp_path, beside):
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb")
    (tmp_path / f"in.tif{beside}").write_bytes(b"old")
    picture = open_picture(tmp_path / "in.tif")

    said = save_picture(picture, tmp_path / "in.tif", [(RECT, ~RGB[RECT.slices])])
    elsewhere = save_picture(open_picture(tmp_path / "in.tif"), tmp_path / "out.tif", [])

    assert f"in.tif{beside}" in said[0]
    assert (tmp_path / f"in.tif{beside}").read_bytes() == b"old"
    assert elsewhere == []
    check_output(tmp_path / "out.tif", picture)
    assert raw_segments(tmp_path / "in.tif")
