"""Float samples that are no colours of [0, 1]: heights, negatives, light brighter than white.

The engine's images lie in [0, 1]. A window whose known samples do not is shown by its own range,
its span, and what is filled is scaled back by the same. A window within [0, 1] has none.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lacuna_wire import PixelLayout

Values = NDArray[np.float32]

# Of the samples; a span reaches no further beyond the middle of them than FENCE times their range,
# or one sensor's error (or a mark for "no data" that the file does not declare) would flatten all.
MIDDLE = (0.01, 0.99)
FENCE = 4.0
MOST_LOOKED_AT = 1 << 20  # samples of which the middle is taken
# A median of light that is darker than DARK of the range is shown at SHOWN by a logarithm: most of
# a picture with the sun in it lies below a hundredth of it.
DARK, SHOWN = 0.05, 0.4
MOST_CURVED = 1e9


class Span(NamedTuple):
    """A range of samples that is shown as [0, 1].

    Attributes:
        low: Sample that is shown as 0.
        high: Sample that is shown as 1; more than `low`.
        curve: 0 for a straight line, else how strongly a logarithm bends it.
        is_light: Whether what is left is light, to be shown by the layout's own transfer.
    """

    low: float
    high: float
    curve: float = 0.0
    is_light: bool = False

    def show(self, samples: Values) -> Values:
        """Map float32 samples to [0, 1]; what is no number becomes 0."""
        # Differences of float32 extremes overflow; a float64 window is no larger than a strip.
        shares = (samples.astype(np.float64) - self.low) / (self.high - self.low)
        shares = np.clip(np.nan_to_num(shares, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
        if self.curve:
            shares = np.log1p(self.curve * shares) / np.log1p(self.curve)
        return shares.astype(np.float32)

    def hide(self, shown: Values) -> Values:
        """Undo `show`: float32 samples in [low, high]."""
        shares = np.clip(shown.astype(np.float64), 0, 1)
        if self.curve:
            shares = np.expm1(shares * np.log1p(self.curve)) / self.curve
        samples = self.low + shares * (self.high - self.low)
        return np.clip(samples, self.low, self.high).astype(np.float32)


def span_of(known: NDArray[Any], layout: PixelLayout) -> Span | None:
    """Find the span of known float samples; None if they lie in [0, 1], as colours do.

    Light with colours is shown by a perceptual curve; single values, such as heights, are shown as
    they are: a slope stays a slope.

    Args:
        known: Samples of the colours alone, of any shape; those that are no numbers do not count.
        layout: Theirs.
    """
    values = known[np.isfinite(known)]
    if not values.size:
        return None
    least, most = float(values.min()), float(values.max())
    if least >= 0 and most <= 1:
        return None
    some = values[:: -(-values.size // MOST_LOOKED_AT)].astype(np.float64)
    bottom, median, top = (float(each) for each in np.quantile(some, (MIDDLE[0], 0.5, MIDDLE[1])))
    room = FENCE * (top - bottom)
    is_light = layout.transfer == "linear" and layout.channels not in ("GRAY", "GRAYA")
    low = max(least, bottom - room)
    high = most if is_light and least >= 0 else min(most, top + room)
    if not low < high:
        if least < most:  # all but a few samples are the same
            low, high = least, most
        else:
            return Span(low, float(np.nextafter(np.float32(low), np.float32(np.inf))))
    if is_light and least >= 0 and 0 < median < DARK * high:
        return Span(0.0, high, _curve_showing(median / high))
    return Span(low, high, 0.0, is_light)


def _curve_showing(share: float) -> float:
    """Find the curve that shows `share` at SHOWN, by bisection; stronger ones lift it more."""
    weak, strong = 1e-3, MOST_CURVED
    for _ in range(60):
        curve = float(np.sqrt(weak * strong))
        if np.log1p(curve * share) / np.log1p(curve) < SHOWN:
            weak = curve
        else:
            strong = curve
    return strong
