"""What a device can do at most, and what it took: for `lacuna bench`."""

import time

import torch

from lacuna.system import peak

from .device import DeviceTraits, kind_of

ROUNDS = 5


def matrix_ceiling(traits: DeviceTraits) -> float:
    """Return the multiply-adds per `device_seconds` of a large matrix product, the best of five."""
    side = traits.product_side
    one = torch.randn(side, side, device=traits.device).to(traits.precision)
    best = float("inf")
    with torch.inference_mode():
        for _ in range(ROUNDS + 1):
            _wait(traits)
            begun = device_seconds(traits)
            one @ one
            _wait(traits)
            best = min(best, device_seconds(traits) - begun)
    return side**3 / best


def device_seconds(traits: DeviceTraits) -> float:
    """Read the clock by which two things on a device may be compared, a while apart.

    On a CPU these are processor seconds per thread: on a busy machine the wall's clock says more of
    the other programs, and made a tile as much as 1.8 times as fast as the ceiling.
    """
    if kind_of(traits.device) is not None:
        return time.perf_counter()
    return time.process_time() / torch.get_num_threads()


def forget_peak(traits: DeviceTraits) -> None:
    """Reset the peak of memory, where the system allows it."""
    gpu = kind_of(traits.device)
    if gpu is not None:
        gpu.forget_peak(traits.device)
    else:
        peak.forget_peak()


def peak_memory(traits: DeviceTraits) -> int:
    """Return the most bytes held since `forget_peak`: on the device, or by this process."""
    gpu = kind_of(traits.device)
    return gpu.peak_bytes(traits.device) if gpu is not None else peak.peak_bytes()


def _wait(traits: DeviceTraits) -> None:
    """Wait until a device has done what it was asked for."""
    gpu = kind_of(traits.device)
    if gpu is not None:
        gpu.wait(traits.device)
