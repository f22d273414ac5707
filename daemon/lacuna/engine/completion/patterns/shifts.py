"""How far a picture has to be shifted to lie on itself, around a hole.

He and Sun ("Statistics of Patch Offsets for Image Completion", ECCV 2012) count the offsets of
nearest neighbours. Here shifts are the maxima of a masked correlation of what lies around the hole
with its window (Padfield, "Masked Object Registration in the Fourier Domain", TIP 2012). Nothing is
searched and nothing random, and the height of a maximum says how much a shift explains.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ...pixels.document import Pixels, Places
from .view import Flags, View, grow

LEAST_BAND_PX = 8  # around the hole, that is compared; else it is as wide as the hole's radius
LEAST_COARSE_PX = 4.0  # what is wider than this, or than half the hole's radius, is taken away
REACH = 0.6  # of the window's sides: longer shifts are not looked for
LEAST_COMPARED = 0.25  # of what the band holds, that has to lie under the shifted window
SHORTEST_PX, SHORTEST, LONGEST_PX = 4.0, 0.3, 20.0  # shifts of less than a share of the radius
NEAR_PX = 3  # of two maxima that are as near as this the higher one counts
BLOCKS = 12  # along half of the correlation's shorter side
LEAST_BLOCK_PX = 8
LEAST_SCORE = 0.1
MOST_FOUND = 400
# Shifts whose sums and multiples are believed without being measured, and how many steps far.
SURE, NEARLY_BEST, MOST_SURE, MOST_STEPS = 0.5, 0.6, 16, 4
LEAST_GUESS = 0.3
MOST_CHOSEN = 40  # labels; 24 cost a fine screentone 1.5 dB
SAMPLES = 2000  # of the missing pixels, that have to be reached


class Shifts(NamedTuple):
    """Shifts, best first.

    Attributes:
        by: int64 (K, 2), rows and columns to add to a place to get where it is copied from.
        score: float32 (K,), how alike the picture and its shifted self are, at most 1.
    """

    by: Places
    score: Pixels

    def take(self, some: NDArray[np.generic]) -> "Shifts":
        """Return some of them, by their numbers or flags."""
        return Shifts(self.by[some], self.score[some])


class Correlation(NamedTuple):
    """How alike a picture is to itself, for every shift up to a reach.

    Attributes:
        score: float32 (2 R + 1, 2 C + 1), 2 <a, b> / (<a, a> + <b, b>) over what is known in both:
            1 for equal ones, 0 for what has nothing in common.
        compared: float32, as large: which share of what the band holds was compared.
        shortest: Length in pixels from which on shifts count; shorter ones explain anything smooth.
    """

    score: Pixels
    compared: Pixels
    shortest: float

    @property
    def reach(self) -> Places:
        """(R, C)."""
        return np.array(self.score.shape) // 2

    @property
    def lengths(self) -> NDArray[np.float64]:
        """How long each shift is, in pixels."""
        down, across = (np.arange(-far, far + 1, dtype=np.float64) for far in self.reach)
        return np.hypot(down[:, None], across)


def detail(view: View) -> Pixels:
    """Take the mean of the surroundings away: float32 (H, W, 3), 0 where nothing is usable."""
    sigma = max(LEAST_COARSE_PX, view.radius / 2)
    weight = view.usable.astype(np.float32)
    shown = view.image * weight[..., None]
    # A wide blur of a picture is that of a smaller one.
    factor = max(1, int(sigma / 3))
    height, width = weight.shape
    size = -(-width // factor), -(-height // factor)
    small = cv2.resize(np.dstack([shown, weight]), size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    around = np.asarray(small[..., :-1] / np.maximum(small[..., -1:], 1e-4), np.float32)
    mean = cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray((shown - mean) * weight[..., None], np.float32)


def correlate(view: View, close: Pixels) -> Correlation:
    """Compare what lies around a hole with its window, shifted by all there is.

    Args:
        view: Some of it is usable.
        close: Its `detail`.
    """
    radius = view.radius
    band = grow(view.missing, max(LEAST_BAND_PX, int(radius))) & view.usable
    plane = _along_principal_axis(close, band)
    height, width = plane.shape
    far = int(REACH * height), int(REACH * width)
    size = cv2.getOptimalDFTSize(height + far[0]), cv2.getOptimalDFTSize(width + far[1])
    weight, known = band.astype(np.float32), view.usable.astype(np.float32)
    energy = np.square(plane)

    def forward(values: Pixels) -> Pixels:
        padded = np.zeros(size, np.float32)
        padded[:height, :width] = values
        return np.asarray(cv2.dft(padded, nonzeroRows=height), np.float32)

    def products(window: Pixels, around: Pixels) -> Pixels:
        """Sum the products of a plane, shifted, with another one."""
        spectrum = cv2.mulSpectrums(window, forward(around), 0, conjB=True)
        sums = cv2.dft(spectrum, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)
        rows, columns = (np.arange(-most, most + 1) for most in far)
        return np.asarray(sums[rows][:, columns], np.float32)

    both = products(forward(plane), plane * weight)
    here = products(forward(known), energy * weight)
    there = products(forward(energy), weight)
    total = float((energy * weight).sum()) + 1e-9
    shortest = max(SHORTEST_PX, SHORTEST * min(radius, LONGEST_PX))
    return Correlation(2 * both / np.maximum(here + there, 1e-3 * total), here / total, shortest)


def find_shifts(found: Correlation) -> Shifts:
    """List the maxima of a correlation."""
    usable = np.where(found.compared >= LEAST_COMPARED, found.score, np.float32(-1))
    usable[found.lengths < found.shortest] = -1
    kernel = np.ones((2 * NEAR_PX + 1, 2 * NEAR_PX + 1), np.uint8)
    highest = usable >= cv2.dilate(usable, kernel)
    # A straight edge makes a ridge, with hardly a maximum on it: the best of every block, too.
    side = max(LEAST_BLOCK_PX, int(found.reach.min()) // BLOCKS)
    beside = cv2.dilate(highest.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    best = highest | (_best_of_blocks(usable, side) & ~beside)
    rows, columns = np.nonzero(best & (usable >= LEAST_SCORE))
    score = usable[rows, columns]
    order = np.argsort(-score, kind="stable")[:MOST_FOUND]
    by = np.stack([rows[order], columns[order]], axis=1) - found.reach
    return Shifts(by, score[order])


def extend(shifts: Shifts, found: Correlation) -> Shifts:
    """Add sums and multiples of the best shifts where they could not be measured.

    Across a wide hole nothing is known under both copies. But a picture that lies on itself after
    one step does so after two.
    """
    sure = np.flatnonzero(shifts.score >= max(SURE, NEARLY_BEST * float(shifts.score[0])))
    base = shifts.take(sure[:MOST_SURE])
    steps = np.arange(-MOST_STEPS, MOST_STEPS + 1)
    numbers = np.arange(len(base.score))
    grid = np.meshgrid(numbers, numbers, steps, steps, indexing="ij")
    i, j, a, b = (each.ravel() for each in grid)
    count = np.abs(a) + np.abs(b)
    use = (i < j) & (count >= 2) & (count <= MOST_STEPS)
    i, j, a, b = i[use], j[use], a[use], b[use]
    by = a[:, None] * base.by[i] + b[:, None] * base.by[j]
    guess = base.score[i] ** np.abs(a) * base.score[j] ** np.abs(b)
    at = by + found.reach
    inside = (np.abs(by) <= found.reach).all(axis=1) & (guess >= LEAST_GUESS)
    by, guess, at = by[inside], guess[inside], at[inside]
    new = found.compared[at[:, 0], at[:, 1]] < LEAST_COMPARED
    new &= np.hypot(by[:, 0], by[:, 1]) >= found.shortest
    by, guess = by[new], guess[new]
    taken = np.zeros(found.score.shape, bool)
    kept = []
    for k in np.argsort(-guess, kind="stable"):
        row, column = by[k] + found.reach
        if not taken[row, column]:
            kept.append(k)
            top, left = max(0, row - NEAR_PX), max(0, column - NEAR_PX)
            taken[top : row + NEAR_PX + 1, left : column + NEAR_PX + 1] = True
    more = Shifts(by[kept], guess[kept].astype(np.float32))
    all_by = np.concatenate([shifts.by, more.by])
    score = np.concatenate([shifts.score, more.score])
    return Shifts(all_by, score).take(np.argsort(-score, kind="stable"))


def choose(shifts: Shifts, view: View) -> Shifts:
    """Keep the best shifts, and such that every missing pixel has some to choose from."""
    rows, columns = np.nonzero(view.missing)
    step = max(1, len(rows) // SAMPLES)
    rows, columns = rows[::step], columns[::step]
    height, width = view.missing.shape
    down, right = rows + shifts.by[:, :1], columns + shifts.by[:, 1:]
    reached = (down >= 0) & (down < height) & (right >= 0) & (right < width)
    reached &= view.usable[down.clip(0, height - 1), right.clip(0, width - 1)]
    worth, share = np.square(np.maximum(shifts.score, 0)), reached.astype(np.float32)
    wanted = np.ones(len(rows), np.float32)
    chosen: list[int] = []
    for _ in range(min(MOST_CHOSEN, len(worth))):
        gain = share @ wanted * worth
        gain[chosen] = 0
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        chosen.append(best)
        wanted[reached[best]] /= 2  # what few of those chosen so far reach counts most
    return shifts.take(np.array(chosen, np.int64))


def _along_principal_axis(close: Pixels, band: Flags) -> Pixels:
    """Project colours on the axis along which those of the band differ most: (H, W)."""
    values = close[band].astype(np.float64)
    axis = np.linalg.eigh(values.T @ values)[1][:, -1]
    return np.asarray(close @ axis.astype(np.float32), np.float32)


def _best_of_blocks(plane: Pixels, side: int) -> Flags:
    """Mark the highest place of every block of side x side, the first of several."""
    height, width = plane.shape
    down, across = -(-height // side), -(-width // side)
    padded = np.full((down * side, across * side), -2, np.float32)
    padded[:height, :width] = plane
    blocks = padded.reshape(down, side, across, side).swapaxes(1, 2).reshape(down * across, -1)
    best = np.zeros(blocks.shape, bool)
    best[np.arange(len(blocks)), blocks.argmax(axis=1)] = True
    best = best.reshape(down, across, side, side).swapaxes(1, 2).reshape(down * side, -1)
    return best[:height, :width]
