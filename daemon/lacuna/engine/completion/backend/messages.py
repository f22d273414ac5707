"""The inner loops of a labelling: what neighbouring cells tell each other."""

import numpy as np

from .compiled import compiled
from .kernels import Floats, Places


@compiled
def differ(shown: Floats, apart: Floats) -> None:
    """Compare what all pairs of labels show: (N, K, D) -> (N, K, K)."""
    for cell in range(shown.shape[0]):
        for a in range(shown.shape[1]):
            for b in range(a + 1):
                total = np.float32(0)
                for d in range(shown.shape[2]):
                    off = shown[cell, a, d] - shown[cell, b, d]
                    total += off * off
                apart[cell, a, b] = apart[cell, b, a] = total


@compiled
def pass_messages(
    own: Floats, apart: Floats, neighbours: Places, messages: Floats, forward: bool
) -> None:
    """Send messages once through all cells, in their order or against it.

    Args:
        own: float32 (N, K), what each label costs in each cell by itself.
        apart: float32 (N, K, K), from `differ`.
        neighbours: int64 (N, 4): left, above, right, below; below 0 where there is none.
        messages: float32 (N, 4, K), what a cell has heard from each neighbour; they change.
        forward: In which order.
    """
    count, labels = own.shape
    rest = np.empty(labels, np.float32)
    for step in range(count):
        cell = step if forward else count - 1 - step
        before = after = 0
        for side in range(4):
            if neighbours[cell, side] >= 0:
                if side < 2:
                    before += 1
                else:
                    after += 1
        # A cell is in as many of the chains as its cover needs (Kolmogorov, section 5.1).
        share = np.float32(1) / np.float32(max(before, after, 1))
        for way in range(2):
            side = 2 + way if forward else way
            other = neighbours[cell, side]
            if other < 0:
                continue
            for a in range(labels):
                heard = own[cell, a]
                for each in range(4):
                    heard += messages[cell, each, a]
                rest[a] = share * heard - messages[cell, side, a]
            back = (side + 2) % 4
            lowest = np.float32(1e30)
            for b in range(labels):
                cheapest = np.float32(1e30)
                for a in range(labels):
                    cost = rest[a] + apart[cell, a, b] + apart[other, a, b]
                    cheapest = min(cheapest, cost)
                messages[other, back, b] = cheapest
                lowest = min(lowest, cheapest)
            for b in range(labels):
                messages[other, back, b] -= lowest


@compiled
def decide(own: Floats, apart: Floats, neighbours: Places, messages: Floats, label: Places) -> None:
    """Choose labels cell by cell; each knows those before it and hears from those behind it."""
    for cell in range(own.shape[0]):
        least = np.float32(1e30)
        for a in range(own.shape[1]):
            cost = own[cell, a]
            for side in range(4):
                other = neighbours[cell, side]
                if other < 0:
                    continue
                if side < 2:
                    cost += apart[cell, label[other], a] + apart[other, label[other], a]
                else:
                    cost += messages[cell, side, a]
            if cost < least:
                least = cost
                label[cell] = a
