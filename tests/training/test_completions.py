import cv2
import numpy as np
import pytest

import training.completions as completions
from benchmarks.cases import validation_names
from training.completions import ENGINE, Completions, complete, make_completions

GREEN = (0, 255, 0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Grey noise to train on, and a green picture of the validation set."""
    monkeypatch.setattr(completions, "SIDE", 64)
    monkeypatch.setattr(completions, "PER_FILE", 3)
    monkeypatch.setattr(completions, "VALIDATION_FILES", 1)
    monkeypatch.setattr(completions, "DRAWN_SHARE", 0)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    noise = np.random.default_rng(0).integers(60, 200, (200, 200, 1)).astype(np.uint8)
    cv2.imwrite(str(pictures / "a.jpg"), np.repeat(noise, 3, axis=2))
    cv2.imwrite(str(pictures / validation_names()[0]), np.full((200, 200, 3), GREEN, np.uint8))
    rows = ["file | licence", "a.jpg | CC0", f"{validation_names()[0]} | CC0"]
    (pictures / "LICENSES.txt").write_text("\n".join(rows), "utf-8")
    return pictures


def greenness(squares):
    """How much greener than red a square is, at most."""
    return (squares[..., 1].astype(int) - squares[..., 0]).max()


def test_nothing_of_the_validation_set_is_trained_on(folder, tmp_path):
    make_completions([folder], tmp_path / "cache", 6, 1)
    train = Completions(tmp_path / "cache" / "train")
    held = Completions(tmp_path / "cache" / "validation")
    assert (len(train), len(held)) == (6, 3)
    assert all(greenness(train[i]) < 20 for i in range(len(train)))
    assert all(greenness(held[i]) > 200 for i in range(len(held)))


def test_a_cache_goes_on_where_it_ended_and_is_the_same_when_made_again(folder, tmp_path):
    make_completions([folder], tmp_path / "whole", 6, 1)
    make_completions([folder], tmp_path / "pieces", 3, 1)
    first = (tmp_path / "pieces/train/0000.npy").stat().st_mtime_ns
    make_completions([folder], tmp_path / "pieces", 6, 1)
    assert (tmp_path / "pieces/train/0000.npy").stat().st_mtime_ns == first
    for name in ("0000.npy", "0001.npy"):
        one, other = ((tmp_path / part / "train" / name) for part in ("whole", "pieces"))
        assert one.read_bytes() == other.read_bytes()


def test_a_cache_of_another_engine_is_refused(folder, tmp_path):
    make_completions([folder], tmp_path / "cache", 3, 1)
    (tmp_path / "cache" / ENGINE).write_text("another", "utf-8")
    with pytest.raises(ValueError, match="another engine"):
        make_completions([folder], tmp_path / "cache", 6, 1)


def test_a_completion_changes_the_hole_alone_and_does_not_know_its_truth():
    rng = np.random.default_rng(0)
    square = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    mask[20:36, 24:44] = 1
    other = square.copy()
    other[mask > 0] = 255 - other[mask > 0]
    filled = complete(square, mask)
    assert (filled[mask == 0] == square[mask == 0]).all()
    assert (filled[mask > 0] != square[mask > 0]).any()
    assert (complete(other, mask) == filled).all()
