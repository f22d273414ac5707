"""`lacuna inpaint` on files as people have them: maps, scans, prints, pages, through a daemon."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.commands.test_inpaint import assert_refused

HOLE = np.s_[40:60, 50:75]


def mask_of(folder, height=110, width=140):
    mask = np.zeros((height, width), np.uint8)
    mask[HOLE] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    return mask > 0


def heights():
    rows, columns = np.mgrid[:110, :140].astype(np.float32)
    return 1200 + 1.5 * columns + 0.75 * rows


@pytest.mark.parametrize(("dtype", "way"), [("f4", []), ("i2", ["--local"])])
def test_heights_go_on_across_a_hole_and_nothing_stays_nothing(lacuna, tmp_path, dtype, way):
    hole, truth = mask_of(tmp_path), heights().astype(dtype)
    values = truth.copy()
    values[hole] = 9000
    values[45:90, 60:100] = -9999  # within the hole, and beside it
    tifffile.imwrite(tmp_path / "dem.tif", values, photometric="minisblack",
                     compression="deflate", extratags=[(42113, "s", 0, "-9999", True)])  # fmt: skip

    run = lacuna("inpaint", "dem.tif", "mask.png", "-o", "out.tif", *way)

    assert run.returncode == 0, run.stderr
    after = tifffile.imread(tmp_path / "out.tif")
    assert after.dtype == values.dtype
    assert after[~hole].tobytes() == values[~hole].tobytes()
    range_ = float(truth.max() - truth.min())
    error = np.abs(after[hole].astype(float) - truth[hole])
    # Half of the rim is unknown, and integers are rounded.
    assert error.max() <= 0.06 * range_ + (dtype == "i2")
    assert truth.min() <= after[hole].min() <= after[hole].max() <= truth.max()


def test_light_above_white_and_pixels_that_are_no_numbers(lacuna, tmp_path):
    hole = mask_of(tmp_path)
    light = np.random.default_rng(1).uniform(1.8, 2.9, (110, 140, 3)).astype(np.float32)
    light[80:90, 20:60] = np.nan
    tifffile.imwrite(tmp_path / "hdr.tif", light, photometric="rgb")

    run = lacuna("inpaint", "hdr.tif", "mask.png", "-o", "out.tif")

    assert run.returncode == 0, run.stderr
    after = tifffile.imread(tmp_path / "out.tif")
    assert after[~hole].tobytes() == light[~hole].tobytes()
    assert 1.7 <= after[hole].min() <= after[hole].max() <= 3


def pages(folder):
    drawn = [np.random.default_rng(seed).integers(0, 256, (110, 140, 3)).astype(np.uint8)
             for seed in (1, 2, 3)]  # fmt: skip
    with tifffile.TiffWriter(folder / "scan.tif") as tiff:
        for page in drawn:
            tiff.write(page, photometric="rgb", compression="lzw", metadata=None)
    return np.stack(drawn)


@pytest.mark.parametrize(("page", "filled"), [("2", [1]), ("all", [0, 1, 2])])
def test_pages_that_are_named_are_filled(lacuna, tmp_path, page, filled):
    hole, before = mask_of(tmp_path), pages(tmp_path)

    run = lacuna("inpaint", "scan.tif", "mask.png", "-o", "out.tif", "--page", page)

    assert run.returncode == 0, run.stderr
    after = tifffile.imread(tmp_path / "out.tif", key=range(3))
    np.testing.assert_array_equal(after[:, ~hole], before[:, ~hole])
    assert [number for number in range(3) if (after[number] != before[number]).any()] == filled


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["3 pages", "--page 1"]),
        (["--page", "4"], ["no page 4", "3 pages"]),
        (["--page", "0"], ["`--page 0`", "from 1 on"]),
        (["--page", "two"], ["`--page two`"]),
    ],
)
def test_pages_that_are_not_there_are_a_sentence(lacuna, tmp_path, arguments, words):
    mask_of(tmp_path)
    pages(tmp_path)

    run = lacuna("inpaint", "scan.tif", "mask.png", "-o", "out.tif", *arguments)

    assert_refused(run, tmp_path, *words)


def test_mask_of_another_size_is_refused_before_anything_is_decoded(lacuna, tmp_path):
    """A bomb of 400 megapixels in half a megabyte would take seconds and a gigabyte."""
    mask_of(tmp_path)
    Image.MAX_IMAGE_PIXELS, most = None, Image.MAX_IMAGE_PIXELS
    try:
        Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    finally:
        Image.MAX_IMAGE_PIXELS = most
    run = lacuna("inpaint", "bomb.png", "mask.png", "-o", "out.png")

    assert_refused(run, tmp_path, "140 x 110 px", "20,000 x 20,000 px", "Scale the mask")


def test_a_gif_becomes_a_png_and_no_gif(lacuna, tmp_path):
    hole = mask_of(tmp_path)
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (110, 140)).astype(np.uint8))
    image.save(tmp_path / "in.gif")

    refused = lacuna("inpaint", "in.gif", "mask.png", "-o", "out.gif")
    run = lacuna("inpaint", "in.gif", "mask.png", "-o", "made.png")

    assert_refused(refused, tmp_path, "reads GIF and does not write it", ".png")
    assert run.returncode == 0, run.stderr
    after = np.array(Image.open(tmp_path / "made.png"))
    np.testing.assert_array_equal(after[~hole], np.array(image)[~hole])


def test_a_mask_may_be_an_array(lacuna, tmp_path):
    hole = mask_of(tmp_path)
    np.save(tmp_path / "mask.npy", hole)
    before = np.random.default_rng(1).integers(0, 256, (110, 140, 3)).astype(np.uint8)
    Image.fromarray(before).save(tmp_path / "in.png")

    run = lacuna("inpaint", "in.png", "mask.npy", "-o", "out.png")

    assert run.returncode == 0, run.stderr
    after = np.array(Image.open(tmp_path / "out.png"))
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).any()
