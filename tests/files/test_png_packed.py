"""PNG with a palette or less than 8 bits: what is kept, and what is said where it cannot be."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lacuna.files import open_picture, save_picture
from lacuna_wire.rect import Rect
from tests.files.pictures import ICC, noise_of, pillow, png_chunk, png_chunks, smooth

WHOLE, RECT = Rect(0, 0, 53, 37), Rect(8, 4, 16, 12)


def header(path):
    """Bits and colour type."""
    return tuple(path.read_bytes()[24:26])


@pytest.mark.parametrize("colours", [2, 3, 16, 200])
@pytest.mark.parametrize("transparent", [False, True])
def test_palette_is_kept_where_it_has_the_colours(tmp_path, colours, transparent):
    options = {"transparency": 1} if transparent else {}
    pillow(smooth(37, 53)).quantize(colours).save(
        tmp_path / "in.png", icc_profile=ICC, dpi=(300, 300), **options
    )
    mode = "RGBA" if transparent else "RGB"
    before = np.array(Image.open(tmp_path / "in.png").convert(mode))
    picture = open_picture(tmp_path / "in.png")
    np.testing.assert_array_equal(picture.read(WHOLE), before)
    new = picture.read(RECT.shift(20, 9))

    said = save_picture(picture, tmp_path / "out.png", [(RECT, new)])

    expected = before.copy()
    expected[RECT.slices] = new
    assert said == []
    assert header(tmp_path / "out.png") == header(tmp_path / "in.png")
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["icc_profile"] == ICC
        np.testing.assert_array_equal(np.array(image.convert(mode)), expected)
    kinds = [kind for kind, _data in png_chunks(tmp_path / "out.png")]
    assert kinds.index(b"iCCP") < kinds.index(b"PLTE") < kinds.index(b"IDAT")


def test_palette_that_lacks_a_colour_becomes_rgb_and_that_is_said(tmp_path):
    pillow(smooth(37, 53)).quantize(7).save(tmp_path / "in.png")
    before = np.array(Image.open(tmp_path / "in.png").convert("RGB"))
    new = noise_of("RGB", "u8", RECT.height, RECT.width)

    said = save_picture(open_picture(tmp_path / "in.png"), tmp_path / "out.png", [(RECT, new)])

    before[RECT.slices] = new
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "out.png")), before)
    assert "palette of 7 colours lacks some" in said[0]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_greys_stay_few(tmp_path, bits):
    top = 2**bits - 1
    levels = np.random.default_rng(1).integers(0, top + 1, (37, 53)).astype(np.uint8)
    write_greys(tmp_path / "in.png", levels, bits)
    shown = levels * (255 // top)
    picture = open_picture(tmp_path / "in.png")
    np.testing.assert_array_equal(picture.read(WHOLE)[..., 0], shown)
    new = noise_of("GRAY", "u8", RECT.height, RECT.width)

    said = save_picture(picture, tmp_path / "out.png", [(RECT, new)])

    assert header(tmp_path / "out.png") == (bits, 0)
    after = np.array(Image.open(tmp_path / "out.png").convert("L"))
    expected = shown.copy()
    expected[RECT.slices] = np.rint(new[..., 0] / 255 * top) * (255 // top)
    np.testing.assert_array_equal(after, expected)
    assert f"{2**bits} greys" in said[0]


def write_greys(path, levels, bits):
    """Write by hand: Pillow has no 2 and 4 bits of grey."""
    height, width = levels.shape
    shifts = range(8 - bits, -1, -bits)
    rows = []
    for row in levels:
        padded = np.pad(row, (0, -width % len(shifts)))
        packed = sum(padded[n :: len(shifts)] << shift for n, shift in enumerate(shifts))
        rows.append(b"\0" + packed.astype(np.uint8).tobytes())
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + png_chunk(b"IEND", b"")
    )
