"""What a file says besides its pixels stays: all of it within a format, the essentials across."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from lacuna.files import exif, open_picture, save_picture
from lacuna_wire.rect import Rect
from tests.files.pictures import (
    ICC,
    LONG_ICC,
    XMP,
    exif_block,
    jpeg_segments,
    load,
    pillow,
    png_chunks,
    resources_of_photoshop,
    smooth,
    with_jpeg_segments,
    with_png_chunks,
)

PREVIEW = b"\xff\xd8 what was removed \xff\xd9"
FORMATS = [".png", ".jpg", ".webp", ".tif"]


def write(path, icc=ICC, block=None, xmp=XMP):
    """Write all that the formats have in common."""
    block = exif_block() if block is None else block
    image = pillow(smooth())
    if path.suffix == ".tif":
        image.save(path, icc_profile=icc, exif=b"Exif\0\0" + block, dpi=(300, 300))
        # Pillow writes no XMP here, so tifffile's tags are put into the file that it wrote.
        with tifffile.TiffFile(path) as tiff:
            tags = tiff.pages.first.tags
            values = {code: tags.valueof(code) for code in (271,)}
        tifffile.imwrite(
            path, smooth(), photometric="rgb", iccprofile=icc, resolution=(300, 300),
            resolutionunit="inch", metadata=None,
            extratags=[(271, 2, 0, values[271], True), (700, 1, len(xmp), xmp, True)],
        )  # fmt: skip
    else:
        options = {".png": {}, ".jpg": {"quality": 95}, ".webp": {"lossless": True}}[path.suffix]
        image.save(path, icc_profile=icc, exif=b"Exif\0\0" + block, dpi=(300, 300), **options)
        if path.suffix == ".png":
            with_png_chunks(path, (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
        elif path.suffix == ".jpg":
            with_jpeg_segments(path, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp))
        else:
            image.save(path, icc_profile=icc, exif=block, xmp=xmp, **options)


def seen_by_pillow(path):
    """ICC profile, maker, XMP and dpi as another library finds them."""
    image = load(path)
    image.load()
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if path.suffix == ".tif":
        xmp = image.tag_v2.get(700)
    dpi = image.info.get("dpi")
    if dpi is None:
        dpi = image.getexif().get(282), image.getexif().get(283)
    return (
        image.info.get("icc_profile"),
        image.getexif().get(271),
        xmp.encode() if isinstance(xmp, str) else xmp,
        tuple(round(float(side)) for side in dpi),
    )


@pytest.mark.parametrize("out_suffix", FORMATS)
@pytest.mark.parametrize("in_suffix", FORMATS)
@pytest.mark.parametrize("icc", [ICC, LONG_ICC], ids=["one segment", "two segments"])
def test_profile_camera_xmp_and_resolution_reach_every_format(tmp_path, in_suffix, out_suffix, icc):
    source, out = tmp_path / f"in{in_suffix}", tmp_path / f"out{out_suffix}"
    write(source, icc)

    save_picture(open_picture(source), out, [])

    upright = XMP if in_suffix == out_suffix else XMP.replace(b'on="6"', b'on="1"')
    assert seen_by_pillow(out) == (icc, "Lacuna!", upright, (300, 300))
    assert open_picture(out).metadata.icc == icc


@pytest.mark.parametrize("order", ["<", ">"], ids=["little endian", "big endian"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_shot_and_place_pass_through_a_tiff_and_back(tmp_path, suffix, order):
    """Two byte orders, and a maker note that is bytes to everyone."""
    write(tmp_path / f"in{suffix}", block=exif_block(order=order))

    save_picture(open_picture(tmp_path / f"in{suffix}"), tmp_path / "middle.tif", [])
    save_picture(open_picture(tmp_path / "middle.tif"), tmp_path / f"out{suffix}", [])

    for name in ("middle.tif", f"out{suffix}"):
        found = load(tmp_path / name).getexif()
        shot, place = found.get_ifd(34665), found.get_ifd(34853)
        assert float(shot[33434]) == 1 / 250
        assert shot[37500] == b"\x07maker note\xff"
        assert place[1] == "N"
        assert [float(part) for part in place[2]] == [47, 22, 5]
    with tifffile.TiffFile(tmp_path / "middle.tif") as tiff:
        np.testing.assert_array_equal(tiff.asarray(), open_picture(tmp_path / f"in{suffix}").read(
            Rect(0, 0, 128, 96)))  # fmt: skip


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_exif_block_is_kept_byte_for_byte_but_for_its_preview(tmp_path, suffix):
    """The preview shows what was removed; maker notes point into the block, so nothing moves."""
    block = exif_block(6, ">", thumbnail=PREVIEW)
    write(tmp_path / f"in{suffix}", block=block)
    assert PREVIEW in (tmp_path / f"in{suffix}").read_bytes()

    save_picture(open_picture(tmp_path / f"in{suffix}"), tmp_path / f"out{suffix}", [])

    copy = open_picture(tmp_path / f"out{suffix}").metadata.exif
    blanked = bytearray(block[: -len(PREVIEW)] + bytes(len(PREVIEW)))
    blanked[10 + 7 * 12 : 10 + 7 * 12 + 4] = bytes(4)  # the link to the preview's directory
    assert copy == bytes(blanked)
    assert b"what was removed" not in (tmp_path / f"out{suffix}").read_bytes()


def test_png_chunks_are_kept_in_order_unless_they_would_lie(tmp_path):
    kept = [
        (b"sRGB", b"\0"),
        (b"gAMA", struct.pack(">I", 45455)),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        (b"pHYs", struct.pack(">IIB", 11811, 11811, 1)),
        (b"tIME", bytes([7, 232, 1, 2, 3, 4, 5])),
        (b"tEXt", b"Title\0Lacuna"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"hidden")),
        (b"iTXt", b"Author\0\0\0de\0Autor\0" + "Müller".encode()),
        (b"prVt", b"private and safe to copy"),
    ]
    dropped = [(b"prVT", b"private and unsafe when pixels change")]
    pillow(smooth()).save(tmp_path / "in.png")
    with_png_chunks(tmp_path / "in.png", *kept, *dropped)

    save_picture(open_picture(tmp_path / "in.png"), tmp_path / "out.png", [])

    chunks = png_chunks(tmp_path / "out.png")
    assert [chunk for chunk in chunks if chunk[0] not in (b"IHDR", b"IDAT", b"IEND")] == kept
    assert load(tmp_path / "out.png").text["Author"] == "Müller"


def test_compressed_xmp_of_a_png_reaches_a_jpeg(tmp_path):
    pillow(smooth()).save(tmp_path / "in.png")
    with_png_chunks(
        tmp_path / "in.png", (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP))
    )

    save_picture(open_picture(tmp_path / "in.png"), tmp_path / "out.jpg", [])

    assert load(tmp_path / "out.jpg").info["xmp"] == XMP.replace(b'on="6"', b'on="1"')


def test_jpeg_segments_are_kept_in_order(tmp_path):
    segments = [
        (0xE1, b"Exif\0\0" + exif_block(6)),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
        (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + b"<more/>"),
        (0xE2, b"ICC_PROFILE\0\1\1" + ICC),
        (0xEC, b"Ducky\0\1\0\4\0\0\0<\0\0"),
        (0xFE, b"a comment"),
    ]
    pillow(smooth()).save(tmp_path / "in.jpg", dpi=(240, 240))
    with_jpeg_segments(tmp_path / "in.jpg", *segments)

    save_picture(open_picture(tmp_path / "in.jpg"), tmp_path / "out.jpg", [])

    found = jpeg_segments(tmp_path / "out.jpg")
    assert found[: len(segments)] == segments
    jfif = found[len(segments)]
    assert jfif == (0xE0, b"JFIF\0\1\1\1\0\xf0\0\xf0\0\0")
    assert {marker for marker, _ in found[len(segments) + 1 :]} <= {0xDB, 0xC0, 0xC4}


def test_preview_of_photoshop_is_left_out_of_a_jpeg(tmp_path):
    pillow(smooth()).save(tmp_path / "in.jpg")
    resources = b"Photoshop 3.0\0" + resources_of_photoshop(PREVIEW)
    with_jpeg_segments(tmp_path / "in.jpg", (0xED, resources))

    save_picture(open_picture(tmp_path / "in.jpg"), tmp_path / "out.jpg", [])

    image = load(tmp_path / "out.jpg")
    assert b"what was removed" not in (tmp_path / "out.jpg").read_bytes()
    assert set(image.info["photoshop"]) == {1005, 1061}


def test_unknown_webp_chunk_is_kept(tmp_path):
    pillow(smooth()).save(tmp_path / "in.webp", lossless=True, xmp=XMP)
    data = (tmp_path / "in.webp").read_bytes() + b"odd \x05\0\0\0hello\0"
    (tmp_path / "in.webp").write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])

    save_picture(open_picture(tmp_path / "in.webp"), tmp_path / "out.webp", [])

    assert b"odd \x05\0\0\0hello\0" in (tmp_path / "out.webp").read_bytes()
    assert load(tmp_path / "out.webp").info["xmp"] == XMP


def test_broken_metadata_is_kept_and_refuses_no_picture(tmp_path):
    """An EXIF directory outside the block, a profile that does not inflate."""
    broken = b"II*\0\xff\xff\0\0nothing"
    pillow(smooth()).save(tmp_path / "in.png")
    with_png_chunks(tmp_path / "in.png", (b"eXIf", broken), (b"iCCP", b"x\0\0not deflate"))

    picture = open_picture(tmp_path / "in.png")
    save_picture(picture, tmp_path / "out.png", [])
    save_picture(picture, tmp_path / "out.tif", [])

    assert (b"eXIf", broken) in png_chunks(tmp_path / "out.png")
    assert (b"iCCP", b"x\0\0not deflate") in png_chunks(tmp_path / "out.png")
    assert load(tmp_path / "out.tif").size == (128, 96)


def test_profile_that_inflates_without_end_stays_small(tmp_path):
    bomb = zlib.compressobj(1)
    data = b"".join(bomb.compress(bytes(2**24)) for _ in range(5)) + bomb.flush()
    pillow(smooth()).save(tmp_path / "in.png")
    with_png_chunks(tmp_path / "in.png", (b"iCCP", b"x\0\0" + data))

    assert len(open_picture(tmp_path / "in.png").metadata.icc) == 2**26


@pytest.mark.parametrize("length", range(0, 430, 7))
def test_exif_block_cut_anywhere_raises_nothing(length):
    cut = exif_block(6, thumbnail=PREVIEW)[:length]

    assert exif.orientation(cut) in range(1, 9)
    assert len(exif.without_thumbnail(cut)) == length
    assert len(exif.upright(cut)) == length


def test_resolution_per_centimetre_is_understood(tmp_path):
    image = pillow(smooth())
    image.save(tmp_path / "in.tif", resolution=100, resolution_unit="cm")

    save_picture(open_picture(tmp_path / "in.tif"), tmp_path / "out.png", [])

    assert load(tmp_path / "out.png").info["dpi"] == pytest.approx((254, 254))


def test_plain_picture_gets_no_metadata_that_it_did_not_have(tmp_path):
    Image.fromarray(smooth()).save(tmp_path / "in.png")
    picture = open_picture(tmp_path / "in.png")

    for suffix in FORMATS:
        save_picture(picture, tmp_path / f"out{suffix}", [])
        copy = load(tmp_path / f"out{suffix}")
        assert "icc_profile" not in copy.info
        assert "dpi" not in copy.info or copy.info["dpi"] == (1, 1)
    assert png_chunks(tmp_path / "out.png")[0][0] == b"IHDR"
