"""Many pictures by one command, through a real daemon: what is there then, and what is told."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from lacuna.batch.items import BatchItem, Ended
from lacuna.batch.report import whole_lines
from lacuna.commands.batch_view import BatchView
from lacuna.commands.progress import Bars
from lacuna_wire.endpoint import read_endpoint
from tests.commands.conftest import InProcess, only
from tests.commands.test_inpaint import read

SAFETY_S = 100
SIDE = 32


def draw(folder, count, bad=0):
    """Make pictures with masks beside them; the first `bad` are bad, each in one of five ways."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(7)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[12:18, 12:18] = 255
    names = [f"p{number:03}" for number in range(count)]
    for number, name in enumerate(names):
        picture, own = folder / f"{name}.png", folder / f"{name}_mask.png"
        cv2.imwrite(str(picture), rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8))
        cv2.imwrite(str(own), mask)
        if number >= bad:
            continue
        if number % 5 == 0:
            own.unlink()
        elif number % 5 == 1:
            picture.write_bytes(picture.read_bytes()[:100])
        elif number % 5 == 2:
            cv2.imwrite(str(own), mask * 0)
        elif number % 5 == 3:
            cv2.imwrite(str(own), mask[:20])
        else:
            cv2.imwrite(str(own), mask // 85)
    return names


def whole(folder, out, name):
    """Whether an output is the picture but for its hole."""
    before, after = read(folder / f"{name}.png"), read(out / f"{name}.png")
    before[12:18, 12:18] = after[12:18, 12:18] = 0
    return np.array_equal(before, after)


def started(lacuna, *arguments):
    """The command as a process that hears Ctrl-C, whatever the shell of the tests has said."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from lacuna.cli import main; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=lacuna.folder, env=lacuna.env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def wait_until(condition, run):
    give_up = time.monotonic() + SAFETY_S
    while not condition():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.02)


def states(lines):
    """The state of each picture in its last line; masks are none."""
    return {line["picture"]: line["state"] for line in lines if line["code"] != "is_mask"}


def done_in(report):
    return sum(line["state"] == "done" for line in whole_lines(report)) if report.exists() else 0


@pytest.fixture
def local(base, capsys, tmp_path, monkeypatch):
    """`lacuna inpaint ... --local` in this process."""
    monkeypatch.chdir(tmp_path)
    run = InProcess(base, capsys)
    return lambda *arguments: run("inpaint", *arguments, "--local")


BATCH = ("inpaint", "in", "--mask-suffix", "_mask", "-o", "out", "--report", "r.jsonl")


def test_batch_of_200_with_20_bad_ones_survives_kill_9(lacuna, tmp_path):
    names = draw(tmp_path / "in", 200, bad=20)
    out, report = tmp_path / "out", tmp_path / "r.jsonl"

    first = started(lacuna, *BATCH)
    wait_until(lambda: done_in(report) >= 60, first)
    first.kill()
    first.communicate()
    there = {path.stem: path.read_bytes() for path in out.glob("p*.png")}
    assert 60 <= len(there) < 180
    told = {line["picture"] for line in whole_lines(report) if line["state"] == "done"}
    assert {f"in/{name}.png" for name in there} >= told, "the report says more than there is"

    again = lacuna(*BATCH, "--skip-existing")

    assert again.returncode == 2, again.stderr
    assert {path.name for path in out.iterdir()} == {f"{name}.png" for name in names[20:]}
    assert all(whole(tmp_path / "in", out, name) for name in names[20:])
    assert all((out / f"{name}.png").read_bytes() == data for name, data in there.items())
    lines = whole_lines(report)
    last = [line for line in lines if line["run"] == lines[-1]["run"]]
    assert list(states(last).values()).count("failed") == 20
    assert states(last).keys() == {f"in/{name}.png" for name in names}
    skipped = [line for line in last if line["code"] == "there_already"]
    assert len(skipped) == len(there)
    assert sum(line["state"] == "done" for line in last) == 180 - len(there)
    assert {line["code"] for line in last if line["state"] == "failed"} == {
        "no_such_file", "corrupt_picture", "empty_selection", "mask_size", "faint_mask",
    }  # fmt: skip
    assert all(line["reason"] for line in last if line["state"] == "failed")


def test_table_has_every_failure_with_its_reason_and_counts_the_rest(local, tmp_path):
    draw(tmp_path / "in", 7, bad=5)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/p006.png").write_bytes((tmp_path / "in/p006.png").read_bytes())

    run = local(*BATCH[1:], "--skip-existing")

    assert (run.returncode, run.stderr) == (2, "")
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert sorted(row[0] for row in rows[:5]) == [f"p00{number}.png" for number in range(5)]
    assert all(state == "failed" and reason.endswith(".") for _, state, reason in rows[:5])
    assert {tuple(row) for row in rows[5:]} == {
        ("1 file", "skipped", "Outputs were there already."),
        ("6 files", "skipped", "Masks of other pictures."),
        ("1 file", "done", "Written to out."),
        ("5 files", "failed", "Reasons are above."),
    }


def test_ctrl_c_says_how_many_were_written_and_how_to_go_on(lacuna, tmp_path):
    draw(tmp_path / "in", 200)
    run = started(lacuna, *BATCH, "--progress")
    wait_until(lambda: done_in(tmp_path / "r.jsonl") >= 5, run)

    run.send_signal(signal.SIGINT)
    table, errors = run.communicate(timeout=SAFETY_S)

    assert run.returncode == 130
    assert "Traceback" not in errors
    words = (
        r"lacuna: Interrupted; (\d+) of 200 pictures were written to out. The same command with "
        "--skip-existing does the others."
    )
    found = re.search(words, errors)
    assert found, errors
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert len(made) == int(found[1]) < 200
    assert not {name for name in made if name.startswith(".")}
    assert f"{int(found[1])} files\tdone\t" in table
    assert done_in(tmp_path / "r.jsonl") == len(made)


def test_daemon_that_is_killed_in_the_middle_is_started_again(lacuna, base, tmp_path):
    """A hole of 700 px takes seconds; the daemon dies while patches are searched for it."""
    names = draw(tmp_path / "in", 3)
    rng = np.random.default_rng(1)
    large, mask = tmp_path / "in/p001.png", np.zeros((1200, 1200), np.uint8)
    cv2.imwrite(str(large), rng.integers(0, 256, (1200, 1200, 3)).astype(np.uint8))
    mask[250:950, 250:950] = 255
    cv2.imwrite(str(tmp_path / "in/p001_mask.png"), mask)
    run = started(lacuna, *BATCH)
    wait_until(lambda: "guiding" in lacuna("status").stdout, run)
    with only(base):
        killed = read_endpoint().pid

    psutil.Process(killed).kill()
    _, errors = run.communicate(timeout=SAFETY_S)

    assert run.returncode == 0, errors
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(names)
    with only(base):
        assert read_endpoint().pid != killed


def test_folders_masks_of_a_folder_and_one_mask_fill_the_same(local, tmp_path):
    draw(tmp_path / "flat", 2)
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "masks/deep").mkdir(parents=True)
    for number, place in enumerate((".", "deep")):
        os.link(tmp_path / f"flat/p00{number}.png", tmp_path / f"in/{place}/p00{number}.png")
        os.link(tmp_path / "flat/p000_mask.png", tmp_path / f"masks/{place}/p00{number}.PNG")

    ways = {
        "beside": ["flat", "--mask-suffix", "_mask"],
        "folder": ["in", "--recursive", "--masks", "masks"],
        "one": ["flat/p000.png", "flat/p001.png", "--masks", "flat/p000_mask.png"],
    }
    for name, arguments in ways.items():
        run = local(*arguments, "-o", name)
        assert (run.returncode, run.stderr) == (0, "")

    made = {
        name: sorted(
            (path.relative_to(tmp_path / name).as_posix(), path.read_bytes())
            for path in (tmp_path / name).rglob("*.png")
        )
        for name in ways
    }
    assert made["beside"] == made["one"]
    assert [path for path, _ in made["folder"]] == ["deep/p001.png", "p000.png"]
    assert {data for _, data in made["folder"]} == {data for _, data in made["one"]}
    assert whole(tmp_path / "flat", tmp_path / "one", "p001")


def test_rerun_is_asked_about_and_then_skips_or_replaces(local, tmp_path):
    draw(tmp_path / "in", 2)
    assert local("in", "--mask-suffix", "_mask", "-o", "out").returncode == 0
    old = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}

    refused = local("in", "--mask-suffix", "_mask", "-o", "out")
    assert refused.returncode == 2
    assert "2 of 2 outputs exist" in refused.stderr

    skipped = local("in", "--mask-suffix", "_mask", "-o", "out", "--skip-existing")
    assert (skipped.returncode, skipped.stderr) == (0, "")
    assert {path: path.stat().st_mtime_ns for path in old} == old

    replaced = local("in", "--mask-suffix", "_mask", "-o", "out", "--overwrite")
    assert replaced.returncode == 0
    assert all(path.stat().st_mtime_ns != time_ns for path, time_ns in old.items())


def test_one_picture_has_a_report_and_can_be_skipped_too(local, photo, tmp_path):
    one = ["photo.png", "mask.png", "-o", "out.png", "--report", "r.jsonl"]
    assert local(*one).returncode == 0

    again = local(*one, "--skip-existing")
    failed = local("gone.png", *one[1:-2], "--overwrite", "--report", "r.jsonl")

    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == "photo.png: Its output is there already.\n"
    assert failed.returncode == 2
    assert failed.stderr == "lacuna: There is no file gone.png.\n"
    said = [(line["state"], line["code"]) for line in whole_lines(tmp_path / "r.jsonl")]
    assert said == [("done", ""), ("skipped", "there_already"), ("failed", "no_such_file")]


def test_estimate_of_many_goes_on_after_a_bad_one(local, tmp_path):
    draw(tmp_path / "in", 3, bad=2)

    run = local("in", "--mask-suffix", "_mask", "-o", "out", "--estimate")

    assert run.returncode == 2
    assert run.stdout.startswith("p002.png: 1 windows")
    assert run.stdout.count("\n") == 1
    assert "p000.png: p000.png has no mask" in run.stderr
    assert not (tmp_path / "out").exists()


def test_that_jpeg_is_coded_in_blocks_is_said_once_and_kept_of_each(local, photo, tmp_path):
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.jpg"), photo[0])

    run = local("a.jpg", "b.jpg", "--masks", "mask.png", "-o", "out", "--report", "r.jsonl")

    assert run.returncode == 0
    assert run.stderr.count("coded in blocks") == 1
    assert [len(line["remarks"]) for line in whole_lines(tmp_path / "r.jsonl")] == [1, 1]


def test_pixels_of_pictures_that_failed_are_not_kept_until_the_end():
    """What is raised holds the frames that it passed, and these hold a picture."""
    item = BatchItem(Path("a.png"), Path("m.png"), Path("out/a.png"), "a.png")
    ended, outcomes = Ended(item, "failed", error=ValueError()), []
    BatchView(Bars(None), None, outcomes, keeps_errors=False).ended(ended)

    assert outcomes == [ended._replace(error=None)]


def test_report_may_lie_in_the_folder_that_is_made_for_the_outputs(local, tmp_path):
    draw(tmp_path / "in", 1)

    run = local("in", "--mask-suffix", "_mask", "-o", "out", "--report", "out/r.jsonl")

    assert run.returncode == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"p000.png", "r.jsonl"}


@pytest.mark.parametrize("invert", [False, True])
def test_inverted_mask_fills_the_object_and_otherwise_is_remarked(local, photo, tmp_path, invert):
    cv2.imwrite(str(tmp_path / "mask.png"), 255 - photo[1])

    run = local("photo.png", "mask.png", "-o", "out.png", *["--invert"] * invert)

    assert run.returncode == 0
    assert ("add --invert" in run.stderr) is not invert
    result, same = read(tmp_path / "out.png"), photo[1] == 0
    assert np.array_equal(result[same], photo[0][same]) is invert


def test_labels_remove_all_that_is_labelled_with_the_threshold_that_is_named(
    local, photo, tmp_path
):
    labels = np.zeros_like(photo[1])
    labels[photo[1] > 0] = 1
    labels[200:210, 20:30] = 3
    cv2.imwrite(str(tmp_path / "mask.png"), labels)

    refused = local("photo.png", "mask.png", "-o", "out.png")
    filled = local("photo.png", "mask.png", "-o", "out.png", "--mask-threshold", "0")

    assert refused.returncode == 2
    assert "labels that count from 0 to 3. Add --mask-threshold 0 " in refused.stderr
    assert filled.returncode == 0
    changed = (read(tmp_path / "out.png") != photo[0]).any(axis=2)
    assert changed[labels == 1].mean() > 0.9
    assert changed[labels == 3].mean() > 0.9
    assert not changed[labels == 0].any()


@pytest.mark.parametrize(
    "arguments",
    [["photo.png", "mask.png", "-o", f"{260 * 'x'}.png"], [f"{260 * 'x'}.png", "mask.png"]],
    ids=["output", "picture"],
)
def test_name_of_260_bytes_is_one_sentence(local, photo, tmp_path, arguments):
    before = {path.name for path in tmp_path.iterdir()}

    run = local(*["-o", "o.png"][: 2 * (len(arguments) == 2)], *arguments)

    assert run.returncode == 2
    assert run.stderr.endswith("File name too long.\n")
    assert run.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == before


ODD = {
    "here": ([".", "--mask-suffix", "_m", "-o", "out"], "p_m.png"),
    "here, and the masks nowhere": ([".", "--masks", "x" * 300, "-o", "out"], "not there"),
    "the root": (["/", "--mask-suffix", "_m", "-o", "out"], "/ has no pictures"),
    "a suffix with a folder": (["photo.png", "--mask-suffix", "m/_m", "-o", "out"], "--masks"),
    "a name too long with it": (["n" * 250 + ".png", "--mask-suffix", "_mask", "-o", "out"], "no"),
    "a link to itself": (["photo.png", "mask.png", "-o", "link.png"], "levels of symbolic links"),
    "a link to itself, read": (["link.png", "mask.png", "-o", "o.png"], "levels of symbolic"),
    "a link to itself as mask": (["photo.png", "link.png", "-o", "o.png"], "levels of symbolic"),
    "a folder and a mask": ([".", "mask.png", "-o", "out"], "lacuna inpaint . --masks mask.png"),
    "nothing": (["", "mask.png", "-o", "out"], "."),
    "threshold": (["photo.png", "mask.png", "-o", "o.png", "--mask-threshold", "255"], "0 to 254"),
    "skip and overwrite": (
        ["photo.png", "mask.png", "-o", "o.png", "--skip-existing", "--overwrite"], "one of them"
    ),
    "a picture as report": (
        ["photo.png", "mask.png", "-o", "o.png", "--report", "mask.png"], "not a report"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_odd_path_ends_in_sentences_and_2_and_writes_nothing(local, photo, tmp_path, case):
    arguments, words = ODD[case]
    (tmp_path / "link.png").symlink_to("link.png")
    long = tmp_path / ("n" * 250 + ".png")
    long.write_bytes((tmp_path / "photo.png").read_bytes())
    before = {path.name for path in tmp_path.iterdir()}

    run = local(*arguments)

    assert run.returncode == 2
    assert words in (run.stderr + run.stdout).replace("photo_m.png", "p_m.png")
    assert "Traceback" not in run.stderr
    assert "unexpected" not in run.stdout
    assert "Lacuna itself" not in run.stdout
    assert {path.name for path in tmp_path.iterdir()} == before
    assert (tmp_path / "mask.png").read_bytes()[:4] == b"\x89PNG"
