"""Work on many equal things in slices, side by side on the processor's cores."""

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lacuna.machine import usable_cores

SLICE = 2048  # a few milliseconds of work; set for good, for what a search finds depends on it


def side_by_side(work: Callable[[slice], None], count: int, most: int = SLICE) -> None:
    """Do `work` on all slices of `count` things.

    Args:
        work: Reads what no other slice writes, so that the result is the same with any number of
            threads; leaves the interpreter's lock to the others.
        count: How many things there are.
        most: In a slice.
    """
    slices = [slice(first, min(first + most, count)) for first in range(0, count, most)]
    if len(slices) == 1:
        work(slices[0])
        return
    for _ in _threads().map(work, slices):
        pass


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(usable_cores(), "slice")
