"""How the engine's inner loops are compiled.

Numba compiles a kernel when it is first called, and keeps the code beside its file or, where it
may not write there, in the user's cache folder: once per computer and version. A kernel does not
hold the interpreter's lock, works on a slice of what there is and writes nothing outside of it. So
threads can do slices side by side, and any number of them give the same.

A kernel calls only functions that are inlined. One that is compiled by itself is linked to
whichever copy the process has loaded first, and in each the sums may have another order: the
process that compiles would fill with other bits than those that read its code from the cache.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile a kernel when first called; sums may be reordered, and NaN never occurs."""
    return _cached(kernel, {})


def inlined(kernel: Kernel) -> Kernel:
    """Compile into every kernel that calls it: what it is given as constants are constants then."""
    return _cached(kernel, {"forceinline": True})


def _cached(kernel: Kernel, options: dict[str, bool]) -> Kernel:
    compile_it = functools.partial(numba.njit, nogil=True, fastmath=True, **options)
    done: Any
    try:
        done = compile_it(cache=True)(kernel)
    except RuntimeError:  # no folder may be written to: some seconds more in every process
        done = compile_it()(kernel)
    return done  # type: ignore[no-any-return]
