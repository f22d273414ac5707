"""The inner loops of the search for patches, compiled: one is compared in about 0.1 microseconds.

Numba compiles a kernel when it is first called, and keeps the code beside this file or, where it
may not write there, in the user's cache folder: once per computer and version. A kernel works on a
slice of the targets or of the hole and writes nothing outside of it; it does not hold the
interpreter's lock. So threads can do slices side by side, and any number of them give the same.

Planes are one-dimensional here, place after place; `Ground` in `patches.py` says what they hold.
Lines are sliced before they are read: that an index is not negative need then be checked once.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

RADIUS = 3  # a patch has 7 x 7 pixels
SIDE = 2 * RADIUS + 1
# What may be added to a patch to meet its surroundings, per channel: a sky has no two places alike.
MOST_BIAS = np.float32(0.1)
BIAS_COST = np.float32(2)  # of a bias, against the same difference left as it is; 0: nothing
SPREAD = np.float32(1)  # costs over a pixel that count as alike, against their mean
LEAST_USUAL = np.float32(1e-7)
LEAST_WEIGHT = np.float32(1e-8)  # even where no patch fits, there is a mean
# Patches over a pixel that disagree by more than this are not mixed: the larger party decides.
PARTY = np.float32(0.15)  # root mean square over the colours
# Near the rim all patches are held by what is known, and their mean is right: parties are wider
# there by this times the trust in the pixel, which falls below a quarter six pixels deep.
RIM_PARTY = np.float32(4)
PARTY_STEPS = 3  # of mean shift; it has settled then
LEAST_PARTY = np.float32(1e-6)

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile when first called; sums may be reordered to fill vectors, and NaN never occurs."""
    compile_it = functools.partial(numba.njit, nogil=True, fastmath=True)
    done: Any
    try:
        done = compile_it(cache=True)(kernel)
    except RuntimeError:  # no folder may be written to: some seconds more in every process
        done = compile_it()(kernel)
    return done  # type: ignore[no-any-return]


@compiled
def cut(
    image: Floats, trust: Floats, stride: int, place: int, patch: Floats, weights: Floats
) -> None:
    """Copy the patch around a place, and how much each of its values is trusted, sum 1."""
    length = patch.shape[1]
    channels = length // SIDE
    total = np.float32(0)
    for row in range(SIDE):
        start = place + (row - RADIUS) * stride - RADIUS
        trusted = trust[start : start + SIDE]
        for pixel in range(SIDE):
            total += trusted[pixel]
    share = 1 / total
    for row in range(SIDE):
        start = place + (row - RADIUS) * stride - RADIUS
        trusted, shares = trust[start : start + SIDE], weights[row]
        line, values = image[start * channels : start * channels + length], patch[row]
        for value in range(length):
            values[value] = line[value]
        for pixel in range(SIDE):
            weight = trusted[pixel] * share
            own = shares[pixel * channels : (pixel + 1) * channels]
            own[0] = own[1] = own[2] = weight
            for channel in range(3, channels):
                own[channel] = weight


@compiled
def compare(
    image: Floats, stride: int, patch: Floats, weights: Floats, source: int, bias: Floats
) -> np.float32:
    """Compare the patch around a source with another, whose trusted pixels count most.

    The colours of the source may be shifted as a whole, within limits (Darabi et al., section 3.1).

    Args:
        image: float32 (places * C,).
        stride: Places per row.
        patch: float32 (SIDE, SIDE * C).
        weights: Of its values, the same for every channel of a pixel.
        source: A place.
        bias: float32 (3 + SIDE * C,), gets the shift of the colours; the rest is for sums.

    Returns:
        The mean squared difference that is left.
    """
    length = patch.shape[1]
    channels = length // SIDE
    sums = bias[3:]
    for value in range(length):
        sums[value] = 0
    cost = np.float32(0)
    for row in range(SIDE):
        start = (source + (row - RADIUS) * stride - RADIUS) * channels
        line, values, shares = image[start : start + length], patch[row], weights[row]
        for value in range(length):
            difference = line[value] - values[value]
            weighted = shares[value] * difference
            sums[value] += weighted
            cost += weighted * difference
    for channel in range(3):
        mean = np.float32(0)
        for pixel in range(SIDE):
            mean += sums[pixel * channels + channel]
        shift = min(max(-mean, -MOST_BIAS), MOST_BIAS)
        bias[channel] = shift
        # The weights add up to 1, so this is what the squares become.
        cost += (2 * mean + (1 + BIAS_COST) * shift) * shift
    return cost


@compiled
def judge(
    image: Floats,
    trust: Floats,
    stride: int,
    targets: Places,
    source: Places,
    cost: Floats,
    bias: Floats,
) -> None:
    """Compare each target with its source."""
    length = len(image) // len(trust) * SIDE
    patch, weights = np.empty((2, SIDE, length), np.float32)
    found = np.empty(3 + length, np.float32)
    for i in range(len(targets)):
        cut(image, trust, stride, targets[i], patch, weights)
        cost[i] = compare(image, stride, patch, weights, source[i], found)
        bias[i] = found[:3]


@compiled
def search(
    image: Floats,
    trust: Floats,
    stride: int,
    targets: Places,
    number: NDArray[np.int32],
    is_source: NDArray[np.bool_],
    before: Places,
    first: int,
    shifts: Places,
    walks: Places,
    source: Places,
    cost: Floats,
    bias: Floats,
) -> None:
    """Improve the matches of the targets from `first` on.

    Args:
        targets: All of them.
        before: Their sources before anybody's search.
        first: Position of the first that is searched for; `source`, `cost`, `bias` are theirs.
        shifts: Where the neighbours are that are asked for their source.
        walks: (K, all targets): then so far from the own one.
    """
    length = len(image) // len(trust) * SIDE
    patch, weights = np.empty((2, SIDE, length), np.float32)
    found = np.empty(3 + length, np.float32)
    for i in range(len(source)):
        target, best = targets[first + i], source[i]
        cut(image, trust, stride, target, patch, weights)
        # A vote has changed the plane since it was compared last.
        least = compare(image, stride, patch, weights, best, found)
        bias[i] = found[:3]
        for question in range(len(shifts) + len(walks)):
            if question < len(shifts):
                shift = shifts[question]
                neighbour = target - shift
                if neighbour < 0 or neighbour >= len(number) or number[neighbour] < 0:
                    continue
                position = number[neighbour]
                own = first <= position < first + len(source)
                candidate = shift + (source[position - first] if own else before[position])
            else:
                candidate = best + walks[question - len(shifts), first + i]
            if candidate == best or candidate < 0 or candidate >= len(is_source):
                continue
            if is_source[candidate]:
                offered = compare(image, stride, patch, weights, candidate, found)
                if offered < least:
                    best, least = candidate, offered
                    bias[i] = found[:3]
        source[i], cost[i] = best, least


@compiled
def settle(colours: Floats, weights: Floats, trust: np.float32, mean: Floats) -> None:
    """Move a mean to the nearest mode of the colours that it was made of.

    Comaniciu and Meer, "Mean Shift", PAMI 2002, with a Gaussian kernel.

    Args:
        colours: (N, 3).
        weights: (N,); where one is 0, its colour is not looked at.
        trust: In the pixel.
        mean: (3 or more,), its first three change.
    """
    party = PARTY * max(np.float32(1), RIM_PARTY * trust)
    squares = 6 * party * party  # twice, and over three channels
    for _ in range(PARTY_STEPS):
        red, green, blue = np.float32(0), np.float32(0), np.float32(0)
        total = np.float32(0)
        for one in range(len(weights)):
            if weights[one] == 0:
                continue
            colour = colours[one]
            away = (
                (colour[0] - mean[0]) ** 2 + (colour[1] - mean[1]) ** 2 + (colour[2] - mean[2]) ** 2
            )
            weight = weights[one] * (np.exp(-away / squares) + LEAST_PARTY)
            total += weight
            red += weight * colour[0]
            green += weight * colour[1]
            blue += weight * colour[2]
        mean[0], mean[1], mean[2] = red / total, green / total, blue / total


@compiled
def vote(
    image: Floats,
    stride: int,
    hole: Places,
    number: NDArray[np.int32],
    trust: Floats,
    source: Places,
    cost: Floats,
    bias: Floats,
    voted: Floats,
) -> None:
    """Give each missing pixel the colour that most of the patches over it agree on.

    Their mean, moved to the nearest mode of their colours by mean shift (Wexler et al., section
    3.2): where half of the patches say ink and half say paper, gray is the one thing that is wrong.

    Args:
        hole: Places of the pixels.
        trust: Of every target; `source`, `cost` and `bias` are its match.
        voted: (len(hole), C), gets the colours, and the means of the other channels.
    """
    channels = voted.shape[1]
    weights = np.empty(SIDE * SIDE, np.float32)
    colours = np.empty((SIDE * SIDE, 3), np.float32)
    for i in range(len(hole)):
        usual, total = np.float32(0), np.float32(0)
        for around in range(SIDE * SIDE):
            shift = (around // SIDE - RADIUS) * stride + around % SIDE - RADIUS
            position = number[hole[i] - shift]
            weights[around] = 0
            if position >= 0:
                weights[around] = trust[position]
                total += trust[position]
                usual += trust[position] * cost[position]
        usual = 2 * SPREAD * usual / total + LEAST_USUAL
        mean = voted[i]
        mean[:] = 0
        total = np.float32(0)
        for around in range(SIDE * SIDE):
            if weights[around] == 0:
                continue
            shift = (around // SIDE - RADIUS) * stride + around % SIDE - RADIUS
            position = number[hole[i] - shift]
            weight = weights[around] * (np.exp(-cost[position] / usual) + LEAST_WEIGHT)
            weights[around] = weight
            total += weight
            shown = image[(source[position] + shift) * channels :][:channels]
            for channel in range(3):
                colour = shown[channel] + bias[position, channel]
                colours[around, channel] = colour
                mean[channel] += weight * colour
            for channel in range(3, channels):
                mean[channel] += weight * shown[channel]
        for channel in range(channels):
            mean[channel] /= total
        settle(colours, weights, trust[number[hole[i]]], mean)
        for channel in range(3):
            mean[channel] = min(max(mean[channel], np.float32(0)), np.float32(1))


@compiled
def trace(
    rows: Places,
    columns: Places,
    shift: tuple[int, int],
    missing: NDArray[np.uint8],
    size: tuple[int, int],
    stride: int,
    number: NDArray[np.int32],
    source: Places,
    bias: Floats,
    found: Places,
    added: Floats,
) -> None:
    """Find where pixels of the next finer level come from, by what a neighbour's source was.

    Args:
        rows: Of the pixels; with `columns`.
        shift: Rows and columns from a pixel to the neighbour.
        missing: uint8 (H, W) of the finer level, 1 = missing.
        size: Rows and columns of the coarser level; `stride`, `number`, `source` and `bias` are of
            it.
        found: (len(rows), 2), gets row and column of a known pixel, or -1.
        added: (len(rows), 3), gets what has to be added to its colours.
    """
    height, width = missing.shape
    for i in range(len(rows)):
        found[i, 0] = -1
        row = min(max(rows[i] + shift[0], 0), height - 1)
        column = min(max(columns[i] + shift[1], 0), width - 1)
        cell = (min(row // 2, size[0] - 1) + RADIUS) * stride
        position = number[cell + min(column // 2, size[1] - 1) + RADIUS]
        if position < 0:
            continue
        place = source[position]
        down = 2 * (place // stride - RADIUS) + row % 2 + rows[i] - row
        right = 2 * (place % stride - RADIUS) + column % 2 + columns[i] - column
        inside = 0 <= down < height and 0 <= right < width
        if inside and not missing[down, right]:
            found[i, 0], found[i, 1] = down, right
            for channel in range(3):
                added[i, channel] = bias[position, channel]
