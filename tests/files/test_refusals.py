"""What cannot be edited is refused with one sentence that names it, and with a stable code."""

import contextlib
import io
import os
import struct
import zlib

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lacuna.files import open_picture, read_mask
from lacuna_wire.errors import LacunaError
from lacuna_wire.rect import Rect
from tests.files.pictures import ICC, noise, pillow, smooth, with_png_chunks, write_png

RGB = noise("RGB", "u8")


def refusal_of(path):
    with pytest.raises(LacunaError) as refusal:
        open_picture(path)
    assert str(path) in str(refusal.value)
    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)
    return refusal.value


def saved(path, image, **options):
    image.save(path, **options)
    return path


def tiff(path, samples, **options):
    tifffile.imwrite(path, samples, **{"photometric": "minisblack", **options})
    return path


def test_missing_file_and_folder_are_told_apart(tmp_path):
    assert refusal_of(tmp_path / "none.png").code == "no_such_file"
    assert refusal_of(tmp_path).code == "not_readable"
    os.mkfifo(tmp_path / "pipe.png")
    assert refusal_of(tmp_path / "pipe.png").code == "not_readable"
    with pytest.raises(LacunaError) as refusal:
        read_mask(tmp_path / "none.png")
    assert refusal.value.code == "no_such_file"


def test_file_without_permission_is_not_readable(tmp_path, monkeypatch):
    """Raised by hand, because root may read everything."""
    path = saved(tmp_path / "in.png", pillow(RGB))

    def forbidden(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", forbidden)

    refusal = refusal_of(path)
    assert refusal.code == "not_readable"
    assert "Permission denied" in str(refusal)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "it is empty"),
        (b"hello", "no known format"),
        (b"GIF89a" + bytes(40), "a GIF"),
        (b"8BPS" + bytes(40), "Photoshop document"),
        (b"\0\0\0\x1cftypheic" + bytes(40), "HEIC"),
        (b"gimp xcf v011" + bytes(40), "GIMP document"),
        (b"RIFF" + bytes(4) + b"WAVE" + bytes(40), "no known format"),
    ],
)
def test_file_that_is_no_picture_says_what_it_is(tmp_path, head, words):
    (tmp_path / "in.png").write_bytes(head)

    refusal = refusal_of(tmp_path / "in.png")

    assert refusal.code == "not_a_picture"
    assert words in str(refusal)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_truncated_picture_is_refused(tmp_path, suffix, part):
    """Nobody may get grey rows instead of the rest of a picture."""
    saved(tmp_path / f"in{suffix}", pillow(smooth()), icc_profile=ICC)
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


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (1_000_001, 1)])
def test_png_over_the_limit_is_refused_by_its_header(tmp_path, width, height):
    write_png(tmp_path / "in.png", RGB)
    data = bytearray((tmp_path / "in.png").read_bytes())
    struct.pack_into(">II", data, 16, width, height)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    (tmp_path / "in.png").write_bytes(data)

    refusal = refusal_of(tmp_path / "in.png")

    assert refusal.code == "too_large"
    assert f"{width:,} x {height:,} px" in str(refusal)
    assert "1,073,741,824" in str(refusal)


def animated(path, **options):
    frames = [pillow(noise("RGB", "u8", seed=seed)) for seed in (1, 2)]
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


UNSUPPORTED = {
    "palette png": (lambda p: saved(p / "a.png", pillow(RGB).quantize(8)), "palette"),
    "1-bit png": (lambda p: saved(p / "a.png", pillow(RGB).convert("1")), "1 bit"),
    "animated png": (lambda p: animated(p / "a.png"), "animation of 2 frames"),
    "animated webp": (lambda p: animated(p / "a.webp"), "animation"),
    "cmyk jpeg": (lambda p: saved(p / "a.jpg", Image.new("CMYK", (8, 8))), "CMYK"),
    "cmyk tiff": (lambda p: saved(p / "a.tif", Image.new("CMYK", (8, 8))), "CMYK"),
    "lab tiff": (lambda p: saved(p / "a.tif", Image.new("LAB", (8, 8))), r"L\*a\*b"),
    "palette tiff": (lambda p: saved(p / "a.tif", pillow(RGB).quantize(8)), "palette"),
    "bilevel tiff": (lambda p: saved(p / "a.tif", pillow(RGB).convert("1")), "1 bit"),
    "u32": (lambda p: tiff(p / "a.tif", np.ones((8, 8), np.uint32)), "integers of 32 bits"),
    "i16": (lambda p: tiff(p / "a.tif", np.ones((8, 8), np.int16)), "signed integers of 16 bits"),
    "f64": (lambda p: tiff(p / "a.tif", np.ones((8, 8))), "floating point numbers of 64 bits"),
    "complex": (lambda p: tiff(p / "a.tif", np.ones((8, 8), np.complex64)), "complex"),
    "pages": (lambda p: tiff(p / "a.tif", np.ones((3, 8, 8), np.uint8)), "3 pages"),
    "volume": (
        lambda p: tiff(p / "a.tif", np.ones((4, 16, 16), np.uint8), tile=(4, 16, 16)),
        "a volume of 4 planes",
    ),
    "imagej": (
        lambda p: tiff(p / "a.tif", np.ones((3, 8, 8), np.uint8), imagej=True), "ImageJ|pages"
    ),
    "channels": (
        lambda p: tiff(p / "a.tif", np.ones((8, 8, 5), np.uint8), planarconfig="contig"),
        "5 channels, 4 more",
    ),
    "packed": (
        lambda p: tiff(p / "a.tif", np.ones((8, 8), np.uint16), bitspersample=12), "12 bits"
    ),
    "jpeg 2000": (
        lambda p: tiff(p / "a.tif", RGB, photometric="rgb", compression="jpeg2000"), "JPEG2000"
    ),
    "webp in tiff": (
        lambda p: tiff(p / "a.tif", RGB, photometric="rgb", compression="webp"), "WEBP"
    ),
    "layers": (
        lambda p: tiff(p / "a.tif", RGB, photometric="rgb",
                       extratags=[(37724, 7, 8, b"Adobe Ph", True)]),
        "Photoshop layers",
    ),
    "camera": (lambda p: tiff(p / "a.tif", RGB[..., 0], photometric="cfa"), "mosaic"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_layout_that_cannot_be_edited_is_named(tmp_path, kind):
    make, words = UNSUPPORTED[kind]

    with pytest.raises(LacunaError, match=words) as refusal:
        open_picture(make(tmp_path))
    assert refusal.value.code == "unsupported_layout"
    assert "; " in str(refusal.value)  # what it holds; what to do instead


def test_arithmetic_and_lossless_jpeg_are_named(tmp_path):
    data = imagecodecs.jpeg8_encode(smooth(), lossless=True)
    (tmp_path / "in.jpg").write_bytes(data)

    refusal = refusal_of(tmp_path / "in.jpg")

    assert refusal.code == "unsupported_layout"
    assert "SOF3" in str(refusal)


def test_one_frame_that_calls_itself_animation_is_a_picture(tmp_path):
    write_png(tmp_path / "in.png", RGB)
    with_png_chunks(
        tmp_path / "in.png",
        (b"acTL", struct.pack(">II", 1, 0)),
        (b"fcTL", struct.pack(">IIIIIHHBB", 0, 53, 37, 0, 0, 1, 1, 0, 0)),
    )

    open_picture(tmp_path / "in.png").save(tmp_path / "out.png", [])

    assert b"acTL" not in (tmp_path / "out.png").read_bytes()


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
    tiff(tmp_path / "in.tif", RGB, photometric="rgb", compression="lzw", rowsperstrip=7)
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
    write_png(tmp_path / "in.png", smooth(24, 32))
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
    rows = noise("RGB", "u8", 64, 64)
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


def test_tiff_that_changes_under_the_hands_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb")
    picture = open_picture(tmp_path / "in.tif")
    tifffile.imwrite(tmp_path / "in.tif", RGB[:20], photometric="rgb")

    with pytest.raises(LacunaError) as refusal:
        picture.read(Rect(0, 0, 8, 8))
    assert refusal.value.code == "picture_changed"
    with pytest.raises(LacunaError):
        picture.save(tmp_path / "out.tif", [])
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_jpeg_whose_preview_ends_is_still_truncated(tmp_path):
    """The end mark of an embedded preview is not the end of the picture."""
    preview = io.BytesIO()
    Image.fromarray(smooth(24, 32)).save(preview, "JPEG")
    ok, data = cv2.imencode(".jpg", smooth())
    assert ok
    body = data.tobytes()
    segment = b"\xff\xec" + struct.pack(">H", len(preview.getvalue()) + 2) + preview.getvalue()
    (tmp_path / "in.jpg").write_bytes(body[:2] + segment + body[2:-2])

    assert refusal_of(tmp_path / "in.jpg").code == "corrupt_picture"
