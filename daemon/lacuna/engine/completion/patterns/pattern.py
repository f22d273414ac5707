"""Whether the surroundings of a hole have a pattern that goes on in it.

Shifted copies are tried on the picture as it lies, and on the planes that its lines speak for. A
hidden ring decides: where copies do not foretell known pixels, nothing is said.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from ...pixels.document import Pixels, Places
from ..backend.kernels import RADIUS
from ..problem import Problem, extend_edges
from ..tries import Try
from .blend import blend
from .planes import Plane, find_planes, see_from_above
from .shift_map import MOST_SEAM_COST, ShiftMap, Trial, map_shifts, try_out
from .shifts import Shifts, choose, correlate, detail, extend, find_shifts
from .view import View

LEAST_BEST = 0.35  # score of the best shift, below which nothing is tried
SURELY_FLAT = 0.85  # explained as the picture lies: no plane is looked for
WORTH_A_WARP = 0.1  # that a plane has to explain more
LEAST_EXPLAINED_ON_PLANE = 0.6  # of several planes one may fit by chance
LEAST_SUPPORT = 0.45  # of a plane by straight segments; leaves and rocks have about 0.3
MOST_PLANES, MOST_PLANE_PX = 2, 1 << 20
MOST_ENLARGED = 10  # times as many pixels as the level, of a plane
LEFT_OUT = 0.4  # of the shifts, for another try


class Pattern(NamedTuple):
    """What repeats itself around a hole, and goes on in it.

    Attributes:
        view: The hole, as it lies or on a plane.
        plane: It; None if the pattern is the picture's own.
        shift_map: Where the missing pixels of the view are copied from.
    """

    view: View
    plane: Plane | None
    shift_map: ShiftMap

    @property
    def start(self) -> Try:
        """The copies, as a way to begin a level."""
        return Try(partial(_copy, self), 0)


class _Proposal(NamedTuple):
    view: View
    plane: Plane | None
    close: Pixels  # the view's `detail`
    shifts: Shifts
    trial: Trial


def find_pattern(view: View, variation: int = 0) -> Pattern | None:
    """Look for a pattern around a hole.

    Args:
        view: The hole.
        variation: As `Options.variation`; each does without other shifts.

    Returns:
        None if there is no pattern that foretells known pixels.
    """
    best = _propose(view, None, variation)
    if best is None or best.trial.explained < SURELY_FLAT:
        most_px = min(MOST_PLANE_PX, MOST_ENLARGED * view.missing.size)
        for plane in find_planes(view, most_px)[:MOST_PLANES]:
            if plane.support < LEAST_SUPPORT:
                break
            other = _propose(see_from_above(view, plane), plane, variation)
            least = 0 if best is None else best.trial.explained
            if other is not None and other.trial.explained > max(0, least) + WORTH_A_WARP:
                best = other
    if best is None or not best.trial.is_convincing:
        return None
    if best.plane and best.trial.explained < LEAST_EXPLAINED_ON_PLANE:
        return None
    shift_map = map_shifts(best.view, best.close, best.shifts)
    if shift_map.cost > MOST_SEAM_COST:
        return None
    return Pattern(best.view, best.plane, shift_map)


def _propose(view: View, plane: Plane | None, variation: int) -> _Proposal | None:
    """Find shifts and try them out; None where nothing repeats."""
    if not view.missing.any() or not view.usable.any():
        return None
    close = detail(view)
    correlation = correlate(view, close)
    shifts = find_shifts(correlation)
    if len(shifts.score) < 2 or shifts.score[0] < LEAST_BEST:
        return None
    shifts = extend(shifts, correlation)
    if variation:
        rng = np.random.default_rng(variation)
        shifts = shifts.take(rng.random(len(shifts.score)) >= LEFT_OUT)
    shifts = choose(shifts, view)
    if not len(shifts.score):
        return None
    return _Proposal(view, plane, close, shifts, try_out(view, close, shifts))


def _copy(pattern: Pattern, problem: Problem, rng: np.random.Generator) -> Places:
    """Paint a problem's hole with the copies, and return the source of every target."""
    source = _sources_of_targets(pattern, problem, rng)
    hole = problem.number[problem.find_hole()]
    values = problem.image.reshape(-1, problem.channels)
    # Patches are compared with the copies next, and not with what lay under them.
    values[problem.targets[hole]] = values[source[hole]]
    rows, columns = np.divmod(source[hole], problem.stride)
    of_pixels = np.zeros(problem.missing.shape, np.int64)
    of_pixels[problem.missing] = (rows - RADIUS) * problem.missing.shape[1] + columns - RADIUS
    inside = problem.image[RADIUS:-RADIUS, RADIUS:-RADIUS]
    colours = np.ascontiguousarray(inside[..., : problem.colours])
    usable = pattern.view.usable & ~problem.missing
    inside[..., : problem.colours] = blend(colours, problem.missing, of_pixels, usable)
    extend_edges(problem.image)
    return source


def _sources_of_targets(pattern: Pattern, problem: Problem, rng: np.random.Generator) -> Places:
    shift_map, (height, width) = pattern.shift_map, problem.missing.shape
    rows, columns = np.divmod(problem.targets, problem.stride)
    rows, columns = (rows - RADIUS).clip(0, height - 1), (columns - RADIUS).clip(0, width - 1)
    source = np.full(len(rows), -1, np.int64)

    def try_shifts(some: Places, labels: Places) -> None:
        by = shift_map.shifts.by[labels]
        down, right = rows[some] + by[:, 0], columns[some] + by[:, 1]
        inside = (down >= 0) & (down < height) & (right >= 0) & (right < width)
        place = (down.clip(0, height - 1) + RADIUS) * problem.stride
        place += right.clip(0, width - 1) + RADIUS
        fits = inside & problem.is_source[place]
        source[some[fits]] = place[fits]

    label = shift_map.label[rows, columns]
    labelled = np.flatnonzero(label >= 0)
    try_shifts(labelled, label[labelled])
    for number in range(len(shift_map.shifts.score)):
        left = np.flatnonzero(source < 0)
        try_shifts(left, np.full(len(left), number))
    left = np.flatnonzero(source < 0)
    source[left] = rng.choice(problem.find_sources(), len(left))
    return source
