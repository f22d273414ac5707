"""How far what is selected bleeds over the rim of its selection, found per part of the rim.

Selections are drawn tightly. A soft edge, a blur or the ringing of JPEG then leaves pixels outside
that are part object, part ground. The picture shows the object too, so both pure colours are there
to compare with: along the way out of the selection, the share of the object's colour (as in
matting: Porter and Duff, "Compositing Digital Images", SIGGRAPH 1984) falls from 1 to 0, and where
it arrives is where the ground begins. Where no such fall stands out from what the ground does
anyway, nothing is found: a hole in the middle of ordinary content has no edge at its rim.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..pixels.document import Pixels
from .profiles import BINS, OUTER_PX, Profiles, bin_of

MOST_PX = 12  # no band is wider
DEEP_PX = 14  # so far from the rim the object shows its own colour
FAR_PX = MOST_PX + 1  # from here on profiles show the ground alone
LEAST_SHARE = 0.02  # of the object's colour, that counts as a trace
TRACE = 2.5  # times the spread of the ground's own share
MOST_SPREAD = 0.12  # of the ground's share; above, the ground is too lively to tell
LEAST_STRAY = 1 / 255  # of the ground's mean colour, in every direction
LEAST_CONTRAST = 0.03  # root mean square over the channels, between object and ground
STEEP = 0.08  # of the steepest fall, that shares fall by from the first step outside
NARROW_PX = 2  # of an edge so hard that it is told from the ground beside it
BEHIND_PX = 4  # so far beyond the rim such an edge shows nothing any more
EDGE_PX = 6  # means on both sides of a contour are compared over so many pixels
LEAST_TOLD = 0.5  # share of the rim that has to differ from the ground
LEAST_EDGES = 0.5  # share of the rim where the strongest edge around is at the rim
# Very soft edges are not that strong; then more of the rim has to differ from the ground.
LEAST_SOFT_EDGES, LEAST_TOLD_SOFT = 0.3, 0.7
LEAST_OUTLINED = 0.65  # share of the rim, for its last pixels to be a colour of the object
LEAST_PX = 8  # of the ground or the object, to say anything of it
LEAST_TRACES = 0.52  # share of the rim of a whole selection, where it can be told; below: chance
SHORT_RIM_PX = 240  # a shorter rim is a speck's; its CERTAIN share has to show what is sought,
CERTAIN, SMALL_SPREAD = 0.97, 0.04  # on ground that strays no more than this
LEAST_AGREED = 0.5  # a trace is believed where so much of the rim around shows one
MOST_UNUSUAL = 1.5  # times the width that all have in common, and two pixels: what a place may have
RINGING = 0.02  # of the contrast: ground that is livelier than this hides ringing
LEAST_RINGING = 0.8 / 255  # root mean square that is seen on flat ground
MOST_SILENCE_PX = 2  # of ringing, between two of its waves

Flags = NDArray[np.bool_]


class Shares(NamedTuple):
    """The object's share along profiles, and how far it can be trusted.

    Attributes:
        share: float32 (N, BINS), 0 = ground, 1 = object.
        spread: float32 (N,), root mean square of the ground's own share.
        told: bool (N,), whether it says anything.
    """

    share: Pixels
    spread: Pixels
    told: Flags


def find_widths(profiles: Profiles) -> Pixels:
    """Find how many pixels outside of a selection are not the ground's own.

    Args:
        profiles: Not pooled.

    Returns:
        float32 (N,) per cell of the rim; all 0 if nothing stands out.
    """
    near = profiles.pooled()
    nothing = np.zeros_like(profiles.rim)
    # A few pixels are easily alike by chance: of a speck all have to agree.
    doubt = max(0.0, 1 - float(near.rim.sum()) / SHORT_RIM_PX)
    edges = _edges_at_rim(near)
    if edges < LEAST_SOFT_EDGES + doubt * (CERTAIN - LEAST_SOFT_EDGES):
        return nothing
    views, told = _traced(profiles, near, MOST_SPREAD - doubt * (MOST_SPREAD - SMALL_SPREAD))
    least_told = LEAST_TOLD if edges >= LEAST_EDGES else LEAST_TOLD_SOFT
    if _part(told, near.rim) < least_told:
        return nothing
    # One way has to see traces along most of the rim; what another sees now and then is chance.
    rim = profiles.rim * told
    traced = [_part(width > 0, rim) for width in views]
    if max(traced) < LEAST_TRACES + doubt * (CERTAIN - LEAST_TRACES):
        return nothing
    sound = [width for width, part in zip(views, traced, strict=True) if part >= LEAST_TRACES / 2]
    width = np.max(sound, axis=0)
    return _agreed(width, rim, profiles)


def _traced(own: Profiles, near: Profiles, most_spread: float) -> tuple[list[Pixels], Flags]:
    """Find widths in several ways, and where they can be told."""
    ground = _mean_colour(near, (FAR_PX, OUTER_PX, 1), (8, 12, 3e-2), (4, 7, 1e-3))
    deep = _mean_colour(near, (-DEEP_PX, -4, 1), (-3, -2, 3e-2), (-1, 0, 1e-3))
    rim = _mean_colour(near, (-1, 0, 1))
    apart = near.means() - ground[:, None]
    telling = _telling(apart, near.pixels)
    by_depth, by_rim = (
        _shares(apart, each - ground, telling, near, most_spread) for each in (deep, rim)
    )
    around, whole = _shared(by_depth, near, most_spread)
    common, told = _fall(whole), by_depth.told
    # A place where the ground goes on like the object for a while is not much wider than all.
    most = np.where(common > 0, MOST_UNUSUAL * common + 2, MOST_PX)
    views = [common, *(np.minimum(_fall(shares), most) for shares in (by_depth, around))]
    # Outlines have a colour of their own. Where the rim is ground, few places of it differ from the
    # ground farther out, and those go on outside.
    if _part(by_rim.told, near.rim) >= LEAST_OUTLINED:
        views.append(np.minimum(_fall(by_rim), most))
        told = told | by_rim.told
    views.append(_ringing(own, near, ground, deep))
    return views, told


def _part(flags: Flags, rim: Pixels) -> float:
    """Return of how much of the rim something is true."""
    return float((flags * rim).sum() / max(float(rim.sum()), 1e-6))


def _mean_colour(profiles: Profiles, *ranges: tuple[int, int, float]) -> Pixels:
    """Mean colour of some steps; what weighs little only counts where there is nothing else."""
    weights = np.zeros(BINS, np.float32)
    for first, last, weight in ranges:
        weights[bin_of(first) : bin_of(last) + 1] = weight
    total = np.maximum(profiles.pixels @ weights, 1e-12)
    return np.asarray(np.einsum("nbc,b->nc", profiles.sums, weights) / total[:, None])


def _telling(apart: Pixels, count: Pixels) -> Pixels:
    """Weigh colours by how little the ground strays in them: a matrix (C, C).

    Red on gray grass is told by its colour, however much the blades differ in brightness (Fisher,
    "The Use of Multiple Measurements in Taxonomic Problems", 1936).
    """
    far, weight = apart[:, bin_of(FAR_PX) :], count[:, bin_of(FAR_PX) :]
    strays = np.einsum("nb,nbc,nbd->cd", weight, far, far) / max(float(weight.sum()), 1e-6)
    telling = np.linalg.inv(strays + LEAST_STRAY**2 * np.eye(far.shape[2]))
    return np.asarray(telling / np.trace(telling), np.float32)


def _shares(
    apart: Pixels, towards: Pixels, telling: Pixels, near: Profiles, most_spread: float
) -> Shares:
    """Project profiles on the way from the ground's colour to the object's."""
    contrast = np.sqrt((towards**2).mean(axis=1))
    along = towards @ telling
    share = np.einsum("nbc,nc->nb", apart, along)
    share /= np.maximum((towards * along).sum(axis=1), 1e-9)[:, None]
    spread = _spread(share, np.minimum(near.pixels, LEAST_PX))
    seen = near.pixels[:, bin_of(-DEEP_PX) : bin_of(0) + 1].sum(axis=1) >= LEAST_PX
    seen &= near.pixels[:, bin_of(1)] > 0
    return Shares(share, spread, seen & (contrast > LEAST_CONTRAST) & (spread < most_spread))


def _spread(share: Pixels, count: Pixels) -> Pixels:
    """How far the ground's own share strays from 0."""
    far, weight = share[:, bin_of(FAR_PX) :], count[:, bin_of(FAR_PX) :]
    total = weight.sum(axis=1)
    spread = np.sqrt((weight * far**2).sum(axis=1) / np.maximum(total, 1e-6))
    return np.where(total >= LEAST_PX, spread, np.inf)


def _shared(shares: Shares, near: Profiles, most_spread: float) -> tuple[Shares, Shares]:
    """Share what is told with larger neighbourhoods, and with the whole rim.

    What one place cannot tell from the ground's own ups and downs, many together can.
    """
    weight = np.where(shares.told, near.rim / (shares.spread**2 + LEAST_SHARE**2), 0)
    weighted = weight[:, None] * shares.share
    pool = near.cells.pool
    total, sums = pool(pool(weight)), pool(pool(weighted))
    whole = weight.sum(), weighted.sum(axis=0)

    def divided(weights: Pixels, shared: Pixels, pixels: Pixels) -> Shares:
        share = np.asarray(shared / np.maximum(weights, 1e-9)[:, None], np.float32)
        share = np.broadcast_to(share, shares.share.shape)
        spread = _spread(share, np.broadcast_to(pixels, share.shape))
        return Shares(share, spread, (weights > 0) & (spread < most_spread))

    around = divided(total, sums, pool(near.pixels))
    return around, divided(np.full_like(total, whole[0]), whole[1][None], near.pixels.sum(axis=0))


def _fall(shares: Shares) -> Pixels:
    """Say at which step the object's share has fallen to a trace: float32 (N,)."""
    trace = np.maximum(LEAST_SHARE, TRACE * shares.spread)
    width = np.zeros(len(trace), np.float32)
    on = shares.told & _is_edge(shares.share) & (shares.share[:, bin_of(1)] > 2 * trace)
    for step in range(1, MOST_PX + 1):
        on = on & (shares.share[:, bin_of(step)] > trace)
        width[on] = step
    # What has not arrived by then is no edge but a slope, or something else beside the hole.
    width[on] = 0
    return np.maximum(width, _narrow_fall(shares))


def _narrow_fall(shares: Shares) -> Pixels:
    """The same for a fall over NARROW_PX at most, told from the ground right behind it."""
    behind = np.cumsum(np.pad(shares.share, ((0, 0), (1, 0))), axis=1)
    first, last = NARROW_PX + 2, NARROW_PX + 6
    steps = np.arange(bin_of(1), BINS - last)
    mean = (behind[:, steps + last] - behind[:, steps + first - 1]) / (last - first + 1)
    excess = shares.share[:, steps] - mean
    strays = excess**2
    # Far out there may be few pixels, and near by another edge.
    spread = np.sqrt(np.minimum(strays[:, BEHIND_PX:FAR_PX].mean(1), strays[:, FAR_PX:].mean(1)))
    trace = np.maximum(LEAST_SHARE, TRACE * spread)
    width = np.zeros(len(trace), np.float32)
    on = shares.told & _is_edge(shares.share) & (excess[:, 0] > 2 * trace)
    for step in range(1, NARROW_PX + 2):
        on = on & (excess[:, step - 1] > trace)
        width[on] = step
    width[on] = 0
    return width


def _is_edge(share: Pixels) -> Flags:
    """Tell whether shares fall beside the rim as they do across the object's edge.

    A hard edge is followed by the ground's own ups and downs, which are slow.
    """
    falls = share[:, :-1] - share[:, 1:]
    steepest = falls[:, bin_of(-EDGE_PX) : bin_of(MOST_PX)].max(axis=1)
    here = falls[:, bin_of(1)]
    return np.asarray((here > STEEP * steepest) | (share[:, bin_of(1)] > 0.5))


def _ringing(own: Profiles, near: Profiles, ground: Pixels, deep: Pixels) -> Pixels:
    """The same for what is left of the object's edge in JPEG's blocks, on flat ground."""
    contrast = np.sqrt(((deep - ground) ** 2).mean(axis=1))
    # Squared distances from the mean of a step in a cell: no gradient of the ground is in them.
    stray = own.squares - (own.sums**2).sum(axis=2) / np.maximum(own.pixels, 1)
    stray = own.cells.pool(np.maximum(stray, 0)) / ground.shape[1]
    free = own.cells.pool(np.maximum(own.pixels - 1, 0))
    far = slice(bin_of(FAR_PX), None)
    total = free[:, far].sum(axis=1)
    quiet = np.sqrt(stray[:, far].sum(axis=1) / np.maximum(total, 1e-6))
    flat = (total > 16) & (contrast > 4 * LEAST_CONTRAST) & (quiet < RINGING * contrast)
    loud = np.sqrt(stray / np.maximum(free, 1e-6)) > np.maximum(LEAST_RINGING, 2 * quiet)[:, None]
    width, silence = np.zeros(len(contrast), np.float32), np.zeros(len(contrast), int)
    for step in range(1, MOST_PX + 1):
        here = flat & loud[:, bin_of(step)] & (silence <= MOST_SILENCE_PX)
        width[here] = step
        silence = np.where(here, 0, silence + 1)
    return width


def _edges_at_rim(near: Profiles) -> float:
    """Return the share of the rim where the strongest edge of the neighbourhood is at the rim.

    Contours parallel to the rim are what it is compared with. By chance it is about one in five.
    """
    sums = np.pad(np.cumsum(near.sums, axis=1), ((0, 0), (1, 0), (0, 0)))
    counts = np.pad(np.cumsum(near.pixels, axis=1), ((0, 0), (1, 0)))

    def side(first: int, last: int) -> tuple[Pixels, Pixels]:
        low, high = max(bin_of(first), 0), min(bin_of(last) + 1, BINS)
        count = counts[:, high] - counts[:, low]
        return (sums[:, high] - sums[:, low]) / np.maximum(count, 1e-6)[:, None], count

    def strength(middle: int) -> Pixels:
        best = np.zeros_like(near.rim)
        for step in range(middle - 2, middle + 4):
            (one, n), (other, m) = side(step - EDGE_PX + 1, step), side(step + 1, step + EDGE_PX)
            apart = ((one - other) ** 2).sum(axis=1)
            best = np.maximum(best, np.where((n > 8) & (m > 8), apart, 0))
        return best

    here = strength(0)
    others = np.max([strength(middle) for middle in (-16, -9, 9, 16, 21)], axis=0)
    return float((near.rim * (here > 1.5 * others)).sum() / max(float(near.rim.sum()), 1e-6))


def _agreed(width: Pixels, told: Pixels, profiles: Profiles) -> Pixels:
    """Believe widths where the rim around agrees, and use them also where nothing can be told.

    Args:
        width: float32 (N,).
        told: float32 (N,), pixels of the rim of which something can be told.
        profiles: With their cells.
    """

    def around(values: Pixels) -> Pixels:
        for _ in range(3):
            values = profiles.cells.pool(values)
        return values

    seen = (width > 0) * told
    share = around(seen) / np.maximum(around(told), 1e-6)
    usual = around(width * seen) / np.maximum(around(seen), 1e-6)
    believed = np.where(told > 0, width, usual)
    return np.where(share >= LEAST_AGREED, believed, 0).astype(np.float32)
