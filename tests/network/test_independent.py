"""The network is that of its authors: another program's implementation gives the same pixels.

`spandrel` reads the architecture from the same names. Its package asks for more than this test
needs, so only its file of LaMa is loaded.
"""

import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.catalogue import find_weights
from lacuna.network.checkpoints import load_generator, to_safetensors
from lacuna.network.device import traits_of
from lacuna.network.tile_network import TileNetwork

CPU = torch.device("cpu")


def independent_lama():
    """Return spandrel's class, or skip.

    The layers that turn their planes, for which it asks torchvision, are not part of big-lama.
    """
    found = importlib.util.find_spec("spandrel")
    if found is None or found.origin is None:
        pytest.skip("spandrel is not installed: pip install --no-deps spandrel")
    path = Path(found.origin).parent / "architectures/LaMa/__arch/LaMa.py"
    stand_in = types.ModuleType("torchvision.transforms.functional")
    stand_in.InterpolationMode = stand_in.rotate = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
        patch.setitem(sys.modules, "torchvision.transforms", types.ModuleType("transforms"))
        patch.setitem(sys.modules, stand_in.__name__, stand_in)
        # Its decorator keeps a class's arguments; the file itself uses them for nothing.
        helper = types.ModuleType("spandrel.util")
        helper.store_hyperparameters = lambda **_options: lambda cls: cls
        patch.setitem(sys.modules, "spandrel", types.ModuleType("spandrel"))
        patch.setitem(sys.modules, "spandrel.util", helper)
        spec = importlib.util.spec_from_file_location("independent_lama", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module.LaMa


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same random numbers in both programs, in the shape of big-lama.

    Padded by `reflect`, their answers differ by 0.03 and more.
    """
    other = independent_lama()(in_nc=4, out_nc=3).eval().requires_grad_(False)
    torch.manual_seed(3)
    state = Generator(64, 18).state_dict()
    for name, tensor in state.items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif name.endswith("weight") and tensor.ndim == 4:
            tensor.normal_(0, tensor[0].numel() ** -0.5)  # so that no layer is lost in the others
        elif tensor.is_floating_point() and ".bn" in name:
            tensor.uniform_(0.5, 1.5) if name.endswith("weight") else tensor.uniform_(-0.2, 0.2)
    state["model.34.weight"] *= 0.1  # or every answer would be black or white
    path = tmp_path_factory.mktemp("both") / "random.safetensors"
    path.write_bytes(to_safetensors(state, {}))
    other.load_state_dict({f"model.{name}": tensor for name, tensor in state.items()})
    info = find_weights(path)
    return TileNetwork(info, load_generator(path), traits_of(CPU, torch.float32)), other


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (264, 392), (257, 257), (33, 33)])
def test_another_program_gives_the_same_pixels(size, both):
    network, other = both
    height, width = size
    image = np.random.default_rng(1).random((height, width, 3), np.float32)
    mask = np.zeros((height, width, 1), np.float32)
    mask[height // 4 : height // 2, width // 3 : -4] = 1  # near to the edge that is mirrored

    # As the authors pad: up to multiples of 8, the pixels of the edge repeated.
    added = ((0, -height % 8), (0, -width % 8), (0, 0))
    planes = [np.pad(plane, added, mode="symmetric") for plane in (image, mask)]
    tensors = [torch.from_numpy(plane).permute(2, 0, 1)[None] for plane in planes]
    expected = other(*tensors)[0].permute(1, 2, 0).numpy()[:height, :width]

    fill = network.fill(image, mask)
    missing = mask[..., 0] == 1  # all that the other program takes from its network
    assert np.std(expected[missing]) > 0.02  # or the comparison would prove nothing
    np.testing.assert_allclose(fill[missing], expected[missing], rtol=0, atol=1e-4)
