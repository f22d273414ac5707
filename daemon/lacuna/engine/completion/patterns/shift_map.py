"""A hole filled by shifted copies of its surroundings, which meet where no seam shows.

Labels are shifts, and a seam costs what two copies differ by where they meet (He and Sun, 2012,
section 3.2). And the trial that decides whether copies are worth it: a ring around the hole is
hidden, labelled in the same way, and compared with what is there.
"""

from typing import NamedTuple

import cv2
import numpy as np

from ...pixels.document import Pixels, Places
from ...pixels.membrane import pull_push
from ..backend.kernels import RADIUS
from .labelling import find_neighbours, label_cells
from .shifts import Shifts
from .view import Flags, View, grow

MOST_CELLS, MOST_TRIED_CELLS = 5000, 2000  # in the hole; 2,000 cost a large brick wall 1.2 dB
ROUNDS, ROUNDS_OF_TRIAL = 12, 4  # of the labelling; 4 cost a facade 0.5 dB, and decide the same
RIM_CELLS = 3  # known ones around the hole, in which a copy has to show what is there
FORBIDDEN = np.float32(1e3)  # what a shift costs that copies what is not usable
UNLIKELY = np.float32(1e-3)  # what one of score 0 costs
RIM_WEIGHT = np.float32(2)
TONE = np.float32(0.3)  # of the brightness as a whole, against detail
LEAST_VARIANCE = 1e-5

HIDDEN, LEAST_HIDDEN_PX = 0.35, 4  # width of the hidden ring: of the hole's radius, in pixels
LEAST_HIDDEN_CELLS = 16
SECTORS = 16  # of the ring
TELLING = 0.1  # of the mean error of a smooth fill, that there has to be in a sector
# Set on 66 holes in photographs, 16 in textures and the drawn cases, by eye. No one of them is
# enough by itself, and neither are the height of a maximum or the cost of seams.
LEAST_EXPLAINED, LEAST_WORST, MOST_SEAM_COST = 0.45, 0.3, 0.1


class ShiftMap(NamedTuple):
    """Where each missing pixel is copied from.

    Attributes:
        shifts: The labels.
        label: int64 (H, W), of the hole and RIM_CELLS around it; -1 elsewhere.
        cost: Of seams and rim, mean per cell, against the variance of what lies at the rim.
    """

    shifts: Shifts
    label: Places
    cost: float


class Trial(NamedTuple):
    """How well shifts foretell known pixels that they were not shown.

    Attributes:
        explained: Of what a smooth fill gets wrong in the hidden ring, the share that copies get
            right: 1 if all, below 0 if they are worse.
        worst: The same in the worst quarter of the sectors that tell anything.
    """

    explained: float
    worst: float

    @property
    def is_convincing(self) -> bool:
        return self.explained >= LEAST_EXPLAINED and self.worst >= LEAST_WORST


NOT_TOLD = Trial(-1.0, -1.0)


class _Cells(NamedTuple):
    """A grid over what is labelled.

    Attributes:
        size: Pixels along a side of a cell.
        inside: bool (rows, columns): the hole and the rim.
        middle: float32 (N, 2), rows and columns of the middles of those N.
        shown: float32 (N, K, D), what each shift shows there.
        there: float32 (N, D), what is there itself.
        own: float32 (N, K), what a shift costs but for the rim.
        is_rim: bool (N,), the cell is known.
    """

    size: int
    inside: Flags
    middle: Pixels
    shown: Pixels
    there: Pixels
    own: Pixels
    is_rim: Flags


def map_shifts(view: View, close: Pixels, shifts: Shifts) -> ShiftMap:
    """Choose a shift for every missing pixel.

    Args:
        view: The hole.
        close: Its `detail`.
        shifts: To choose from, at least one.
    """
    cells = _lay_out(view, close, shifts, MOST_CELLS)
    label, cost = _label(cells, ROUNDS)
    grid = np.full(cells.inside.shape, -1, np.int64)
    grid[cells.inside] = label
    full = np.repeat(np.repeat(grid, cells.size, axis=0), cells.size, axis=1)
    height, width = view.missing.shape
    return ShiftMap(shifts, full[:height, :width], cost)


def try_out(view: View, close: Pixels, shifts: Shifts) -> Trial:
    """Hide a ring around the hole, fill both, and compare the ring with what is there.

    What is copied into the ring lies as far away as what is copied into the hole: what near
    neighbours have in common anyway does not count, and neither does what a smooth fill foretells.
    """
    larger = grow(view.missing, max(LEAST_HIDDEN_PX, int(HIDDEN * view.radius)))
    hidden = View(view.image, larger, view.usable & ~larger)
    cells = _lay_out(hidden, close, shifts, MOST_TRIED_CELLS)
    at = np.minimum(np.rint(cells.middle).astype(int), np.array(larger.shape) - 1)
    ring = larger & view.usable
    tried = ring[at[:, 0], at[:, 1]]
    if np.count_nonzero(tried) < LEAST_HIDDEN_CELLS:
        return NOT_TOLD
    left, top, width, height = cv2.boundingRect(
        grow(larger, 4 * cells.size + 8).astype(np.uint8)  # further away nothing is looked at
    )
    cut = np.s_[top : top + height, left : left + width]
    seen = _looked_at(view.image[cut], close[cut])
    middle = cells.middle[tried] - np.array([top, left], np.float32)
    there = _show(seen, view.usable[cut], middle, cells.size)
    smooth = pull_push(seen, hidden.usable[cut][..., None].astype(np.float32))
    by_rim = _show(smooth, np.ones(smooth.shape[:2], bool), middle, cells.size)
    off = np.square(cells.shown[tried] - there[:, None]).sum(axis=2)
    off[cells.own[tried] >= FORBIDDEN] = np.inf
    rows, columns = np.nonzero(view.missing)
    ring_of = _Ring(
        np.square(by_rim - there).sum(axis=1),
        cells.middle[tried] - np.array([rows.mean(), columns.mean()], np.float32),
    )
    # Where even the best label of each cell does not convince, no labelling will.
    at_best = ring_of.judge(off.min(axis=1))
    if not at_best.is_convincing:
        return at_best
    label, _cost = _label(cells, ROUNDS_OF_TRIAL)
    return ring_of.judge(off[np.arange(len(off)), label[tried]])


class _Ring(NamedTuple):
    """The hidden ring.

    Attributes:
        usual: float32 (N,), what a smooth fill gets wrong in each of its cells, squared.
        middle: float32 (N, 2), their middles, from that of the hole.
    """

    usual: Pixels
    middle: Pixels

    def judge(self, error: Pixels) -> Trial:
        """Compare what copies get wrong (N,), infinite where there are none."""
        reached = np.isfinite(error)
        if np.count_nonzero(reached) < LEAST_HIDDEN_CELLS:
            return NOT_TOLD
        error, usual, middle = (each[reached] for each in (error, *self))
        angle = np.arctan2(middle[:, 0], middle[:, 1])
        sector = ((angle / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS
        errors, usuals = (np.bincount(sector, each, SECTORS) for each in (error, usual))
        tells = usuals > TELLING * usual.mean() * np.maximum(np.bincount(sector, None, SECTORS), 1)
        parts = 1 - errors[tells] / usuals[tells]
        total = max(float(usual.sum()), LEAST_VARIANCE * len(usual))
        explained = (1 - float(error.sum()) / total) * float(reached.mean())
        return Trial(explained, float(np.quantile(parts, 0.25)) if len(parts) else -1.0)


def _lay_out(view: View, close: Pixels, shifts: Shifts, most_cells: int) -> _Cells:
    """Look up what every shift shows in every cell."""
    missing, usable = view.missing, view.usable
    size = max(1, int(np.ceil(np.sqrt(np.count_nonzero(missing) / most_cells))))
    height, width = missing.shape
    rows, columns = -(-height // size), -(-width // size)
    padded = np.zeros((rows * size, columns * size), bool)
    padded[:height, :width] = missing
    hole = np.asarray(padded.reshape(rows, size, columns, size).any(axis=(1, 3)), np.bool_)
    inside = grow(hole, RIM_CELLS)
    middle = (np.argwhere(inside) * size + (size - 1) / 2).astype(np.float32)
    middles = middle[:, None] + shifts.by.astype(np.float32)
    # Patches are copied from there: what lies beside a source has to be usable, too.
    unusable = grow(~usable, RADIUS + size // 2).astype(np.float32)
    last = np.array([height, width], np.float32) - 1 - RADIUS
    forbidden = _sample(unusable, middles)[..., 0] > 0.01
    forbidden |= ((middles < RADIUS) | (middles > last)).any(axis=2)
    own = np.where(forbidden, FORBIDDEN, UNLIKELY * (1 - shifts.score)).astype(np.float32)
    seen, at = _looked_at(view.image, close), np.concatenate([middles, middle[:, None]], axis=1)
    shown = _show(seen, usable, at, size)
    is_rim = ~hole[inside] & (_sample(usable.astype(np.float32), middle)[:, 0] > 0.99)
    ours = np.ascontiguousarray(shown[:, :-1])
    return _Cells(size, inside, middle, ours, shown[:, -1], own, is_rim)


def _label(cells: _Cells, rounds: int) -> tuple[Places, float]:
    """Return the labels, and what they cost per cell against the variance of the rim."""
    own, is_rim = cells.own.copy(), cells.is_rim
    off = cells.shown[is_rim] - cells.there[is_rim][:, None]
    own[is_rim] += RIM_WEIGHT * np.square(off).sum(axis=2)
    label, cost = label_cells(own, cells.shown, find_neighbours(cells.inside), rounds)
    rim = cells.there[is_rim]
    variance = float(np.square(rim - rim.mean(axis=0)).sum(axis=1).mean()) if len(rim) else 1.0
    return label, cost / len(label) / max(variance, LEAST_VARIANCE)


def _looked_at(image: Pixels, close: Pixels) -> Pixels:
    """Mix what copies are compared by: detail, and a little of the brightness under it."""
    return np.asarray(TONE * image + (1 - TONE) * close, np.float32)


def _show(plane: Pixels, usable: Flags, at: Pixels, size: int) -> Pixels:
    """Read what cells of `size` around (..., 2) rows and columns show: (..., D)."""
    if size == 1:
        return _sample(plane, at)
    # Two by two samples of a cell see which way an edge goes.
    corners = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)], np.float32) * np.float32(size / 4)
    known = usable.astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), size / 3)
    soft = cv2.GaussianBlur(plane * known[..., None], (0, 0), size / 3)
    soft = soft / np.maximum(weight, 1e-3)[..., None]
    return _sample(np.asarray(soft, np.float32), at[..., None, :] + corners).reshape(
        *at.shape[:-1], -1
    )


def _sample(plane: Pixels, at: Pixels) -> Pixels:
    """Read a plane (H, W[, C]) at (..., 2) rows and columns, bilinearly: (..., C)."""
    places, wide = at.reshape(-1, 2), 1024  # OpenCV takes no side above 32,767
    padding = np.zeros((-len(places) % wide, 2), np.float32)
    grid = np.concatenate([places, padding]).reshape(-1, wide, 2)
    down, across = np.ascontiguousarray(grid[..., 0]), np.ascontiguousarray(grid[..., 1])
    read = cv2.remap(plane, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    values = np.asarray(read, np.float32).reshape(len(grid) * wide, -1)[: len(places)]
    return values.reshape(*at.shape[:-1], -1)
