"""What a tile costs is counted right, and the device's limits are measured."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lacuna.network.ceiling import forget_peak, matrix_ceiling, multiply_adds, peak_memory
from lacuna.network.lama.generator import Generator
from lacuna_wire import Rect

CPU = torch.device("cpu")


@pytest.mark.parametrize(("width", "blocks"), [(4, 2), (32, 6)])
@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (64, 40)])
def test_multiply_adds_are_those_that_torch_counts(width, blocks, rows, columns):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        Generator(width, blocks).eval()(torch.rand(1, 4, rows, columns))

    counted = counter.get_total_flops() // 2
    assert multiply_adds(width, blocks, rows, columns) == counted


def test_multiply_adds_of_a_part_leave_out_what_layers_up_leave_out():
    part, grown = Rect(3, 2, 2, 1), Rect(2, 1, 5, 4)  # and the cells that it looks at
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        Generator(4, 2).eval()(torch.rand(1, 4, 64, 80), part)

    assert multiply_adds(4, 2, 64, 80, grown.area) == counter.get_total_flops() // 2


def test_ceiling_is_that_of_a_processor_and_not_of_a_clock():
    assert 1e8 < matrix_ceiling(CPU, torch.float32) < 1e14


def test_peak_holds_what_is_gone_and_begins_anew():
    forget_peak(CPU)
    before = peak_memory(CPU)
    held = torch.ones(2**26)  # 256 MiB
    del held

    assert peak_memory(CPU) >= before + 2**27
    forget_peak(CPU)
    assert peak_memory(CPU) < before + 2**27
