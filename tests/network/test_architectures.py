"""Another kind of network is one module and one line: everything else takes it as it is."""

import ast
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

import lacuna.network
from lacuna.network import architectures
from lacuna.network.architectures import Recognised, lama, recognise
from lacuna.network.catalogue import find_weights
from lacuna.network.checkpoints import import_weights, load_generator
from lacuna.network.tile_network import load_network
from lacuna_wire import LacunaError

BFLOAT16_MAX = 2 / 255


class Pointwise(torch.nn.Module):
    """Each pixel by itself: a sigmoid of the sum of its four planes with a weight for each."""

    def __init__(self, cell_px):
        super().__init__()
        self.mix = torch.nn.Conv2d(4, 3, kernel_size=1)
        self.cell_px = cell_px

    def forward(self, planes, part=None):
        pixels = torch.sigmoid(self.mix(planes).float())
        return pixels if part is None else pixels[..., *part.enlarge(self.cell_px).slices]


class PointwiseKind:
    """What the module of such a network would hold at its top."""

    NAME = "Pointwise"
    PREFIXES = ("", "net.")
    MULTIPLE_PX = 4
    LEAST_PX = 12
    TRAINED_PX = 48
    MAX_HOLE_RADIUS_PX = 5
    USABLE_PER_TRAINED = 4

    def __init__(self):
        self.LIMITS = {"colours": 3}
        self.prepared_for = []

    def detect(self, shapes):
        mix = shapes.get("mix.weight", ())
        return {"colours": mix[0]} if mix[1:] == (4, 1, 1) else None

    def build(self, dimensions):
        return Pointwise(self.MULTIPLE_PX)

    def prepare(self, network, traits):
        self.prepared_for.append(traits)
        return network.to(traits.device, traits.precision)

    def bytes_per_pixel(self, dimensions, item_bytes):
        return 7.0 * item_bytes

    def multiply_adds(self, dimensions, rows, columns, cells=None):
        pixels = rows * columns if cells is None else cells * self.MULTIPLE_PX**2
        return 12 * pixels


@pytest.fixture
def kind(monkeypatch):
    kind = PointwiseKind()
    monkeypatch.setattr(architectures, "ARCHITECTURES", (lama, kind))
    return kind


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "points.safetensors"
    save(path)
    return path


def save(path, prefix="", **others):
    torch.manual_seed(5)
    state = Pointwise(1).state_dict()
    named = {f"{prefix}{name}": tensor for name, tensor in state.items()}
    safetensors.torch.save_file({**named, **others}, path)


def expected_fill(path, image, mask):
    """What the weights of a file make of a tile, in float64 and without any of Lacuna's code."""
    tensors = {n: t.double().numpy() for n, t in safetensors.torch.load_file(path).items()}
    planes = np.concatenate([image * (1 - mask), mask], axis=2)
    mixed = planes @ tensors["mix.weight"][:, :, 0, 0].T + tensors["mix.bias"]
    return 1 / (1 + np.exp(-mixed))


@pytest.mark.parametrize("size", [(48, 64), (5, 7), (33, 41)])
def test_another_kind_of_network_fills_a_tile_from_its_file(kind, file, size):
    image = np.random.default_rng(1).random((*size, 3), np.float32)
    mask = np.zeros((*size, 1), np.float32)
    mask[size[0] // 3 : size[0] // 2 + 1, size[1] // 3 : size[1] // 2 + 1] = 1
    network = load_network(find_weights(file), "cpu")

    fill = network.fill(image, mask)

    missing = mask[..., 0] > 0
    expected = expected_fill(file, image, mask)[missing]
    np.testing.assert_allclose(fill[missing], expected, atol=BFLOAT16_MAX)
    # Also for the comparison of precisions, where the processor has both.
    assert {traits.device for traits in kind.prepared_for} == {torch.device("cpu")}


def test_facts_of_the_kind_decide_wherever_the_file_says_nothing(kind, file):
    network = load_network(find_weights(file), "cpu")

    assert network.multiple_px == kind.MULTIPLE_PX
    assert network.max_hole_radius_px == kind.MAX_HOLE_RADIUS_PX
    assert network.tile_px == 4 * kind.TRAINED_PX
    hole = np.zeros((96, 80, 1), np.float32)
    hole[40:44, 40:44] = 1
    least = 12 * (4 + 2 * 16) ** 2  # the hole and the rim around it
    assert least <= network.multiply_adds(hole) < network.multiply_adds(np.ones_like(hole))


def test_sides_are_mirrored_to_what_the_kind_takes(kind, file):
    network = load_network(find_weights(file), "cpu")
    seen, own = [], network.lanes[0].generator
    network.lanes[0].generator = lambda planes, part: seen.append(planes.shape) or own(planes, part)

    for height, width in ((1, 12), (13, 40)):
        network.fill(np.zeros((height, width, 3), np.float32), np.ones((height, width, 1)))

    assert [tuple(shape[2:]) for shape in seen] == [(12, 12), (16, 40)]


def test_another_kind_is_imported_listed_and_loaded_strictly(kind, tmp_path):
    path = tmp_path / "nested.safetensors"
    save(path, prefix="net.", discriminator=torch.ones(3))

    info = import_weights(path, "points")

    assert (info.architecture, info.dimensions) == (kind, {"colours": 3})
    assert set(load_generator(info.path).state_dict()) == {"mix.weight", "mix.bias"}
    save(path, prefix="net.", **{"net.more": torch.ones(3)})
    with pytest.raises(LacunaError, match=r"do not belong there.*more"):
        import_weights(path, "other")


def test_weights_of_another_kind_are_refused_without_its_line_in_the_table(file):
    with pytest.raises(LacunaError, match=r"no network that Lacuna knows \(LaMa\)\.$"):
        find_weights(file)


def test_kinds_are_told_apart_and_two_networks_in_one_file_are_refused(kind, generator):
    lamas = {name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}
    points = {"mix.weight": (3, 4, 1, 1), "mix.bias": (3,)}

    assert recognise(Path("f"), lamas) == Recognised(lama, "", {"width": 4, "blocks": 2})
    nested = {f"net.{name}": shape for name, shape in points.items()}
    assert recognise(Path("f"), nested) == Recognised(kind, "net.", {"colours": 3})
    with pytest.raises(LacunaError, match="2 networks instead of one"):
        recognise(Path("f"), lamas | points)
    with pytest.raises(LacunaError, match="it has colours 9, and at most colours 3 can be used"):
        recognise(Path("f"), {"mix.weight": (9, 4, 1, 1)})


def test_nothing_outside_its_folder_knows_lama_but_the_table():
    top = Path(lacuna.network.__file__).parent
    for path in top.rglob("*.py"):
        if path.parent.name == "lama":
            continue
        named = {
            part
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
            for part in f"{getattr(node, 'module', '')}.{alias.name}".split(".")
        }
        assert ("lama" in named) == (path == top / "architectures" / "__init__.py"), path
