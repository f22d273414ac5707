"""What a job does when memory is short: smaller pieces first, the CPU as the last resort.

A device that fails is left to the CPU at once. This file stands between the engine and the device
of one job: the network that fills tiles, and the search for patches. Tiles that are finished stay.
"""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Protocol, Self

import numpy as np

from lacuna.network_facts import FactsOf
from lacuna_wire import Rect
from lacuna_wire.errors import DeviceLost, OutOfMemory
from lacuna_wire.options import MIN_TILE

from .completion.complete import refine_here
from .completion.problem import Matches, Problem
from .completion.refine import Refine, RoundDone, Turns, refine
from .geometry.tiles import largest_overlap, plan_tiles, round_down
from .pixels.document import COLOURS, Pixels, Places
from .tiling.blend import blend_tiles
from .tiling.network import Network

SMALLEST_TILE_PX = MIN_TILE  # out of memory even here is the end
# Halvings before the CPU is asked: a quarter of a tile's side still shows the network what is
# around a hole, and a GPU that has no room for that has none for anything.
HALVINGS = 2

log = logging.getLogger(__name__)


class DeviceNetwork(Network, Protocol):
    """A network that knows where it runs.

    Attributes:
        device: The device in PyTorch's words, for `str`.
        device_name: The device, for people.
    """

    @property
    def device(self) -> object: ...
    @property
    def device_name(self) -> str: ...

    def on_cpu(self) -> Self | None:
        """Return the same weights on the CPU; None if this is the CPU."""
        ...


class FittingDevice(FactsOf):
    """A device for the length of one job, of which it only ever asks for less.

    What did not fit once is not tried again for every tile: each try costs the time of a fill. And
    once the CPU has taken over, it searches for patches as well.

    Args:
        network: What fills as long as there is memory; patches are searched on its device.

    Attributes:
        lost: Whether the device has failed, so that nothing else in this process can use it.
    """

    def __init__(self, network: DeviceNetwork) -> None:
        super().__init__(network)
        self._network = network
        self._refine = refine_on(str(network.device))
        self._first_name = network.device_name
        self._most_px = 0  # longest side that is tried; 0: any
        self._halvings = 0
        self.lost = False

    @property
    def device_name(self) -> str:
        """The device of the first tiles, and of the later ones if it is another."""
        name = self._network.device_name
        return name if name == self._first_name else f"{self._first_name}, then {name}"

    def refine(
        self,
        problem: Problem,
        source: Places,
        turns: Turns,
        rng: np.random.Generator,
        round_done: RoundDone,
    ) -> Matches:
        """Search and vote in turns: on the device, on the CPU when that is full or has failed.

        Raises:
            MemoryError: If the CPU has none either.
        """
        if self._refine is not refine_here:
            begun = problem.values.copy()
            try:
                return self._refine(problem, source, turns, rng, round_done)
            except MemoryError as error:
                log.warning("out of memory: the search for patches goes on with the CPU: %s", error)
                self._refine = refine_here
            except DeviceLost as error:
                self._leave(error)
            problem.values[:] = begun
        return refine_here(problem, source, turns, rng, round_done)

    def fill(self, image: Pixels, mask: Pixels) -> Pixels:
        """Fill a tile as the network would, in pieces or on the CPU if it has to be.

        Raises:
            OutOfMemory: If even SMALLEST_TILE_PX does not fit on the CPU.
            DeviceLost: If a device has failed that cannot be left.
        """
        longer = max(mask.shape[:2])
        while True:
            side = min(longer, self._most_px or longer)
            try:
                if side == longer:
                    return self._network.fill(image, mask)
                return fill_pieces(image, mask, self._network, side)
            except MemoryError as error:
                self._give_way(side, error)
            except DeviceLost as error:
                self._leave(error)

    def fill_all(self, tiles: Iterable[tuple[Pixels, Pixels]]) -> Iterator[Pixels]:
        """Fill tiles in their order; those of which one does not fit are filled one by one.

        Raises:
            OutOfMemory: As `fill`.
        """
        rest = iter(tiles)
        under_way: deque[tuple[Pixels, Pixels]] = deque()
        reading = False

        def handed_out() -> Iterator[tuple[Pixels, Pixels]]:
            nonlocal reading
            reading = True
            for tile in rest:
                reading = False
                under_way.append(tile)
                yield tile
                reading = True
            reading = False

        while not self._most_px:
            try:
                for fill in self._network.fill_all(handed_out()):
                    under_way.popleft()
                    yield fill
                return
            except DeviceLost as error:
                if reading:  # it was no tile that failed
                    raise
                self._leave(error)
            except MemoryError as error:
                if reading or not under_way:  # it was no tile that wanted memory
                    raise
                self._give_way(max(under_way[0][1].shape[:2]), error)
            while under_way:
                yield self.fill(*under_way.popleft())
        yield from (self.fill(*tile) for tile in rest)  # in pieces

    def _give_way(self, side: int, error: MemoryError) -> None:
        """Decide what to try after `side` did not fit."""
        half = max(round_down(side // 2, self.multiple_px), SMALLEST_TILE_PX)
        cpu = self._network.on_cpu() if half >= side or self._halvings == HALVINGS else None
        if cpu is not None:
            log.warning("out of memory at %d px: going on with %s", side, cpu.device_name)
            self._go_to(cpu)
        elif half < side:
            self._most_px = half
            self._halvings += 1
            log.warning("out of memory at %d px: going on with %d px", side, half)
        else:
            raise OutOfMemory(
                f"Not even a tile of {side} x {side} px fits into memory. Close other programs.",
                values={"side": side},
            ) from error

    def _leave(self, error: DeviceLost) -> None:
        """Leave a device that has failed, for the rest of this job."""
        cpu = self._network.on_cpu()
        if cpu is None:
            raise error
        log.warning("%s This one goes on with %s.", error.message, cpu.device_name)
        self.lost = True
        self._go_to(cpu)

    def _go_to(self, cpu: DeviceNetwork) -> None:
        self._network, self._most_px, self._halvings = cpu, 0, 0
        self._refine = refine_here


def refine_on(device: str) -> Refine:
    """Choose where patches are searched: on a GPU of the kind that PyTorch calls `cuda`, else here.

    Of other kinds (`xpu`, `mps`) nobody has proved that they find what a processor finds.
    """
    if not device.startswith("cuda"):
        return refine_here
    from .completion.backend.pytorch import PyTorch  # PyTorch is loaded when there is a GPU

    return partial(refine, backend=PyTorch(device))


def fill_pieces(image: Pixels, mask: Pixels, network: Network, side: int) -> Pixels:
    """Fill a tile by overlapping pieces of at most `side` pixels.

    Raises:
        MemoryError: If a piece does not fit.
    """
    height, width = mask.shape[:2]
    whole, overlap = Rect(0, 0, width, height), largest_overlap(side)

    def filled() -> Iterator[tuple[Rect, Pixels]]:
        for rect in plan_tiles(whole, whole, side, overlap, network.multiple_px):
            yield rect, network.fill(image[rect.slices], mask[rect.slices])

    bands = blend_tiles(filled(), whole, overlap, COLOURS)
    return np.concatenate([band.pixels for band in bands])
