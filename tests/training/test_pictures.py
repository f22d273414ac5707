import cv2
import numpy as np
import pytest

from benchmarks.cases import validation_names
from training.pictures import find_pictures, read_picture, split


@pytest.fixture
def folder(tmp_path):
    """A grey picture to train on and a pure green one of the validation set."""
    for name, colour in (("a.jpg", (90, 90, 90)), (validation_names()[0], (0, 255, 0))):
        cv2.imwrite(str(tmp_path / name), np.full((300, 300, 3), colour, np.uint8))
    rows = ["file | licence", "a.jpg | CC0", f"{validation_names()[0]} | CC0"]
    (tmp_path / "LICENSES.txt").write_text("\n".join(rows), "utf-8")
    return tmp_path


def test_the_validation_set_is_split_off(folder):
    train, held = split(find_pictures([folder]))
    assert [source.path.name for source in train] == ["a.jpg"]
    assert [source.path.name for source in held] == [validation_names()[0]]


def test_a_picture_without_a_licence_is_refused(folder):
    cv2.imwrite(str(folder / "b.jpg"), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(ValueError, match=r"b\.jpg"):
        find_pictures([folder])


def test_no_pictures_at_all_are_an_error(tmp_path):
    (tmp_path / "LICENSES.txt").write_text("file | licence\n", "utf-8")
    with pytest.raises(ValueError, match="no pictures"):
        find_pictures([tmp_path])


def test_large_pictures_are_halved_at_least_and_small_ones_stay(tmp_path):
    for width, height, wanted in ((1600, 1200, (600, 800)), (6000, 4000, (1024, 1536))):
        cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((height, width, 3), np.uint8))
        assert read_picture(tmp_path / "a.jpg").shape[:2] == wanted
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((620, 620, 3), np.uint8))
    assert read_picture(tmp_path / "a.jpg").shape[:2] == (620, 620)


def test_ten_pictures_are_held_back():
    assert len(set(validation_names())) == 10
