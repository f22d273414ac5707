"""Another try of a network: it is shown the tile mirrored or turned, and its answer turned back."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from lacuna.network_facts import FactsOf

from ..pixels.document import Pixels
from .network import Network

TURNS = 8  # ways in which a square can be laid on itself
MOST_PADDED_PX = 8  # a network reduces by as much: each shift below it is another grid of cells


class TurnedNetwork(FactsOf):
    """A `Network` that sees everything in another way, for each variation in one of 512.

    Args:
        network: Fills.
        variation: Its bits decide: 1 mirrors, 2 turns upside down, 4 swaps rows and columns; what
            is above that moves the tile against the network's cells.
    """

    def __init__(self, network: Network, variation: int) -> None:
        super().__init__(network)
        self._network = network
        self._turn = variation % TURNS
        moved = variation // TURNS
        self._left, self._top = moved % MOST_PADDED_PX, moved // MOST_PADDED_PX % MOST_PADDED_PX

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Fill a tile as `Network.fill`."""
        return next(self.fill_all([(image, mask)]))

    def fill_all(self, tiles: Iterable[tuple[Pixels, Pixels]]) -> Iterator[Pixels]:
        """Fill tiles as `Network.fill_all`."""
        shown = ((self._show(image), self._show(mask)) for image, mask in tiles)
        return (self._back(fill) for fill in self._network.fill_all(shown))

    def _show(self, plane: Pixels) -> Pixels:
        padded = np.pad(plane, ((self._top, 0), (self._left, 0), (0, 0)), mode="symmetric")
        if self._turn & 4:
            padded = padded.swapaxes(0, 1)
        return np.ascontiguousarray(self._mirror(padded))

    def _back(self, fill: Pixels) -> Pixels:
        turned = self._mirror(fill)
        if self._turn & 4:
            turned = turned.swapaxes(0, 1)
        return np.ascontiguousarray(turned[self._top :, self._left :])

    def _mirror(self, plane: Any) -> Any:
        rows = slice(None, None, -1 if self._turn & 2 else 1)
        columns = slice(None, None, -1 if self._turn & 1 else 1)
        return plane[rows, columns]


def turned(network: Network, variation: int) -> Network:
    """Return a network that fills in another way; one that corrects stays as it is."""
    if not variation or network.role == "corrects":
        return network
    return TurnedNetwork(network, variation)
