"""`lacuna inpaint` as users meet it: files in, files out, one sentence when it cannot be done."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from tests.commands.conftest import LACUNA
from tests.files.inks import ink_profile, inks_of_light, jpeg_of_inks, shown
from tests.files.jpegs import by_turbo


def assert_refused(run, folder, *words, code=2):
    """One sentence on stderr that has the words, the exit code, and no new file."""
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1, run.stderr
    assert "Traceback" not in run.stderr
    for word in words:
        assert word in run.stderr
    made = {path.name for path in folder.iterdir()} - {"photo.png", "mask.png"}
    assert not {name for name in made if "out" in name or name.startswith(".")}, made


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("way", [[], ["--local"]], ids=["daemon", "local"])
def test_object_is_gone_and_every_other_pixel_is_the_same(lacuna, photo, tmp_path, way):
    picture, mask = photo

    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "out.png", *way)

    assert run.returncode == 0, run.stderr
    result = read(tmp_path / "out.png")
    np.testing.assert_array_equal(result[mask == 0], picture[mask == 0])
    redness = result[mask > 0][:, 2].astype(int) - result[mask > 0][:, 1]
    assert redness.max() < 150  # the square has 255


def test_jpeg_of_a_printer_is_filled_in_its_inks(lacuna, photo, tmp_path):
    """Red becomes what is around it, and beyond the blocks of the mask every ink stays."""
    picture, mask = photo
    jpeg = jpeg_of_inks(inks_of_light(picture[..., ::-1]), subsampling="4:4:4")
    (tmp_path / "in.jpg").write_bytes(jpeg)

    run = lacuna("inpaint", "in.jpg", "mask.png", "-o", "out.jpg")

    assert run.returncode == 0, run.stderr
    assert "7 px" in run.stdout + run.stderr
    after = (tmp_path / "out.jpg").read_bytes()
    before, result = by_turbo(jpeg), by_turbo(after)
    far = cv2.dilate(mask, np.ones((15, 15), np.uint8)) == 0
    np.testing.assert_array_equal(result[far], before[far])
    middle, beside = (
        shown(~result[105:125, left : left + 20], ink_profile()) for left in (155, 190)
    )
    assert np.abs(middle.mean((0, 1)) - beside.mean((0, 1))).max() < 25  # the square: above 80


def test_daemon_and_local_give_the_same_file(lacuna, photo, tmp_path):
    for name, way in (("a.png", []), ("b.png", ["--local"])):
        run = lacuna("inpaint", "photo.png", "mask.png", "-o", name, "--feather", 4, *way)
        assert run.returncode == 0, run.stderr

    np.testing.assert_array_equal(read(tmp_path / "a.png"), read(tmp_path / "b.png"))


@pytest.mark.parametrize("way", [[], ["--local"]], ids=["daemon", "local"])
def test_only_the_strips_under_holes_are_written_anew(lacuna, tmp_path, way):
    """Two holes far apart: what lies between them is not even compressed again."""
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 256, (1200, 300, 3)).astype(np.uint8)
    mask = np.zeros((1200, 300), np.uint8)
    mask[20:40, 20:40] = mask[1150:1170, 250:270] = 255
    options = {"rowsperstrip": 100, "compression": "zlib", "photometric": "rgb"}
    tifffile.imwrite(tmp_path / "in.tif", picture, compressionargs={"level": 1}, **options)
    tifffile.imwrite(tmp_path / "mask.tif", mask, rowsperstrip=7)

    run = lacuna("inpaint", "in.tif", "mask.tif", "-o", "out.tif", *way)

    assert run.returncode == 0, run.stderr
    result = tifffile.imread(tmp_path / "out.tif")
    np.testing.assert_array_equal(result[mask == 0], picture[mask == 0])
    assert (result[mask > 0] != picture[mask > 0]).any(axis=1).mean() > 0.9
    data = []
    for name in ("in.tif", "out.tif"):
        with tifffile.TiffFile(tmp_path / name) as tiff:
            page, file = tiff.pages.first, (tmp_path / name).read_bytes()
            places = zip(page.dataoffsets, page.databytecounts, strict=True)
            data.append([file[start : start + length] for start, length in places])
    assert [one == other for one, other in zip(*data, strict=True)] == [False, *[True] * 10, False]


def test_estimate_says_what_it_takes_and_fills_nothing(lacuna, photo, tmp_path):
    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "out.png", "--estimate")

    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("photo.png: 1 windows, ")
    for word in ("levels", "tiles of up to", " time" if "unknown" in run.stdout else " s,", "MiB"):
        assert word in run.stdout
    assert not (tmp_path / "out.png").exists()


def test_estimate_refuses_what_the_removal_would_refuse(lacuna, photo, tmp_path):
    cv2.imwrite(str(tmp_path / "mask.png"), np.zeros((240, 320), np.uint8))

    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "out.png", "--estimate")

    assert_refused(run, tmp_path, "selects nothing")


@pytest.mark.parametrize("strategy", ["native", "pyramid", "tiles"])
def test_every_strategy_removes_the_object(lacuna, photo, tmp_path, strategy):
    picture, mask = photo

    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "out.png", "--strategy", strategy)

    assert run.returncode == 0, run.stderr
    result = read(tmp_path / "out.png")
    np.testing.assert_array_equal(result[mask == 0], picture[mask == 0])
    redness = result[mask > 0][:, 2].astype(int) - result[mask > 0][:, 1]
    assert redness.max() < 150  # the square has 255


@pytest.mark.parametrize("dtype", [np.uint16, np.float16, np.float32])
def test_deep_tiff_keeps_depth_and_known_pixels(lacuna, photo, tmp_path, dtype):
    picture, mask = photo
    scale = 257 if dtype == np.uint16 else 1 / 255
    deep = (picture[..., ::-1] * np.float64(scale)).astype(dtype)
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb")

    run = lacuna("inpaint", "deep.tif", "mask.png", "-o", "out.tif")

    assert run.returncode == 0, run.stderr
    result = tifffile.imread(tmp_path / "out.tif")
    assert result.dtype == deep.dtype
    assert result[mask == 0].tobytes() == deep[mask == 0].tobytes()
    assert (result[mask > 0] != deep[mask > 0]).any(axis=1).mean() > 0.9


def test_grow_replaces_that_many_pixels_more(lacuna, photo, tmp_path):
    picture, _mask = photo

    lacuna("inpaint", "photo.png", "mask.png", "-o", "out.png", "--grow", 6)

    changed = (read(tmp_path / "out.png") != picture).any(axis=2)
    rows = np.flatnonzero(changed.any(axis=1))
    assert (rows[0], rows[-1]) == (97 - 6, 132 + 6)


def soft_disc(folder):
    """A red disc with a soft edge on grain, selected at half its edge."""
    rng = np.random.default_rng(3)
    picture = 120 + rng.normal(0, 3, (240, 320, 3))
    alpha = np.zeros((240, 320), np.float32)
    cv2.circle(alpha, (160, 120), 30, 1, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 1.5)[..., None]
    picture = picture * (1 - alpha) + np.array([20, 20, 220]) * alpha
    mask = (alpha[..., 0] > 0.5).astype(np.uint8) * 255
    cv2.imwrite(str(folder / "photo.png"), np.rint(picture).clip(0, 255).astype(np.uint8))
    cv2.imwrite(str(folder / "mask.png"), mask)
    return read(folder / "photo.png"), mask


def test_mask_that_is_too_tight_is_said_to_be_and_stays_as_it_is(lacuna, tmp_path):
    picture, mask = soft_disc(tmp_path)

    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "out.png")

    assert run.returncode == 0, run.stderr
    assert run.stderr.count("\n") == 1
    words = r"photo.png: What is removed shows outside of mask.png; --grow auto would add (\d+) px."
    assert int(re.fullmatch(words, run.stderr.strip())[1]) >= 3
    np.testing.assert_array_equal(read(tmp_path / "out.png")[mask == 0], picture[mask == 0])


@pytest.mark.parametrize("way", [[], ["--local"]], ids=["daemon", "local"])
def test_edge_that_is_found_is_told_and_nothing_beyond_it_changes(lacuna, tmp_path, way):
    picture, mask = soft_disc(tmp_path)

    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "out.png", "--grow", "auto", *way)

    assert run.returncode == 0, run.stderr
    found = re.fullmatch(r"photo.png: Edge found: \+(\d+) px.", run.stderr.strip())
    away = cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    result = read(tmp_path / "out.png")
    beyond = away > int(found[1])
    np.testing.assert_array_equal(result[beyond], picture[beyond])
    assert (result[..., 2].astype(int) - result[..., 1]).max() < 25  # 40 where it bled


def test_automatic_growth_changes_no_byte_where_nothing_bleeds(lacuna, photo, tmp_path):
    for name, grow in (("a.png", 0), ("b.png", "auto")):
        run = lacuna("inpaint", "photo.png", "mask.png", "-o", name, "--grow", grow)
        assert (run.returncode, run.stderr) == (0, "")

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_many_pictures_find_their_masks_and_go_into_a_folder(lacuna, photo, tmp_path):
    picture, mask = photo
    for name in ("one", "two"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
        cv2.imwrite(str(tmp_path / f"{name}_mask.png"), mask)
    (tmp_path / "clean").mkdir()

    run = lacuna("inpaint", "one.png", "two.png", "--mask-suffix", "_mask", "-o", "clean")

    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in (tmp_path / "clean").iterdir()) == ["one.png", "two.png"]
    np.testing.assert_array_equal(
        read(tmp_path / "clean/one.png"), read(tmp_path / "clean/two.png")
    )


def test_progress_bar_names_the_picture_and_is_absent_without_a_terminal(lacuna, photo):
    quiet = lacuna("inpaint", "photo.png", "mask.png", "-o", "quiet.png")
    shown = lacuna("inpaint", "photo.png", "mask.png", "-o", "shown.png", "--progress")

    assert quiet.stderr == ""
    assert "photo.png" in shown.stderr


def test_weights_file_is_used_in_this_process(lacuna, photo, tmp_path):
    from lacuna.network.catalogue import find_weights

    copy = tmp_path / "mine.safetensors"
    copy.write_bytes(find_weights("lacuna-small").path.read_bytes())

    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "out.png", "--weights", copy)

    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out.png").exists()


BAD = {
    "missing picture": (["gone.png", "mask.png"], ["gone.png"]),
    "missing mask": (["photo.png", "gone.png"], ["gone.png"]),
    "no picture": (["text.png", "mask.png"], ["text.png"]),
    "mask of another size": (["photo.png", "small.png"], ["32 x 24", "320 x 240"]),
    "empty mask": (["photo.png", "black.png"], ["black.png", "nothing"]),
    "full mask": (["photo.png", "white.png"], ["white.png", "everything"]),
    "CMYK picture": (["cmyk.tif", "mask.png"], ["CMYK"]),
    "one path": (["photo.png"], ["MASK"]),
    "folder as picture": (["folder", "mask.png"], ["folder"]),
}


@pytest.fixture
def bad_files(tmp_path, photo):
    from PIL import Image

    picture, mask = photo
    (tmp_path / "text.png").write_text("no picture at all")
    (tmp_path / "folder").mkdir()
    cv2.imwrite(str(tmp_path / "small.png"), cv2.resize(mask, (32, 24)))
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros_like(mask))
    cv2.imwrite(str(tmp_path / "white.png"), np.full_like(mask, 255))
    Image.fromarray(picture).convert("CMYK").save(tmp_path / "cmyk.tif")


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_writes_nothing(lacuna, bad_files, tmp_path, case):
    paths, words = BAD[case]
    suffix = Path(paths[0]).suffix or ".png"

    run = lacuna("inpaint", *paths, "-o", f"out{suffix}")

    assert_refused(run, tmp_path, *words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "gone/out.png"], ["gone"]),
        (["-o", "/proc/out.png"], ["/proc"]),
        (["-o", "out.xyz"], ["out.xyz"]),
        (["-o", "photo.png"], ["--overwrite"]),
        (["-o", "mask.png"], ["--overwrite"]),
        (["-o", "out.png", "--weights", "nobody"], ["nobody", "lacuna-small"]),
        (["-o", "out.png", "--weights", "gone.safetensors"], ["gone.safetensors"]),
        (["-o", "out.png", "--device", "tpu"], ["tpu"]),
        (["-o", "out.png", "--device", "cuda:99"], ["cuda:99"]),
        (["-o", "out.png", "--tile", "9"], ["64"]),
        (["-o", "out.png", "--tile", "128", "--overlap", "128"], ["128"]),
        (["-o", "out.png", "--grow", "-3"], ["-3"]),
        (["-o", "out.png", "--mask-suffix", "_m"], ["folder"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0] == "-o" else "",
)
def test_bad_option_is_one_sentence_and_writes_nothing(lacuna, photo, tmp_path, options, words):
    run = lacuna("inpaint", "photo.png", "mask.png", *options)

    assert_refused(run, tmp_path, *words)
    np.testing.assert_array_equal(read(tmp_path / "photo.png"), photo[0])


def test_overwrite_replaces_the_input_itself(lacuna, photo, tmp_path):
    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "photo.png", "--overwrite")

    assert run.returncode == 0, run.stderr
    assert (read(tmp_path / "photo.png") != photo[0]).any()


def test_two_pictures_of_one_name_are_refused_before_anything_is_written(lacuna, photo, tmp_path):
    for name in ("a", "b", "out"):
        (tmp_path / name).mkdir()
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / name / "p.png"), photo[0])
        cv2.imwrite(str(tmp_path / name / "p_m.png"), photo[1])

    run = lacuna("inpaint", "a/p.png", "b/p.png", "--mask-suffix", "_m", "-o", "out")

    assert run.returncode == 2
    assert "2 pictures would be written to 1 file" in run.stderr
    assert not list((tmp_path / "out").iterdir())


def test_lossy_output_says_so(lacuna, photo):
    run = lacuna("inpaint", "photo.png", "mask.png", "-o", "out.jpg")

    assert run.returncode == 0
    assert "lossy" in run.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system that is full")
def test_full_disk_is_one_sentence_and_leaves_no_partial_file(lacuna, photo, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        run = lacuna("inpaint", "photo.png", "mask.png", "-o", "disk/out.png")

        assert_refused(run, tmp_path, "out.png", "No space left")
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_ctrl_c_cancels_the_job_and_leaves_no_file(lacuna, tmp_path):
    """A hole of 1,800 px takes seconds; the signal comes while patches are searched."""
    rng = np.random.default_rng(1)
    cv2.imwrite(str(tmp_path / "big.png"), rng.integers(0, 256, (2400, 2400, 3)).astype(np.uint8))
    mask = np.zeros((2400, 2400), np.uint8)
    mask[300:2100, 300:2100] = 255
    cv2.imwrite(str(tmp_path / "big_mask.png"), mask)
    command = [*LACUNA, "inpaint", "big.png", "big_mask.png", "-o", "out.png", "--progress"]
    # A shell that starts the tests in the background has them ignore Ctrl-C, and all they start.
    run = subprocess.Popen(
        command, cwd=tmp_path, env=lacuna.env, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    give_up = time.monotonic() + 60
    while "guiding" not in lacuna("status").stdout and time.monotonic() < give_up:
        assert run.poll() is None, run.stderr.read()

    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=30)

    assert run.returncode == 130
    assert b"Interrupted; nothing was written." in errors
    assert b"Traceback" not in errors
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
    assert "0 of" in lacuna("status").stdout  # the daemon has forgotten the job


def test_help_lists_every_command(lacuna):
    run = lacuna("--help")

    assert run.returncode == 0
    for command in ("inpaint", "demo", "serve", "status", "stop", "weights"):
        assert command in run.stdout


def test_what_is_said_of_loss_depends_on_what_the_file_is_and_not_on_its_name(
    lacuna, photo, tmp_path
):
    """A JPEG that is called .png, saved as JPEG and as PNG; JPEG inside TIFF."""
    picture, mask = photo
    (tmp_path / "really.png").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    colours = picture[..., ::-1]
    tifffile.imwrite(tmp_path / "of_jpeg.tif", colours, photometric="ycbcr", compression="jpeg")
    blocks = "JPEG is coded in blocks: pixels up to 16 px beside what changed may differ."
    for source, out, said in (
        ("really.png", "out.jpg", f"out.jpg: {blocks}"),
        ("of_jpeg.tif", "out_of_jpeg.tif", f"out_of_jpeg.tif: {blocks}"),
        ("really.png", "out.png", ""),
    ):
        run = lacuna("inpaint", source, "mask.png", "-o", out)

        assert run.returncode == 0, run.stderr
        lines = [line for line in run.stderr.splitlines() if "JPEG" in line]
        assert lines == [said] * bool(said)
    before, after = read(tmp_path / "really.png"), read(tmp_path / "out.jpg")
    near = cv2.dilate(mask, np.ones((33, 33), np.uint8)) > 0
    np.testing.assert_array_equal(after[~near], before[~near])
    np.testing.assert_array_equal(read(tmp_path / "out.png")[mask == 0], before[mask == 0])
