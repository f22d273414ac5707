"""Another try: the level that decides structure does without half of what could be copied.

Other random numbers alone change little: searches find the same again, and a peel has none.
"""

import numpy as np

from .problem import Problem

# Measured on six photographs (completion alone, variations 1 to 3): with blocks of 8 px large holes
# differ from each other by 16 of 255 and cost what variation 0 does; larger blocks cost up to twice
# as much, for whole objects are missing then.
BLOCK_PX = 8
MOST_LEFT_OUT = 0.5  # of the sources


def leave_out(problem: Problem, variation: int) -> Problem:
    """Take sources away from a problem, in blocks; others for each variation, and none for 0."""
    if not variation:
        return problem
    rng = np.random.default_rng(variation)
    sources = problem.find_sources()
    down, right = rng.integers(0, BLOCK_PX, 2)
    rows, columns = np.divmod(sources, problem.stride)
    across = problem.stride // BLOCK_PX + 2
    block = (rows + down) // BLOCK_PX * across + (columns + right) // BLOCK_PX
    _numbers, block, counts = np.unique(block, return_inverse=True, return_counts=True)
    order = rng.permutation(len(counts))
    out = np.zeros(len(counts), bool)
    out[order] = np.cumsum(counts[order]) <= MOST_LEFT_OUT * len(sources)
    is_source = problem.is_source.copy()
    is_source[sources[out[block]]] = False
    return problem._replace(is_source=is_source)
