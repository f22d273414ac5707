"""Formats that a process of its own decodes: what other programs wrote, and what is no picture."""

import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from lacuna.files import apart, open_picture, opening, read_mask, save_picture
from lacuna.files.formats import FORMATS, HEAD_BYTES
from lacuna_wire.errors import LacunaError
from lacuna_wire.rect import Rect
from tests.files.pictures import ICC, exif_block, noise_of, pillow, refusal_of, smooth

WHOLE = Rect(0, 0, 53, 37)
RGB, RGB16 = noise_of("RGB", "u8"), noise_of("RGB", "u16")
GRAY, RGBA = noise_of("GRAY", "u8"), noise_of("RGBA", "u8")
FLOATS = noise_of("RGB", "f32") * 400 - 300


def by_pillow(pixels, **options):
    return lambda path: pillow(pixels).save(path, **options)


def by_imagecodecs(encode, pixels, **options):
    return lambda path: path.write_bytes(encode(pixels, **options))


def by_hand(head, samples):
    return lambda path: path.write_bytes(head + samples.tobytes())


# Name of the file -> what writes it, and what is to be read.
WRITTEN = {
    "rgb.bmp": (by_pillow(RGB), RGB),
    "gray.bmp": (by_pillow(GRAY), GRAY),
    "palette.gif": (by_pillow(GRAY), GRAY),
    "rgb.ppm": (by_pillow(RGB), RGB),
    "gray.pgm": (by_pillow(GRAY), GRAY),
    "deep.ppm": (by_hand(b"P6\n# deep\n53 37 65535\n", RGB16.astype(">u2")), RGB16),
    "rgba.pam": (
        by_hand(
            b"P7\nWIDTH 53\nHEIGHT 37\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", RGBA
        ),
        RGBA,
    ),
    "float.pfm": (by_hand(b"PF\n53 37\n-1.0\n", FLOATS[::-1].astype("<f4")), FLOATS),
    "rgb.jp2": (by_pillow(RGB, irreversible=False), RGB),
    "deep.jp2": (by_imagecodecs(imagecodecs.jpeg2k_encode, RGB16, reversible=True), RGB16),
    "rgb.jxl": (by_imagecodecs(imagecodecs.jpegxl_encode, RGB, lossless=True), RGB),
    "rgba.jxl": (by_imagecodecs(imagecodecs.jpegxl_encode, RGBA, lossless=True), RGBA),
    "float.jxl": (by_imagecodecs(imagecodecs.jpegxl_encode, FLOATS, lossless=True), FLOATS),
    "rgba.avif": (
        by_imagecodecs(imagecodecs.avif_encode, RGBA, level=100, pixelformat="444", matrix=0),
        RGBA,
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_every_sample_is_read(tmp_path, name):
    write, pixels = WRITTEN[name]
    write(tmp_path / name)

    picture = open_picture(tmp_path / name)

    np.testing.assert_array_equal(picture.read(WHOLE), pixels)


@pytest.mark.parametrize("kind", ["bmp3:in.bmp", "ppm:in.ppm", "pam:in.pam", "jp2:in.jp2"])
def test_files_of_imagemagick_are_read(tmp_path, kind):
    if shutil.which("convert") is None:
        pytest.skip("ImageMagick is not installed")
    pillow(RGB).save(tmp_path / "source.png")
    form, name = kind.split(":")
    made = subprocess.run(
        ["convert", tmp_path / "source.png", "-quality", "100", f"{form}:{tmp_path / name}"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"this ImageMagick writes no {form}")

    read = open_picture(tmp_path / name).read(WHOLE)

    assert np.abs(read[..., :3].astype(int) - RGB).max() <= 2


@pytest.mark.parametrize(("bits", "codec"), [(10, "avif"), (12, "avif"), (12, "jp2"), (4, "pgm")])
def test_depths_between_are_stretched_over_the_whole_range(tmp_path, bits, codec):
    top = 2**bits - 1
    values = np.linspace(0, top, 53 * 37).reshape(37, 53).round().astype(np.uint16)
    path = tmp_path / f"in.{codec}"
    if codec == "avif":
        path.write_bytes(imagecodecs.avif_encode(values, level=100, bitspersample=bits))
    elif codec == "jp2":
        path.write_bytes(imagecodecs.jpeg2k_encode(values, bitspersample=bits, reversible=True))
    else:
        path.write_bytes(b"P5 53 37 %d\n" % top + values.astype(np.uint8).tobytes())

    read = open_picture(path).read(WHOLE)[..., 0]

    whole = int(np.iinfo(read.dtype).max)
    np.testing.assert_allclose(read / whole, values / top, atol=1 / 1024)
    assert (read.min(), read.max()) == (0, whole)


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_avif_stays_what_it_is(tmp_path, bits):
    deep = noise_of("RGB", "u16") >> (16 - bits)
    packed = imagecodecs.avif_encode(
        deep, level=100, bitspersample=bits, pixelformat="444", matrix=0
    )
    (tmp_path / "in.avif").write_bytes(packed)
    picture = open_picture(tmp_path / "in.avif")

    save_picture(
        picture, tmp_path / "out.avif", [(Rect(0, 0, 2, 2), picture.read(WHOLE)[5:7, 5:7])]
    )

    copy = imagecodecs.avif_decode((tmp_path / "out.avif").read_bytes())
    np.testing.assert_array_equal(copy[2:], deep[2:])
    np.testing.assert_array_equal(copy[:2, :2], deep[5:7, 5:7])


def test_orientation_exif_and_xmp_of_jpeg_xl_are_kept(tmp_path):
    pillow(RGB).save(tmp_path / "in.jpg", exif=b"Exif\0\0" + exif_block(6), quality=95)
    before = open_picture(tmp_path / "in.jpg")
    save_picture(before, tmp_path / "out.jxl", [])

    after = open_picture(tmp_path / "out.jxl")

    assert (after.width, after.height) == (37, 53)
    np.testing.assert_array_equal(after.read(Rect(0, 0, 37, 53)), before.read(Rect(0, 0, 37, 53)))
    assert b"Lacuna!" in after.metadata.exif
    assert after.metadata.dpi == (300, 300)
    save_picture(after, tmp_path / "again.jxl", [])
    assert open_picture(tmp_path / "again.jxl").metadata == after.metadata


def test_what_avif_does_not_hold_is_said(tmp_path):
    pillow(RGB).save(tmp_path / "in.png", exif=exif_block())

    said = save_picture(open_picture(tmp_path / "in.png"), tmp_path / "out.avif", [])

    assert said == ["Left out, because AVIF has no place for it: EXIF."]


@pytest.mark.parametrize("suffix", [".jxl", ".avif"])
def test_profile_of_other_colours_is_refused_and_that_of_srgb_is_not(tmp_path, suffix):
    pillow(RGB).save(tmp_path / "srgb.png", icc_profile=ICC)
    wide = imagecodecs.cms_profile("adobergb")
    pillow(RGB).save(tmp_path / "wide.png", icc_profile=wide)

    save_picture(open_picture(tmp_path / "srgb.png"), tmp_path / f"srgb{suffix}", [])
    with pytest.raises(LacunaError, match=r"cannot hold the profile .* PNG.*TIFF can\.") as refusal:
        save_picture(open_picture(tmp_path / "wide.png"), tmp_path / f"wide{suffix}", [])

    assert refusal.value.code == "unsupported_output"
    assert not (tmp_path / f"wide{suffix}").exists()


def test_gif_gives_its_first_frame_and_transparent_colours(tmp_path):
    frames = [pillow(noise_of("GRAY", "u8", seed=seed)) for seed in (1, 2)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], transparency=7)

    picture = open_picture(tmp_path / "in.gif")

    assert picture.layout.has_alpha
    read = picture.read(WHOLE)
    np.testing.assert_array_equal(read[..., -1] == 0, GRAY[..., 0] == 7)


@pytest.mark.parametrize("suffix", [".bmp", ".gif", ".pgm", ".pbm", ".jp2"])
def test_masks_are_read(tmp_path, suffix):
    mask = np.zeros((37, 53), np.uint8)
    mask[4:9, 10:20] = 255
    image = Image.fromarray(mask)
    (image.convert("1") if suffix == ".pbm" else image).save(tmp_path / f"mask{suffix}")

    read = read_mask(tmp_path / f"mask{suffix}")

    np.testing.assert_array_equal(read[read.rect.slices], mask)


def test_heic_says_what_is_missing(tmp_path):
    head = struct.pack(">I4s4sI", 24, b"ftyp", b"heic", 0) + b"mif1heic"
    ispe = struct.pack(">I4sIII", 20, b"ispe", 0, 40, 30)
    (tmp_path / "in.heic").write_bytes(head + ispe + bytes(64))

    refusal = refusal_of(tmp_path / "in.heic")

    assert refusal.code in ("unsupported_layout", "corrupt_picture")
    if refusal.code == "unsupported_layout":
        assert "pip install pillow-heif" in str(refusal)


def test_heic_is_read_where_its_library_is(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    pillow(smooth()).save(tmp_path / "in.heic", quality=95)

    read = open_picture(tmp_path / "in.heic").read(Rect(0, 0, 128, 96))

    assert np.abs(read.astype(int) - smooth()).mean() < 3


def test_format_that_is_only_read_is_refused_as_output(tmp_path):
    pillow(RGB).save(tmp_path / "in.bmp")

    with pytest.raises(LacunaError, match=r"reads BMP and does not write it.*\.png") as refusal:
        save_picture(open_picture(tmp_path / "in.bmp"), tmp_path / "out.bmp", [])

    assert refusal.value.code == "unsupported_output"


# -- what is no picture, or a trap --


def huge(name, side):
    """Files of a few bytes that declare a square of `side` px."""
    if name == "PNM":
        return b"P5 %d %d 255\n" % (side, side)
    if name == "GIF":
        return b"GIF89a" + struct.pack("<HH", side, side) + bytes(9)
    if name == "BMP":
        return b"BM" + bytes(12) + struct.pack("<IiiHH", 40, side, side, 1, 24) + bytes(24)
    if name == "JPEG 2000":
        return b"\xff\x4f\xff\x51" + struct.pack(">HHIIII", 47, 0, side, side, 0, 0) + bytes(40)
    if name == "AVIF":
        return (
            b"\0\0\0\x18ftypavif"
            + bytes(12)
            + b"\0\0\0\x14ispe"
            + struct.pack(">III", 0, side, side)
        )
    bits = 0 | 3 << 1 | (side - 1) << 3 | 1 << 33  # not small, 30 bits, square
    return b"\xff\x0a" + bits.to_bytes(12, "little")


@pytest.mark.parametrize("name", ["PNM", "GIF", "BMP", "JPEG 2000", "AVIF", "JPEG XL"])
def test_bomb_is_refused_by_its_header(tmp_path, name, monkeypatch):
    """No process is started for it, and nothing of that size is made."""
    monkeypatch.setattr(apart.subprocess, "Popen", lambda *_a, **_k: pytest.fail("started"))
    monkeypatch.setattr(opening, "free_memory_bytes", lambda: 1 << 29)
    (tmp_path / "in.x").write_bytes(huge(name, 20_000))

    refusal = refusal_of(tmp_path / "in.x")

    assert refusal.code == ("corrupt_picture" if name == "PNM" else "too_large")
    if name != "PNM":
        assert "MiB" in str(refusal)


@pytest.mark.parametrize("side", [40_000])
def test_more_pixels_than_any_picture_may_have_are_refused(tmp_path, side, monkeypatch):
    monkeypatch.setattr(opening, "free_memory_bytes", lambda: 1 << 50)
    (tmp_path / "in.gif").write_bytes(huge("GIF", side))

    assert "1,073,741,824" in str(refusal_of(tmp_path / "in.gif"))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import os; os.abort()", "decoder has crashed"),
        ("print('{\"shape\":[9,9,3],\"dtype\":\"|u1\",\"lossy\":false,\"bits\":8,\"icc\":\"\","
         "\"peak_bytes\":9,\"exif\":\"\",\"xmp\":\"\",\"dpi\":null}')", "decoder has crashed"),
        ("import time; time.sleep(99)", "came to no end in 1 s"),
        ("a = bytearray(1 << 36)", "has crashed"),
    ],
)  # fmt: skip
def test_codec_that_crashes_hangs_or_grows_is_a_sentence(tmp_path, monkeypatch, script, words):
    pillow(RGB).save(tmp_path / "in.bmp")
    real = subprocess.Popen
    monkeypatch.setattr(apart, "_LEAST_S", 1)
    monkeypatch.setattr(
        apart.subprocess, "Popen", lambda _c, **k: real([sys.executable, "-c", script], **k)
    )

    refusal = refusal_of(tmp_path / "in.bmp")

    assert refusal.code == "corrupt_picture"
    assert words in str(refusal)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a child")
def test_codec_gets_no_more_memory_than_its_picture_needs(tmp_path, monkeypatch):
    pillow(RGB).save(tmp_path / "in.bmp")
    monkeypatch.setattr(apart, "_OWN_BYTES", 64 << 20)

    refusal = refusal_of(tmp_path / "in.bmp")

    assert refusal.code in ("corrupt_picture", "too_large")


def mutilated(data: bytes, rng: np.random.Generator) -> bytes:
    """Change, cut or repeat some bytes, most often of the header."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        reach = len(changed) if rng.random() < 0.5 else min(len(changed), 200)
        at = int(rng.integers(0, reach))
        kind = rng.integers(0, 4)
        if kind == 0:
            changed[at] = int(rng.integers(0, 256))
        elif kind == 1:
            changed[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 2:
            del changed[max(12, at) :]
        else:
            changed[at : at + 4] = rng.bytes(4)
        if not changed:
            return b"\0"
    return bytes(changed)


def try_mutilated(folder: Path, count: int) -> dict[str, int]:
    """Open files with damage in each of the formats; return how many were what."""
    rng, found = np.random.default_rng(count), {}
    sources = {}
    for name, (write, _pixels) in WRITTEN.items():
        write(folder / name)
        sources[name] = (folder / name).read_bytes()
    for number in range(count):
        name = list(sources)[number % len(sources)]
        path = folder / f"bad_{name}"
        path.write_bytes(mutilated(sources[name], rng))
        start = time.monotonic()
        try:
            picture = open_picture(path)
            assert picture.read(Rect(0, 0, 1, 1)).size
        except LacunaError as refusal:
            sentence, outcome = str(refusal), refusal.code
        else:
            sentence, outcome = "It was read.", "read"
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert time.monotonic() - start < 100, name  # what a hang would be ended after
        found[outcome] = found.get(outcome, 0) + 1
    return found


def test_damaged_files_are_read_or_refused_with_a_sentence(tmp_path):
    found = try_mutilated(tmp_path, 26)

    assert set(found) <= {
        "read", "corrupt_picture", "not_a_picture", "too_large", "unsupported_layout",
    }  # fmt: skip
    assert sum(found.values()) == 26


@pytest.mark.long
@pytest.mark.timeout(3600 * 4)
def test_ten_thousand_damaged_files_are_read_or_refused_with_a_sentence(tmp_path):
    print(try_mutilated(tmp_path, 10_000))


def test_every_format_is_told_by_its_first_bytes(tmp_path):
    for name, (write, _pixels) in WRITTEN.items():
        write(tmp_path / name)
        head = (tmp_path / name).read_bytes()[:HEAD_BYTES]
        assert len([known for known in FORMATS if known.signature.match(head)]) == 1, name


def test_another_decoder_reads_the_avif_that_is_written(tmp_path):
    pillow(RGB).save(tmp_path / "in.png")
    save_picture(open_picture(tmp_path / "in.png"), tmp_path / "out.avif", [])

    with Image.open(tmp_path / "out.avif") as image:
        np.testing.assert_array_equal(np.array(image), RGB)
