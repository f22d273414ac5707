"""JPEG of CMYK inks: seen through its profile, and edited block by block."""

import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from lacuna.files import open_picture, save_picture
from lacuna.files.coefficients.stream import cut
from lacuna_wire.rect import Rect
from tests.files.inks import ink_profile, inks, jpeg_by_imagemagick, jpeg_of_inks, shown
from tests.files.jpegs import blocks_under, by_opencv, by_pillow, by_turbo
from tests.files.pictures import ICC, exif_block, refusal_of

RECT = Rect(70, 41, 30, 22)
ADOBE = 0xEE
# Pixels that are coded together, and how far decoders smooth beyond them.
KINDS = {
    "cmyk": ((8, 8), 0),
    "progressive": ((8, 8), 0),
    "not inverted": ((8, 8), 0),
    "ycck": ((8, 8), 0),
    "ycck 420": ((16, 16), 1),
    "ycck 420 progressive": ((16, 16), 1),
}
by_kind = pytest.mark.parametrize("kind", KINDS)


def without_adobe(data):
    """Leave out the segment that says that inks are inverted."""
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def file_of(folder, kind, pixels):
    """Write inks, as `inks` makes them."""
    if kind.startswith("ycck"):
        if shutil.which("convert") is None:
            pytest.skip("ImageMagick is not installed")
        options = ["-sampling-factor", "2x2" if "420" in kind else "1x1"]
        options += ["-interlace", "JPEG" if "progressive" in kind else "None"]
        return jpeg_by_imagemagick(folder, pixels, *options)
    if kind == "not inverted":
        return without_adobe(jpeg_of_inks(~pixels))
    return jpeg_of_inks(pixels, progressive=kind == "progressive")


def inks_in(data, kind):
    """Decode by libjpeg-turbo: 255 is all of an ink."""
    return by_turbo(data) if kind == "not inverted" else ~by_turbo(data)


@by_kind
def test_colours_are_those_of_the_profile(tmp_path, kind):
    pixels, path = inks(131, 203), tmp_path / "in.jpg"
    path.write_bytes(file_of(tmp_path, kind, pixels))
    picture = open_picture(path)

    assert picture.layout == ("RGB", "u16", "srgb")
    found = picture.read(Rect(0, 0, 203, 131))
    wide = picture.metadata.icc
    expected = shown(inks_in(path.read_bytes(), kind), ink_profile(), wide, "u2")
    assert np.array_equal(found, expected)
    assert np.abs(expected - shown(pixels, ink_profile(), wide, "u2")).mean() < 1_000


@pytest.mark.parametrize("decode", [by_turbo, by_opencv, by_pillow])
@by_kind
def test_pixels_of_other_blocks_are_the_same_bits(tmp_path, kind, decode):
    path, (mcu, smoothed_px) = tmp_path / "in.jpg", KINDS[kind]
    path.write_bytes(file_of(tmp_path, kind, inks(131, 203)))
    picture = open_picture(path)

    said = save_picture(picture, tmp_path / "out.jpg", [(RECT, picture.read(RECT.shift(-60, -30)))])

    before, after = (decode((tmp_path / name).read_bytes()) for name in ("in.jpg", "out.jpg"))
    changed = np.zeros(before.shape[:2], bool)
    changed[RECT.slices] = True
    around = np.ones((2 * smoothed_px + 1,) * 2, np.uint8)
    may_change = cv2.dilate(blocks_under(changed, mcu).astype(np.uint8), around).astype(bool)
    different = (before != after).any(axis=2)
    assert different[RECT.slices].mean() > 0.9
    assert not different[~may_change].any()
    reach = 7 if mcu == (8, 8) else 16
    assert said[0].endswith(f"pixels up to {reach} px beside what changed may differ.")
    assert "inks" in said[1]
    different[RECT.grow(reach).slices] = False
    assert not different.any()


@by_kind
def test_edit_shows_the_colours_that_were_asked_for(tmp_path, kind):
    path, place = tmp_path / "in.jpg", RECT.shift(-60, -30)
    path.write_bytes(file_of(tmp_path, kind, inks(131, 203)))
    picture = open_picture(path)

    save_picture(picture, tmp_path / "out.jpg", [(RECT, picture.read(place))])

    old, new = (
        shown(inks_in((tmp_path / name).read_bytes(), kind), ink_profile())
        for name in ("in.jpg", "out.jpg")
    )
    # Halved colours are those of their neighbours outside, too, at the rim.
    most = 5 if "420" in kind else 3
    assert np.abs(new[RECT.slices] - old[place.slices]).mean() < most
    assert np.abs(old[RECT.slices] - old[place.slices]).mean() > 15


@by_kind
def test_copy_without_a_change_is_the_same_bytes(tmp_path, kind):
    """Also where an edit shows what was there, and where a later one takes an earlier one back."""
    path = tmp_path / "in.jpg"
    path.write_bytes(file_of(tmp_path, kind, inks(131, 203)))
    picture = open_picture(path)
    same = picture.read(RECT)

    save_picture(picture, tmp_path / "out.jpg", [(RECT, 65_535 - same), (RECT, same)])

    # ImageMagick's progressive files and ours have the best tables, so the bits are the same too.
    assert (
        by_turbo((tmp_path / "out.jpg").read_bytes()).tobytes()
        == by_turbo(path.read_bytes()).tobytes()
    )
    if "progressive" not in kind:
        assert (tmp_path / "out.jpg").read_bytes() == path.read_bytes()


def test_turned_picture_is_edited_where_it_is_seen(tmp_path):
    data = jpeg_of_inks(inks(131, 203), exif=b"Exif\0\0" + exif_block(6))
    (tmp_path / "in.jpg").write_bytes(data)
    picture = open_picture(tmp_path / "in.jpg")
    assert (picture.width, picture.height) == (131, 203)
    place = Rect(0, 0, 16, 8)  # the lower left corner as stored

    save_picture(picture, tmp_path / "out.jpg", [(place, 65_535 - picture.read(place))])

    different = (by_turbo(data) != by_turbo((tmp_path / "out.jpg").read_bytes())).any(axis=2)
    assert different[115:, :8].any()
    different[112:, :8] = False
    assert not different.any()


def test_copy_of_another_format_has_the_wide_colours_and_their_profile(tmp_path):
    (tmp_path / "in.jpg").write_bytes(jpeg_of_inks(inks(131, 203)))
    picture = open_picture(tmp_path / "in.jpg")
    for name in ("out.png", "out.tif"):
        save_picture(picture, tmp_path / name, [])

        copy = open_picture(tmp_path / name)
        assert copy.metadata.icc == picture.metadata.icc != ink_profile()
        whole = Rect(0, 0, 203, 131)
        assert np.array_equal(copy.read(whole), picture.read(whole))


def test_profile_and_segments_stay(tmp_path):
    (tmp_path / "in.jpg").write_bytes(jpeg_of_inks(inks(131, 203)))
    picture = open_picture(tmp_path / "in.jpg")

    save_picture(picture, tmp_path / "out.jpg", [(RECT, 65_535 - picture.read(RECT))])

    before, after = (
        [(part.marker, part.data) for part in cut((tmp_path / name).read_bytes()).parts]
        for name in ("in.jpg", "out.jpg")
    )
    assert [part for part in before if part[0] != 0xC4] == [
        part for part in after if part[0] != 0xC4
    ]
    assert ADOBE in [marker for marker, _ in after]


@pytest.mark.parametrize("profile", [b"", ICC, b"no profile"], ids=["none", "rgb", "damaged"])
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_inks_without_a_profile_of_inks_are_refused(tmp_path, suffix, profile):
    path = tmp_path / f"in{suffix}"
    Image.fromarray(inks(), "CMYK").save(path, icc_profile=profile or None)

    refusal = refusal_of(path)

    assert refusal.code == "unsupported_layout"
    words = f"profile of {len(profile):,} bytes does not" if profile else "without a profile"
    assert words in str(refusal)
    assert "Save it with the profile of its printer." in str(refusal)
