"""The kinds of network that Lacuna runs. `lama` is one; a line in ARCHITECTURES makes another.

Weights are listed without torch, so what stands at the top of a kind's module loads none of it:
only `build` and `prepare` do, when they are called.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from ..headers import Shape, bad_weights
from . import lama

if TYPE_CHECKING:
    from torch import nn

    from ..device import DeviceTraits

T = TypeVar("T")

# What makes two networks of a kind different, by the kind's own names: width, blocks, ...
Dimensions = Mapping[str, int]


class Architecture(Protocol):
    """What Lacuna has to know of a kind of network; the module of that kind says it.

    The network that `prepare` returns is called with planes (N, 4, H, W) in the precision of its
    device: red, green and blue in [0, 1], then the mask, 1 = missing. Both sides are multiples of
    MULTIPLE_PX and at least LEAST_PX. A network that proposes is shown black under the mask, one
    that corrects a completion. The second argument is None for the whole tile, or a `Rect` of cells
    of MULTIPLE_PX x MULTIPLE_PX pixels; the answer is (N, 3, h, w) float32 in [0, 1] for just
    these. What comes out of a cell must not depend on which others are asked for.

    Attributes:
        NAME: For people.
        PREFIXES: What the names of its tensors may stand behind in a file.
        LIMITS: The largest dimensions that are loaded.
        MULTIPLE_PX: Sides of a tile are multiples of it.
        LEAST_PX: Shorter sides are mirrored until they have so many pixels.
        TRAINED_PX: Side of the pictures of the training, where the weights do not say it.
        MAX_HOLE_RADIUS_PX: Largest distance from a missing pixel to a known one that is bridged,
            where the weights do not say it.
        USABLE_PER_TRAINED: How many times the side of the training a tile may be.
    """

    NAME: str
    PREFIXES: tuple[str, ...]
    LIMITS: Dimensions
    MULTIPLE_PX: int
    LEAST_PX: int
    TRAINED_PX: int
    MAX_HOLE_RADIUS_PX: int
    USABLE_PER_TRAINED: int

    def detect(self, shapes: Mapping[str, Shape]) -> dict[str, int] | None:
        """Return the dimensions of a network with these tensors; None if it is another kind.

        A file may claim anything: `build` compares all other names and shapes later.
        """
        ...

    def build(self, dimensions: Dimensions) -> "nn.Module":
        """Make the network as it was trained; its state has all names and shapes of the weights.

        It is made on torch's meta device and gets its numbers afterwards, so every tensor that it
        keeps must be part of its state.
        """
        ...

    def prepare(self, network: "nn.Module", traits: "DeviceTraits") -> "nn.Module":
        """Rearrange, convert and move a network that `build` made, for filling on one device."""
        ...

    def bytes_per_pixel(self, dimensions: Dimensions, item_bytes: int) -> float:
        """Return the memory at the peak of a fill, for each pixel of the tile.

        Args:
            dimensions: Of the network.
            item_bytes: Of an activation: 4 or 2.
        """
        ...

    def multiply_adds(
        self, dimensions: Dimensions, rows: int, columns: int, cells: int | None = None
    ) -> int:
        """Count the products that a tile of rows x columns pixels asks for.

        Args:
            dimensions: Of the network.
            rows: A multiple of MULTIPLE_PX.
            columns: Likewise.
            cells: How many are asked for; None for all.
        """
        ...


ARCHITECTURES: tuple[Architecture, ...] = (lama,)  # and here the line for another one


class Recognised(NamedTuple):
    """The network that a file holds.

    Attributes:
        architecture: Its kind.
        prefix: What its names stand behind.
        dimensions: Read from its shapes.
    """

    architecture: Architecture
    prefix: str
    dimensions: dict[str, int]


def recognise(path: Path, shapes: Mapping[str, Shape]) -> Recognised:
    """Tell which network a file holds.

    Args:
        path: The file, for the error.
        shapes: Of all its tensors.

    Raises:
        Unprocessable: If it holds none that is known, several, or one that is too large.
    """
    found = [
        Recognised(architecture, prefix, dimensions)
        for architecture in ARCHITECTURES
        for prefix in architecture.PREFIXES
        if (dimensions := architecture.detect(behind(prefix, shapes))) is not None
    ]
    if not found:
        known = ", ".join(architecture.NAME for architecture in ARCHITECTURES)
        raise bad_weights(path, f"it holds no network that Lacuna knows ({known})")
    if len(found) > 1:
        raise bad_weights(path, f"it holds {len(found)} networks instead of one")
    network = found[0]
    most = network.architecture.LIMITS
    if not all(1 <= number <= most[name] for name, number in network.dimensions.items()):
        raise bad_weights(
            path, f"it has {in_words(network.dimensions)}, and at most {in_words(most)} can be used"
        )
    return network


def behind(prefix: str, named: Mapping[str, T]) -> dict[str, T]:
    """Return what stands behind a prefix, under its plain name."""
    return {
        name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)
    }


def in_words(dimensions: Dimensions) -> str:
    """Say dimensions for people.

    >>> in_words({"width": 32, "blocks": 6})
    'width 32, blocks 6'
    """
    return ", ".join(f"{name} {number:,}" for name, number in dimensions.items())
