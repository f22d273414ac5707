"""Engine and network put together: what the worker process runs, and `--local` in this one.

PyTorch is loaded with the first network; patches alone need it for a GPU only.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from lacuna.engine.fitting import FittingDevice
from lacuna.engine.inpaint import fill
from lacuna.engine.pixels.composite import Take
from lacuna.engine.pixels.document import Document
from lacuna.engine.plan import FillPlan, plan_fill, regions_of
from lacuna.engine.tile_plan import FLAT, halve_tiles
from lacuna.network.catalogue import (
    PATCHES,
    SHIPPED,
    find_weights,
    is_patches,
    role_of,
)
from lacuna.network.patches_alone import PatchesAlone, load_patches
from lacuna.network.weights_info import WeightsInfo
from lacuna.network_facts import Role
from lacuna_wire import Options, Rect
from lacuna_wire.errors import DeviceLost, Unprocessable
from lacuna_wire.messages import Progress, Report, ShouldStop

if TYPE_CHECKING:
    from lacuna.network.tile_network import TileNetwork

log = logging.getLogger(__name__)

Begin = Callable[[FillPlan], Take]  # makes room for the result of a plan


class Outcome(NamedTuple):
    """What a fill was.

    Attributes:
        rect: Bounds of the pixels of the document that may have changed.
        result: What was made of them: `layer` or `composite`.
        tiles: Tiles that the network filled, on all levels.
        device: Where, for people.
        weights: Name of those that filled; empty if patches alone were enough.
    """

    rect: Rect
    result: str
    tiles: int
    device: str
    weights: str


class Filler:
    """Fills documents, one at a time, and keeps the network of the last one in memory.

    Attributes:
        device_lost: Whether a GPU has failed. A job goes on with the CPU then, but it takes another
            process to use that GPU again.
    """

    def __init__(self) -> None:
        self.device_lost = False
        self._network: TileNetwork | PatchesAlone | None = None
        self._loaded: tuple[WeightsInfo, str, int] | None = None  # device, limit of its memory

    def fill(
        self,
        document: Document,
        options: Options,
        begin: Begin,
        report: Report,
        should_stop: ShouldStop,
        smaller_tiles: bool = False,
    ) -> Outcome:
        """Fill what is selected, and hand it out piece by piece.

        Args:
            document: Samples, selection and layout.
            options: What the user chose. `weights` may also be a path: the wire admits no path.
            begin: Gets the plan, and returns what takes the pieces, as in
                `lacuna.engine.inpaint.fill`.
            report: Told how far the fill is.
            should_stop: Asked after every tile.
            smaller_tiles: Whether to halve the tiles, because one of the usual size hung.

        Raises:
            LacunaError: As `regions_of`, `plan_fill` and `lacuna.engine.inpaint.fill`, or if
                weights or device are not there, there is no memory for the smallest tile, or the
                strategy needs a network where patches are asked for.
        """
        options = with_network(options)
        # Nothing selected is refused before any loading.
        regions = regions_of(document, options, self.role(options))
        report(Progress("loading"))
        network = self._load(options)
        device = FittingDevice(network)
        if smaller_tiles:
            options = halve_tiles(options, device)
        plan = plan_fill(document, regions, options, device)
        try:
            tiles = fill(document, plan, device, begin(plan), report, should_stop, device.refine)
        finally:
            if device.lost:
                self._lose()
        weights = network.name if tiles else ""
        return Outcome(plan.rect, plan.options.result, tiles, device.device_name, weights)

    def role(self, options: Options) -> Role:
        """Tell what fills a job does with a hole; nothing is loaded for it.

        Raises:
            LacunaError: If there are no such weights.
        """
        return role_of(options.weights)

    def _load(self, options: Options) -> "TileNetwork | PatchesAlone":
        if is_patches(options.weights):
            self._network, self._loaded = load_patches(options.device), None
            return self._network
        from lacuna.network.tile_network import load_network

        info = find_weights(options.weights)
        # What is recorded while they are loaded is no other weights.
        wanted = info._replace(bfloat16={}), options.device, options.memory_limit
        if self._network is None or self._loaded != wanted:
            self._network = None  # never two of them in memory
            start = time.monotonic()
            try:
                self._network = load_network(info, options.device, options.memory_limit << 20)
                self._loaded = wanted
            except (MemoryError, DeviceLost) as error:
                # The next job tries the device again: whatever fills it may be gone by then.
                log.warning("%s cannot be loaded: going on with the CPU (%s)", info.name, error)
                if isinstance(error, DeviceLost):
                    self._lose()
                self._network = load_network(info, "cpu")
                self._loaded = None
            log.info("loaded %s in %.2f s", info.name, time.monotonic() - start)
        return self._network

    def _lose(self) -> None:
        """Forget what is on a device that has failed."""
        self.device_lost, self._network, self._loaded = True, None, None


def with_network(options: Options) -> Options:
    """Give a strategy that needs a network the weights of the package, if nothing is chosen.

    Raises:
        Unprocessable: If patches are chosen for it.
    """
    if options.strategy not in FLAT or not is_patches(options.weights):
        return options
    if options.weights:
        raise Unprocessable(
            f"The strategy {options.strategy} needs a network, and {PATCHES} has none. Choose the "
            f"strategy auto, or the weights {SHIPPED}.",
            code="needs_network",
        )
    return replace(options, weights=SHIPPED)
