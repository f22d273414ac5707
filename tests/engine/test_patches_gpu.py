"""The search on a GPU: the same costs, means and rules as on a processor, whatever the device."""

import numpy as np
import pytest
import torch

from lacuna.engine import patches, patches_gpu
from lacuna.engine.completion import native_guide
from lacuna.engine.hole import find_hole
from lacuna.engine.patches import Plan, prepare
from lacuna.engine.planes import Document
from lacuna.engine.pyramid import build_levels
from lacuna_wire import Options, PixelLayout
from lacuna_wire.errors import DeviceLost

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def ground_of(channels=5, hole=np.s_[20:38, 20:45]):
    image = np.random.default_rng(4).random((60, 70, channels)).astype(np.float32)
    missing = np.zeros((60, 70), bool)
    missing[hole] = True
    return prepare(image[..., :3], missing, image[..., 3:] if channels > 3 else None)


def random_sources(ground, seed=1):
    return np.random.default_rng(seed).choice(ground.find_sources(), len(ground.targets))


def plan_of(rounds=0, searches=0, reach=20, alive=lambda: None):
    return Plan(searches, rounds, reach, (8, 2, 1), alive)


@pytest.fixture(params=DEVICES)
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no NVIDIA GPU")
    return request.param


@pytest.mark.parametrize("channels", [3, 5])
@pytest.mark.parametrize("hole", [np.s_[20:38, 20:45], np.s_[:9, 50:]], ids=["inside", "corner"])
def test_judgement_and_vote_are_those_of_the_processor(device, channels, hole, monkeypatch):
    monkeypatch.setattr(patches_gpu, "SLICE", 100)
    one, other = ground_of(channels, hole), ground_of(channels, hole)
    source = random_sources(one)

    ours = patches.refine(one, source, plan_of(), np.random.default_rng(0))
    theirs = patches_gpu.refine_on(device, other, source, plan_of(), np.random.default_rng(0))

    np.testing.assert_allclose(other.image, one.image, atol=1e-5)
    assert np.abs(one.image - ground_of(channels, hole).image).max() > 0.1
    np.testing.assert_array_equal(ours.source, theirs.source)
    np.testing.assert_allclose(ours.cost, theirs.cost, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(ours.bias, theirs.bias, atol=1e-4)


def test_search_finds_as_good_sources_as_on_the_processor_and_whole_known_ones(device):
    one, other = ground_of(), ground_of()
    source, plan = random_sources(one), plan_of(rounds=4, searches=2)

    ours = patches.refine(one, source, plan, np.random.default_rng(0))
    theirs = patches_gpu.refine_on(device, other, source, plan, np.random.default_rng(0))

    assert other.is_source[theirs.source].all()
    assert theirs.cost.mean() < 1.1 * ours.cost.mean()
    # In noise no two patches are alike, and a vote does not blur them until they are.
    assert theirs.cost.mean() < 0.6 * patches.judge(ground_of(), source).cost.mean()


def test_same_device_gives_the_same(device):
    found = []
    for _ in range(2):
        ground = ground_of()
        plan, rng = plan_of(rounds=3), np.random.default_rng(0)
        found.append(patches_gpu.refine_on(device, ground, random_sources(ground), plan, rng))
        found.append(ground.image)

    np.testing.assert_array_equal(found[0].source, found[2].source)
    np.testing.assert_array_equal(found[1], found[3])


def test_guide_on_a_gpu_is_as_near_to_the_truth(device):
    rows = (np.arange(200) // 4 % 2).astype(np.float32)
    image = np.broadcast_to(rows[None, :, None], (160, 200, 3))
    selection = np.zeros((160, 200), np.uint8)
    selection[50:110, 70:130] = 255
    samples = np.where(selection[..., None] > 0, 77, 255 * image).astype(np.uint8)
    document = Document(samples, selection, PixelLayout("RGB"))
    missing = find_hole(document, Options()).missing
    # A name that is not "cpu" but means it: PyTorch's way through the guide, without a GPU.
    name = "cpu:0" if device == "cpu" else device

    levels = build_levels(document, missing, 2)
    guide = native_guide(document, missing, levels, None, lambda: None, name)

    error = np.abs(guide(document.rect) - image)[selection > 0]
    assert error.mean() < 0.05


def test_gpu_without_memory_leaves_the_guide_to_the_processor(monkeypatch, caplog):
    def full(plane, found):
        plane.image[:] = 0
        raise torch.OutOfMemoryError("CUDA out of memory")

    one, other = ground_of(), ground_of()
    source, plan = random_sources(one), plan_of(rounds=1)
    ours = patches.refine(one, source, plan, np.random.default_rng(0))
    monkeypatch.setattr(patches_gpu, "vote", full)

    theirs = patches_gpu.refine_on("cpu", other, source, plan, np.random.default_rng(0))

    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(ours.source, theirs.source)
    assert "goes on with the CPU" in caplog.text


def test_gpu_that_fails_is_a_lost_device(monkeypatch):
    def fails(plane, source):
        raise torch.AcceleratorError("CUDA error: unspecified launch failure\nand more")

    ground = ground_of()
    monkeypatch.setattr(patches_gpu, "judge", fails)

    with pytest.raises(DeviceLost, match=r"unspecified launch failure\)"):
        patches_gpu.refine_on(
            "cpu", ground, random_sources(ground), plan_of(), np.random.default_rng(0)
        )


def test_cancel_reaches_a_guide_on_a_gpu():
    class Cancelled(Exception):
        pass

    def stop():
        raise Cancelled

    ground = ground_of()
    with pytest.raises(Cancelled):
        patches_gpu.refine_on(
            "cpu", ground, random_sources(ground), plan_of(3, alive=stop), np.random.default_rng(0)
        )
