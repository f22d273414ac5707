"""The network is the published one: its names, its shapes, its arithmetic."""

import json
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lacuna.network.architectures import lama
from lacuna.network.architectures.lama.ffc import FourierUnit
from lacuna.network.architectures.lama.fold import fold_batch_norms
from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.checkpoints import expected_shapes
from lacuna_wire import Rect

PUBLISHED = Path(__file__).parents[1] / "data" / "big-lama-keys.json"
FLOAT32_ROUNDING = 2e-5  # of sums of some thousand products, then a sigmoid of slope 1/4


def test_names_and_shapes_are_those_of_the_989_published_tensors():
    published = {name: tuple(shape) for name, shape in json.loads(PUBLISHED.read_text()).items()}

    assert len(published) == 989
    assert expected_shapes(lama, {"width": 64, "blocks": 18}) == published
    assert lama.detect(published) == {"width": 64, "blocks": 18}


@pytest.mark.parametrize(("width", "blocks"), [(4, 2), (32, 6)])
@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (64, 40)])
def test_multiply_adds_are_those_that_torch_counts(width, blocks, rows, columns):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        Generator(width, blocks).eval()(torch.rand(1, 4, rows, columns))

    counted = counter.get_total_flops() // 2
    assert lama.multiply_adds({"width": width, "blocks": blocks}, rows, columns) == counted


def test_multiply_adds_of_a_part_leave_out_what_layers_up_leave_out():
    part, grown = Rect(3, 2, 2, 1), Rect(2, 1, 5, 4)  # and the cells that it looks at
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        Generator(4, 2).eval()(torch.rand(1, 4, 64, 80), part)

    assert (
        lama.multiply_adds({"width": 4, "blocks": 2}, 64, 80, grown.area)
        == counter.get_total_flops() // 2
    )


def test_every_pixel_depends_on_the_farthest_ones(generator):
    """The Fourier layers look at the whole tile; plain convolutions would not reach so far."""
    planes = torch.rand(1, 4, 256, 256)
    changed = planes.clone()
    changed[..., :32, :32] += 1  # one pixel alone would be lost in rounding

    with torch.inference_mode():
        difference = generator(planes) - generator(changed)

    assert difference[..., -1, -1].abs().max() > 0


def test_real_and_imaginary_parts_of_a_channel_are_neighbours():
    """Swapping two pairs of channels of the spectrum swaps two channels of the picture."""
    unit = FourierUnit(2).eval()
    unit.bn = torch.nn.Identity()
    swap = torch.eye(4)[[2, 3, 0, 1]]
    unit.conv_layer.weight.data = swap[:, :, None, None]
    dots = torch.zeros(1, 2, 6, 10)
    # The spectrum of a dot in the corner is real and positive: ReLU changes nothing.
    dots[0, 0, 0, 0], dots[0, 1, 0, 0] = 0.25, 0.75

    with torch.inference_mode():
        swapped = unit(dots)

    torch.testing.assert_close(swapped, dots[:, [1, 0]])


def test_folded_batch_norms_change_nothing(generator):
    folded = Generator(4, 2).eval().requires_grad_(False)
    folded.load_state_dict(generator.state_dict())
    fold_batch_norms(folded)
    planes = torch.rand(1, 4, 40, 56)

    with torch.inference_mode():
        difference = (folded(planes) - generator(planes)).abs().max()

    assert difference < FLOAT32_ROUNDING
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
