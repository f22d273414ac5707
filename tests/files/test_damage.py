"""A damaged picture is refused: nobody gets grey rows in place of the rest of it."""

import contextlib
import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lacuna.files import open_picture, png, read_mask
from lacuna_wire.errors import LacunaError
from lacuna_wire.rect import Rect
from tests.files.pictures import (
    ICC,
    noise_of,
    pillow,
    png_chunk,
    png_chunks,
    refusal_of,
    smooth,
    write_png,
)

RGB = noise_of("RGB", "u8")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_truncated_picture_is_refused(tmp_path, suffix, part):
    """Nobody may get grey rows instead of the rest of a picture."""
    pillow(smooth()).save(tmp_path / f"in{suffix}", icc_profile=ICC)
    data = (tmp_path / f"in{suffix}").read_bytes()
    (tmp_path / f"in{suffix}").write_bytes(data[: int(len(data) * part)])

    assert refusal_of(tmp_path / f"in{suffix}").code == "corrupt_picture"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@settings(deadline=None)
@given(data=st.data())
def test_damaged_bytes_give_a_sentence_or_a_picture_and_never_another_error(
    tmp_path_factory, suffix, data
):
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    pillow(smooth(24, 32)).save(path, icc_profile=ICC)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        # Most structure is near the beginning, for TIFF also at the end.
        spread = data.draw(st.sampled_from([64, 512, len(content)]))
        at = data.draw(st.integers(0, min(spread, len(content)) - 1))
        at = len(content) - 1 - at if data.draw(st.booleans()) else at
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content)

    def edit():
        picture = open_picture(path)
        picture.read(Rect(0, 0, min(picture.width, 40), min(picture.height, 40)))

    for use in (edit, lambda: read_mask(path)):
        # Any other exception is a bug, and fails the test.
        with contextlib.suppress(LacunaError):
            use()


@pytest.mark.parametrize(
    ("tag", "change", "words"),
    [
        (284, (284, 3), "arranged in way 3"),
        (277, (277, 0), "damaged"),
        (257, (257, 9_000), "of 1,286 strips"),
        (273, (65_001, None), "where its strips or tiles are"),
        (279, (65_001, None), "where its strips or tiles are"),
        (256, (256, 80), "damaged"),
    ],
    ids=["planar", "no channel", "height", "no positions", "no lengths", "width"],
)
def test_tiff_whose_tags_contradict_its_data_is_damaged(tmp_path, tag, change, words):
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb", compression="lzw", rowsperstrip=7)
    data = bytearray((tmp_path / "in.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "in.tif") as whole:
        at = whole.pages.first.tags[tag].offset
    code, value = change
    struct.pack_into("<H", data, at, code)
    if value is not None:
        kind = "<H" if data[at + 2] == 3 else "<I"
        struct.pack_into(kind, data, at + 8, value)
    (tmp_path / "in.tif").write_bytes(data)

    def edit():
        open_picture(tmp_path / "in.tif").read(Rect(0, 0, 50, 30))

    for use in (edit, lambda: read_mask(tmp_path / "in.tif")):
        with pytest.raises(LacunaError) as refusal:
            use()
        assert refusal.value.code == "corrupt_picture"
    with pytest.raises(LacunaError, match=words):
        edit()


def test_every_flipped_bit_in_the_pixels_of_a_png_is_found(tmp_path, capfd):
    """By the checksums; and libpng prints nothing of its own between the sentences."""
    write_png(tmp_path / "in.png", smooth(9, 12))
    data = (tmp_path / "in.png").read_bytes()
    first = data.index(b"IDAT") + 4
    for at in range(first, len(data) - 12):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        (tmp_path / "in.png").write_bytes(damaged)
        assert refusal_of(tmp_path / "in.png").code == "corrupt_picture"
    assert capfd.readouterr().err == ""


def test_damaged_pixels_of_a_tiff_are_found_when_they_are_read(tmp_path):
    """Only the strips that a window touches are decoded."""
    rows = noise_of("RGB", "u8", 64, 64)
    tifffile.imwrite(
        tmp_path / "in.tif", rows, photometric="rgb", compression="deflate", rowsperstrip=16
    )
    with tifffile.TiffFile(tmp_path / "in.tif") as tiff_file:
        offset = tiff_file.pages.first.dataoffsets[2]
    data = bytearray((tmp_path / "in.tif").read_bytes())
    data[offset : offset + 40] = bytes(40)
    (tmp_path / "in.tif").write_bytes(data)
    picture = open_picture(tmp_path / "in.tif")

    np.testing.assert_array_equal(picture.read(Rect(0, 0, 64, 32)), rows[:32])
    with pytest.raises(LacunaError) as refusal:
        picture.read(Rect(0, 30, 64, 10))
    assert refusal.value.code == "corrupt_picture"


def test_jpeg_whose_preview_ends_is_still_truncated(tmp_path):
    """The end mark of an embedded preview is not the end of the picture."""
    preview = io.BytesIO()
    Image.fromarray(smooth(24, 32)).save(preview, "JPEG")
    ok, data = cv2.imencode(".jpg", smooth())
    assert ok
    body = data.tobytes()
    segment = b"\xff\xec" + struct.pack(">H", len(preview.getvalue()) + 2) + preview.getvalue()
    (tmp_path / "in.jpg").write_bytes(body[:2] + segment + body[2:-40])

    assert refusal_of(tmp_path / "in.jpg").code == "corrupt_picture"


def test_png_that_declares_more_than_it_can_hold_is_refused_unread(tmp_path):
    """30,000 x 30,000 px of three bytes in a file of 300: a bomb that would take 2.7 GB."""
    write_png(tmp_path / "in.png", RGB)
    data = bytearray((tmp_path / "in.png").read_bytes())
    struct.pack_into(">II", data, 16, 30_000, 30_000)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    (tmp_path / "in.png").write_bytes(data)

    refusal = refusal_of(tmp_path / "in.png")

    assert refusal.code == "corrupt_picture"
    assert "30,000 x 30,000 px" in str(refusal)


def test_libpng_prints_nothing_and_what_others_print_is_not_lost(tmp_path, capfd):
    """About a colour that cannot be transparent, bytes behind the picture, a palette in grey."""
    write_png(tmp_path / "in.png", smooth(9, 12, 1))
    header, (_, pixels), _ = png_chunks(tmp_path / "in.png")
    more = zlib.compress(zlib.decompress(pixels) + bytes(500)) + b"more"
    odd = [header, (b"PLTE", bytes(3)), (b"tRNS", bytes(9)), (b"IDAT", more), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in odd)
    (tmp_path / "in.png").write_bytes(data)

    shown = open_picture(tmp_path / "in.png").read(Rect(0, 0, 12, 9))

    np.testing.assert_array_equal(shown, smooth(9, 12, 1))
    assert capfd.readouterr().err == ""
    with png._without_warnings():
        os.write(2, b"PNG warning: odd\nfrom elsewhere\n")
    assert capfd.readouterr().err == "from elsewhere\n"
