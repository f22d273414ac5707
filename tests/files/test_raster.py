"""PNG, JPEG and WebP: what is outside the edits comes back bit for bit."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lacuna.files import open_picture, save_picture
from lacuna_wire.rect import Rect
from tests.files.pictures import (
    PNG_LAYOUTS,
    edited,
    jpeg_segments,
    noise_of,
    pillow,
    png_chunk,
    read_by_pillow,
    read_png,
    smooth,
    with_jpeg_segments,
    with_png_chunks,
    write_png,
)

RECT = Rect(11, 5, 17, 23)


@pytest.mark.parametrize(("channels", "sample"), PNG_LAYOUTS)
def test_png_copy_differs_only_under_the_edit(tmp_path, channels, sample):
    pixels = noise_of(channels, sample)
    new = noise_of(channels, sample, RECT.height, RECT.width, seed=2)
    write_png(tmp_path / "in.png", pixels)

    picture = open_picture(tmp_path / "in.png")
    save_picture(picture, tmp_path / "out.png", [(RECT, new)])

    assert picture.layout == (channels, sample, "srgb")
    assert not picture.lossy
    np.testing.assert_array_equal(read_png(tmp_path / "out.png"), edited(pixels, (RECT, new)))


@pytest.mark.parametrize("channels", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_webp_copy_differs_only_under_the_edit(tmp_path, channels, lossless):
    """Also if the picture was lossy, and also the colours under transparent pixels."""
    source = noise_of(channels, "u8")
    source[3:9, :, 3:] = 0
    pillow(source).save(tmp_path / "in.webp", lossless=lossless, exact=True)
    pixels = read_by_pillow(tmp_path / "in.webp")
    new = noise_of(channels, "u8", RECT.height, RECT.width, seed=2)

    picture = open_picture(tmp_path / "in.webp")
    save_picture(picture, tmp_path / "out.webp", [(RECT, new)])

    assert picture.lossy is not lossless
    expected = edited(pixels, (RECT, new))
    np.testing.assert_array_equal(read_by_pillow(tmp_path / "out.webp"), expected)
    again = open_picture(tmp_path / "out.webp")
    np.testing.assert_array_equal(again.read(Rect(0, 0, 53, 37)), expected)


def test_webp_keeps_an_opaque_alpha_channel(tmp_path):
    """The bitstream drops it; the container must still tell of it."""
    pixels = noise_of("RGBA", "u8")
    pixels[..., 3] = 200
    pillow(pixels).save(tmp_path / "in.webp", lossless=True, exact=True)

    picture = open_picture(tmp_path / "in.webp")
    pixels[..., 3] = 255
    save_picture(picture, tmp_path / "out.webp", [(Rect(0, 0, 53, 37), pixels)])

    again = open_picture(tmp_path / "out.webp")
    assert again.layout.channels == "RGBA"
    np.testing.assert_array_equal(again.read(Rect(0, 0, 53, 37)), pixels)


def test_jpeg_shows_the_edit(tmp_path):
    Image.fromarray(smooth()).save(tmp_path / "in.jpg", quality=90)
    rect = Rect(16, 16, 64, 48)
    new = np.full((48, 64, 3), (200, 90, 30), np.uint8)

    save_picture(open_picture(tmp_path / "in.jpg"), tmp_path / "out.jpg", [(rect, new)])

    inside = read_by_pillow(tmp_path / "out.jpg")[rect.grow(-8).slices]
    assert np.abs(inside.astype(int) - (200, 90, 30)).max() <= 4  # one step of quality 90


def test_progressive_jpeg_and_jpeg_of_rgb_samples_are_read(tmp_path):
    pixels = smooth()
    Image.fromarray(pixels).save(tmp_path / "progressive.jpg", progressive=True, quality=95)
    Image.fromarray(pixels).save(tmp_path / "rgb.jpg", keep_rgb=True, quality=95)
    assert jpeg_segments(tmp_path / "rgb.jpg")[0][1].startswith(b"Adobe")

    for name in ("progressive.jpg", "rgb.jpg"):
        picture = open_picture(tmp_path / name)
        expected = read_by_pillow(tmp_path / name)
        np.testing.assert_array_equal(picture.read(Rect(0, 0, 128, 96)), expected)
        save_picture(picture, tmp_path / "out.jpg", [])
        np.testing.assert_array_equal(read_by_pillow(tmp_path / "out.jpg"), expected)


def test_pictures_behind_the_first_are_left_out_with_what_points_to_them(tmp_path):
    path = tmp_path / "in.jpg"
    Image.fromarray(smooth()).save(path)
    with_jpeg_segments(path, (0xE2, b"MPF\0" + bytes(60)), (0xE0, b"JFXX\0" + bytes(40)))
    preview = b"JFIF\0\1\1\1\0\x48\0\x48\2\2" + b"removed12345"  # 2 x 2 px
    with_jpeg_segments(path, (0xE0, preview))
    path.write_bytes(path.read_bytes() + path.read_bytes())

    save_picture(open_picture(path), tmp_path / "out.jpg", [])

    data = (tmp_path / "out.jpg").read_bytes()
    assert data.count(b"\xff\xd9") == 1
    assert b"MPF\0" not in data
    assert b"JFXX\0" not in data
    assert b"removed" not in data
    assert jpeg_segments(tmp_path / "out.jpg")[0] == (0xE0, preview[:12] + b"\0\0")


def test_transparent_colour_of_a_png_becomes_a_channel(tmp_path):
    pixels = noise_of("RGB", "u8")
    pixels[4:9, 4:9] = (1, 2, 3)
    write_png(tmp_path / "in.png", pixels)
    with_png_chunks(tmp_path / "in.png", (b"tRNS", struct.pack(">HHH", 1, 2, 3)))

    picture = open_picture(tmp_path / "in.png")
    save_picture(picture, tmp_path / "out.png", [])

    assert picture.layout.channels == "RGBA"
    copy = read_png(tmp_path / "out.png")
    np.testing.assert_array_equal(copy[..., :3], pixels)
    assert (copy[4:9, 4:9, 3] == 0).all()
    assert (copy[..., 3] == 0).sum() == 25


def test_interlaced_png_is_read(tmp_path):
    """An even grid cut into the seven passes by hand."""
    pixels = noise_of("GRAY", "u8", 16, 16)[..., 0]
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1)]  # fmt: skip
    raw = b"".join(b"\0" + row.tobytes() for y, x, dy, dx in passes for row in pixels[y::dy, x::dx])

    (tmp_path / "in.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 1))
        + png_chunk(b"IDAT", zlib.compress(raw))
        + png_chunk(b"IEND", b"")
    )

    picture = open_picture(tmp_path / "in.png")

    np.testing.assert_array_equal(picture.read(Rect(0, 0, 16, 16))[..., 0], pixels)


def test_window_is_a_contiguous_copy_of_just_these_pixels(tmp_path):
    pixels = noise_of("RGBA", "u16")
    write_png(tmp_path / "in.png", pixels)
    picture = open_picture(tmp_path / "in.png")

    window = picture.read(RECT)

    np.testing.assert_array_equal(window, pixels[RECT.slices])
    assert window.flags.c_contiguous
    window[:] = 0
    np.testing.assert_array_equal(picture.read(RECT), pixels[RECT.slices])


@settings(deadline=None)
@given(data=st.data())
def test_later_edit_wins_and_the_picture_in_memory_stays(tmp_path_factory, data):
    """Any two rectangles, also empty or overlapping ones; saving twice gives the same."""
    folder = tmp_path_factory.getbasetemp()
    pixels = noise_of("RGB", "u8")
    write_png(folder / "any.png", pixels)
    edits = []
    for seed in (5, 6):
        left, top = data.draw(st.integers(0, 52)), data.draw(st.integers(0, 36))
        width, height = data.draw(st.integers(0, 53 - left)), data.draw(st.integers(0, 37 - top))
        edits.append((Rect(left, top, width, height), noise_of("RGB", "u8", height, width, seed)))
    picture = open_picture(folder / "any.png")

    for _ in range(2):
        save_picture(picture, folder / "copy.png", edits)
        np.testing.assert_array_equal(read_png(folder / "copy.png"), edited(pixels, *edits))
    np.testing.assert_array_equal(picture.read(Rect(0, 0, 53, 37)), pixels)


def test_picture_may_be_saved_over_itself(tmp_path):
    pixels = noise_of("RGB", "u8")
    new = noise_of("RGB", "u8", RECT.height, RECT.width, seed=2)
    write_png(tmp_path / "in.png", pixels)

    save_picture(open_picture(tmp_path / "in.png"), tmp_path / "in.png", [(RECT, new)])

    np.testing.assert_array_equal(read_png(tmp_path / "in.png"), edited(pixels, (RECT, new)))


def test_edit_of_another_layout_or_place_is_a_bug_and_nothing_is_written(tmp_path):
    write_png(tmp_path / "in.png", noise_of("RGB", "u8"))
    picture = open_picture(tmp_path / "in.png")

    for rect, new in (
        (RECT, noise_of("RGB", "u16", RECT.height, RECT.width)),
        (RECT, noise_of("RGBA", "u8", RECT.height, RECT.width)),
        (RECT, noise_of("RGB", "u8", RECT.width, RECT.height)),
        (Rect(50, 0, 4, 4), noise_of("RGB", "u8", 4, 4)),
    ):
        with pytest.raises(ValueError, match=r"must be|not inside"):
            save_picture(picture, tmp_path / "out.png", [(rect, new)])
    with pytest.raises(ValueError, match="not inside"):
        picture.read(Rect(0, 0, 54, 37))
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_format_is_decided_by_the_content_not_by_the_name(tmp_path):
    Image.fromarray(smooth()).save(tmp_path / "really.png", format="JPEG")

    assert open_picture(tmp_path / "really.png").format == "JPEG"
