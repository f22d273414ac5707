"""Krita's landmarks, where no Krita is needed: a picture is found where it is, and nowhere else."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from lacuna_wire import Rect

FILE = Path(__file__).parents[2] / "krita_plugin" / "lacuna_krita" / "landmarks.py"
CANVAS, SELECTION = Rect(0, 0, 300, 200), Rect(100, 80, 40, 30)


@pytest.fixture(scope="module")
def landmarks():
    spec = importlib.util.spec_from_file_location("landmarks", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(5).integers(0, 256, (200, 300, 4), np.uint8)


def reader(picture):
    return lambda rect: picture[rect.slices].tobytes()


def canvas_of(picture):
    return Rect(0, 0, picture.shape[1], picture.shape[0])


@pytest.mark.parametrize(
    ("crop", "shift"),
    [
        (Rect(0, 0, 300, 200), (0, 0)),
        (Rect(50, 40, 200, 150), (-50, -40)),
        (Rect(90, 75, 30, 20), (-90, -75)),  # hardly anything is left
    ],
    ids=["nothing", "crop", "much"],
)
def test_what_was_cropped_is_seen_where_it_is_now_and_not_where_it_was(
    landmarks, picture, crop, shift
):
    taken = landmarks.take_landmarks(reader(picture), SELECTION, CANVAS)
    now = picture[crop.slices]

    def seen_at(*shift):
        return landmarks.are_seen(taken, reader(now), canvas_of(now), shift, 4)

    assert seen_at(*shift)
    assert not seen_at(shift[0] + 1, shift[1])
    assert not seen_at(shift[0], shift[1] - 1)


def test_what_was_scaled_is_seen_nowhere(landmarks, picture):
    taken = landmarks.take_landmarks(reader(picture), SELECTION, CANVAS)
    small = picture[::2, ::2]

    assert not landmarks.are_seen(taken, reader(small), canvas_of(small), (0, 0), 4)
    assert not landmarks.are_seen(taken, reader(small), canvas_of(small), (-50, -40), 4)


@pytest.mark.parametrize(("rows", "seen"), [(5, True), (25, False)])
def test_most_landmarks_are_enough(landmarks, picture, rows, seen):
    """They reach 32 px further than the selection of 30 rows."""
    taken = landmarks.take_landmarks(reader(picture), SELECTION, CANVAS)
    painted = picture.copy()
    painted[: SELECTION.top + rows] ^= 255

    assert landmarks.are_seen(taken, reader(painted), CANVAS, (0, 0), 4) == seen


def test_landmarks_lie_on_the_canvas_and_around_the_selection(landmarks, picture):
    for selection in (SELECTION, Rect(0, 0, 1, 1), Rect(299, 199, 1, 1), CANVAS):
        taken = landmarks.take_landmarks(reader(picture), selection, CANVAS)

        assert taken
        for rect, pixels in taken:
            assert CANVAS.contains(rect)
            assert rect.left <= selection.left
            assert rect.right >= selection.right
            assert len(pixels) == rect.area * 4
