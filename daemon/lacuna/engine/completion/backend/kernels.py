"""The inner loops of the search for patches: one is compared in less than 0.1 microseconds.

Planes are one-dimensional here, place after place; `Problem` in `problem.py` says what they hold.
Lines are sliced before they are read: that an index is not negative need then be checked once.

A row of a patch is read as if it were WIDE values long, its own SIDE * C and some of what follows,
which weigh nothing. The compiler then knows how long a row of the planes of this engine is, and
leaves out all that a vector of a length nobody knows would need: a third of the time. (Rows of one
array of two dimensions would cost all of that again: the compiler takes them for strided.)
"""

import numpy as np
from numpy.typing import NDArray

from ...pixels.document import COLOURS, COLOURS_AND_ALPHA
from .compiled import compiled, inlined

RADIUS = 3  # a patch has 7 x 7 pixels
SIDE = 2 * RADIUS + 1
VECTOR = 16  # values; rows are read in multiples of it
SPARE = VECTOR  # values that have to lie behind the last place of a plane: finite ones
# What may be added to a patch to meet its surroundings, per channel, where `shades.py` allows it.
MOST_BIAS = np.float32(0.1)
BIAS_COST = np.float32(2)  # of a bias, against the same difference left as it is; 0: nothing
# Channels of a plane that are fast, without alpha and with it; others are not.
PLAIN, TEXTURED = COLOURS, COLOURS + 2
PLAIN_ALPHA, TEXTURED_ALPHA = COLOURS_AND_ALPHA, COLOURS_AND_ALPHA + 2

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@inlined
def wide(channels: int) -> int:
    """Values that are read of each row of a patch: those of SIDE places, and what fills vectors."""
    return (SIDE * channels + VECTOR - 1) // VECTOR * VECTOR


@inlined
def cut(
    image: Floats, trust: Floats, stride: int, place: int, patch: Floats, weights: Floats
) -> None:
    """Copy the patch around a place, and how much each of its values is trusted, sum 1.

    Args:
        image: float32 (places * C + SPARE,).
        trust: float32 (places,).
        stride: Places per row.
        place: Its middle.
        patch: float32 (SIDE * wide(C),), row after row, written.
        weights: Of the same length; written but for what lies beyond SIDE * C, which must be 0.
    """
    channels = len(image) // len(trust)
    length = wide(channels)
    total = np.float32(0)
    for row in range(SIDE):
        start = place + (row - RADIUS) * stride - RADIUS
        trusted = trust[start : start + SIDE]
        for pixel in range(SIDE):
            total += trusted[pixel]
    share = 1 / total
    for row in range(SIDE):
        start = place + (row - RADIUS) * stride - RADIUS
        trusted, shares = trust[start : start + SIDE], weights[row * length :]
        line, values = image[start * channels :][:length], patch[row * length :]
        for value in range(length):
            values[value] = line[value]
        for pixel in range(SIDE):
            weight = trusted[pixel] * share
            own = shares[pixel * channels : (pixel + 1) * channels]
            for channel in range(channels):
                own[channel] = weight


@inlined
def compare_rows(
    image: Floats,
    stride: int,
    patch: Floats,
    weights: Floats,
    source: int,
    most: np.float32,
    bias: Floats,
    channels: int,
) -> np.float32:
    """Compare as `compare` does, compiled once more for each number of channels it is given."""
    length = wide(channels)
    sums = bias[COLOURS:]
    for value in range(length):
        sums[value] = 0
    cost = np.float32(0)
    for row in range(SIDE):
        start = (source + (row - RADIUS) * stride - RADIUS) * channels
        line = image[start : start + length]
        values = patch[row * length : (row + 1) * length]
        shares = weights[row * length : (row + 1) * length]
        for value in range(length):
            difference = line[value] - values[value]
            weighted = shares[value] * difference
            sums[value] += weighted
            cost += weighted * difference
    for channel in range(COLOURS):
        mean = np.float32(0)
        for pixel in range(SIDE):
            mean += sums[pixel * channels + channel]
        shift = min(max(-mean, -most), most)
        bias[channel] = shift
        # The weights add up to 1, so this is what the squares become.
        cost += (2 * mean + (1 + BIAS_COST) * shift) * shift
    return cost


@inlined
def compare(
    image: Floats,
    stride: int,
    patch: Floats,
    weights: Floats,
    source: int,
    most: np.float32,
    bias: Floats,
    channels: int,
) -> np.float32:
    """Compare the patch around a source with another, whose trusted pixels count most.

    The colours of the source may be shifted as a whole, within limits (Darabi et al., section 3.1).

    Args:
        image: float32 (places * C + SPARE,).
        stride: Places per row.
        patch: float32 (SIDE * wide(C),), as `cut` leaves it.
        weights: Of its values, the same for every channel of a pixel, 0 beyond SIDE * C.
        source: A place.
        most: Its colours may be shifted so far.
        bias: float32 (COLOURS + wide(C),), gets the shift of the colours; the rest is for sums.
        channels: C.

    Returns:
        The mean squared difference that is left.
    """
    if channels == PLAIN:
        return compare_rows(image, stride, patch, weights, source, most, bias, PLAIN)
    if channels == TEXTURED:
        return compare_rows(image, stride, patch, weights, source, most, bias, TEXTURED)
    if channels == PLAIN_ALPHA:
        return compare_rows(image, stride, patch, weights, source, most, bias, PLAIN_ALPHA)
    if channels == TEXTURED_ALPHA:
        return compare_rows(image, stride, patch, weights, source, most, bias, TEXTURED_ALPHA)
    return compare_rows(image, stride, patch, weights, source, most, bias, channels)


@inlined
def calmness(expected: np.float32, activity: np.float32) -> np.float32:
    """Cost of a source that is less active than is expected, which `compare` does not see."""
    lack = max(np.float32(0), expected - activity)
    return lack * lack


@compiled
def judge(
    image: Floats,
    trust: Floats,
    stride: int,
    most_shift: Floats,
    activity: Floats,
    targets: Places,
    expected: Floats,
    source: Places,
    cost: Floats,
    bias: Floats,
) -> None:
    """Compare each target with its source."""
    channels = len(image) // len(trust)
    patch = np.zeros(SIDE * wide(channels), np.float32)
    weights = np.zeros(SIDE * wide(channels), np.float32)
    found = np.empty(COLOURS + wide(channels), np.float32)
    for i in range(len(targets)):
        cut(image, trust, stride, targets[i], patch, weights)
        most = most_shift[source[i]]
        cost[i] = compare(image, stride, patch, weights, source[i], most, found, channels)
        cost[i] += calmness(expected[i], activity[source[i]])
        bias[i] = found[:COLOURS]


@compiled
def search(
    image: Floats,
    trust: Floats,
    stride: int,
    most_shift: Floats,
    activity: Floats,
    targets: Places,
    expected: Floats,
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
        most_shift: One per place, see `Problem`; with `activity`, and `expected` per target.
        targets: All of them.
        before: Their sources before anybody's search.
        first: Position of the first that is searched for; `source`, `cost`, `bias` are theirs.
        shifts: Where the neighbours are that are asked for their source.
        walks: (K, all targets): then so far from the own one.
    """
    channels = len(image) // len(trust)
    patch = np.zeros(SIDE * wide(channels), np.float32)
    weights = np.zeros(SIDE * wide(channels), np.float32)
    found = np.empty(COLOURS + wide(channels), np.float32)
    for i in range(len(source)):
        target, best = targets[first + i], source[i]
        cut(image, trust, stride, target, patch, weights)
        # A vote has changed the plane since it was compared last.
        most = most_shift[best]
        least = compare(image, stride, patch, weights, best, most, found, channels)
        least += calmness(expected[first + i], activity[best])
        bias[i] = found[:COLOURS]
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
                offered = calmness(expected[first + i], activity[candidate])
                if offered >= least:
                    continue
                most = most_shift[candidate]
                offered += compare(image, stride, patch, weights, candidate, most, found, channels)
                if offered < least:
                    best, least = candidate, offered
                    bias[i] = found[:COLOURS]
        source[i], cost[i] = best, least
