"""Patches alone need PyTorch where they are searched on a GPU, and nowhere else."""

import pytest

from lacuna.graphics import TorchBuild
from lacuna.network import patches_alone
from lacuna.network.patches_alone import PatchesAlone, load_patches, searches_on_gpu
from lacuna_wire.cards import Card
from lacuna_wire.errors import Unprocessable

NVIDIA, AMD = Card("NVIDIA", "NVIDIA RTX 4090", "580.65"), Card("AMD", "AMD Radeon RX 7900")
CUDA, ROCM = TorchBuild("2.13.0+cu130", "cuda", "13.0"), TorchBuild("2.13.0+rocm7.2", "rocm", "7.2")


@pytest.mark.parametrize(
    ("build", "cards", "expected"),
    [
        (CUDA, [NVIDIA], True),
        (ROCM, [AMD], True),
        (CUDA, [], False),
        (CUDA, [AMD], False),
        (ROCM, [AMD._replace(integrated=True)], False),
        (TorchBuild("2.13.0+cpu", "cpu"), [NVIDIA], False),
        (TorchBuild("2.13.0", "mps"), [Card("Apple", "Apple M3")], False),
        (None, [NVIDIA], False),
    ],
)
def test_gpu_is_used_where_pytorch_is_built_for_the_card_that_is_there(
    build, cards, expected, monkeypatch
):
    monkeypatch.setattr(patches_alone, "installed_build", lambda: build)
    monkeypatch.setattr(patches_alone, "see_cards", lambda: cards)

    assert searches_on_gpu() is expected


def test_device_that_is_asked_for_and_not_there_is_refused_as_with_a_network(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)

    with pytest.raises(Unprocessable) as caught:
        load_patches("cuda")
    assert caught.value.code == "no_such_device"


def test_gpu_is_left_for_the_processor_and_that_for_nothing():
    alone = PatchesAlone("cuda:0", "a GPU")

    there = alone.on_cpu()

    assert there is not None
    assert (there.device, there.device_name.startswith("CPU, ")) == ("cpu", True)
    assert there.on_cpu() is None
