"""JPEG inside TIFF is edited block by block, too: in strips, tiles, and the files of GDAL."""

import shutil
import subprocess

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from lacuna.files import open_picture, save_picture
from lacuna_wire.rect import Rect
from tests.files.jpegs import MCUS, blocks_under, grainy
from tests.files.pictures import read_by_pillow
from tests.files.tiffs import raw_segments, read, tags, write

RECT = Rect(100, 58, 40, 30)  # over the corner of four tiles
LAYOUTS = {
    "tiles": {"tile": (64, 64)},
    "strips": {"rowsperstrip": 32},
    "one strip": {"rowsperstrip": 150},
}
KINDS = {
    "420": {"photometric": "ycbcr", "subsampling": (2, 2)},
    "422": {"photometric": "ycbcr", "subsampling": (2, 1)},
    "444": {"photometric": "ycbcr", "subsampling": (1, 1)},
    "rgb": {"photometric": "rgb", "compressionargs": {"outcolorspace": "RGB"}},
    "gray": {"photometric": "minisblack"},
}


def edited_tiff(folder, picture):
    """Save a copy with grain at RECT; return what was said of it."""
    opened = open_picture(picture)
    new = grainy(RECT.height, RECT.width, opened.layout.channel_count, seed=9)
    return save_picture(opened, folder / "out.tif", [(RECT, new)])


def assert_other_blocks_stay(before, after, kind):
    changed = np.zeros(before.shape[:2], bool)
    changed[RECT.slices] = True
    # Decoders smooth the colours of a strip or tile alone, by one pixel beside a block.
    blocks = blocks_under(changed, MCUS[kind]).astype(np.uint8)
    near = cv2.dilate(blocks, np.ones((3, 3), np.uint8)).astype(bool)
    different = (before != after).any(axis=2)
    assert different[RECT.slices].mean() > 0.9
    assert not different[~near].any()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_pixels_of_other_blocks_are_the_same_bits_in_strips_and_tiles(tmp_path, kind, layout):
    pixels = grainy(150, 200, 1 if kind == "gray" else 3)
    write(tmp_path / "in.tif", pixels, compression="jpeg", **LAYOUTS[layout], **KINDS[kind])

    remarks = edited_tiff(tmp_path, tmp_path / "in.tif")

    reach = 16 if kind in ("420", "422") else 7
    assert remarks == [
        f"JPEG is coded in blocks: pixels up to {reach} px beside what changed may differ."
    ]
    for decode in (read, read_by_pillow):  # imagecodecs; libtiff
        assert_other_blocks_stay(decode(tmp_path / "in.tif"), decode(tmp_path / "out.tif"), kind)
    old, new = raw_segments(tmp_path / "in.tif"), raw_segments(tmp_path / "out.tif")
    assert sum(map(len, new)) < 1.01 * sum(map(len, old)) + 900


def test_page_that_claims_rgb_and_holds_jfif_is_read_and_edited_as_what_it_is(tmp_path):
    """As some scanners write it."""
    write(tmp_path / "in.tif", grainy(150, 200), compression="jpeg", tile=(64, 64), **KINDS["420"])
    shown = read(tmp_path / "in.tif")
    with tifffile.TiffFile(tmp_path / "in.tif", mode="r+b") as tiff:
        tiff.pages.first.tags[262].overwrite(2)

    remarks = edited_tiff(tmp_path, tmp_path / "in.tif")

    assert "16 px" in remarks[0]
    assert_other_blocks_stay(shown, read(tmp_path / "out.tif"), "420")
    new = grainy(RECT.height, RECT.width, seed=9).astype(int)
    assert np.abs(read(tmp_path / "out.tif")[RECT.slices] - new).mean() < 12


def test_tables_of_the_page_are_used_and_stay(tmp_path):
    """As libtiff writes: the tables of all strips stand in a tag."""
    pixels = grainy(150, 200)
    Image.fromarray(pixels).convert("YCbCr").save(
        tmp_path / "in.tif", compression="jpeg", quality=80
    )
    assert 347 in tags(tmp_path / "in.tif")

    edited_tiff(tmp_path, tmp_path / "in.tif")

    assert tags(tmp_path / "out.tif")[347] == tags(tmp_path / "in.tif")[347]
    kind = "420" if tags(tmp_path / "in.tif").get(530, (2, (1, 1)))[1] == (2, 2) else "444"
    assert_other_blocks_stay(read(tmp_path / "in.tif"), read(tmp_path / "out.tif"), kind)


def test_strip_between_others_stays_in_its_place(tmp_path):
    """Tables of its own make room for what is coded anew: one strip may be all of a scan."""
    pixels = grainy(300, 200)
    Image.fromarray(pixels).convert("YCbCr").save(tmp_path / "in.tif", compression="jpeg")
    with tifffile.TiffFile(tmp_path / "in.tif") as tiff:
        places = list(tiff.pages.first.dataoffsets)
    size = (tmp_path / "in.tif").stat().st_size

    edited_tiff(tmp_path, tmp_path / "in.tif")

    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert list(tiff.pages.first.dataoffsets) == places
    assert (tmp_path / "out.tif").stat().st_size == size


def test_tile_that_was_left_out_is_made_in_the_way_of_its_page(tmp_path):
    """Sparse files of GDAL lack tiles; libtiff reads only samplings that the tag names."""
    write(tmp_path / "in.tif", grainy(128, 192), compression="jpeg", tile=(64, 64),
          extratags=[(42112, "s", 0, "<GDALMetadata/>", True)], **KINDS["420"])  # fmt: skip
    with tifffile.TiffFile(tmp_path / "in.tif", mode="r+b") as tiff:
        counts = tiff.pages.first.tags[325]
        counts.overwrite([0 if n == 4 else count for n, count in enumerate(counts.value)])
    rect = Rect(70, 70, 20, 20)

    picture = open_picture(tmp_path / "in.tif")
    save_picture(picture, tmp_path / "out.tif", [(rect, np.full((20, 20, 3), 180, np.uint8))])

    for after in (read(tmp_path / "out.tif"), read_by_pillow(tmp_path / "out.tif")):
        assert np.abs(after[rect.grow(-4).slices].astype(int) - 180).max() <= 12


@pytest.mark.parametrize("options", [["-co", "QUALITY=85"], ["-co", "OVERVIEWS=NONE"]], ids=str)
def test_cog_of_gdal(tmp_path, options):
    """A cloud-optimised GeoTIFF of orthophotos: read again by GDAL, its place on earth kept."""
    if shutil.which("gdal_translate") is None:
        pytest.skip("gdal_translate is not installed")
    tifffile.imwrite(tmp_path / "plain.tif", grainy(600, 700), photometric="rgb")
    translate = ["gdal_translate", "-q", "--config", "GDAL_PAM_ENABLED", "NO"]
    subprocess.run(
        [*translate, "-of", "COG", "-co", "COMPRESS=JPEG", "-co", "BLOCKSIZE=256", *options,
         "-a_srs", "EPSG:32633", "-a_ullr", "440720", "3751320", "441070", "3751020",
         tmp_path / "plain.tif", tmp_path / "in.tif"],
        check=True, capture_output=True,
    )  # fmt: skip

    edited_tiff(tmp_path, tmp_path / "in.tif")

    shown = []
    for name in ("in", "out"):
        run = subprocess.run(
            [*translate, tmp_path / f"{name}.tif", tmp_path / f"{name}_shown.tif"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert "ERROR" not in run.stderr
        shown.append(read(tmp_path / f"{name}_shown.tif")[..., :3])
        assert 33922 in tags(tmp_path / f"{name}_shown.tif")
    assert_other_blocks_stay(*shown, "420")
    # A tile that got longer stands at the end; all others are where they were.
    old, new = raw_segments(tmp_path / "in.tif"), raw_segments(tmp_path / "out.tif")
    changed = [len(two) for one, two in zip(old, new, strict=True) if one != two]
    assert len(changed) == 1
    assert sum(map(len, new)) < 1.01 * sum(map(len, old)) + 900
    grown = (tmp_path / "out.tif").stat().st_size - (tmp_path / "in.tif").stat().st_size
    assert grown <= sum(changed) + 1
    for tag in (33550, 33922, 34735):
        assert tags(tmp_path / "out.tif")[tag] == tags(tmp_path / "in.tif")[tag]
