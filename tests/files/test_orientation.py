"""Everybody outside counts displayed pixels; the file keeps its own order and its tag."""

import numpy as np
import pytest
import tifffile
from PIL import ImageOps

from lacuna.files import open_picture, save_picture
from lacuna.files.orientation import displayed, displayed_rect, stored, stored_rect, turn_of
from lacuna_wire.rect import Rect
from tests.files.pictures import (
    edited,
    exif_block,
    load,
    noise_of,
    pillow,
    read_by_pillow,
    whole_mask,
)

ORIENTATIONS = range(1, 9)


def write(path, pixels, orientation):
    if path.suffix == ".tif":
        tifffile.imwrite(
            path, pixels, photometric="rgb", rowsperstrip=7,
            extratags=[(274, 3, 1, orientation, True)],
        )  # fmt: skip
    else:
        options = {"quality": 95} if path.suffix == ".jpg" else {"lossless": True}
        options = {} if path.suffix == ".png" else options
        pillow(pixels).save(path, exif=b"Exif\0\0" + exif_block(orientation), **options)


def as_seen(path):
    """What Pillow says a viewer shows."""
    return np.array(ImageOps.exif_transpose(load(path)))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_edit_lands_where_it_is_seen_and_the_tag_stays(tmp_path, suffix, orientation):
    source, out = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    write(source, noise_of("RGB", "u8", 20, 31), orientation)
    seen = as_seen(source)
    rect = Rect(3, 5, 11, 7)
    new = noise_of("RGB", "u8", 7, 11, seed=2)

    picture = open_picture(source)
    np.testing.assert_array_equal(picture.read(rect), seen[rect.slices])
    assert (picture.height, picture.width) == seen.shape[:2]
    save_picture(picture, out, [(rect, new)])

    np.testing.assert_array_equal(as_seen(out), edited(seen, (rect, new)))
    assert load(out).getexif()[274] == orientation
    raw = tifffile.imread(out) if suffix == ".tif" else read_by_pillow(out)
    assert raw.shape == (20, 31, 3)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize(
    ("in_suffix", "out_suffix"),
    [
        (".png", ".webp"), (".png", ".tif"), (".jpg", ".png"), (".jpg", ".webp"),
        (".jpg", ".tif"), (".tif", ".png"), (".tif", ".webp"),
    ],
)  # fmt: skip
def test_copy_in_another_format_is_stored_upright(tmp_path, in_suffix, out_suffix, orientation):
    """Programs that look for no orientation and programs that do show the same."""
    source, out = tmp_path / f"in{in_suffix}", tmp_path / f"out{out_suffix}"
    write(source, noise_of("RGB", "u8", 20, 31), orientation)

    save_picture(open_picture(source), out, [])

    np.testing.assert_array_equal(read_by_pillow(out), as_seen(source))
    assert load(out).getexif().get(274, 1) == 1


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_jpeg_is_turned_like_a_viewer_turns_it(tmp_path, orientation):
    write(tmp_path / "in.jpg", noise_of("RGB", "u8", 24, 32), orientation)

    picture = open_picture(tmp_path / "in.jpg")
    save_picture(picture, tmp_path / "out.jpg", [])

    seen = as_seen(tmp_path / "in.jpg")
    np.testing.assert_array_equal(picture.read(Rect(0, 0, *seen.shape[1::-1])), seen)
    assert load(tmp_path / "out.jpg").getexif()[274] == orientation


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_mask_is_read_as_seen(tmp_path, suffix, orientation):
    write(tmp_path / f"mask{suffix}", noise_of("RGB", "u8", 20, 31), orientation)

    mask = whole_mask(tmp_path / f"mask{suffix}")

    np.testing.assert_array_equal(mask, as_seen(tmp_path / f"mask{suffix}").max(axis=2))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_turning_forth_and_back_is_identity_for_every_rectangle(orientation):
    turn = turn_of(orientation)
    pixels = np.arange(4 * 5).reshape(4, 5)
    seen = displayed(pixels, turn)
    height, width = seen.shape

    np.testing.assert_array_equal(stored(seen, turn), pixels)
    for left in range(width):
        for top in range(height):
            for right in range(left, width + 1):
                rect = Rect.from_edges(left, top, right, min(height, top + 2))
                place = stored_rect(rect, width, height, turn)
                assert displayed_rect(place, width, height, turn) == rect
                np.testing.assert_array_equal(
                    displayed(pixels[place.slices], turn), seen[rect.slices]
                )


def test_orientation_that_is_none_means_as_stored(tmp_path):
    write(tmp_path / "in.png", noise_of("RGB", "u8", 20, 31), 9)

    picture = open_picture(tmp_path / "in.png")

    assert (picture.width, picture.height) == (31, 20)
