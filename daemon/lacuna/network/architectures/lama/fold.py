"""Fold batch norms into the convolutions before them: the same network with fewer passes.

Done once on the loaded copy, after strict loading; the names of a folded generator are no longer
those of its checkpoint.
"""

import torch
from torch import Tensor, nn

from .ffc import FFCLayer, FourierUnit, SpectralTransform
from .generator import Convolution, Generator, Split

Linear = nn.Conv2d | nn.ConvTranspose2d


def fold_batch_norms(generator: Generator) -> None:
    """Replace every batch norm of `generator` in place by what it does to its convolutions."""
    with torch.no_grad():
        for module in list(generator.modules()):
            if isinstance(module, Convolution):
                module.bn_l = _fold(module.bn_l, module.ffc["convl2l"])
            elif isinstance(module, Split):
                module.bn_l = _fold(module.bn_l, module.ffc["convl2l"])
                module.bn_g = _fold(module.bn_g, module.ffc["convl2g"])
            elif isinstance(module, FFCLayer):
                # Both paths into one batch norm are scaled; its shift is added once.
                module.bn_l = _fold(module.bn_l, module.ffc.convl2l, module.ffc.convg2l)
                module.bn_g = _fold(module.bn_g, module.ffc.convl2g, module.ffc.convg2g.conv2)
            elif isinstance(module, SpectralTransform):
                module.conv1[1] = _fold(module.conv1[1], module.conv1[0])
            elif isinstance(module, FourierUnit):
                module.bn = _fold(module.bn, module.conv_layer)
        layers = generator.model
        for position, layer in enumerate(layers):
            if isinstance(layer, nn.ConvTranspose2d):
                layers[position + 1] = _fold(layers[position + 1], layer)


def _fold(bn: nn.Module, first: nn.Module, *others: nn.Module) -> nn.Identity:
    """Scale the outputs of the convolutions like `bn`; the first one gets the shift as its bias."""
    assert isinstance(bn, nn.BatchNorm2d)
    assert bn.running_mean is not None
    assert bn.running_var is not None
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    for convolution in (first, *others):
        assert isinstance(convolution, Linear)
        convolution.weight.mul_(_along_outputs(scale, convolution))
    assert isinstance(first, Linear)
    bias = torch.zeros_like(scale) if first.bias is None else first.bias
    first.bias = nn.Parameter(bn.bias + (bias - bn.running_mean) * scale)
    return nn.Identity()


def _along_outputs(scale: Tensor, convolution: nn.Module) -> Tensor:
    # Transposed convolutions keep their outputs in the second axis of the weight.
    shape = (1, -1, 1, 1) if isinstance(convolution, nn.ConvTranspose2d) else (-1, 1, 1, 1)
    return scale.reshape(shape)
