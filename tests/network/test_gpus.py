"""GPUs of every make, by stand-ins: choice, memory, precision, errors. None of them is here.

What computes is proved on the processor and on PyTorch's `meta` device, which knows shapes, types
and places of tensors, and refuses to mix them with those of another device.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lacuna.engine.completion.complete import refine_here
from lacuna.engine.fitting import refine_on
from lacuna.network import ceiling, device, gpus
from lacuna.network.batches import Lane, device_errors
from lacuna.network.checkpoints import import_weights, load_generator
from lacuna.network.device import (
    choose_device,
    choose_devices,
    choose_precision,
    default_in_words,
    empty_caches,
    fault_of,
    free_memory,
    lasting_name,
    set_up,
    traits_of,
)
from lacuna.network.tile_network import TileNetwork
from lacuna_wire import LacunaError
from lacuna_wire.errors import DeviceLost

CPU, META = torch.device("cpu"), torch.device("meta")
XPU, MPS = torch.device("xpu", 0), torch.device("mps", 0)
GIB = 2**30
FLOAT32_SUMS = 1e-5


class Backend(SimpleNamespace):
    """Stands in for `torch.cuda`, `torch.xpu` or `torch.mps`; writes down what is asked of it."""

    def __init__(self, count, name, **answers):
        super().__init__(asked=[], count=count, named=name, native=True, **answers)

    def is_available(self):
        return self.count > 0

    def device_count(self):
        return self.count

    def get_device_name(self, _device):
        return self.named

    def get_name(self):
        return self.named

    def mem_get_info(self, _device):
        return 6 * GIB, 16 * GIB

    def memory_reserved(self, _device):
        return 3 * GIB

    def memory_allocated(self, _device):
        return 2 * GIB

    def max_memory_reserved(self, _device):
        return 5 * GIB

    def reset_peak_memory_stats(self, _device):
        self.asked.append("reset")

    def recommended_max_memory(self):
        return 12 * GIB

    def current_allocated_memory(self):
        return 2 * GIB

    def driver_allocated_memory(self):
        return 3 * GIB

    def set_per_process_memory_fraction(self, share, _device=None):
        self.asked.append(share)

    def synchronize(self, _device=None):
        self.asked.append("wait")

    def empty_cache(self):
        self.asked.append("empty")

    def is_bf16_supported(self, including_emulation=True):
        return self.native or including_emulation


@pytest.fixture
def there(monkeypatch):
    """Give PyTorch GPUs: `there(cuda=1, xpu=2, mps=1)`; each returns its stand-in."""

    def put(**counts):
        names = {"cuda": "Radeon RX", "xpu": "Arc A770", "mps": "Apple M2"}
        backends = {word: Backend(counts.get(word, 0), name) for word, name in names.items()}
        for word, backend in backends.items():
            monkeypatch.setattr(torch, word, backend)
        monkeypatch.setattr(torch.backends, "mps", backends["mps"])
        return SimpleNamespace(**backends)

    monkeypatch.setattr(device, "fault_of", lambda _device: "")
    return put


@pytest.mark.parametrize(
    ("counts", "chosen"),
    [
        ({}, "cpu"), ({"mps": 1}, "mps:0"), ({"xpu": 2}, "xpu:0"), ({"xpu": 1, "mps": 1}, "xpu:0"),
        ({"cuda": 1, "xpu": 1}, "cuda:0"),
    ],
)  # fmt: skip
def test_auto_takes_the_first_gpu_of_any_kind(there, counts, chosen):
    there(**counts)

    assert choose_devices("auto") == [torch.device(chosen)]


def test_kinds_are_taken_by_name_and_number(there):
    there(xpu=3, mps=1)

    assert choose_device("xpu") == choose_device("xpu:0") == XPU
    assert choose_device("xpu:2") == torch.device("xpu", 2)
    assert len(choose_devices("xpu:all")) == 3
    assert choose_device("mps") == MPS
    assert choose_device("cpu") == CPU
    for wish, count in (("xpu:3", 3), ("cuda", 0), ("cuda:all", 0)):
        with pytest.raises(LacunaError, match=f"{wish} was asked for, .* {count} GPUs of that kin"):
            choose_devices(wish)
    for wish in ("mps:0", "mps:all", "xpu:", "rocm", "hip"):
        with pytest.raises(LacunaError, match="is not a device"):
            choose_devices(wish)


@pytest.mark.parametrize(
    ("word", "name"), [("xpu", "Arc A770 (xpu:0)"), ("mps", "Apple M2 (mps:0)")]
)
def test_gpu_that_fails_is_left_for_the_processor_and_named(there, monkeypatch, caplog, word, name):
    there(**{word: 1})
    assert default_in_words() == name
    monkeypatch.setattr(device, "fault_of", lambda gpu: f"{gpu} lacks an operation")

    assert choose_device("auto") == CPU
    assert f"{word}:0 lacks an operation; going on with CPU" in caplog.text
    assert default_in_words().endswith(f"threads, because {word}:0 lacks an operation")
    with pytest.raises(LacunaError, match="lacks an operation"):
        choose_device(word)


def test_processor_that_works_beside_a_card_without_its_build_says_so(there, monkeypatch):
    there()
    monkeypatch.setattr(device, "unused_card", lambda: "PyTorch does not use the Arc")
    assert default_in_words() == f"{device.device_name(CPU)}, because PyTorch does not use the Arc"
    monkeypatch.setattr(device, "unused_card", lambda: "")
    assert default_in_words() == device.device_name(CPU)
    there(cuda=1)
    monkeypatch.setattr(device, "unused_card", None)  # a GPU that works: nobody is asked
    assert default_in_words() == "Radeon RX (cuda:0)"


@pytest.mark.parametrize("word", ["xpu", "mps"])
def test_probe_of_other_kinds_needs_no_fourier_transform(there, monkeypatch, word):
    monkeypatch.undo()
    monkeypatch.setattr(device, "kind_of", lambda _device: gpus.KINDS[word])
    monkeypatch.setattr(torch.fft, "rfft2", None)
    assert fault_of(CPU) == ""
    monkeypatch.setattr(device.functional, "conv2d", lambda ones, *_, **__: torch.zeros_like(ones))
    monkeypatch.setattr(device, "device_name", lambda _device: "Arc")

    assert fault_of(CPU) == (
        f"Arc does not work with PyTorch {torch.__version__} (it computes 0 instead of 484)"
    )


def test_operation_that_is_missing_is_a_fault_and_full_memory_is_none(monkeypatch):
    monkeypatch.setattr(device, "kind_of", lambda _device: gpus.KINDS["mps"])
    monkeypatch.setattr(device, "device_name", lambda _device: "Apple M1")
    for error, expected in (
        (
            NotImplementedError("'aten::x' is not implemented for the MPS device"),
            True,
        ),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), False),
        (RuntimeError("UR backend failed. UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY"), False),
    ):

        def fail(*_arguments, error=error, **_options):
            raise error

        monkeypatch.setattr(device.functional, "conv2d", fail)
        assert bool(fault_of(CPU)) == expected


def test_memory_of_an_intel_gpu_is_its_own(there):
    xpu = there(xpu=1).xpu

    assert free_memory(XPU) == 7 * GIB  # 6 free, and 1 that is kept for later
    assert free_memory(XPU, GIB) == GIB
    set_up(XPU, 4 * GIB)
    set_up(XPU, 0)
    set_up(XPU, 99 * GIB)
    assert xpu.asked == [0.25, 1.0, 1.0]


def test_memory_of_a_mac_is_that_of_the_computer_up_to_what_metal_recommends(there, monkeypatch):
    mps = there(mps=1).mps
    monkeypatch.setattr(gpus, "free_memory_bytes", lambda: 4 * GIB)
    assert free_memory(MPS) == 5 * GIB  # 4 free, and 1 that is kept for later
    monkeypatch.setattr(gpus, "free_memory_bytes", lambda: 64 * GIB)
    assert free_memory(MPS) == 10 * GIB  # 12, less the 2 in use
    monkeypatch.setattr(mps, "current_allocated_memory", lambda: 13 * GIB)
    assert free_memory(MPS) == 0
    set_up(MPS, 3 * GIB)
    set_up(MPS, 0)

    assert mps.asked == [0.25, 1.0]


def test_bfloat16_only_where_it_is_native(there, monkeypatch):
    xpu = there(xpu=1, mps=1, cuda=1).xpu
    assert choose_precision(XPU) == torch.bfloat16
    xpu.native = False
    assert choose_precision(XPU) == torch.float32
    assert choose_precision(MPS) == torch.float32
    monkeypatch.setattr(torch.version, "hip", "7.2")
    for code, native in {
        "gfx1100": True, "gfx90a:sramecc+:xnack-": True, "gfx942": True, "gfx1201": True,
        "gfx1030": False, "gfx906": False,
    }.items():  # fmt: skip
        facts = SimpleNamespace(gcnArchName=code)
        monkeypatch.setattr(
            torch.cuda, "get_device_properties", lambda _device, facts=facts: facts, raising=False
        )
        expected = torch.bfloat16 if native else torch.float32
        assert choose_precision(torch.device("cuda", 0)) == expected, code
        assert gpus.KINDS["cuda"].architecture(torch.device("cuda", 0)) == code


@pytest.mark.parametrize("place", [XPU, MPS])
def test_traits_ask_for_nothing_that_was_not_proved_there(there, place):
    there(xpu=1, mps=1)
    traits = traits_of(place, torch.float32)

    assert not any((traits.asynchronous, traits.records, traits.post_ops))
    assert all((traits.stacks, traits.leavable, traits.matrix_transforms))
    assert lasting_name(place) in ("Arc A770", "Apple M2")
    assert traits.name == f"{lasting_name(place)} ({place})"


@pytest.mark.parametrize("place", [XPU, MPS])
def test_clock_and_peak_are_those_of_the_device(there, place):
    backend = getattr(there(xpu=1, mps=1), place.type)
    traits = traits_of(place, torch.float32)
    ceiling.forget_peak(traits)
    held = ceiling.peak_memory(traits)
    ceiling._wait(traits)

    assert (held, backend.asked) == {
        "xpu": (5 * GIB, ["reset", "wait"]), "mps": (3 * GIB, ["empty", "wait"]),
    }[place.type]  # fmt: skip


def test_caches_are_emptied_where_there_is_a_gpu(there):
    backends = there(mps=1)
    empty_caches()

    assert (backends.mps.asked, backends.cuda.asked, backends.xpu.asked) == (["empty"], [], [])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), MemoryError),
        (RuntimeError("Invalid buffer size: 12.00 GiB"), MemoryError),
        (RuntimeError("UR failed with UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY"), MemoryError),
        (torch.OutOfMemoryError("XPU out of memory. Tried to allocate"), MemoryError),
        (RuntimeError("HIP error: out of memory"), MemoryError),
        (NotImplementedError("'aten::x' is not implemented for the MPS device."), DeviceLost),
        (NotImplementedError("Could not run 'aten::x' with the 'XPU' backend."), DeviceLost),
        (RuntimeError("UR error: UR_RESULT_ERROR_DEVICE_LOST"), DeviceLost),
        (RuntimeError("HIP error: the operation cannot be performed"), DeviceLost),
        (RuntimeError("miopenStatusUnknownError"), DeviceLost),
        (RuntimeError("shape '[2]' is invalid for input of size 3"), RuntimeError),
    ],
)  # fmt: skip
def test_errors_of_every_make_are_told_apart(there, error, expected):
    there(mps=1)

    with pytest.raises(expected), device_errors():
        raise error


@pytest.mark.parametrize(
    ("name", "here"),
    [("cpu", True), ("mps", True), ("xpu:1", True), ("cuda", False), ("cuda:1", False)],
)
def test_patches_are_searched_on_a_gpu_only_where_that_was_proved(name, here):
    assert (refine_on(name) is refine_here) == here


@pytest.fixture(params=["residual", "picture"])
def info(request, make_weights):
    words = {"input": "guided", "output": request.param}
    return import_weights(make_weights(request.param, metadata=words), request.param)


@pytest.fixture
def as_a_gpu(info, monkeypatch):
    """A network made as for a GPU that was never proved, its arithmetic done elsewhere."""
    monkeypatch.setattr(device, "device_name", lambda _device: "Arc")

    def make(place=CPU):
        traits = traits_of(XPU, torch.float32)._replace(device=place)
        return TileNetwork(info, load_generator(info.path), traits)

    return make


def test_what_is_computed_there_is_what_a_processor_computes(as_a_gpu, info):
    traits = traits_of(CPU, torch.float32)
    plain = TileNetwork(info, load_generator(info.path), traits)
    other = as_a_gpu()
    rng = np.random.default_rng(7)
    shown = [
        (rng.random((*size, 3), np.float32), (rng.random((*size, 1)) < 0.3).astype(np.float32))
        for size in [(64, 64)] * 5 + [(40, 72)] * 2 + [(33, 41)]
    ]

    for fill, tile in zip(other.fill_all(shown), shown, strict=True):
        np.testing.assert_allclose(fill, plain.fill(*tile), atol=FLOAT32_SUMS)
    assert other.on_cpu() is not None  # where it goes when that device fails
    assert plain.on_cpu() is None


@pytest.mark.parametrize("size", [(64, 64), (96, 40)])
def test_every_tensor_of_the_network_is_on_its_device(as_a_gpu, size):
    """On `meta` a tensor that had stayed behind would be an error."""
    network = as_a_gpu(META)
    (lane,) = network.lanes
    asked = []
    real = lane.generator

    def watched(planes, part):
        proposed = real(planes, part)
        asked.append((planes.device, planes.shape, proposed.device))
        return torch.zeros(proposed.shape)

    lane.generator = watched
    planes = lane.new_batch(2, *size)
    filled = lane.begin(planes)()

    assert asked == [(META, (2, 4, *size), META)]
    assert filled.shape == (2, *size, 3)


def test_no_fourier_transform_and_no_float64_goes_there(as_a_gpu, monkeypatch):
    for name in ("rfft2", "irfft2", "rfft", "fft2"):
        monkeypatch.setattr(torch.fft, name, None)
    network = as_a_gpu()
    (lane,) = network.lanes
    assert {parameter.dtype for parameter in lane.generator.parameters()} == {torch.float32}

    assert np.isfinite(lane.begin(lane.new_batch(1, 64, 64).zero_())()).all()


def test_lane_that_is_not_asynchronous_pins_nothing_and_is_waited_for(there):
    there(mps=1)
    seen = []

    def generator(planes, part):
        seen.append(planes.device)
        return planes[:, :3].float()

    lane = Lane(generator, traits_of(MPS, torch.float32)._replace(device=CPU))
    planes = lane.new_batch(1, 64, 64)

    assert (lane.ahead, planes.is_pinned()) == (0, False)
    np.testing.assert_array_equal(
        lane.begin(planes.zero_())(), np.zeros((1, 64, 64, 3), np.float32)
    )
    assert seen == [CPU]
