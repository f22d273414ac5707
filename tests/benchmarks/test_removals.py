"""A selection lies in what is shown; a picture that is not there is left out with a line."""

import cv2
import numpy as np
import pytest

from benchmarks.removals import REMOVALS, SIDE_PX, draw_selection, removals


@pytest.mark.parametrize("removal", REMOVALS, ids=[removal.name for removal in REMOVALS])
def test_a_selection_is_all_inside_of_its_crop_and_leaves_most_of_it(removal):
    left, top, right, bottom = removal.crop
    mask = draw_selection(removal, SIDE_PX, SIDE_PX)
    inside = mask[top:bottom, left:right] > 0

    assert max(right, bottom) <= SIDE_PX
    assert inside.sum() == (mask > 0).sum()
    assert 0.002 < inside.mean() < 0.3


def test_a_picture_that_is_not_there_is_left_out_and_a_line_says_which(tmp_path, capsys):
    removal = REMOVALS[0]
    noise = np.random.default_rng(0).integers(0, 256, (1600, 1600, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / removal.file), noise)

    found = list(removals([tmp_path / "none", tmp_path]))

    assert [name for name, _, _ in found] == [removal.name]
    assert capsys.readouterr().out.count(" is left out: ") == len(REMOVALS) - 1
    _, picture, mask = found[0]
    left, top, right, bottom = removal.crop
    assert picture.shape == (bottom - top, right - left, 3)
    assert mask.shape == picture.shape[:2]


def test_removals_are_chosen_by_words_of_their_names(tmp_path, capsys):
    assert list(removals([tmp_path], ["lamp", "bird"])) == []
    assert capsys.readouterr().out.count(" is left out: ") == 2
