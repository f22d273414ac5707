"""An edited JPEG keeps all blocks without a changed pixel: they decode to the same bits."""

import shutil
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.files import open_picture, save_picture
from lacuna.files.coefficients import scan_state
from lacuna.files.coefficients.stream import cut
from lacuna_wire.rect import Rect
from tests.files.jpegs import (
    MCUS,
    SAMPLINGS,
    blocks_under,
    by_opencv,
    by_pillow,
    by_turbo,
    grainy,
    jpeg_of,
)
from tests.files.pictures import refusal_of, smooth

DECODERS = [by_turbo, by_opencv, by_pillow]
KINDS = [*SAMPLINGS, "gray", "rgb"]
# Decoders that enlarge colours smoothly look at one sample of the next block. Those of libjpeg
# do so where colours are halved, and repeat samples where they are quartered.
SMOOTHED_PX = {"422": (1, 0), "420": (1, 1), "440": (0, 1)}
RECT = Rect(70, 41, 30, 22)


def edited_jpeg(folder, data, edits):
    """Save a copy with edits, and return its bytes and what was said of it."""
    (folder / "in.jpg").write_bytes(data)
    remarks = save_picture(open_picture(folder / "in.jpg"), folder / "out.jpg", edits)
    return (folder / "out.jpg").read_bytes(), remarks


def may_change(changed, kind):
    """Where a decoder may show something else: changed blocks, and what is smoothed beside."""
    blocks = blocks_under(changed, MCUS[kind]).astype(np.uint8)
    across, down = SMOOTHED_PX.get(kind, (0, 0))
    return cv2.dilate(blocks, np.ones((2 * down + 1, 2 * across + 1), np.uint8)).astype(bool)


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("progressive", [False, True], ids=["sequential", "progressive"])
@pytest.mark.parametrize("kind", KINDS)
def test_pixels_of_other_blocks_are_the_same_bits(tmp_path, kind, progressive, decode):
    """Of an odd size, so that the last blocks hang over."""
    pixels = grainy(131, 203, 1 if kind == "gray" else 3)
    data = jpeg_of(pixels, kind, progressive=progressive)
    new = grainy(RECT.height, RECT.width, pixels.shape[2], seed=9)

    copy, remarks = edited_jpeg(tmp_path, data, [(RECT, new)])

    before, after = decode(data), decode(copy)
    changed = np.zeros(before.shape[:2], bool)
    changed[RECT.slices] = True
    different = (before != after).any(axis=2)
    assert different[RECT.slices].mean() > 0.9
    assert not different[~may_change(changed, kind)].any()
    reach = 7 if kind in ("444", "gray", "rgb") else max(MCUS[kind])
    assert remarks == [
        f"JPEG is coded in blocks: pixels up to {reach} px beside what changed may differ."
    ]
    different[RECT.grow(reach).slices] = False
    assert not different.any()


@pytest.mark.parametrize("kind", KINDS)
def test_copy_without_a_change_is_the_same_bytes(tmp_path, kind):
    """Also where the edit shows what was there; tables, restarts and segments stay."""
    data = jpeg_of(
        grainy(96, 120, 1 if kind == "gray" else 3), kind, restart=0 if kind == "rgb" else 3
    )
    same = by_turbo(data)[RECT.slices]

    assert edited_jpeg(tmp_path, data, [(RECT, same)])[0] == data


@pytest.mark.parametrize("quality", [40, 88, 98])
@pytest.mark.parametrize("kind", KINDS)
def test_edit_is_shown_as_well_as_the_tables_allow(tmp_path, kind, quality):
    """As near to what was asked for as libjpeg-turbo itself comes to it with these tables."""
    channels = 1 if kind == "gray" else 3
    data = jpeg_of(grainy(96, 160, channels), kind, quality)
    wanted = by_turbo(data)
    wanted[RECT.slices] = smooth(RECT.height, RECT.width, channels)

    copy, _ = edited_jpeg(tmp_path, data, [(RECT, wanted[RECT.slices])])

    whole = by_turbo(jpeg_of(wanted, kind, quality))
    ours, theirs = (
        np.sqrt(((shown.astype(float) - wanted)[RECT.slices] ** 2).mean())
        for shown in (by_turbo(copy), whole)
    )
    assert ours <= theirs * 1.05 + 0.1


def test_tables_that_lack_a_code_are_made_anew(tmp_path):
    """The best tables of a flat picture have no codes for grain."""
    flat = np.full((64, 96, 3), 120, np.uint8)
    data = jpeg_of(flat, optimize=True)
    rect = Rect(20, 20, 30, 30)

    copy, _ = edited_jpeg(tmp_path, data, [(rect, grainy(30, 30))])

    after = by_turbo(copy)
    assert after[rect.slices].std() > 20
    assert (after[:, 65:] == 120).all()
    assert by_opencv(copy).shape == flat.shape


def segments_of(data):
    """All markers in a stream, in order, but for those of Huffman tables."""
    return [part.marker for part in cut(data).parts if part.marker != 0xC4]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("restart", [0, 1, 5])
def test_scans_and_restarts_stay(tmp_path, progressive, restart):
    data = jpeg_of(grainy(80, 120), progressive=progressive, restart=restart)

    copy, _ = edited_jpeg(tmp_path, data, [(RECT, grainy(RECT.height, RECT.width))])

    scans = [part for part in cut(data).parts if part.marker == 0xDA]
    again = [part for part in cut(copy).parts if part.marker == 0xDA]
    assert [part.data for part in again] == [part.data for part in scans]
    assert (b"\xff\xd0" in bytes(again[0].scan)) == bool(restart)
    for old, new in zip(scans, again, strict=True):
        counted = [sum(bytes(part.scan).count(bytes([255, 208 + n])) for n in range(8))
                   for part in (old, new)]  # fmt: skip
        assert counted[0] == counted[1]
    assert [m for m in segments_of(copy) if m != 0xC4] == [
        m for m in segments_of(data) if m != 0xC4
    ]


def test_frames_without_huffman_tables_mean_those_of_the_standard(tmp_path):
    """As cameras write them that make films of JPEG."""
    data = jpeg_of(grainy(64, 96))
    parts = [part for part in cut(data).parts if part.marker != 0xC4]
    bare = b"\xff\xd8" + b"".join(
        bytes([255, part.marker]) + struct.pack(">H", len(part.data) + 2) + part.data + part.scan
        for part in parts
    )
    bare += b"\xff\xd9"

    copy, _ = edited_jpeg(tmp_path, bare, [(Rect(0, 0, 20, 20), grainy(20, 20, seed=8))])

    assert np.array_equal(by_turbo(bare), by_turbo(data))
    assert np.array_equal(by_turbo(copy)[:, 48:], by_turbo(data)[:, 48:])
    assert not np.array_equal(by_turbo(copy)[:20, :20], by_turbo(data)[:20, :20])


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_jpeg_keeps_what_no_edit_touches(tmp_path_factory, data):
    """Any size, sampling, order, restarts and tables; any rectangle; in bands and at once."""
    folder = tmp_path_factory.getbasetemp()
    width, height = data.draw(st.integers(1, 75)), data.draw(st.integers(1, 75))
    kind, quality = data.draw(st.sampled_from(KINDS)), data.draw(st.integers(1, 100))
    coded = jpeg_of(
        grainy(height, width, 1 if kind == "gray" else 3, seed=data.draw(st.integers(0, 99))),
        kind,
        quality,
        data.draw(st.booleans()),
        data.draw(st.integers(0, 4)),
        data.draw(st.booleans()),
    )
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    rect = Rect(
        left, top, data.draw(st.integers(0, width - left)), data.draw(st.integers(0, height - top))
    )
    before = by_turbo(coded)
    new = grainy(rect.height + 2, rect.width + 2, before.shape[2], seed=5)[
        : rect.height, : rect.width
    ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan_state, "BAND_BLOCKS", data.draw(st.sampled_from([1, 40, 1 << 16])))
        copy, _ = edited_jpeg(folder, coded, [(rect, new)])

    changed = np.zeros((height, width), bool)
    changed[rect.slices] = (new != before[rect.slices]).any(axis=2)
    for decode in DECODERS:
        different = (decode(coded) != decode(copy)).any(axis=2)
        assert not different[~may_change(changed, kind)].any()
    if rect.area > 64 and quality > 60:  # coarse tables may round any edit away
        assert (by_turbo(copy) != before).any()


def test_bands_of_any_height_give_the_same_bytes(tmp_path, monkeypatch):
    data = jpeg_of(grainy(200, 120), restart=7, optimize=True)
    edit = [(RECT, grainy(RECT.height, RECT.width))]
    whole, _ = edited_jpeg(tmp_path, data, edit)

    for blocks in (1, 100, 333):
        monkeypatch.setattr(scan_state, "BAND_BLOCKS", blocks)
        assert edited_jpeg(tmp_path, data, edit)[0] == whole


@pytest.mark.parametrize("progressive", [False, True])
def test_damaged_scan_is_coded_anew_as_a_whole_and_says_so(tmp_path, progressive):
    """A decoder guesses there, so nothing can be kept; the copy is whole again."""
    data = jpeg_of(grainy(160, 160), progressive=progressive)
    scan = [part for part in cut(data).parts if part.marker == 0xDA][2 if progressive else 0].scan
    at = data.index(bytes(scan)) + len(scan) // 3
    data = data[:at] + data[at + len(scan) // 2 :]
    shown = by_turbo(data)

    copy, remarks = edited_jpeg(tmp_path, data, [])

    assert remarks == [
        "Its data is damaged, so all of it was coded anew: any pixel may differ a little."
    ]
    assert np.abs(by_turbo(copy).astype(int) - shown).mean() < 12
    again, remarks = edited_jpeg(tmp_path, copy, [])
    assert np.array_equal(by_turbo(again), by_turbo(copy))
    assert "damaged" not in remarks[0]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_file_without_its_end_mark_is_opened_and_gets_one(tmp_path, missing, progressive):
    """Every viewer opens it: not one pixel is missing."""
    data = jpeg_of(grainy(90, 90), progressive=progressive)

    copy, _ = edited_jpeg(tmp_path, data[:-missing], [])

    assert np.array_equal(by_turbo(copy), by_turbo(data))
    assert copy.endswith(b"\xff\xd9")


def test_file_that_lacks_more_than_its_end_mark_is_refused(tmp_path):
    data = jpeg_of(grainy(90, 90))
    for missing in (6, 60, 600):
        (tmp_path / "in.jpg").write_bytes(data[:-missing])
        refusal = refusal_of(tmp_path / "in.jpg")
        assert refusal.code == "corrupt_picture"
        assert f"it ends after {len(data) - missing:,} bytes" in str(refusal)


@pytest.mark.parametrize(
    "options",
    [
        ["-sample", "2x2"],
        ["-sample", "2x2,1x2,1x1"],
        ["-sample", "1x1,2x2,1x1"],
        ["-sample", "4x2,1x1,1x1", "-restart", "3B"],
        ["-grayscale", "-sample", "2x2"],
        ["-rgb", "-progressive"],
        ["-sample", "2x1", "-optimize", "-quality", "75,60", "-qslots", "0,1,0"],
        ["-sample", "2x2", "-scans", "SCRIPT"],
    ],
    ids=str,
)
def test_files_of_cjpeg(tmp_path, options):
    """Rare factors, a table for each component, a scan for each component."""
    if shutil.which("cjpeg") is None:
        pytest.skip("cjpeg is not installed")
    (tmp_path / "script").write_text("0;\n1;\n2;\n")
    pixels = grainy(101, 150)
    cv2.imwrite(str(tmp_path / "in.ppm"), pixels[..., ::-1])
    options = [str(tmp_path / "script") if part == "SCRIPT" else part for part in options]
    data = subprocess.run(
        ["cjpeg", *options, tmp_path / "in.ppm"], check=True, capture_output=True
    ).stdout
    before = by_turbo(data)
    new = grainy(RECT.height, RECT.width, before.shape[2], seed=4)

    copy, remarks = edited_jpeg(tmp_path, data, [(RECT, new)])

    after = by_turbo(copy)
    reach = int(remarks[0].split(" px")[0].split()[-1])
    far = np.ones(before.shape[:2], bool)
    far[RECT.grow(reach).intersect(Rect(0, 0, 150, 101)).slices] = False
    assert np.array_equal(before[far], after[far])
    assert np.abs(after[RECT.slices].astype(int) - new).mean() < 25
    assert np.array_equal(edited_jpeg(tmp_path, data, [])[0][-200:], data[-200:])


def test_nothing_is_left_to_compile_after_the_warm_up():
    """In a process of its own, where no other test has compiled."""
    code = """
from lacuna.files.coefficients import decoding, encoding
from lacuna.files.coefficients.recode import recode
from lacuna.files.coefficients.stream import cut
from lacuna.files.coefficients.warm_up import warm_up
from lacuna_wire.rect import Rect
from tests.files.jpegs import by_turbo, grainy, jpeg_of

warm_up()
loops = decoding.decode_rows, encoding.encode_rows
print([len(loop.signatures) for loop in loops])
for kind in ("420", "gray"):
    for progressive in (False, True):
        data = jpeg_of(grainy(40, 40, 1 if kind == "gray" else 3), kind, 80, progressive, 2)
        pixels = by_turbo(data)
        recode(cut(data).parts, pixels, [(Rect(0, 0, 40, 40), pixels[..., 0] > 90)], True)
print([len(loop.signatures) for loop in loops])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.split("\n")[:2] == ["[1, 1]", "[1, 1]"]
