"""The copy of a TIFF is the same file: only segments under an edit are written anew."""

import struct

import numpy as np
import pytest
import tifffile

from lacuna.files import open_picture, save_picture
from lacuna_wire.errors import LacunaError
from lacuna_wire.rect import Rect
from tests.files.pictures import ICC, edited, load, noise_of, refusal_of, resources_of_photoshop
from tests.files.tiffs import raw_segments, read, tags, write

RECT = Rect(11, 5, 17, 23)


def test_copy_without_edits_is_the_same_file(tmp_path):
    write(tmp_path / "in.tif", noise_of("RGB", "u16"), compression="lzw", iccprofile=ICC)

    save_picture(open_picture(tmp_path / "in.tif"), tmp_path / "out.tif", [])

    assert (tmp_path / "in.tif").read_bytes() == (tmp_path / "out.tif").read_bytes()


def test_segments_that_no_edit_touches_keep_their_bytes_and_tags_their_values(tmp_path):
    """Also private tags, which nobody needs to understand."""
    write(
        tmp_path / "in.tif", noise_of("RGB", "u8", 64, 64), compression="deflate", predictor=True,
        tile=(16, 16), iccprofile=ICC, resolution=(240, 240), software="a scanner",
        extratags=[(65000, 7, 9, b"private \0", True), (700, 1, 6, b"<xmp/>", True)],
    )  # fmt: skip
    rect = Rect(16, 16, 16, 16)

    save_picture(
        open_picture(tmp_path / "in.tif"),
        tmp_path / "out.tif",
        [(rect, noise_of("RGB", "u8", 16, 16))],
    )

    before, after = raw_segments(tmp_path / "in.tif"), raw_segments(tmp_path / "out.tif")
    assert [n for n in range(16) if before[n] != after[n]] == [5]
    of_segments = {324, 325}
    expected = tags(tmp_path / "in.tif")
    for code, value in tags(tmp_path / "out.tif").items():
        assert code in of_segments or value == expected.pop(code)
    assert set(expected) == of_segments


def test_segment_that_grows_moves_to_the_end_and_leaves_nothing_behind(tmp_path):
    """Lengths were 16-bit numbers and no longer fit."""
    flat = np.zeros((256, 256, 3), np.uint8)
    flat[40:60, 40:60] = np.frombuffer(b"removed object!", np.uint8)[:3]
    flat = np.concatenate([flat, flat + 1], axis=1)
    write(tmp_path / "in.tif", flat, compression="deflate", tile=(256, 256))
    with tifffile.TiffFile(tmp_path / "in.tif", mode="r+") as tiff:
        lengths = tiff.pages.first.tags[325]
        lengths.overwrite(lengths.value, dtype="H")
    grain = noise_of("RGB", "u8", 256, 256)
    segment = raw_segments(tmp_path / "in.tif")[0]

    picture = open_picture(tmp_path / "in.tif")
    save_picture(picture, tmp_path / "out.tif", [(Rect(0, 0, 256, 256), grain)])

    expected = edited(flat, (Rect(0, 0, 256, 256), grain))
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), expected)
    assert segment not in (tmp_path / "out.tif").read_bytes()
    assert len(raw_segments(tmp_path / "out.tif")[0]) > 65_535


def test_segment_that_shrinks_is_blanked_behind_its_new_end(tmp_path):
    grain = noise_of("RGB", "u8", 64, 64)
    write(tmp_path / "in.tif", grain, compression="deflate", tile=(64, 64))
    tail = raw_segments(tmp_path / "in.tif")[0][-200:]

    picture = open_picture(tmp_path / "in.tif")
    save_picture(picture, tmp_path / "out.tif", [(Rect(0, 0, 64, 64), grain * 0)])

    assert tail not in (tmp_path / "out.tif").read_bytes()
    assert not read(tmp_path / "out.tif").any()


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_tiles_that_share_their_data_are_parted(tmp_path, compression):
    """Some writers store equal tiles once; an edit in one must not show in the other."""
    write(tmp_path / "in.tif", np.full((32, 32, 3), 9, np.uint8), compression=compression,
          tile=(16, 16))  # fmt: skip
    with tifffile.TiffFile(tmp_path / "in.tif", mode="r+") as tiff:
        first = tiff.pages.first
        first.tags[324].overwrite([first.dataoffsets[0]] * 4)
        first.tags[325].overwrite([first.databytecounts[0]] * 4)
    new = noise_of("RGB", "u8", 8, 8)

    picture = open_picture(tmp_path / "in.tif")
    save_picture(picture, tmp_path / "out.tif", [(Rect(20, 4, 8, 8), new)])

    expected = edited(np.full((32, 32, 3), 9, np.uint8), (Rect(20, 4, 8, 8), new))
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), expected)


def without_last_tile(path, compression, **options):
    write(path, np.full((32, 32, 3), 9, np.uint8), compression=compression, tile=(16, 16),
          **options)  # fmt: skip
    with tifffile.TiffFile(path, mode="r+") as tiff:
        first = tiff.pages.first
        first.tags[324].overwrite([*first.dataoffsets[:3], 0])
        first.tags[325].overwrite([*first.databytecounts[:3], 0])


def test_tiles_without_bytes_are_damage_where_no_program_means_anything_by_it(tmp_path):
    without_last_tile(tmp_path / "in.tif", None)

    refusal = refusal_of(tmp_path / "in.tif")

    assert refusal.code == "corrupt_picture"
    assert "1 of its 4 strips or tiles have no bytes" in str(refusal)


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0*"])
def test_file_of_a_head_and_zeros_says_that_there_is_no_picture(tmp_path, head):
    (tmp_path / "in.tif").write_bytes(head + bytes(200))

    assert "there is no picture in it" in str(refusal_of(tmp_path / "in.tif"))


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_tiles_that_were_never_written_are_zeros_until_edited(tmp_path, compression):
    without_last_tile(
        tmp_path / "in.tif", compression, extratags=[(42112, "s", 0, "<GDALMetadata/>", True)]
    )
    new = noise_of("RGB", "u8", 8, 8)

    picture = open_picture(tmp_path / "in.tif")
    assert not picture.read(Rect(16, 16, 16, 16)).any()
    save_picture(picture, tmp_path / "out.tif", [(Rect(20, 20, 8, 8), new)])

    expected = np.full((32, 32, 3), 9, np.uint8)
    expected[16:, 16:] = 0
    expected[20:28, 20:28] = new
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), expected)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("where", ["pages", "sub pages"])
def test_smaller_copies_go_because_they_show_what_was_removed(tmp_path, where, big):
    pixels = noise_of("RGB", "u8", 64, 64)
    small = np.ascontiguousarray(pixels[::2, ::2])
    options = {"photometric": "rgb", "tile": (16, 16), "metadata": None}
    with tifffile.TiffWriter(tmp_path / "in.tif", bigtiff=big) as tiff:
        tiff.write(pixels, subifds=1 if where == "sub pages" else 0, software="kept", **options)
        tiff.write(small, subfiletype=1, **options)
    rect = Rect(4, 4, 8, 8)

    picture = open_picture(tmp_path / "in.tif")
    save_picture(picture, tmp_path / "out.tif", [(rect, noise_of("RGB", "u8", 8, 8, 2))])

    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert len(tiff.pages) == 1
        assert 330 not in tiff.pages.first.tags
        assert tiff.pages.first.tags[305].value == "kept"
    assert small[:16, :16].tobytes() not in (tmp_path / "out.tif").read_bytes()
    expected = edited(pixels, (rect, noise_of("RGB", "u8", 8, 8, 2)))
    np.testing.assert_array_equal(read(tmp_path / "out.tif"), expected)
    assert load(tmp_path / "out.tif").n_frames == 1


def test_preview_of_photoshop_is_left_out(tmp_path):
    resources = resources_of_photoshop(b"what was removed")
    write(tmp_path / "in.tif", noise_of("RGB", "u8"),
          extratags=[(34377, 1, len(resources), resources, True)])  # fmt: skip

    save_picture(open_picture(tmp_path / "in.tif"), tmp_path / "out.tif", [])

    assert b"what was removed" not in (tmp_path / "out.tif").read_bytes()
    kept = bytes(tags(tmp_path / "out.tif")[34377][1])
    assert kept.startswith(b"8BIM")
    assert bytes(range(16)) in kept


def test_copy_of_a_cloud_optimised_tiff_no_longer_promises_its_order(tmp_path):
    write(tmp_path / "in.tif", noise_of("RGB", "u8"))
    data = (tmp_path / "in.tif").read_bytes()
    promise = b"LAYOUT=IFDS_BEFORE_DATA\nKNOWN_INCOMPATIBLE_EDITION=NO\n "
    at = struct.unpack("<I", data[4:8])[0]
    # Stands right behind the header, so the directory is moved to the end here.
    padded = data[:4] + struct.pack("<I", len(data) + len(promise) + 1)
    moved = bytearray(padded + promise + data[8:])
    moved += bytes(len(moved) % 2)
    moved[4:8] = struct.pack("<I", len(moved))
    (count,) = struct.unpack_from("<H", data, at)
    rows = bytearray(data[at : at + 2 + 12 * count + 4])
    for row in range(2, len(rows) - 4, 12):
        tag, kind, number, value = struct.unpack_from("<HHII", rows, row)
        size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}[kind] * number
        if size > 4 or tag == 273:
            struct.pack_into("<I", rows, row + 8, value + len(promise))
    (tmp_path / "in.tif").write_bytes(moved + rows)

    save_picture(
        open_picture(tmp_path / "in.tif"),
        tmp_path / "out.tif",
        [(RECT, noise_of("RGB", "u8", RECT.height, RECT.width))],
    )

    assert b"KNOWN_INCOMPATIBLE_EDITION=YES\n" in (tmp_path / "out.tif").read_bytes()[:100]


def test_picture_may_be_saved_over_itself(tmp_path):
    pixels = noise_of("RGB", "u16")
    write(tmp_path / "in.tif", pixels, compression="lzw")
    new = noise_of("RGB", "u16", RECT.height, RECT.width, seed=2)

    save_picture(open_picture(tmp_path / "in.tif"), tmp_path / "in.tif", [(RECT, new)])

    np.testing.assert_array_equal(read(tmp_path / "in.tif"), edited(pixels, (RECT, new)))
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_classic_tiff_that_would_grow_over_its_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("lacuna.files.tiff_edit._MAX_CLASSIC_BYTES", 20_000)
    write(tmp_path / "in.tif", np.zeros((256, 256, 3), np.uint8), compression="deflate")
    picture = open_picture(tmp_path / "in.tif")

    with pytest.raises(LacunaError, match="BigTIFF") as refusal:
        save_picture(
            picture, tmp_path / "out.tif", [(Rect(0, 0, 256, 256), noise_of("RGB", "u8", 256, 256))]
        )
    assert refusal.value.code == "too_large"
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]
