"""How far fills of some weights in bfloat16 are from those in float32, and how far is too far."""

from collections.abc import Mapping
from typing import NamedTuple

MOST = 2.0  # of 255: no pixel of a fill may change by more
MEAN = 0.25  # of 255: nor all of them by more on average


class Difference(NamedTuple):
    """How a fill in bfloat16 differs from the same one in float32, in parts of 255.

    Attributes:
        mean: Of all missing pixels.
        most: Of any of them.
    """

    mean: float
    most: float

    @property
    def invisible(self) -> bool:
        return self.mean <= MEAN and self.most <= MOST

    def __str__(self) -> str:
        """Say what weights fill in on such a device, and why."""
        precision = "bfloat16" if self.invisible else "float32"
        return (
            f"{precision}: in bfloat16 fills differ by {self.mean:.2f} of 255 on average and "
            f"{self.most:.1f} at most"
        )


def read_differences(entry: Mapping[str, Mapping[str, float]]) -> dict[str, Difference]:
    """Read differences by device from JSON.

    Raises:
        KeyError: If a number is missing.
        TypeError: If something is of another type.
        ValueError: If it is no number.
    """
    return {
        device: Difference(float(one["mean"]), float(one["most"])) for device, one in entry.items()
    }
