"""What is read and written, for every way in which people name many pictures."""

import os

import cv2
import numpy as np
import pytest

from lacuna.batch.items import FAILED, IS_MASK, SKIPPED, THERE_ALREADY, check_outputs
from lacuna.batch.masks import MaskPlace, mask_place
from lacuna.batch.plan import plan_many, plan_one
from lacuna_wire.errors import LacunaError

BESIDE = MaskPlace("_mask")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the paths of a test lie."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    return tmp_path


def touch(folder, *names):
    """Make small pictures; only their names count here."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1]
        path.write_bytes(data.tobytes())


def plan(folder, *paths, place=BESIDE, recursive=False, output="out"):
    """The plan as texts: picture -> (mask, output), or the code of what is in its way."""
    items = plan_many([folder / path for path in paths], folder / output, place, recursive)

    def text(path):
        return None if path is None else path.relative_to(folder).as_posix()

    return {
        text(item.image): (text(item.mask), text(item.out))
        if item.obstacle is None
        else item.obstacle.code
        for item in items
    }


def test_masks_beside_pictures_are_found_whatever_the_case_of_their_suffix(folder):
    touch(folder, "a.jpg", "a_mask.PNG", "b.png", "b_mask.TIF")

    assert plan(folder, "a.jpg", "b.png") == {
        "a.jpg": ("a_mask.PNG", "out/a.jpg"),
        "b.png": ("b_mask.TIF", "out/b.png"),
    }


def test_mask_of_the_pictures_own_format_comes_before_png_before_others(folder):
    touch(folder, "a.tif", "a_mask.tif", "a_mask.png", "b.tif", "b_mask.webp", "b_mask.png")

    found = plan(folder, "a.tif", "b.tif")

    assert [mask for mask, _out in found.values()] == ["a_mask.tif", "b_mask.png"]


def test_pattern_that_matches_the_masks_too_fills_the_pictures_alone(folder):
    """`*.png`, also where the picture is no PNG and only its mask is named."""
    touch(folder, "a.png", "a_mask.png", "b.jpg", "b_mask.png")

    assert plan(folder, "a.png", "a_mask.png", "b_mask.png") == {
        "a.png": ("a_mask.png", "out/a.png"),
        "a_mask.png": IS_MASK,
        "b_mask.png": IS_MASK,
    }


def test_picture_without_a_mask_has_a_reason_and_the_others_go_on(folder):
    touch(folder, "a.png", "a_mask.png", "b.png", "b_mask.txt")

    items = plan_many([folder / "a.png", folder / "b.png"], folder / "out", BESIDE, False)

    assert [item.obstacle and item.obstacle.state for item in items] == [None, FAILED]
    assert "b.png has no mask: there is no b_mask.png" in items[1].obstacle.reason


def test_picture_that_is_not_there_is_said_to_be_missing_not_its_mask(folder):
    (folder / "link.png").symlink_to("link.png")
    named = [folder / "gone.png", folder / "link.png", folder / ("x" * 256 + ".png")]

    items = plan_many(named, folder / "out", BESIDE, False)

    reasons = [item.obstacle.reason for item in items]
    for reason, words in zip(reasons, ("There is no file", "symbolic", "too long"), strict=True):
        assert words in reason
    assert {item.mask for item in items} == {None}


def test_folder_is_its_pictures_and_only_recursive_looks_deeper(folder):
    touch(folder, "in/a.png", "in/a_mask.png", "in/.hidden.png", "in/deep/b.PNG")
    touch(folder, "in/deep/b_mask.png", "in/.trash/c.png")
    (folder / "in/notes.txt").write_text("no picture")

    flat, deep = plan(folder, "in"), plan(folder, "in", recursive=True)

    assert {"in/a.png": flat["in/a.png"]} == {"in/a.png": ("in/a_mask.png", "out/a.png")}
    assert flat.keys() == {"in/a.png", "in/a_mask.png"}
    assert deep["in/deep/b.PNG"] == ("in/deep/b_mask.png", "out/deep/b.PNG")
    assert deep.keys() == flat.keys() | {"in/deep/b.PNG", "in/deep/b_mask.png"}


def test_masks_in_a_folder_lie_there_as_the_pictures_do(folder):
    touch(folder, "in/a.jpg", "in/deep/b.jpg", "masks/a.png", "masks/deep/b_m.png", "masks/b_m.png")

    plain = plan(folder, "in", place=MaskPlace("", folder / "masks"))
    suffixed = plan(folder, "in", place=MaskPlace("_m", folder / "masks"), recursive=True)

    assert plain == {"in/a.jpg": ("masks/a.png", "out/a.jpg")}
    assert suffixed["in/deep/b.jpg"] == ("masks/deep/b_m.png", "out/deep/b.jpg")
    assert suffixed["in/a.jpg"] == "no_such_file"  # it would be called a_m.png


def test_one_mask_serves_all_and_is_none_of_the_pictures(folder):
    touch(folder, "in/a.png", "in/b.png", "in/logo.png")

    found = plan(folder, "in", place=MaskPlace(one=folder / "in/logo.png"))

    assert found == {
        "in/a.png": ("in/logo.png", "out/a.png"),
        "in/b.png": ("in/logo.png", "out/b.png"),
        "in/logo.png": IS_MASK,
    }


@pytest.mark.parametrize("named", [".", "in/.."])
def test_outputs_and_masks_in_the_folder_are_no_pictures_of_it(folder, named):
    touch(folder, "a.png", "out/a.png", "masks/a.png", "in/b.png", "masks/in/b.png")

    found = plan(folder, named, place=MaskPlace("", folder / "masks"), recursive=True)

    assert {os.path.normpath(image) for image in found} == {"a.png", "in/b.png"}


def test_picture_that_is_named_twice_is_filled_once(folder):
    touch(folder, "in/a.png", "in/a_mask.png")

    assert list(plan(folder, "in/a.png", "in", "in/../in/a.png")) == ["in/a.png", "in/a_mask.png"]


def test_folder_that_cannot_be_read_is_one_of_the_failures(folder, monkeypatch):
    touch(folder, "in/a.png", "in/a_mask.png", "in/closed/b.png")
    real = os.scandir

    def scandir(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)

    found = plan(folder, "in", recursive=True)

    assert found["in/closed"] == "not_readable"
    assert found["in/a.png"] == ("in/a_mask.png", "out/a.png")


REFUSED = {
    "a folder in the suffix": (lambda f: mask_place("masks/_m", None), "--masks"),
    "an empty suffix": (lambda f: mask_place("", None), "--masks"),
    "masks that are not there": (lambda f: mask_place(None, f / "gone"), "gone"),
    "one mask and a suffix": (lambda f: mask_place("_m", f / "a.png"), "Leave out one"),
    "a folder without pictures": (lambda f: plan(f, "empty"), "--recursive looks"),
    "a file as output": (lambda f: plan(f, "a.png", output="a.png"), "is a file"),
    "a new file as output": (lambda f: plan(f, "a.png", output="new.png"), "the name of a file"),
    "an output in no folder": (lambda f: plan(f, "a.png", output="no/out"), "there is no folder"),
    "a folder and a mask": (lambda f: plan_one([f / "empty", f / "a.png"], f), "--masks"),
    "one path": (lambda f: plan_one([f / "a.png"], f / "o.png"), "1 paths were given"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(folder, case):
    touch(folder, "a.png")
    (folder / "empty").mkdir()
    call, words = REFUSED[case]

    with pytest.raises(LacunaError, match=words):
        call(folder)


@pytest.fixture
def pair(folder):
    touch(folder, "a.png", "b.png", "logo.png", "out/a.png")
    place = MaskPlace(one=folder / "logo.png")
    return plan_many([folder / "a.png", folder / "b.png"], folder / "out", place, False)


def test_outputs_that_are_there_are_skipped_replaced_or_asked_about(pair):
    skipped = check_outputs(pair, overwrite=False, skip=True)

    assert [item.obstacle and item.obstacle[:2] for item in skipped] == [
        (SKIPPED, THERE_ALREADY),
        None,
    ]
    assert check_outputs(pair, overwrite=True, skip=False) == pair
    with pytest.raises(LacunaError, match=r"1 of 2 outputs exist: .*a.png is there already") as no:
        check_outputs(pair, overwrite=False, skip=False)
    assert no.value.code == "output_exists"
    assert "--overwrite" in str(no.value)
    assert "--skip-existing" in str(no.value)


def test_input_itself_is_never_skipped_as_if_it_were_filled(folder):
    touch(folder, "a.png", "logo.png")
    items = plan_many([folder / "a.png"], folder, MaskPlace(one=folder / "logo.png"), False)

    with pytest.raises(LacunaError, match=r"a.png is the input itself"):
        check_outputs(items, overwrite=False, skip=True)


def test_two_pictures_of_one_output_are_both_named(folder):
    touch(folder, "x/p.png", "y/p.png", "logo.png")
    place = MaskPlace(one=folder / "logo.png")
    items = plan_many([folder / "x/p.png", folder / "y/p.png"], folder / "out", place, False)

    with pytest.raises(LacunaError, match=r"2 pictures would be written to 1 file: .*x/p.*y/p"):
        check_outputs(items, overwrite=True, skip=False)
