"""What cannot be edited is refused with one sentence that names it, and with a stable code."""

import os
import re
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from lacuna.files import open_picture, read_mask, save_picture
from lacuna_wire.errors import LacunaError
from lacuna_wire.rect import Rect
from tests.files.pictures import noise_of, pillow, refusal_of, smooth, with_png_chunks, write_png

RGB = noise_of("RGB", "u8")


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
        (b"%PDF-1.4" + bytes(40), "a PDF"),
        (b"8BPS" + bytes(40), "Photoshop document"),
        (b"PK\3\4" + bytes(26) + b"mimetypeapplication/x-krita" + bytes(9), "a Krita document"),
        (b"gimp xcf v011" + bytes(40), "GIMP document"),
        (b"RIFF" + bytes(4) + b"WAVE" + bytes(40), "no known format"),
    ],
)
def test_file_that_is_no_picture_says_what_it_is(tmp_path, head, words):
    (tmp_path / "in.png").write_bytes(head)

    refusal = refusal_of(tmp_path / "in.png")

    assert refusal.code == "not_a_picture"
    assert words in str(refusal)


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
    frames = [pillow(noise_of("RGB", "u8", seed=seed)) for seed in (1, 2)]
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


UNSUPPORTED = {
    "animated png": (lambda p: animated(p / "a.png"), "animation of 2 frames"),
    "animated webp": (lambda p: animated(p / "a.webp"), "animation"),
    "cmyk jpeg": (lambda p: saved(p / "a.jpg", Image.new("CMYK", (8, 8))), "CMYK"),
    "cmyk tiff": (lambda p: saved(p / "a.tif", Image.new("CMYK", (8, 8))), "CMYK"),
    "lab tiff": (lambda p: saved(p / "a.tif", Image.new("LAB", (8, 8))), r"L\*a\*b"),
    "complex": (lambda p: tiff(p / "a.tif", np.ones((8, 8), np.complex64)), "complex"),
    "pages": (lambda p: tiff(p / "a.tif", np.ones((3, 8, 8), np.uint8)), "3 pages"),
    "volume": (
        lambda p: tiff(p / "a.tif", np.ones((4, 16, 16), np.uint8), tile=(4, 16, 16)),
        "a volume of 4 planes",
    ),
    "imagej": (
        lambda p: tiff(p / "a.tif", np.ones((3, 8, 8), np.uint8), imagej=True), "ImageJ|pages"
    ),
    "i64": (lambda p: tiff(p / "a.tif", np.ones((8, 8), np.int64)), "signed integers of 64 bits"),
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
    assert re.search(r" holds .+\. [A-Z].+\.$", str(refusal.value))  # and what to do instead


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

    save_picture(open_picture(tmp_path / "in.png"), tmp_path / "out.png", [])

    assert b"acTL" not in (tmp_path / "out.png").read_bytes()


def test_tiff_that_changes_under_the_hands_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb")
    picture = open_picture(tmp_path / "in.tif")
    tifffile.imwrite(tmp_path / "in.tif", RGB[:20], photometric="rgb")

    with pytest.raises(LacunaError) as refusal:
        picture.read(Rect(0, 0, 8, 8))
    assert refusal.value.code == "picture_changed"
    with pytest.raises(LacunaError):
        save_picture(picture, tmp_path / "out.tif", [])
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]
