"""What may be copied, through the whole line: a client, a socket, the daemon and its worker."""

import cv2
import numpy as np
import pytest

from lacuna.removal import connect
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.client import inpaint
from lacuna_wire.editor import EditorSettings, new_request
from lacuna_wire.planes import nearest_sources
from tests.commands.conftest import InProcess, only
from tests.commands.test_inpaint import assert_refused, read
from tests.drawn import select

PICTURE = Rect(0, 0, 1000, 700)
HOLE = Rect(40, 60, 24, 30)
FAR = Rect(820, 560, 120, 110)


@pytest.fixture
def striped():
    """A picture of one gray; far from the hole it has black and white columns."""
    samples = np.full((PICTURE.height, PICTURE.width, 3), 128, np.uint8)
    samples[FAR.slices][:, ::2] = 255
    samples[FAR.slices][:, 1::2] = 0
    return samples


def contrast(samples):
    """By how much neighbouring columns differ, on average."""
    return np.abs(np.diff(samples[..., 1].astype(int), axis=1)).mean()


@pytest.mark.parametrize("copy_from", ["only", "never"])
def test_daemon_asks_an_editor_for_what_may_be_copied_however_far_away(base, striped, copy_from):
    """Of a mask for `never` an editor knows no bounds: nearly the whole picture may be copied."""
    planes, windows = {"sources": select(*striped.shape[:2], FAR)}, []
    planes.update(pixels=striped, selection=select(*striped.shape[:2], HOLE))

    def read(plane, rect):
        return np.ascontiguousarray(planes[plane][rect.slices]).data.cast("B")

    def read_window(window):
        windows.append(window)
        return [read(plane, window) for plane in request.planes]

    settings = EditorSettings(options=Options(device="cpu"), copy_from=copy_from, copy_mask="mask")
    needed = nearest_sources(
        lambda rect: bytes(read("sources", rect)),
        FAR if copy_from == "only" else PICTURE,
        HOLE,
        PICTURE,
    )
    layout = PixelLayout("RGB")
    request = new_request(PICTURE[2:], HOLE, layout, settings, "composite", needed)

    with only(base):
        client = connect()
    rect, pixels, *_more = inpaint(client, request, read_window, lambda _: None, lambda: False)

    assert windows[0].contains(HOLE.union(needed))
    assert rect == HOLE
    assert contrast(np.frombuffer(pixels, np.uint8).reshape(rect.height, rect.width, 3)) > 150


MASKS = {
    "far": [FAR],  # where there are stripes
    "half": [FAR, Rect(100, 300, 300, 200)],
    "plain": [Rect(100, 300, 300, 200)],
    "hole": [HOLE],
    "black": [],
    "white": [PICTURE],
}


@pytest.fixture
def files(striped, tmp_path):
    """The picture, its mask, and masks of what may be copied, or may not."""
    cv2.imwrite(str(tmp_path / "photo.png"), striped)
    cv2.imwrite(str(tmp_path / "mask.png"), select(*striped.shape[:2], HOLE))
    for name, rects in MASKS.items():
        mask = select(*striped.shape[:2], *rects)
        cv2.imwrite(str(tmp_path / f"{name}.png"), mask)
        cv2.imwrite(str(tmp_path / f"no-{name}.png"), 255 - mask)
    cv2.imwrite(str(tmp_path / "small.png"), np.full((24, 32), 255, np.uint8))
    return tmp_path


@pytest.fixture
def local(base, files, capsys, monkeypatch):
    """`lacuna inpaint --local` in this process, with the files beside it."""
    monkeypatch.chdir(files)
    run = InProcess(base, capsys)  # in one home: there lies the compiled search
    return lambda *options: run(*INPAINT, "--local", *options)


INPAINT = ["inpaint", "photo.png", "mask.png", "-o", "out.png"]
LIMITS = {
    "--copy-from": ["--copy-from", "far.png"],
    "--avoid": ["--avoid", "no-far.png"],
    "both": ["--copy-from", "half.png", "--avoid", "plain.png"],
}


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_command_copies_what_the_masks_allow_and_changes_nothing_else(
    local, files, striped, limits
):
    run = local(*limits)

    assert run.returncode == 0, run.stderr
    result = read(files / "out.png")
    assert contrast(result[HOLE.slices]) > 150
    result[HOLE.slices] = striped[HOLE.slices]
    np.testing.assert_array_equal(result, striped)


def test_daemon_copies_the_same(lacuna, local, files):
    assert local(*LIMITS["both"]).returncode == 0
    here = read(files / "out.png")

    run = lacuna(*INPAINT, *LIMITS["both"], "--overwrite")

    assert run.returncode == 0, run.stderr
    np.testing.assert_array_equal(read(files / "out.png"), here)


def test_without_a_mask_what_is_near_is_copied(local, files):
    run = local()

    assert run.returncode == 0, run.stderr
    assert contrast(read(files / "out.png")[HOLE.slices]) < 10


def test_direction_and_mask_together_leave_what_both_allow(local, files, striped):
    """The stripes lie to the right of the hole, and what the mask allows below it does not."""
    side, below = Rect(700, 20, 250, 120), Rect(20, 400, 250, 250)
    striped[side.slices][:, ::2] = 255
    striped[side.slices][:, 1::2] = 0
    cv2.imwrite(str(files / "photo.png"), striped)
    cv2.imwrite(str(files / "two.png"), select(*striped.shape[:2], side, below))

    run = local("--copy-from", "two.png", "--copy-direction", "horizontal")

    assert run.returncode == 0, run.stderr
    assert contrast(read(files / "out.png")[HOLE.slices]) > 150


def test_estimate_counts_the_window_that_holds_what_may_be_copied(local, files):
    near, far = (local("--estimate", "--copy-from", name) for name in ("white.png", "far.png"))

    said = [int(run.stdout.split("about ")[-1].split(" MiB")[0]) for run in (near, far)]
    assert said[0] < said[1]
    assert not (files / "out.png").exists()


BAD = {
    "another size": (["--copy-from", "small.png"], ["small.png", "32 x 24", "1,000 x 700"]),
    "avoid of another size": (["--avoid", "small.png"], ["small.png", "32 x 24", "1,000 x 700"]),
    "no file": (["--avoid", "gone.png"], ["gone.png"]),
    "nothing white": (["--copy-from", "black.png"], ["black.png", "1,000 x 700", "Paint white"]),
    "gray": (["--copy-from", "gray.png"], ["gray.png", "none of its 1,000 x 700 px is white"]),
    "all white": (["--avoid", "white.png"], ["white.png", "1,000 x 700", "Leave black"]),
    "nothing in common": (
        ["--copy-from", "far.png", "--avoid", "far.png"],
        ["far.png", f"of the {FAR.area:,} px that are white"],
    ),
    "inside the selection": (
        ["--copy-from", "hole.png"], [f"all {HOLE.area} px that may be copied are selected"]
    ),
    "all but the selection avoided": (["--avoid", "no-hole.png"], [f"all {HOLE.area} px"]),
    "too little": (["--copy-from", "speck.png"], ["36 px may be copied", "64 are needed"]),
    "with many pictures": (
        ["--copy-from", "far.png", "--mask-suffix", "_m"],
        ["--mask-suffix takes 2", "-o OUT --copy-from far.png"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_mask_of_which_nothing_can_be_made_is_one_sentence(local, files, case):
    options, words = BAD[case]
    cv2.imwrite(str(files / "gray.png"), np.full(PICTURE[:1:-1], 128, np.uint8))
    cv2.imwrite(str(files / "speck.png"), select(*PICTURE[:1:-1], Rect(300, 300, 6, 6)))
    output = ["-o", "."] if "--mask-suffix" in options else []

    run = local(*output, *options)

    assert_refused(run, files, *words)


def test_estimate_refuses_such_a_mask_too(local, files):
    run = local("--copy-from", "hole.png", "--estimate")

    assert_refused(run, files, "are selected themselves")
