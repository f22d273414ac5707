"""A sheet shows the hole, all of it if it can, and is cut into pages that can be looked at."""

import cv2
import numpy as np
import pytest

from benchmarks.contact_sheet import (
    CONTEXT_PX,
    MOST_SIDE_PX,
    PANEL_PX,
    ROWS_TO_A_PAGE,
    row_of,
    square_around,
    write_sheets,
)


def mask_of(height, width, *rects):
    mask = np.zeros((height, width), np.uint8)
    for rows, columns in rects:
        mask[rows, columns] = 255
    return mask


@pytest.mark.parametrize("top", [0, 150, 560])
@pytest.mark.parametrize("left", [0, 400, 860])
def test_a_hole_is_shown_as_a_whole_with_what_surrounds_it(top, left):
    mask = mask_of(600, 900, np.s_[top : top + 40, left : left + 40])
    rows, columns = square_around(mask)

    assert rows.stop - rows.start == columns.stop - columns.start == 40 + 2 * CONTEXT_PX
    assert (mask[rows, columns] > 0).sum() == (mask > 0).sum()
    assert rows.start >= 0
    assert rows.stop <= 600
    assert columns.stop <= 900


def test_of_scattered_strokes_it_shows_where_most_is_missing():
    mask = mask_of(1024, 1024, np.s_[5:8, 5:300], np.s_[700:712, 600:900], np.s_[750:770, 600:900])
    rows, columns = square_around(mask)

    assert rows.stop - rows.start == MOST_SIDE_PX
    assert (mask[rows, columns] > 0).sum() == (12 + 20) * 300


def test_the_hole_is_outlined_and_every_picture_cut_alike():
    picture = np.full((400, 400, 3), 100, np.uint8)
    mask = mask_of(400, 400, np.s_[180:220, 180:220])
    row = row_of("a", mask, {"hole": picture, "truth": picture})

    assert {panel.shape for panel in row.panels.values()} == {(PANEL_PX, PANEL_PX, 3)}
    assert (row.panels["truth"] == 100).all()
    outlined = (row.panels["hole"] == (255, 0, 255)).all(axis=2)
    assert 0 < outlined.mean() < 0.02


def test_rows_go_on_pages_none_is_lost_and_a_short_one_is_no_narrower(tmp_path):
    picture = np.full((400, 400, 3), 100, np.uint8)
    mask = mask_of(400, 400, np.s_[180:220, 180:220])
    rows = [row_of("a", mask, {"hole": picture})] * ROWS_TO_A_PAGE
    rows.append(row_of("b", mask, {"hole": picture, "truth": picture}))

    pages = write_sheets(tmp_path / "new" / "sheet.png", rows)

    assert [page.name for page in pages] == ["sheet.png", "sheet-2.png"]
    heights = [cv2.imread(str(page)).shape[0] for page in pages]
    assert heights[0] == ROWS_TO_A_PAGE * heights[1]


def test_a_hole_that_is_higher_than_the_picture_is_wide_is_shown_to_both_ends():
    picture = np.full((900, 300, 3), 100, np.uint8)
    mask = mask_of(900, 300, np.s_[100:800, 100:250])
    row = row_of("a", mask, {"truth": picture})
    rows, columns = square_around(mask)

    assert (mask[rows, columns] > 0).sum() == (mask > 0).sum()
    assert row.panels["truth"].shape == (PANEL_PX, PANEL_PX, 3)
    assert (row.panels["truth"][:, -1] == 255).all()
