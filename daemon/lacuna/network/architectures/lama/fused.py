"""Residual blocks whose sums and activations are part of their convolutions, on a processor.

A processor with matrix units multiplies so fast that a pass over a feature map for a sum or a ReLU
costs as much as a tenth of the convolution before it. oneDNN does both before it writes a result
("post-ops"), and takes weights in the order that it wants them, once instead of in every call.
"""

import torch
from torch import Tensor, nn

from .ffc import FFCBlock, FFCLayer, Pair, SpectralTransform, reflect
from .generator import Generator

NO_PAD, ONE = (0, 0), (1, 1)
PACKED_PX = 96 * 96  # of a plane, with its mirrored rim: of a tile of 512 or 640 px


class FusedConvolution(nn.Module):
    """A convolution of stride 1 without padding; its weights belong to oneDNN from then on.

    Args:
        convolution: On the CPU, in the precision of what it will be given.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        assert convolution.stride == ONE
        assert convolution.padding == NO_PAD
        self.weight, self.bias = convolution.weight, convolution.bias
        self._packed: tuple[torch.Size, Tensor] | None = None

    def packed(self, size: torch.Size) -> Tensor:
        """Weights in the order that oneDNN wants for inputs of this size, kept for the next one.

        The order depends on the size, and from one such order to another is a long way: the plain
        weights are kept, and nothing is lost when sizes take turns. In float32 and on large planes
        the product takes so long that this is not worth the memory.
        """
        if self.weight.dtype == torch.float32 or size[2] * size[3] > PACKED_PX:
            return self.weight
        if self._packed is None or self._packed[0] != size:
            order = torch.ops.mkldnn._reorder_convolution_weight
            self._packed = size, order(self.weight, NO_PAD, ONE, ONE, 1, size)
        return self._packed[1]

    def forward(self, x: Tensor, post: str = "none") -> Tensor:
        """(N, C_in, H, W) -> (N, C_out, H', W'); `post` may be `relu`."""
        done: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self.packed(x.shape), self.bias, NO_PAD, ONE, ONE, 1, post, (), ""
        )
        return done

    def add_to(self, total: Tensor, x: Tensor) -> Tensor:
        """Add what comes of `x` to `total` in place, and clamp the sum at 0."""
        done: Tensor = torch.ops.mkldnn._convolution_pointwise_.binary(
            total,
            x,
            self.packed(x.shape),
            self.bias,
            NO_PAD,
            ONE,
            ONE,
            1,
            "add",
            1.0,
            "relu",
            (),
            None,
        )
        return done


class FusedLayer(nn.Module):
    """A folded `FFCLayer`: four convolutions that each leave a finished sum."""

    def __init__(self, layer: FFCLayer) -> None:
        super().__init__()
        ffc = layer.ffc
        assert isinstance(layer.bn_l, nn.Identity)
        assert isinstance(ffc.convg2g, SpectralTransform)
        first = ffc.convg2g.conv1[0]
        assert isinstance(first, nn.Conv2d)
        self.local_to_local = FusedConvolution(ffc.convl2l)
        self.local_to_global = FusedConvolution(ffc.convl2g)
        self.global_to_local = FusedConvolution(ffc.convg2l)
        self.narrow, self.widen = FusedConvolution(first), FusedConvolution(ffc.convg2g.conv2)
        self.fourier = ffc.convg2g.fu

    def forward(self, x: Pair) -> Pair:
        local, global_ = x
        padded = reflect(local)
        new_local = self.global_to_local.add_to(self.local_to_local(padded), reflect(global_))
        new_global = self.local_to_global(padded)
        half = self.narrow(global_, "relu")
        mixed = self.fourier(half).to(half.dtype)
        return new_local, self.widen.add_to(new_global, mixed.add_(half))


class FusedBlock(nn.Module):
    """A folded `FFCBlock`."""

    def __init__(self, block: FFCBlock) -> None:
        super().__init__()
        self.conv1, self.conv2 = FusedLayer(block.conv1), FusedLayer(block.conv2)

    def forward(self, x: Pair) -> Pair:
        local, global_ = self.conv2(self.conv1(x))
        return local.add_(x[0]), global_.add_(x[1])


def fuse_blocks(generator: Generator) -> None:
    """Replace the residual blocks of a folded generator in place; they compute the same.

    Args:
        generator: On the CPU, converted to its precision: its weights cannot be changed after that.
    """
    for position, layer in enumerate(generator.model):
        if isinstance(layer, FFCBlock):
            generator.model[position] = FusedBlock(layer)
