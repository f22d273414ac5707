"""First fills made on the spot, for all squares of a batch at once: what the network corrects.

The engine's own completions take too long for that; `completions.py` keeps them in files.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_PX = 2
RELAXATIONS = 8  # as the engine's membrane
REDUCTIONS = (2, 4, 8)
NOISE = 0.02
MOST_MIXED = 0.3  # of the membrane, into the reduced truth

Fill = Callable[[Tensor, Tensor], Tensor]  # planes with a guide, mask -> fill


def smooth_guide(truth: Tensor, mask: Tensor) -> Tensor:
    """Draw the rim into the hole as a membrane: (N, 3, H, W) with the truth where it is known.

    The same way as `lacuna.engine.pixels.membrane.pull_push`, which says where it comes from.

    Args:
        truth: float32 (N, 3, H, W) in [0, 1]; what lies under the mask is not looked at.
        mask: float32 (N, 1, H, W), 1 = missing.
    """
    return pull_push(truth, 1 - mask)


def pull_push(image: Tensor, known: Tensor) -> Tensor:
    """Fill what is not known: (N, C, H, W) and weights (N, 1, H, W), 1 = known."""
    own = image * known
    if min(known.shape[-2:]) <= SMALLEST_PX:
        total = known.sum((2, 3), keepdim=True).clamp(min=1e-6)
        return own + own.sum((2, 3), keepdim=True) / total * (1 - known)
    share = F.avg_pool2d(known, 2, ceil_mode=True)
    colour = F.avg_pool2d(own, 2, ceil_mode=True) / share.clamp(min=1e-6)
    coarse = pull_push(colour, (4 * share).clamp(max=1))
    size = known.shape[-2:]
    filled = own + F.interpolate(coarse, size=size, mode="bilinear") * (1 - known)
    for _ in range(RELAXATIONS):
        blurred = F.avg_pool2d(filled, 3, stride=1, padding=1, count_include_pad=False)
        filled = own + blurred * (1 - known)
    return filled


def reduced_guide(truth: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Show what a coarser level would: the truth, reduced, disturbed and enlarged again."""
    dice = torch.rand(3, generator=generator)
    factor = REDUCTIONS[int(dice[0] * len(REDUCTIONS))]
    coarse = F.interpolate(truth, scale_factor=1 / factor, mode="area")
    noise = torch.randn(coarse.shape, generator=generator).to(coarse)
    coarse = coarse + noise * NOISE * float(dice[1])
    enlarged = F.interpolate(coarse, size=truth.shape[-2:], mode="bicubic").clamp(0, 1)
    mixed = torch.lerp(enlarged, smooth_guide(truth, mask), MOST_MIXED * float(dice[2]))
    return truth * (1 - mask) + mixed * mask


def own_guide(truth: Tensor, mask: Tensor, fill: Fill) -> Tensor:
    """Show the network's own fill of the same hole at half the size, enlarged."""
    share = F.avg_pool2d(1 - mask, 2)
    colour = F.avg_pool2d(truth * (1 - mask), 2) / share.clamp(min=1e-6)
    missing = (share < 1).float()
    guide = pull_push(colour, (share > 0).float())
    with torch.no_grad():
        coarse = guide * (1 - missing) + fill(guide, missing) * missing
    enlarged = F.interpolate(coarse, size=truth.shape[-2:], mode="bicubic").clamp(0, 1)
    return truth * (1 - mask) + enlarged * mask
