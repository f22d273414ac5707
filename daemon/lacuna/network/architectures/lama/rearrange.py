"""The trained generator rearranged for filling: the same sums, in the order that a device likes."""

import torch

from ...device import DeviceTraits
from .ffc import FourierUnit
from .fold import fold_batch_norms
from .fused import fuse_blocks
from .generator import Generator
from .lean import make_lean
from .strips import cut_into_strips


def rearrange(generator: Generator, traits: DeviceTraits) -> Generator:
    """Fold, rearrange, convert and move a generator in place, and return it."""
    fold_batch_norms(generator)
    make_lean(generator, traits.matrix_transforms)
    cut_into_strips(generator, traits.strip_px)
    generator.to(traits.device, traits.precision)
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
    for module in generator.modules():
        if isinstance(module, FourierUnit):
            module.float()  # it computes in float32 whatever the others do
    if traits.post_ops:
        fuse_blocks(generator)
    return generator
