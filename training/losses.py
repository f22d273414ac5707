"""What a fill is blamed for: wrong colours, wrong features, and looking like a fill.

Differences count as shares of those of the guide: 1 is a fill that is as far off as what the
network was shown. So a wire in front of a sky teaches as much as a quarter of a forest.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.network.architectures.lama import MULTIPLE_PX

TAPS = (1, 4, 7, 9, 10, 11, 12)  # as in benchmarks/feature_distance.py, which names the sources
POOLS = (2, 5, 8)
# A guide that is nearly right is no reason to divide by nearly nothing; but a sky whose guide is
# off by 2 of 255 counts in dB like any other hole, so these lie below that.
LEAST_DISTANCE = 0.02
LEAST_ABSOLUTE, LEAST_SQUARED = 0.004, 0.00003
# Means of this many pixels a side are compared too: brightness can be right where texture cannot.
COARSE_PX = (4, 16)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Weights(NamedTuple):
    """How much each blame counts.

    Attributes:
        inside: Difference in the hole, as a share of the guide's.
        outside: Mean absolute difference where the truth was shown: the engine reads the fill's
            colour cast there.
        features: SqueezeNet feature distance of the composite, as a share of the guide's.
        adversarial: What the discriminator says of the fill.
        stamp: What the correction repeats in every cell of the generator's coarsest plane.
        harm: How much more a square counts that is worse than its guide, by what it is worse.
    """

    inside: float = 1.0
    outside: float = 1.0
    features: float = 1.0
    adversarial: float = 0.04
    stamp: float = 20.0
    harm: float = 1.0


class Features(nn.Module):
    """SqueezeNet 1.1 without its classifier: the layers that `FeatureDistance` compares.

    Args:
        weights: float tensors under torchvision's names.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        for name, tensor in weights.items():
            self.register_buffer(name.replace(".", "_"), tensor.float())
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Seven maps of features of (N, 3, H, W), normalised over their channels, float32."""
        x = (image - self.get_buffer("mean")) / self.get_buffer("deviation")
        x = F.relu(self._conv("features.0", x, stride=2))
        found = [F.normalize(x.float(), dim=1, eps=1e-4)]
        for number in range(2, max(TAPS) + 1):
            if number in POOLS:
                x = F.max_pool2d(x, 3, stride=2, ceil_mode=True)
                continue
            name = f"features.{number}"
            squeezed = F.relu(self._conv(f"{name}.squeeze", x))
            wide = self._conv(f"{name}.expand3x3", squeezed, padding=1)
            x = F.relu(torch.cat([self._conv(f"{name}.expand1x1", squeezed), wide], dim=1))
            if number in TAPS:
                found.append(F.normalize(x.float(), dim=1, eps=1e-4))
        return found

    def _conv(self, name: str, x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
        name = name.replace(".", "_")
        weight, bias = self.get_buffer(f"{name}_weight"), self.get_buffer(f"{name}_bias")
        return F.conv2d(x, weight, bias, stride, padding)


def feature_distance(one: list[Tensor], other: list[Tensor]) -> Tensor:
    """Squared differences, summed over channels, averaged over pixels, summed over layers: (N,)."""
    pairs = zip(one, other, strict=True)
    return torch.stack([(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in pairs]).sum(dim=0)


def share_of_guide(fill: Tensor, guide: Tensor, least: float, harm: float) -> Tensor:
    """Mean over a batch of blames (N,) of fills, each as a share of that of its guide.

    Args:
        fill: Of fills.
        guide: Of what the network was shown.
        least: Added to the guide's.
        harm: How much more what lies above 1 counts: a fill that is worse than its guide.
    """
    share = fill / (guide.detach() + least)
    return (share + harm * F.relu(share - 1)).mean()


def inside_loss(
    fill: Tensor, guide: Tensor, truth: Tensor, mask: Tensor, harm: float = 0.0
) -> Tensor:
    """Differences in the hole, as shares of the guide's: absolute, squared, squared from afar.

    The first leaves edges sharp, the second is what PSNR counts, and the third is the part of it
    that can be mended without smoothing: brightness.
    """
    # Errors are compared in the hole alone: (N, 3, H, W).
    ours, theirs = ((one - truth) * mask for one in (fill, guide))
    cover = mask.mean(dim=(1, 2, 3)).clamp(min=1e-6)
    found = []
    for how, least in ((torch.abs, LEAST_ABSOLUTE), (torch.square, LEAST_SQUARED)):
        one, other = (how(error).mean(dim=(1, 2, 3)) / cover for error in (ours, theirs))
        found.append(share_of_guide(one, other, least, harm))
    for side in COARSE_PX:
        one, other = (
            F.avg_pool2d(error, side).square().mean(dim=(1, 2, 3)) / cover
            for error in (ours, theirs)
        )
        found.append(share_of_guide(one, other, LEAST_SQUARED, harm) / len(COARSE_PX))
    return torch.stack(found).sum() / 3


def stamp(correction: Tensor, mask: Tensor) -> Tensor:
    """What of a correction comes back in every cell of MULTIPLE_PX: mean square in the hole, (N,).

    A generator without skips can strew one pattern over whatever is blurred: it costs little PSNR,
    features take it for grain, and people see speckles. What is meant for a picture does not know
    where cells begin.

    Args:
        correction: (N, 3, H, W), fill less guide; sides are multiples of MULTIPLE_PX.
        mask: (N, 1, H, W), 1 = missing.
    """
    count, _, height, width = correction.shape
    cells = (height // MULTIPLE_PX, MULTIPLE_PX, width // MULTIPLE_PX, MULTIPLE_PX)
    found = (correction * mask).reshape(count, 3, *cells).sum(dim=(2, 4))  # (N, 3, 8, 8)
    pixels = mask.reshape(count, 1, *cells).sum(dim=(2, 4))
    total = pixels.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    mean = found.sum(dim=(2, 3), keepdim=True) / total
    pattern = found / pixels.clamp(min=1) - mean
    return (pattern.square() * pixels / total).sum(dim=(2, 3)).mean(dim=1)


def stamp_loss(fill: Tensor, guide: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """The stamp of a correction, as a share of the guide's squared difference."""
    cover = mask.mean(dim=(1, 2, 3)).clamp(min=1e-6)
    theirs = ((guide - truth) * mask).square().mean(dim=(1, 2, 3)) / cover
    return (stamp(fill - guide, mask) / (theirs + LEAST_SQUARED)).mean()


def difference(fill: Tensor, truth: Tensor, where: Tensor) -> Tensor:
    """Mean absolute difference of (N, 3, H, W) under a mask (N, 1, H, W)."""
    total: Tensor = ((fill - truth).abs() * where).sum()
    return total / (3 * where.sum()).clamp(min=1)


class Discriminator(nn.Module):
    """Says of every patch whether it was filled: (N, 3, H, W) -> (N, 1, H / 8, W / 8).

    Spectral norms keep it from running ahead (Miyato et al., "Spectral Normalization for
    Generative Adversarial Networks", ICLR 2018).
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        norm: Callable[[nn.Module], nn.Module] = nn.utils.parametrizations.spectral_norm
        self.layers = nn.Sequential(
            norm(nn.Conv2d(3, width, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2),
            norm(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2),
            norm(nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2),
            norm(nn.Conv2d(4 * width, 4 * width, 3, padding=1)),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 1, 3, padding=1),
        )

    def forward(self, image: Tensor) -> Tensor:
        judged: Tensor = self.layers(image * 2 - 1).float()
        return judged


def filled_patches(mask: Tensor) -> Tensor:
    """Which patches of the discriminator are made of fill, more or less: 0 or 1."""
    return (F.avg_pool2d(mask, 8) > 0.3).float()


def discriminator_loss(real: Tensor, composite: Tensor, mask: Tensor) -> Tensor:
    """Hinge loss: a picture is real everywhere, a composite outside of its hole."""
    filled = filled_patches(mask)
    known = F.relu(1 - composite) * (1 - filled)
    return F.relu(1 - real).mean() + (F.relu(1 + composite) * filled + known).mean()


def adversarial_loss(composite: Tensor, mask: Tensor) -> Tensor:
    """What the generator is told: patches of fill should look real."""
    filled = filled_patches(mask)
    return -(composite * filled).sum() / filled.sum().clamp(min=1)
