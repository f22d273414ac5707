"""What the engine asks of a network: facts to plan by, and tiles to fill."""

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol

from ..pixels.document import Pixels

# `corrects`: wants a completion under the mask, and corrects it on the picture's own level.
# `proposes`: is shown black there and paints by itself, on the level on which it bridges the hole.
Role = Literal["corrects", "proposes"]


class NetworkFacts(Protocol):
    """What the engine needs to know of a network to plan its work.

    Attributes:
        role: What it does with a hole.
        max_hole_radius_px: Largest distance to a known pixel that it bridges on one level.
        tile_px: Side of a tile that suits memory and weights.
        overlap_px: Pixels that neighbouring tiles should share.
        multiple_px: What the sides of a tile should be multiples of.
    """

    @property
    def role(self) -> Role: ...
    @property
    def max_hole_radius_px(self) -> int: ...
    @property
    def tile_px(self) -> int: ...
    @property
    def overlap_px(self) -> int: ...
    @property
    def multiple_px(self) -> int: ...


class Network(NetworkFacts, Protocol):
    """What fills tiles."""

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Fill a tile: (H, W, 3) in [0, 1] and mask (H, W, 1), 1 = missing -> (H, W, 3) in [0, 1].

        What lies under the mask is a completion for a network that corrects, and not looked at by
        one that proposes. Known pixels further than the ring of `correct_colours` from missing ones
        are not looked at in the answer.

        Raises:
            MemoryError: If the tile does not fit.
        """
        ...

    def fill_all(self, tiles: Iterable[tuple[Pixels, Pixels]]) -> Iterator[Pixels]:
        """Fill tiles (image, mask) as `fill` does, in their order.

        Args:
            tiles: Read ahead as far as it helps; what their reading raises is passed on.

        Raises:
            MemoryError: If a tile does not fit; the fills of those before it came.
        """
        ...
