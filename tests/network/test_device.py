"""Devices are found as they were wished for, and one file tells them apart."""

import ast
from pathlib import Path

import pytest
import torch

import lacuna.network
from lacuna.network import device
from lacuna.network.device import (
    choose_device,
    choose_devices,
    choose_precision,
    default_in_words,
    fault_of,
    free_memory,
    traits_of,
)
from lacuna.network.gpus import KINDS
from lacuna_wire import LacunaError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "wish", ["gpu", "cuda:", "cuda:-1", "cuda:al", "cpu:all", "cpu:0", "", "cuda:0; rm", "CPU"]
)
def test_unknown_device_is_refused(wish):
    with pytest.raises(LacunaError, match="is not a device"):
        choose_device(wish)


@pytest.mark.parametrize("wish", ["cuda", "cuda:0", "cuda:7", "cuda:all"])
def test_gpu_that_is_not_there_is_an_error_with_the_number_found(wish, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(LacunaError, match=f"{wish} was asked for.*finds 0 GPUs of that kind"):
        choose_device(wish)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")


@pytest.fixture
def gpus(monkeypatch):
    """Pretend that there are GPUs: a dictionary of those that fail, with the reason."""
    failing = {}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "RTX")
    monkeypatch.setattr(device, "fault_of", lambda gpu: failing.get(gpu.index, ""))
    return failing


def test_auto_leaves_gpus_that_fail_and_says_so(gpus, caplog):
    gpus[0] = "the first one has no kernels"
    assert choose_device("auto") == torch.device("cuda:1")
    assert "the first one has no kernels; going on with RTX (cuda:1)" in caplog.text

    gpus |= {1: "the second is lost", 2: "the third is too"}
    assert choose_devices("auto") == [CPU]
    assert "the third is too; going on with CPU, " in caplog.text
    assert default_in_words() == f"{device.device_name(CPU)}, because the first one has no kernels"

    gpus.clear()  # nothing is remembered
    assert choose_device("auto") == torch.device("cuda:0")
    assert default_in_words() == "RTX (cuda:0)"


@pytest.mark.parametrize("wish", ["cuda", "cuda:0", "cuda:all"])
def test_gpu_that_is_asked_for_and_fails_is_an_error(wish, gpus):
    gpus[0] = "RTX has no kernels"

    with pytest.raises(
        LacunaError, match=f"{wish} was asked for, but RTX has no kernels. Choose"
    ) as e:
        choose_devices(wish)
    assert e.value.code == "device_fails"
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device("cpu") == CPU


@pytest.fixture
def old_card(monkeypatch):
    """Pretend that the processor is a card that PyTorch was not built for."""
    monkeypatch.setattr(device, "device_name", lambda _device: "GTX 780")
    monkeypatch.setattr(device, "kind_of", lambda _device: KINDS["cuda"])
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (3, 5))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_80"])


def test_device_that_computes_has_no_fault(old_card):
    assert fault_of(CPU) == ""


@pytest.mark.parametrize("step", ["conv2d", "rfft2"])
def test_fault_names_architecture_build_and_reason(step, old_card, monkeypatch):
    def fail(*_arguments, **_options):
        raise RuntimeError("CUDA error: no kernel image is available for execution\nmore words")

    monkeypatch.setattr(torch.fft if step == "rfft2" else device.functional, step, fail)

    assert fault_of(CPU) == (
        f"GTX 780 of architecture sm_35 does not work with PyTorch {torch.__version__}, built for "
        "sm_75, sm_80 (CUDA error: no kernel image is available for execution)"
    )


def test_device_that_computes_nonsense_has_a_fault(old_card, monkeypatch):
    monkeypatch.setattr(device.functional, "conv2d", lambda ones, *_, **__: torch.zeros_like(ones))

    assert "it computes 0 instead of 484" in fault_of(CPU)


def test_device_without_memory_has_no_fault(old_card, monkeypatch):
    def full(*_arguments, **_options):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(device.functional, "conv2d", full)

    assert fault_of(CPU) == ""


def test_lost_device_that_no_longer_tells_its_name_has_a_fault(old_card, monkeypatch):
    def lost(*_arguments, **_options):
        raise torch.AcceleratorError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(device.functional, "conv2d", lost)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lost)

    assert fault_of(CPU).startswith("cpu does not work with PyTorch")


def test_auto_takes_the_first_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(device, "fault_of", lambda _gpu: "")

    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda:0")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(LacunaError, match="finds 2 GPUs of that kind"):
        choose_device("cuda:2")


def test_all_gpus_are_taken_only_when_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(device, "fault_of", lambda _gpu: "")

    assert choose_devices("cuda:all") == [torch.device("cuda", number) for number in range(3)]
    for wish in ("auto", "cuda", "cuda:2"):
        assert choose_devices(wish) == [choose_device(wish)]


def test_limit_counts_where_more_memory_is_free_than_it_allows():
    assert free_memory(CPU, 1 << 20) == 1 << 20
    assert free_memory(CPU, 1 << 60) == pytest.approx(free_memory(CPU), rel=0.2)


def test_memory_of_a_processor_is_what_the_computer_has_free(monkeypatch):
    monkeypatch.setattr(device, "free_memory_bytes", lambda: 3 << 30)
    assert free_memory(CPU) == 3 << 30


@pytest.mark.parametrize("native", [True, False])
def test_bfloat16_is_taken_only_where_every_device_multiplies_it(native, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert choose_precision(CPU) == (torch.bfloat16 if native else torch.float32)

    capability = {torch.device("cuda", 0): (9, 0), torch.device("cuda", 1): (7, 5)}
    monkeypatch.setattr(torch.cuda, "get_device_capability", capability.get)
    assert choose_precision(*capability) == torch.float32
    assert choose_precision(torch.device("cuda", 0)) == torch.bfloat16


def test_a_processor_fills_one_tile_at_a_time_in_the_memory_of_the_computer(monkeypatch):
    for precision in (torch.float32, torch.bfloat16):
        traits = traits_of(CPU, precision)
        assert not any((traits.asynchronous, traits.records, traits.stacks, traits.leavable))
        assert traits.matrix_transforms == (precision == torch.bfloat16)


def test_a_gpu_can_be_left_and_takes_many_tiles_at_a_time(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "RTX")
    gpu, cpu = (traits_of(one, torch.float32) for one in (torch.device("cuda", 1), CPU))

    assert gpu.name == "RTX (cuda:1)"
    assert gpu.asynchronous
    assert gpu.records
    assert gpu.stacks
    assert gpu.leavable
    assert gpu.strip_px > cpu.strip_px
    assert not gpu.post_ops  # of oneDNN


def test_one_file_tells_a_processor_from_a_gpu():
    for path in Path(lacuna.network.__file__).parent.rglob("*.py"):
        asked = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Attribute) and node.attr == "type"
        ]
        assert bool(asked) == (path.name == "device.py"), (path, asked)
