"""What fills tiles: a network, as the engine asks for it."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from lacuna.network_facts import NetworkFacts

from ..pixels.document import Pixels


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
