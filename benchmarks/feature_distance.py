"""SqueezeNet feature distance: how different two pictures look to a network trained on photographs.

Features of SqueezeNet 1.1 (Iandola et al., 2016) are normalised over channels; their squared
differences are summed over channels, averaged over pixels and summed over seven layers, as in Zhang
et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, but
without its trained heads: the figures are not LPIPS.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

TAPS = (1, 4, 7, 9, 10, 11, 12)
POOLS = (2, 5, 8)
LAST = 12
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class FeatureDistance:
    """Weights of the features, read from a safetensors file with torchvision's names."""

    def __init__(self, path: Path) -> None:
        self._weights = {name: value.float() for name, value in load_file(path).items()}
        # Of the picture that was compared with last: several fills are judged by one truth.
        self._last: tuple[bytes, list[Tensor]] = (b"", [])

    def __call__(self, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
        """Return the distance of two RGB pictures (H, W, 3) uint8, 0 for equal ones."""
        with torch.inference_mode():
            seen = repr(other.shape).encode() + other.tobytes()
            if self._last[0] != seen:
                self._last = (seen, self._features(other))
            pairs = zip(self._features(one), self._last[1], strict=True)
            return float(sum((a - b).square().sum(dim=1).mean() for a, b in pairs))

    def _features(self, picture: NDArray[np.uint8]) -> list[Tensor]:
        x = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None] / 255
        x = (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(DEVIATION).view(1, 3, 1, 1)
        found = []
        for number in range(LAST + 1):
            x = self._layer(number, x)
            if number in TAPS:
                found.append(F.normalize(x, dim=1, eps=1e-4))
        return found

    def _layer(self, number: int, x: Tensor) -> Tensor:
        """Layer `number` of torchvision's `features`: convolution, ReLU, pooling or fire module."""
        if number in POOLS:
            return F.max_pool2d(x, 3, stride=2, ceil_mode=True)
        if number == 0:
            return self._conv("features.0", x, stride=2)
        if number == 1:
            return F.relu(x)
        name = f"features.{number}"
        squeezed = F.relu(self._conv(f"{name}.squeeze", x))
        wide = self._conv(f"{name}.expand3x3", squeezed, padding=1)
        return F.relu(torch.cat([self._conv(f"{name}.expand1x1", squeezed), wide], dim=1))

    def _conv(self, name: str, x: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return F.conv2d(x, weight, bias, stride, padding)
