"""A copy appears complete or not at all, and what cannot work is said before any work."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lacuna.files import SUPPORTED_SUFFIXES, check_output, open_picture, save_picture
from lacuna.files.output import replacing, sweep
from lacuna_wire.errors import LacunaError, NoSpace
from lacuna_wire.rect import Rect
from tests.files.pictures import exif_block, noise_of, pillow, read_png, smooth, write_png


@pytest.fixture
def png(tmp_path):
    write_png(tmp_path / "in.png", noise_of("RGB", "u8"))
    return tmp_path / "in.png"


def picture_of(tmp_path, channels, sample, height=8, width=9):
    pixels = noise_of(channels, sample, height, width)
    path = tmp_path / "layout.tif"
    if channels == "GRAY":
        tifffile.imwrite(path, pixels[..., 0], photometric="minisblack")
    else:
        photometric = "rgb" if channels.startswith("RGB") else "minisblack"
        alpha = ["unassalpha"] if channels.endswith("A") else []
        tifffile.imwrite(
            path, pixels, photometric=photometric, planarconfig="contig", extrasamples=alpha
        )
    return open_picture(path)


def refusal_of(out, picture=None):
    with pytest.raises(LacunaError) as refusal:
        check_output(out, picture)
    return refusal.value


def test_what_works_passes_and_leaves_nothing(tmp_path, png):
    picture = open_picture(png)

    for suffix in SUPPORTED_SUFFIXES:
        check_output(tmp_path / f"out{suffix}", picture)
    check_output(tmp_path / "OUT.PNG")
    check_output(png, picture)

    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("out", "has no suffix"),
        (".png", "has no suffix"),
        ("out.bmp", "Lacuna reads BMP and does not write it"),
        ("out.exr", "Lacuna does not write .exr files"),
        ("out.png.gz", "Lacuna does not write .gz files"),
    ],
)
def test_unknown_suffix_is_refused_and_the_known_ones_are_listed(tmp_path, name, why):
    refusal = refusal_of(tmp_path / name)

    assert refusal.code == "unsupported_output"
    assert why in str(refusal)
    assert ".png, .jpg, .jpeg, .jpe, .webp, .tif, .tiff" in str(refusal)


def test_folder_that_is_missing_or_no_folder_is_named(tmp_path, png):
    assert "does not exist" in str(refusal_of(tmp_path / "none" / "out.png"))
    assert "is not a folder" in str(refusal_of(png / "out.png"))
    (tmp_path / "folder.png").mkdir()
    assert "it is a folder" in str(refusal_of(tmp_path / "folder.png"))
    os.mkfifo(tmp_path / "pipe.png")
    assert "not an ordinary file" in str(refusal_of(tmp_path / "pipe.png"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("x" * 256 + ".png", "File name too long"),
        ("link.png", "Too many levels of symbolic links"),
        ("in.png/out.png", "in.png is not a folder"),
    ],
    ids=["260 bytes", "link to itself", "below a file"],
)
def test_odd_place_is_one_sentence_of_the_system(tmp_path, png, name, why):
    (tmp_path / "link.png").symlink_to("link.png")

    refusal = refusal_of(tmp_path / name)

    assert refusal.code == "not_writable"
    assert why in str(refusal)


# In another process, so that this one stays who it is; it has all that it needs before it changes.
AS_SOMEBODY = """
import os, sys
from pathlib import Path
from lacuna.files import check_output, read_mask
from lacuna_wire import LacunaError
import lacuna.system.locks, filelock
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for call in (check_output, read_mask):
    try:
        call(Path(sys.argv[1]))
    except LacunaError as error:
        print(error.code, error.message)
"""


@pytest.mark.skipif(os.name == "nt", reason="has no such permissions")
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o000])
def test_folder_that_may_not_be_entered_is_one_sentence(mode):
    """Root may enter any, so this is somebody else, who may enter the folder around it."""
    around = Path(tempfile.mkdtemp())
    around.chmod(0o755)
    folder = around / "closed"
    folder.mkdir()
    folder.chmod(mode)
    try:
        run = subprocess.run(
            [sys.executable, "-c", AS_SOMEBODY, folder / "out.png"],
            capture_output=True, text=True, check=True, cwd="/",
        )  # fmt: skip
    finally:
        shutil.rmtree(around)

    assert run.stderr == ""
    assert run.stdout.splitlines() == [
        f"not_writable {folder}/out.png cannot be written: Permission denied.",
        f"not_readable {folder}/out.png cannot be read: Permission denied.",
    ]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_place_where_nothing_can_be_made_is_found_by_trying_even_as_root():
    refusal = refusal_of(Path("/proc/self/out.png"))

    assert refusal.code == "not_writable"


@pytest.mark.parametrize(
    ("channels", "sample", "suffix", "instead"),
    [
        ("RGB", "u16", ".jpg", "PNG, TIFF and JPEG XL can"),
        ("RGBA", "u8", ".jpg", "PNG, WebP, TIFF, JPEG XL and AVIF can"),
        ("GRAYA", "u8", ".jpg", "PNG, TIFF, JPEG XL and AVIF can"),
        ("RGB", "f32", ".png", "TIFF and JPEG XL can"),
        ("GRAY", "f16", ".png", "TIFF and JPEG XL can"),
        ("RGB", "u16", ".webp", "PNG, TIFF and JPEG XL can"),
        ("GRAY", "u8", ".webp", "PNG, JPEG, TIFF, JPEG XL and AVIF can"),
    ],
)
def test_format_that_cannot_hold_the_picture_says_which_can(
    tmp_path, channels, sample, suffix, instead
):
    picture = picture_of(tmp_path, channels, sample)

    refusal = refusal_of(tmp_path / f"out{suffix}", picture)

    assert refusal.code == "unsupported_output"
    assert f"{channels} with samples of type {sample}. {instead}." in str(refusal)
    with pytest.raises(LacunaError, match=instead):  # and so says saving, if nobody asked before
        save_picture(picture, tmp_path / f"out{suffix}", [])
    assert [path.name for path in tmp_path.iterdir()] == ["layout.tif"]


@pytest.mark.parametrize(("suffix", "limit"), [(".webp", 16_383), (".jpg", 65_500)])
def test_picture_with_sides_too_long_for_the_format_is_refused(tmp_path, suffix, limit):
    check_output(tmp_path / f"out{suffix}", picture_of(tmp_path, "RGB", "u8", 1, limit))
    longer = picture_of(tmp_path, "RGB", "u8", 1, limit + 1)

    refusal = refusal_of(tmp_path / f"out{suffix}", longer)

    assert refusal.code == "too_large"
    assert f"{limit:,}" in str(refusal)
    assert f"{limit + 1:,} x 1 px" in str(refusal)


@pytest.mark.parametrize("what", ["exif", "xmp"])
def test_metadata_too_long_for_a_jpeg_segment_is_refused(tmp_path, what):
    options = {
        "exif": {"exif": exif_block() + bytes(70_000)},
        "xmp": {"exif": b"", "xmp": b"x" * 70_000},
    }
    pillow(smooth()).save(tmp_path / "in.webp", lossless=True, **options[what])
    picture = open_picture(tmp_path / "in.webp")

    assert what.upper() in str(refusal_of(tmp_path / "out.jpg", picture))
    check_output(tmp_path / "out.png", picture)


def test_copy_of_a_tiff_that_will_not_fit_is_refused_early(tmp_path, monkeypatch):
    picture = picture_of(tmp_path, "RGB", "u8")
    usage = type("Usage", (), {"free": 100})
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: usage)

    with pytest.raises(NoSpace, match="100 are free"):
        check_output(tmp_path / "out.tif", picture)


def test_interrupt_removes_the_half_and_keeps_the_old_file(tmp_path, png):
    before = png.read_bytes()

    def interrupted():
        with replacing(png) as part:
            part.write(b"half a pic")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert png.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_part_lies_beside_the_target_and_is_hidden(tmp_path):
    with replacing(tmp_path / "out.png") as part:
        assert Path(part.name).parent == tmp_path
        assert Path(part.name).name.startswith(".")
        part.write(b"whole")
        assert not (tmp_path / "out.png").exists()

    assert (tmp_path / "out.png").read_bytes() == b"whole"


def test_replaced_file_hands_on_its_permissions_and_a_new_one_follows_the_umask(tmp_path, png):
    picture = open_picture(png)
    (tmp_path / "old.png").write_bytes(b"")
    (tmp_path / "old.png").chmod(0o604)

    old_umask = os.umask(0o027)
    try:
        save_picture(picture, tmp_path / "old.png", [])
        save_picture(picture, tmp_path / "new.png", [])
    finally:
        os.umask(old_umask)

    assert stat.S_IMODE((tmp_path / "old.png").stat().st_mode) == 0o604
    assert stat.S_IMODE((tmp_path / "new.png").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o600, 0o600), (0o640, 0o640), (0o666, 0o644), (0o444, 0o644)]
)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_copy_is_no_more_open_than_its_picture(tmp_path, png, mode, expected, suffix):
    """Less the umask; its owner may write it in any case."""
    png.chmod(mode)
    picture = open_picture(png)
    old_umask = os.umask(0o022)
    try:
        save_picture(picture, tmp_path / f"new{suffix}", [])
    finally:
        os.umask(old_umask)

    assert stat.S_IMODE((tmp_path / f"new{suffix}").stat().st_mode) == expected


def test_sweeping_takes_what_the_killed_have_left_and_nothing_else(tmp_path):
    """A process that writes is killed, another one goes on writing."""
    code = """if True:
        import sys
        from pathlib import Path
        from lacuna.files.output import replacing, sweep
        with replacing(Path(sys.argv[1])) as file:
            file.write(b"half")
            file.flush()
            print("written", flush=True)
            sys.stdin.read()
    """
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / f"{number}.png"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for number in range(2)
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdout.readline() == b"written\n"
    writers[0].kill()
    writers[0].wait()
    (tmp_path / ".lacuna-notes.txt").write_bytes(b"mine")
    assert len(list(tmp_path.glob("*.part"))) == 2

    sweep(tmp_path)

    assert len(list(tmp_path.glob("*.part"))) == 1
    writers[1].communicate()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lacuna-notes.txt", "1.png"]
    for writer in writers:
        writer.stdout.close()
        writer.stdin.close()


def test_link_is_followed_not_replaced(tmp_path, png):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.png").write_bytes(b"")
    (tmp_path / "link.png").symlink_to(tmp_path / "elsewhere" / "real.png")

    save_picture(open_picture(png), tmp_path / "link.png", [])

    assert (tmp_path / "link.png").is_symlink()
    np.testing.assert_array_equal(
        read_png(tmp_path / "elsewhere" / "real.png"), noise_of("RGB", "u8")
    )


@pytest.fixture
def tiny_disk(disk_of):
    return disk_of("64k")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("source", ["png", "tif"])
def test_full_disk_is_one_sentence_and_leaves_no_half(tmp_path, tiny_disk, source, suffix):
    grain = noise_of("RGB", "u8", 300, 300)
    if source == "png":
        write_png(tmp_path / "in.png", grain)
    else:
        tifffile.imwrite(tmp_path / "in.tif", grain, photometric="rgb")
    (tiny_disk / f"out{suffix}").write_bytes(b"old")
    picture = open_picture(tmp_path / f"in.{source}")

    with pytest.raises(NoSpace, match="No space left") as refusal:
        save_picture(picture, tiny_disk / f"out{suffix}", [(Rect(0, 0, 3, 3), grain[:3, :3])])

    assert refusal.value.code == "no_space"
    assert (tiny_disk / f"out{suffix}").read_bytes() == b"old"
    assert [path.name for path in tiny_disk.iterdir()] == [f"out{suffix}"]


@pytest.mark.parametrize("number", [28, 122, 27, 5])
def test_errors_of_the_system_become_sentences(tmp_path, number):
    """No space, quota, file too large; and an error of the disk."""
    with pytest.raises(LacunaError) as refusal, replacing(tmp_path / "out.png"):
        raise OSError(number, os.strerror(number))

    assert refusal.value.code == ("not_writable" if number == 5 else "no_space")
    assert os.strerror(number) in str(refusal.value)
    assert not list(tmp_path.iterdir())
