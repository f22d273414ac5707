"""Fast Fourier convolution: the layers that let LaMa see a whole tile at once.

Chi, Jiang and Mu, "Fast Fourier Convolution", NeurIPS 2020. Parameter names are those of the
published big-lama checkpoint, so its weights load without renaming.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Feature maps of one layer: (local, global), (N, C_local, H, W) and (N, C_global, H, W).
Pair = tuple[Tensor, Tensor]


def reflect(x: Tensor) -> Tensor:
    """Mirror one pixel around a feature map: (N, C, H, W) -> (N, C, H + 2, W + 2)."""
    return F.pad(x, (1, 1, 1, 1), mode="reflect")


def relu(x: Tensor) -> Tensor:
    """Clamp in place: nothing else reads what a batch norm returns, and tiles are large."""
    return F.relu(x, inplace=True)


class FourierUnit(nn.Module):
    """Mix channels in the frequency domain: (N, C, H, W) -> (N, C, H, W), always in float32.

    A 1x1 convolution over the spectrum acts like a convolution with a kernel as large as the
    tile: every pixel of the output depends on every pixel of the input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Real and imaginary parts are separate channels, hence the factors of two.
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, kernel_size=1, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]

        # CPUs have no half-precision FFT, and cuFFT has one for powers of two only.
        spectrum = torch.fft.rfft2(x.float(), norm="ortho")  # (N, C, H, W//2+1) complex
        planes = torch.view_as_real(spectrum)  # (N, C, H, W//2+1, 2)
        planes = planes.permute(0, 1, 4, 2, 3).flatten(1, 2)  # (N, 2C, H, W//2+1): re0 im0 re1 ...

        planes = relu(self.bn(self.conv_layer(planes)))

        planes = planes.reshape(len(x), -1, 2, height, width // 2 + 1).permute(0, 1, 3, 4, 2)
        spectrum = torch.view_as_complex(planes.contiguous())  # (N, C, H, W//2+1) complex
        mixed: Tensor = torch.fft.irfft2(spectrum, s=(height, width), norm="ortho")
        return mixed


class SpectralTransform(nn.Module):
    """The global-to-global path: halve the channels, mix the spectrum, widen again."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.conv1 = nn.Sequential(
            nn.Conv2d(channels, half, kernel_size=1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
        )
        self.fu: nn.Module = FourierUnit(half)
        self.conv2 = nn.Conv2d(half, channels, kernel_size=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        widened: Tensor = self.conv2(x + self.fu(x).to(x.dtype))
        return widened


class FFC(nn.Module):
    """Four paths between local and global channels; only global to global is spectral."""

    def __init__(self, local: int, global_: int) -> None:
        super().__init__()
        self.convl2l = nn.Conv2d(local, local, kernel_size=3, bias=False)
        self.convl2g = nn.Conv2d(local, global_, kernel_size=3, bias=False)
        self.convg2l = nn.Conv2d(global_, local, kernel_size=3, bias=False)
        self.convg2g = SpectralTransform(global_)

    def forward(self, x: Pair) -> Pair:
        local, global_ = x
        padded = reflect(local)  # once for both paths that read it
        return (
            self.convl2l(padded) + self.convg2l(reflect(global_)),
            self.convl2g(padded) + self.convg2g(global_),
        )


class FFCLayer(nn.Module):
    """Fast Fourier convolution, batch norm, ReLU."""

    def __init__(self, local: int, global_: int) -> None:
        super().__init__()
        self.ffc = FFC(local, global_)
        self.bn_l: nn.Module = nn.BatchNorm2d(local)
        self.bn_g: nn.Module = nn.BatchNorm2d(global_)

    def forward(self, x: Pair) -> Pair:
        local, global_ = self.ffc(x)
        return relu(self.bn_l(local)), relu(self.bn_g(global_))


class FFCBlock(nn.Module):
    """Residual block of two fast Fourier convolutions."""

    def __init__(self, local: int, global_: int) -> None:
        super().__init__()
        self.conv1 = FFCLayer(local, global_)
        self.conv2 = FFCLayer(local, global_)

    def forward(self, x: Pair) -> Pair:
        local, global_ = self.conv2(self.conv1(x))
        return x[0] + local, x[1] + global_
