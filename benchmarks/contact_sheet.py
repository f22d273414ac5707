"""Fills side by side, to be looked at: hole with surroundings, truth, every way to fill it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from .cases import Mask, Picture

PANEL_PX = 320
CONTEXT_PX = 48  # around a hole, at least
# Of what a panel shows: of a larger hole its middle, of a scattered one where most is missing.
MOST_COMPACT_PX, MOST_SIDE_PX = 1000, 400
COMPACT = 0.2  # share of its bounds that a hole fills; below it is scattered
MARGIN_PX, TITLE_PX, NAME_PX = 4, 20, 26
ROWS_TO_A_PAGE = 6
HOLE = (255, 0, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


class Row(NamedTuple):
    """One hole.

    Attributes:
        name: Stands above it.
        panels: Titles, and uint8 (N, N, 3) RGB pictures of PANEL_PX.
    """

    name: str
    panels: dict[str, Picture]


def row_of(name: str, mask: Mask, pictures: dict[str, Picture]) -> Row:
    """Cut the same square around the hole out of all pictures.

    Args:
        name: Of the row.
        mask: uint8 (H, W), 255 = missing; outlined in a picture titled `hole`.
        pictures: Titles, and uint8 (H, W, 3) RGB.
    """
    rows, columns = square_around(mask)
    panels = {}
    for title, picture in pictures.items():
        shown = fit(picture[rows, columns])
        if title == "hole":
            inside = (fit(mask[rows, columns]) > 127).astype(np.uint8)
            edges, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(shown, edges, -1, HOLE, 1)
        edge = [(0, PANEL_PX - size) for size in shown.shape[:2]]
        panels[title] = np.pad(shown, (*edge, (0, 0)), constant_values=255)
    return Row(name, panels)


def fit(picture: Picture | Mask) -> Picture:
    """Enlarge or reduce until the longer side is PANEL_PX."""
    scale = PANEL_PX / max(picture.shape[:2])
    height, width = (max(1, round(size * scale)) for size in picture.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)


def square_around(mask: Mask) -> tuple[slice, slice]:
    """Find rows and columns around a hole, or where most is missing if it is larger than that.

    They are equally many as far as the picture has them.
    """
    height, width = mask.shape
    ys, xs = np.where(mask > 0)
    extent = max(int(np.ptp(ys)), int(np.ptp(xs))) + 1 + 2 * CONTEXT_PX
    compact = len(ys) >= COMPACT * (np.ptp(ys) + 1) * (np.ptp(xs) + 1)
    side = min(extent, MOST_COMPACT_PX if compact else MOST_SIDE_PX)
    high, wide = min(side, height), min(side, width)
    middle = ((int(ys.min()) + int(ys.max())) // 2, (int(xs.min()) + int(xs.max())) // 2)
    if extent > side and not compact:
        inside = (mask > 0).astype(np.float32)
        count = cv2.boxFilter(inside, -1, (wide, high), borderType=cv2.BORDER_CONSTANT)
        middle = divmod(int(count.argmax()), width)
    top = min(max(middle[0] - high // 2, 0), height - high)
    left = min(max(middle[1] - wide // 2, 0), width - wide)
    return slice(top, top + high), slice(left, left + wide)


def write_sheets(path: Path, rows: Sequence[Row]) -> list[Path]:
    """Write pages of ROWS_TO_A_PAGE rows: `NAME.png`, `NAME-2.png` and so on.

    Raises:
        OSError: If a page cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for first in range(0, len(rows), ROWS_TO_A_PAGE):
        drawn = [draw_row(row) for row in rows[first : first + ROWS_TO_A_PAGE]]
        width = max(one.shape[1] for one in drawn)
        page = np.vstack(
            [
                np.pad(one, ((0, 0), (0, width - one.shape[1]), (0, 0)), constant_values=255)
                for one in drawn
            ]
        )
        number = first // ROWS_TO_A_PAGE + 1
        own = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        if not cv2.imwrite(str(own), np.ascontiguousarray(page[..., ::-1])):
            raise OSError(f"{own} cannot be written")
        written.append(own)
    return written


def draw_row(row: Row) -> Picture:
    panels = []
    for title, picture in row.panels.items():
        edge = ((TITLE_PX, MARGIN_PX), (MARGIN_PX, MARGIN_PX), (0, 0))
        panel = np.pad(picture, edge, constant_values=255)
        cv2.putText(panel, title, (MARGIN_PX, TITLE_PX - 5), FONT, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        panels.append(panel)
    drawn = np.pad(np.hstack(panels), ((NAME_PX, 0), (0, 0), (0, 0)), constant_values=255)
    cv2.putText(drawn, row.name, (MARGIN_PX, NAME_PX - 7), FONT, 0.6, (0, 0, 0), 2, cv2.LINE_AA)
    return np.asarray(drawn, np.uint8)
