"""The band beside a selection that shows more than the ground, pixel by pixel."""

import cv2
import numpy as np

from lacuna_wire import Rect

from ..pixels.document import Mask, Pixels
from .profiles import Cells, tiles_at_rim

FADE_PX = 2  # over which the fill gives way to the ground, beyond the band
REACH_PX = 20  # around a tile; more than any band is wide


def draw_band(selection: Mask, widths: Pixels, cells: Cells) -> list[tuple[Rect, Mask]]:
    """Enlarge a selection by a band.

    Args:
        selection: uint8 (H, W), 0 = keep, 255 = replace.
        widths: float32 (N,) in pixels, per cell of the rim.
        cells: Of the rim.

    Returns:
        Rectangles of the selection with what is selected there now, wherever that is more.
    """
    plane = Rect(0, 0, selection.shape[1], selection.shape[0])
    per_cell = _smooth(widths, cells)
    tiles = []
    for tile in tiles_at_rim(cells, selection.shape):
        width = _enlarged(per_cell, tile, cells.side_px)
        if not width.any():
            continue
        seen = tile.grow(REACH_PX).intersect(plane)
        outside = (selection[seen.slices] == 0).astype(np.uint8)
        away = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        away = np.asarray(away)[tile.relative_to(seen).slices]
        share = np.clip((width + FADE_PX + 1 - away) / (FADE_PX + 1), 0, 1)
        share[(width < 0.5) | (away > width + FADE_PX)] = 0
        own = selection[tile.slices]
        grown = np.maximum(np.rint(255 * share).astype(np.uint8), own)
        if (grown > own).any():
            tiles.append((tile, grown))
    return tiles


def _smooth(widths: Pixels, cells: Cells) -> Pixels:
    """Smooth widths along the rim and lay them over the grid of cells, float32 (rows, columns)."""
    there = (cells.grid >= 0).astype(np.float32)
    grid = np.where(there > 0, widths[np.maximum(cells.grid, 0)], 0).astype(np.float32)
    wide = cv2.dilate(grid, np.ones((3, 3), np.uint8))
    # A cell in which nothing is found beside cells where much is takes part of theirs.
    mean = cv2.blur(grid, (3, 3)) / np.maximum(cv2.blur(there, (3, 3)), 1e-6)
    return np.where(there > 0, np.maximum(grid, mean), wide).astype(np.float32)


def _enlarged(per_cell: Pixels, tile: Rect, side_px: int) -> Pixels:
    """Interpolate widths over a tile whose corner is a corner of a cell."""
    rows = (np.arange(tile.height, dtype=np.float32) + tile.top + 0.5) / side_px - 0.5
    columns = (np.arange(tile.width, dtype=np.float32) + tile.left + 0.5) / side_px - 0.5
    x, y = np.meshgrid(columns, rows)
    return np.asarray(cv2.remap(per_cell, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
