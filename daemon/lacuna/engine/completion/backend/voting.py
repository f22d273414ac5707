"""What the patches over a missing pixel say of its colour: the inner loop of a vote, compiled.

All that is done with the patches over a pixel is done with WIDE of them, the last ones of no
weight, in loops that the compiler can turn into vectors: so no branch, and an exponential function
that consists of sums and products.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...pixels.document import COLOURS, COLOURS_AND_ALPHA
from .compiled import compiled, inlined
from .kernels import RADIUS, SIDE, VECTOR, Floats, Places

PATCHES = SIDE * SIDE  # over a pixel
WIDE = (PATCHES + VECTOR - 1) // VECTOR * VECTOR
SPREAD = np.float32(1)  # costs over a pixel that count as alike, against their mean
LEAST_USUAL = np.float32(1e-7)
LEAST_WEIGHT = np.float32(1e-8)  # even where no patch fits, there is a mean
# Patches over a pixel that disagree by more than this are not mixed: the larger party decides.
PARTY = np.float32(0.15)  # root mean square over the colours
# Near the rim all patches are held by what is known, and their mean is right: parties are wider
# there by this times the trust in the pixel, which falls below a quarter six pixels deep.
RIM_PARTY = np.float32(4)
PARTY_STEPS = 3  # of mean shift; it has come to rest then
LEAST_PARTY = np.float32(1e-6)

LOG2_E = np.float32(np.log2(np.e))
LOWEST = np.float32(-126)  # exponent of the least normal float32
# 2**x = 1 + x * (c1 + x * (c2 + ...)) in [0, 1], off by at most 2.7e-7: least squares at the
# Chebyshev nodes.
POWER = tuple(np.float32(c) for c in (0.69315254, 0.24015244, 0.0558366, 0.0089729, 0.0018854))


@inlined
def exp_of_minus(x: np.float32) -> np.float32:
    """Return exp(-x) for x >= 0, to seven digits: 2**whole from bits, 2**part as a polynomial."""
    power = max(-x * LOG2_E, LOWEST)
    whole = np.floor(power)
    part = power - whole
    c1, c2, c3, c4, c5 = POWER
    mantissa: np.float32 = 1 + part * (c1 + part * (c2 + part * (c3 + part * (c4 + part * c5))))
    scale: np.float32 = np.int32((np.int32(whole) + 127) << 23).view(np.float32)
    done: np.float32 = mantissa * scale
    return done


@inlined
def shift_to_mode(
    colours: Floats, weights: Floats, trust: np.float32, mean: Floats, count: int
) -> None:
    """Move a mean to the nearest mode of the colours that it was made of.

    Comaniciu and Meer, "Mean Shift", PAMI 2002, with a Gaussian kernel.

    Args:
        colours: (count, WIDE).
        weights: (WIDE,).
        trust: In the pixel.
        mean: (count or more,), its first ones change.
        count: COLOURS, or COLOURS_AND_ALPHA.
    """
    party = PARTY * max(np.float32(1), RIM_PARTY * trust)
    share = 1 / (6 * party * party)  # of twice the square, over three channels
    reds, greens, blues, alphas = colours[0], colours[1], colours[2], colours[count - 1]
    for _ in range(PARTY_STEPS):
        here = mean[0], mean[1], mean[2], mean[count - 1]
        red, green, blue, alpha = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        total = np.float32(0)
        for one in range(WIDE):
            away = (
                (reds[one] - here[0]) ** 2
                + (greens[one] - here[1]) ** 2
                + (blues[one] - here[2]) ** 2
            )
            if count == COLOURS_AND_ALPHA:
                away += (alphas[one] - here[3]) ** 2
            weight = weights[one] * (exp_of_minus(away * share) + LEAST_PARTY)
            total += weight
            red += weight * reds[one]
            green += weight * greens[one]
            blue += weight * blues[one]
            if count == COLOURS_AND_ALPHA:
                alpha += weight * alphas[one]
        mean[0], mean[1], mean[2] = red / total, green / total, blue / total
        if count == COLOURS_AND_ALPHA:
            mean[3] = alpha / total


def _vote_of(count: int) -> Callable[..., None]:
    """Make `vote` for so many colours: a constant of the compiled code, as loops over them are."""

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
        3.2): where half of the patches say ink and half say paper, gray is the one thing that is
        wrong.

        Args:
            hole: Places of the pixels.
            trust: Of every target; `source`, `cost` and `bias` are its match.
            voted: (len(hole), C), gets the colours, and the means of the other channels.
        """
        channels = voted.shape[1]
        position = np.empty(PATCHES, np.int32)
        weights = np.zeros(WIDE, np.float32)
        costs = np.zeros(WIDE, np.float32)
        colours = np.zeros((count, WIDE), np.float32)
        for i in range(len(hole)):
            for around in range(PATCHES):
                shift = (around // SIDE - RADIUS) * stride + around % SIDE - RADIUS
                position[around] = number[hole[i] - shift]
                weights[around] = costs[around] = 0
                if position[around] >= 0:
                    weights[around] = trust[position[around]]
                    costs[around] = cost[position[around]]
            usual, total = np.float32(0), np.float32(0)
            for one in range(WIDE):
                total += weights[one]
                usual += weights[one] * costs[one]
            share = 1 / (2 * SPREAD * usual / total + LEAST_USUAL)
            for one in range(WIDE):
                weights[one] *= exp_of_minus(costs[one] * share) + LEAST_WEIGHT
            mean = voted[i]
            mean[:] = 0
            total = np.float32(0)
            for around in range(PATCHES):
                if position[around] < 0:
                    continue
                weight = weights[around]
                shift = (around // SIDE - RADIUS) * stride + around % SIDE - RADIUS
                shown = image[(source[position[around]] + shift) * channels :][:channels]
                total += weight
                for channel in range(COLOURS):
                    colour = shown[channel] + bias[position[around], channel]
                    colours[channel, around] = colour
                    mean[channel] += weight * colour
                if count == COLOURS_AND_ALPHA:
                    colours[COLOURS, around] = shown[COLOURS]
                for channel in range(COLOURS, channels):
                    mean[channel] += weight * shown[channel]
            for channel in range(channels):
                mean[channel] /= total
            shift_to_mode(colours, weights, trust[number[hole[i]]], mean, count)
            for channel in range(COLOURS):
                mean[channel] = min(max(mean[channel], np.float32(0)), np.float32(1))

    return vote


vote, vote_with_alpha = _vote_of(COLOURS), _vote_of(COLOURS_AND_ALPHA)
