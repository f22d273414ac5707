"""A network as CUDA graphs: a GPU gets hundreds of small kernels by one call.

Between kernels that take microseconds a GPU would wait for Python. A graph has its own fixed
memory and shape; tiles come in few shapes.
"""

import logging
from typing import NamedTuple

import torch
from torch import Tensor, nn

MOST_GRAPHS = 8

log = logging.getLogger(__name__)


class Recording(NamedTuple):
    """What one shape takes: write to `entry`, replay, read `answer`."""

    graph: torch.cuda.CUDAGraph
    entry: Tensor
    answer: Tensor


class RecordedGenerator:
    """A generator that is recorded when it meets a shape for the second time.

    The first time it computes as usual: that chooses algorithms and plans Fourier transforms,
    which may not happen inside a recording, and a shape that never comes back costs nothing more.
    All recordings share their memory, because only one of them is ever at work.

    Args:
        generator: Prepared, on a device that can record.
    """

    def __init__(self, generator: nn.Module) -> None:
        self._generator = generator
        self._met: set[torch.Size] = set()
        self._recordings: dict[torch.Size, Recording] = {}
        self._most = MOST_GRAPHS
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, planes: Tensor, part: None = None) -> Tensor:
        """Propose all pixels as the generator does, on the current stream."""
        shape = planes.shape
        if shape not in self._recordings and shape in self._met:
            self._record(planes)
        self._met.add(shape)
        if shape not in self._recordings:
            try:
                return self._generator(planes)  # type: ignore[no-any-return]
            except torch.OutOfMemoryError:
                self.forget()
                raise
        recording = self._recordings[shape]
        recording.entry.copy_(planes)
        recording.graph.replay()
        # The next replay writes to the same place, while this answer is still on its way.
        return recording.answer.clone()

    def forget(self) -> None:
        """Give back the memory of all recordings."""
        self._met.clear()
        self._recordings.clear()
        self._pool = torch.cuda.graph_pool_handle()  # an empty one cannot be begun again

    def _record(self, planes: Tensor) -> None:
        if len(self._recordings) >= self._most:
            return
        graph, entry = torch.cuda.CUDAGraph(), planes.clone()
        try:
            with torch.cuda.graph(graph, pool=self._pool):
                answer = self._generator(entry)
        except RuntimeError as error:  # of memory, or a step that cannot be recorded
            # Nothing was computed: tiles are filled without, and say so if the device has failed.
            log.warning("no CUDA graph for %s: %s", tuple(planes.shape), error)
            self._most = len(self._recordings)
            return
        self._recordings[planes.shape] = Recording(graph, entry, answer)
