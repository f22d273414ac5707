"""The limits of a device are measured, not assumed."""

import torch

from lacuna.network.ceiling import forget_peak, matrix_ceiling, peak_memory
from lacuna.network.device import traits_of

CPU = traits_of(torch.device("cpu"), torch.float32)


def test_ceiling_is_that_of_a_processor_and_not_of_a_clock():
    assert 1e8 < matrix_ceiling(CPU) < 1e14


def test_peak_holds_what_is_gone_and_begins_anew():
    forget_peak(CPU)
    before = peak_memory(CPU)
    held = torch.ones(2**26)  # 256 MiB
    del held

    assert peak_memory(CPU) >= before + 2**27
    forget_peak(CPU)
    assert peak_memory(CPU) < before + 2**27
