"""How inner loops are compiled, in the engine and in picture files.

Numba compiles a kernel when it is first called, and keeps the code beside its file or, where it
may not write there, in the user's cache folder: once per computer and version. A kernel does not
hold the interpreter's lock.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compile_cached(kernel: Kernel, **options: bool) -> Kernel:
    """Compile a kernel when it is first called.

    Args:
        kernel: What Numba can compile.
        options: Of `numba.njit`.
    """
    compile_it = functools.partial(numba.njit, nogil=True, **options)
    done: Any
    try:
        done = compile_it(cache=True)(kernel)
    except RuntimeError:  # no folder may be written to: some seconds more in every process
        done = compile_it()(kernel)
    return done  # type: ignore[no-any-return]
