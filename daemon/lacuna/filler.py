"""Engine and network put together: what the worker process runs, and `--local` in this one."""

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from lacuna.engine.fitting import FittingNetwork
from lacuna.engine.inpaint import Take, changed_rect, fill_regions, halve_tiles, inpaint
from lacuna.engine.planes import Document, Samples
from lacuna.engine.progress import Report, ShouldStop
from lacuna.network.catalogue import find_weights
from lacuna.network.tile_network import TileNetwork, load_network
from lacuna_wire import Options, Rect

log = logging.getLogger(__name__)


class Result(NamedTuple):
    """What was filled.

    Attributes:
        rect: Pixels of the document that the result covers, or that bound all pieces of it.
        tiles: Tiles that the network filled, on all levels.
        device: Where, for people.
    """

    rect: Rect
    tiles: int
    device: str


class Filler:
    """Fills documents, one at a time, and keeps the network of the last one in memory."""

    def __init__(self) -> None:
        self._network: TileNetwork | None = None
        self._loaded = ("", "", 0)  # SHA-256 of the weights, device, limit of its memory

    def fill(
        self,
        document: Document,
        options: Options,
        allocate: Callable[[Rect], Samples],
        report: Report,
        should_stop: ShouldStop,
        smaller_tiles: bool = False,
    ) -> Result:
        """Fill what is selected, into one array.

        Args:
            document: Samples, selection and layout.
            options: What the user chose. `weights` may also be a path: the wire admits no path.
            allocate: Gives zeros (rect.height, rect.width, C) of the document's type to write to.
            report: Gets the phase, the tiles done, the tiles in all, and how many percent that is.
            should_stop: Asked after every tile.
            smaller_tiles: Whether to halve the tiles, because one of the usual size hung.

        Raises:
            LacunaError: As `lacuna.engine.inpaint.inpaint`, or if weights or device are not there,
                or there is no memory for the smallest tile on the CPU.
        """
        rect, network, device = self._prepare(document, options, report)
        if smaller_tiles:
            options = halve_tiles(options, network)
        result = allocate(rect)
        tiles = inpaint(document, options, network, result, report, should_stop, device)
        return Result(rect, tiles, network.device_name)

    def fill_regions(
        self,
        document: Document,
        options: Options,
        take: Take,
        report: Report,
        should_stop: ShouldStop,
    ) -> Result:
        """Fill what is selected, and hand it to `take` piece by piece; all else is as in `fill`."""
        rect, network, device = self._prepare(document, options, report)
        tiles = fill_regions(document, options, network, take, report, should_stop, device)
        return Result(rect, tiles, network.device_name)

    def _prepare(
        self, document: Document, options: Options, report: Report
    ) -> tuple[Rect, FittingNetwork, str]:
        report("loading", 0, 0, 0.0)
        # Refused before the network is loaded: nothing selected needs no network.
        rect = changed_rect(document.selection, options)
        network = self._load(options)
        return rect, FittingNetwork(network), str(network.device)

    def _load(self, options: Options) -> TileNetwork:
        info = find_weights(options.weights)
        wanted = info.sha256, options.device, options.memory_limit
        if self._network is None or self._loaded != wanted:
            self._network = None  # never two of them in memory
            start = time.monotonic()
            try:
                self._network = load_network(info, options.device, options.memory_limit << 20)
                self._loaded = wanted
            except MemoryError as error:
                # The next job tries the device again: whatever fills it may be gone by then.
                log.warning("no memory for %s: going on with the CPU (%s)", info.name, error)
                self._network = load_network(info, "cpu")
                self._loaded = ("", "", 0)
            log.info("loaded %s in %.2f s", info.name, time.monotonic() - start)
        return self._network
