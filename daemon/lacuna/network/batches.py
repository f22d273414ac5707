"""Tiles on their way through devices: equal ones in batches, copied while others are computed."""

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lacuna_wire import Rect
from lacuna_wire.errors import DeviceLost

from .device import DeviceTraits, empty_caches, is_out_of_memory
from .graphs import RecordedGenerator

Pixels = NDArray[np.float32]
Tile = tuple[Pixels, Pixels]  # image (H, W, 3), mask (H, W, 1)

# What plain RuntimeErrors say of a GPU that fails, or lacks an operation.
GPU_LIBRARIES = (
    "CUDA error", "CUDA driver error", "cuDNN error", "CUDNN_STATUS", "cuFFT error",
    "CUBLAS_STATUS", "unable to find an engine", "HIP error", "MIOpen Error", "miopenStatus",
    "HIPBLAS_STATUS", "hipFFT error", "MPS device", "MPS backend", "MPS framework",
    "XPU", "UR error", "UR_RESULT", "Level-Zero",
)  # fmt: skip


class Lane:
    """A generator on its device. An asynchronous one does not keep `begin` waiting.

    Args:
        generator: Prepared, and on the device.
        traits: What suits the device.

    Attributes:
        ahead: Batches that are worth asking for before the first of them is fetched: one is
            computed, one is copied.
        busy_s: Seconds that an asynchronous device has computed; 0 of others.
    """

    def __init__(self, generator: nn.Module, traits: DeviceTraits) -> None:
        self.traits = traits
        self.ahead = 2 if traits.asynchronous else 0
        self.busy_s = 0.0
        self.generator: Callable[..., Tensor] = generator
        if traits.records:
            self.generator = RecordedGenerator(generator)
        if traits.asynchronous:
            self._up = torch.cuda.Stream(traits.device)  # type: ignore[no-untyped-call]
            self._down = torch.cuda.Stream(traits.device)  # type: ignore[no-untyped-call]

    def new_batch(self, count: int, height: int, width: int) -> Tensor:
        """Make room for planes (N, H, W, 4) float32, which a GPU can fetch by itself."""
        with device_errors():
            return torch.empty((count, height, width, 4), pin_memory=self.traits.asynchronous)

    def begin(self, planes: Tensor, part: Rect | None = None) -> Callable[[], Pixels]:
        """Fill a batch: return a function that waits for its pixels (N, H, W, 3) float32.

        Args:
            planes: From `new_batch`, and not to be changed any more.
            part: Cells that are wanted, as in `Architecture`; None for all, which is what a device
                that records has to be asked for.

        Raises:
            MemoryError: If the batch does not fit.
            DeviceLost: If the device has failed; waiting may raise it too.
        """
        with device_errors(), torch.inference_mode():
            if self.traits.asynchronous:
                return self._begin_and_go_on(planes, part)
            # A transposed view of (N, H, W, 4) is channels_last already.
            shown = planes.permute(0, 3, 1, 2).to(self.traits.device, self.traits.precision)
            proposed = self.generator(shown, part)
            pixels: Pixels = proposed.permute(0, 2, 3, 1).contiguous().cpu().numpy()
            return lambda: pixels

    def _begin_and_go_on(self, planes: Tensor, part: Rect | None) -> Callable[[], Pixels]:
        device, precision = self.traits.device, self.traits.precision
        with torch.cuda.device(device):
            computing = torch.cuda.current_stream()
            with torch.cuda.stream(self._up):
                shown = planes.to(device, non_blocking=True)
            computing.wait_stream(self._up)
            shown.record_stream(computing)  # its memory is in use until that stream is through
            begun = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            ended = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            begun.record()
            proposed = self.generator(shown.permute(0, 3, 1, 2).to(precision), part)
            proposed = proposed.permute(0, 2, 3, 1).contiguous()
            ended.record()
            pixels = torch.empty(proposed.shape, pin_memory=True)
            self._down.wait_stream(computing)
            with torch.cuda.stream(self._down):
                pixels.copy_(proposed, non_blocking=True)
                copied = self._down.record_event()
            proposed.record_stream(self._down)

        def finish() -> Pixels:
            with device_errors():
                copied.synchronize()
                self.busy_s += begun.elapsed_time(ended) / 1000
            return pixels.numpy()

        return finish


def fill_in_batches(
    tiles: Iterable[Tile],
    lanes: Sequence[Lane],
    begin: Callable[[Lane, list[Tile]], Callable[[], list[Pixels]]],
    most: Callable[[tuple[int, int]], int],
) -> Iterator[Pixels]:
    """Fill tiles by lanes in turn; the fills come in the order of the tiles.

    Args:
        tiles: Read as far ahead as the lanes have room.
        lanes: At least one.
        begin: Asks a lane for equal tiles: a function that waits for their fills.
        most: Tiles (height, width) that may be stacked, a power of two.

    Raises:
        MemoryError: If a single tile does not fit; those before have been handed out then.
        DeviceLost: If a device has failed.
    """
    under_way: deque[Callable[[], list[Pixels]]] = deque()
    room = sum(lane.ahead for lane in lanes)
    turn = itertools.cycle(lanes)
    one_by_one = False

    def room_for(size: tuple[int, int]) -> int:
        return 1 if one_by_one else most(size)

    for group in equal_tiles(tiles, room_for):
        try:
            under_way.append(begin(next(turn), group))
            full = False
        except MemoryError:
            if len(group) == 1 and not under_way:
                raise
            full = True
        while under_way and (full or len(under_way) > room):
            yield from under_way.popleft()()
        if full:
            one_by_one = True
            for tile in group:
                yield from begin(next(turn), [tile])()
    while under_way:
        yield from under_way.popleft()()


def equal_tiles(
    tiles: Iterable[Tile], most: Callable[[tuple[int, int]], int]
) -> Iterator[list[Tile]]:
    """Group neighbours of one size, at most `most(size)` at a time.

    What is left over is handed out in powers of two: devices prepare themselves for every number.
    """
    for size, equal in itertools.groupby(tiles, key=lambda tile: tile[1].shape[:2]):
        # One at a time as soon as that is all there is room for, so that none is read too early.
        while group := list(itertools.islice(equal, most((size[0], size[1])))):
            while group:
                count = 1 << (len(group).bit_length() - 1)
                yield group[:count]
                group = group[count:]


@contextlib.contextmanager
def device_errors() -> Iterator[None]:
    """Turn every way in which torch runs out of memory into Python's `MemoryError`.

    Any other error of a GPU sticks: whatever this process asks of it from now on fails too.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        empty_caches()
        raise MemoryError(str(error)) from None
    except torch.AcceleratorError as error:
        reason = str(error).partition("\n")[0]
        if "out of memory" in reason:  # of the host, where pages that a GPU reads stay in memory
            raise MemoryError(reason) from None
        raise _device_lost(error) from error
    except RuntimeError as error:
        # The CPU's allocator, oneDNN and the libraries of a GPU have no exception of their own.
        if is_out_of_memory(str(error)):
            empty_caches()
            raise MemoryError(str(error)) from None
        if any(word in str(error) for word in GPU_LIBRARIES):
            raise _device_lost(error) from error
        raise


def _device_lost(error: RuntimeError) -> DeviceLost:
    reason = str(error).partition("\n")[0].strip(" .")
    return DeviceLost(f"The GPU failed ({reason}). The next job will start it again.")
