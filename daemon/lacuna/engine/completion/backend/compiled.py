"""How the engine's inner loops are compiled.

A kernel works on a slice of what there is and writes nothing outside of it. So threads can do
slices side by side, and any number of them give the same.

A kernel calls only functions that are inlined. One that is compiled by itself is linked to
whichever copy the process has loaded first, and in each the sums may have another order: the
process that compiles would fill with other bits than those that read its code from the cache.
"""

from lacuna.compiling import Kernel, compile_cached


def compiled(kernel: Kernel) -> Kernel:
    """Compile a kernel when first called; sums may be reordered, and NaN never occurs."""
    return compile_cached(kernel, fastmath=True)


def inlined(kernel: Kernel) -> Kernel:
    """Compile into every kernel that calls it: what it is given as constants are constants then."""
    return compile_cached(kernel, fastmath=True, forceinline=True)
