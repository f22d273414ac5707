"""What one format has and another has not: converted where there is a place, else named."""

import json
import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from lacuna.files import open_picture, save_picture
from lacuna_wire.rect import Rect
from tests.files.format_rows import ROWS
from tests.files.jpegs import grainy, jpeg_of
from tests.files.pictures import (
    jpeg_segments,
    load,
    pillow,
    png_chunks,
    read_png,
    resources_of_photoshop,
    smooth,
    with_jpeg_segments,
    with_png_chunks,
    write_png,
)
from tests.files.tiffs import tags

# Records of IPTC: a keyword, a caption with letters of UTF-8, and that they are UTF-8.
IPTC = (
    b"\x1c\x01\x5a\x00\x03\x1b%G"
    + b"\x1c\x02\x19\x00\x05otter"
    + b"\x1c\x02\x78\x00\x07M\xc3\xbcller"
)
LEFT_OUT = "Left out, because {} has no place for it: {}."


def saved(tmp_path, source, suffix):
    out = tmp_path / f"out{suffix}"
    return out, save_picture(open_picture(source), out, [])


def with_iptc(path):
    """A file with IPTC, as JPEG and TIFF and ImageMagick's PNG have it."""
    if path.suffix == ".jpg":
        path.write_bytes(jpeg_of(smooth()))
        resources = resources_of_photoshop(b"")
        iptc = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + bytes(len(IPTC) % 2)
        with_jpeg_segments(path, (0xED, b"Photoshop 3.0\0" + resources + iptc))
    elif path.suffix == ".png":
        write_png(path, smooth())
        digits = IPTC.hex()
        text = f"\niptc\n{len(IPTC):8}\n{digits[:72]}\n{digits[72:]}\n".encode()
        chunk = b"Raw profile type iptc\0\0" + zlib.compress(text)
        with_png_chunks(path, (b"zTXt", chunk))
    else:
        image = pillow(smooth())
        image.save(path, tiffinfo={33723: IPTC})
    return path


@pytest.mark.parametrize("into", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("source", [".png", ".jpg", ".tif"])
def test_iptc_reaches_every_format_that_has_a_place_for_it(tmp_path, source, into):
    picture = with_iptc(tmp_path / f"in{source}")
    assert open_picture(picture).metadata.iptc == IPTC

    out, remarks = saved(tmp_path, picture, into)

    if into == ".webp":
        assert remarks == [LEFT_OUT.format("WebP", "IPTC captions")]
        return
    assert not any("IPTC" in remark for remark in remarks)
    assert open_picture(out).metadata.iptc == IPTC
    if shutil.which("exiftool"):
        shown = subprocess.run(["exiftool", "-j", "-G1", out], check=True, capture_output=True)
        found = json.loads(shown.stdout)[0]
        assert (found["IPTC:Keywords"], found["IPTC:Caption-Abstract"]) == ("otter", "Müller")


def test_iptc_that_a_tiff_stores_as_numbers_keeps_the_order_of_its_bytes(tmp_path):
    """As old programs write it: 32-bit numbers, in whichever order the file has."""
    padded = IPTC + bytes(-len(IPTC) % 4)
    for order in ("<", ">"):
        path = tmp_path / "in.tif"
        numbers = struct.unpack(f">{len(padded) // 4}I", padded)
        import tifffile

        tifffile.imwrite(path, smooth(), byteorder=order, photometric="rgb", metadata=None,
                         extratags=[(33723, "I", len(numbers), numbers, True)])  # fmt: skip
        assert open_picture(path).metadata.iptc == padded


@pytest.mark.parametrize("text", ["a plain one", "ein Stück Überschrift", "雪"])
def test_comment_of_a_jpeg_is_converted_or_named(tmp_path, text):
    source = tmp_path / "in.jpg"
    source.write_bytes(jpeg_of(smooth()))
    with_jpeg_segments(source, (0xFE, text.encode()))

    out, remarks = saved(tmp_path, source, ".png")
    assert (load(out).text["Comment"], remarks) == (text, [])
    back, _ = saved(tmp_path, out, ".jpg")
    assert (0xFE, text.encode()) in jpeg_segments(back)
    out, remarks = saved(tmp_path, source, ".tif")
    assert text.encode() + b"\0" in out.read_bytes()
    assert 270 in tags(out)
    assert remarks == []
    _, remarks = saved(tmp_path, source, ".webp")
    assert remarks == [LEFT_OUT.format("WebP", "the comment")]


def test_texts_of_a_png_are_named_where_there_is_no_place_for_them(tmp_path):
    write_png(tmp_path / "in.png", smooth())
    with_png_chunks(
        tmp_path / "in.png",
        (b"tEXt", b"Title\0Otters"),
        (b"zTXt", b"Warning\0\0" + zlib.compress(b"wet")),
        (b"iTXt", b"Author\0\0\0\0\0" + "Müller".encode()),
    )

    _, remarks = saved(tmp_path, tmp_path / "in.png", ".tif")

    assert remarks == [LEFT_OUT.format("TIFF", "texts of PNG (Title, Warning, Author)")]


def test_place_on_earth_is_named_where_there_is_no_place_for_it(tmp_path):
    ROWS["TIFF"].write_geo(tmp_path / "in.tif", smooth())

    _, remarks = saved(tmp_path, tmp_path / "in.tif", ".png")

    assert remarks == [LEFT_OUT.format("PNG", "the place on earth (GeoTIFF keys)")]
    assert saved(tmp_path, tmp_path / "in.tif", ".tif")[1] == []


def shown_as_srgb(path):
    """The first pixel as Little CMS shows it on an sRGB screen."""
    image = load(path).convert("RGB").crop((0, 0, 1, 1))
    profile = image.info.get("icc_profile") or load(path).info.get("icc_profile")
    assert profile is not None
    screen = ImageCms.createProfile("sRGB")
    from io import BytesIO

    return ImageCms.profileToProfile(
        image, ImageCms.ImageCmsProfile(BytesIO(profile)), screen, renderingIntent=1
    ).getpixel((0, 0))


def colours_in_numbers(path, value, *chunks):
    write_png(path, np.full((4, 4, 3), value, np.uint8))
    with_png_chunks(path, *chunks)


@pytest.mark.parametrize("suffix", [".tif", ".jpg", ".webp"])
def test_gamma_of_a_png_becomes_a_profile(tmp_path, suffix):
    """Light of 0.502 in a linear file is 188 of 255 on a screen."""
    colours_in_numbers(tmp_path / "in.png", 128, (b"gAMA", struct.pack(">I", 100_000)))

    out, _ = saved(tmp_path, tmp_path / "in.png", suffix)

    assert np.abs(np.subtract(shown_as_srgb(out), 188)).max() <= 2


@pytest.mark.parametrize(
    ("code", "value", "screen"),
    [
        ((9, 16), 148, 255),  # PQ: 203 nits, the white of paper
        ((9, 16), 94, 94),  # 22.7 nits: 0.112 of it
        ((9, 18), 191, 255),  # HLG: the same white
        ((12, 13), 128, 128),  # Display P3 with the curve of sRGB
        ((1, 8), 128, 188),  # linear
    ],
    ids=str,
)
def test_colours_that_cicp_names_become_a_profile(tmp_path, code, value, screen):
    colours_in_numbers(tmp_path / "in.png", value, (b"cICP", bytes([*code, 0, 1])))

    out, _ = saved(tmp_path, tmp_path / "in.png", ".tif")

    assert np.abs(np.subtract(shown_as_srgb(out), screen)).max() <= 3
    kept, _ = saved(tmp_path, tmp_path / "in.png", ".png")
    assert (b"cICP", bytes([*code, 0, 1])) in png_chunks(kept)
    assert np.array_equal(read_png(kept), read_png(tmp_path / "in.png"))


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"gAMA", struct.pack(">I", 45_455))],
        [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))],
        [(b"cICP", bytes([1, 13, 0, 1]))],
        [(b"cICP", bytes([2, 2, 0, 1]))],
        [(b"gAMA", b"\0\0\0\0")],
        [(b"gAMA", struct.pack(">I", 99_999)), (b"cHRM", bytes(32))],
        [(b"cICP", b"\x09")],
    ],
    ids=["2.2", "sRGB", "sRGB by code", "unknown", "nothing", "no primaries", "cut"],
)
def test_what_means_srgb_or_nothing_gets_no_profile(tmp_path, chunks):
    colours_in_numbers(tmp_path / "in.png", 128, *chunks)

    out, _ = saved(tmp_path, tmp_path / "in.png", ".tif")

    assert 34675 not in tags(out)


def test_film_behind_a_photograph_is_left_out_and_no_longer_promised(tmp_path):
    """A motion photo: XMP says that a film follows, and how long it is."""
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description '
        b'GCamera:MotionPhoto="1" GCamera:MicroVideo="1" GCamera:MotionPhotoVersion="1"/>'
    )
    source = tmp_path / "in.jpg"
    source.write_bytes(jpeg_of(grainy(64, 64)))
    with_jpeg_segments(source, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp))
    film = b"\0\0\0\x18ftypmp42" + bytes(range(1, 200))
    source.write_bytes(source.read_bytes() + film)

    out, remarks = saved(tmp_path, source, ".jpg")

    assert film not in out.read_bytes()
    ((_, kept),) = [part for part in jpeg_segments(out) if part[0] == 0xE1]
    assert b'MotionPhoto="0"' in kept
    assert b'MicroVideo="0"' in kept
    assert b'MotionPhotoVersion="1"' in kept
    assert remarks[1] == (
        "211 bytes behind the picture (further pictures, a film or a gain map) were left out: "
        "they would still show what was removed."
    )
    _, remarks = saved(tmp_path, source, ".png")
    assert "211 bytes behind the picture" in remarks[0]


def test_zeros_behind_a_jpeg_are_nothing_to_speak_of(tmp_path):
    (tmp_path / "in.jpg").write_bytes(jpeg_of(grainy(64, 64)) + bytes(100))

    assert len(saved(tmp_path, tmp_path / "in.jpg", ".jpg")[1]) == 1


def test_extended_xmp_is_named(tmp_path):
    (tmp_path / "in.jpg").write_bytes(jpeg_of(grainy(64, 64)))
    with_jpeg_segments(
        tmp_path / "in.jpg", (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + b"<x/>")
    )

    _, remarks = saved(tmp_path, tmp_path / "in.jpg", ".png")

    assert remarks == [LEFT_OUT.format("PNG", "extended XMP")]


def test_pictures_of_the_rows_lose_nothing_when_they_have_nothing(tmp_path):
    """No sentence without a reason."""
    Image.fromarray(smooth()).save(tmp_path / "in.png")
    for suffix in (".png", ".tif", ".webp"):
        assert saved(tmp_path, tmp_path / "in.png", suffix)[1] == []
    assert open_picture(tmp_path / "in.png").read(Rect(0, 0, 4, 4)).shape == (4, 4, 3)
