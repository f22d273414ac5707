"""`lacuna doctor` on computers with cards that are not here: what it sees, says and advises."""

import os
from types import SimpleNamespace

import pytest

from lacuna import graphics
from lacuna.commands.card_checks import look_at_cards, tell_once
from lacuna.graphics import TorchBuild
from lacuna_wire import cards, torch_builds
from lacuna_wire.torch_builds import Computer
from tests.commands.conftest import checks
from tests.graphics.machines import (
    APPLE,
    INTEL_MAC,
    drm,
    hide_cards,
    macos,
    put_nvidia_smi,
    put_program,
    windows,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are scripts of POSIX")

CPU, PLAIN = TorchBuild("2.13.0+cpu", "cpu"), TorchBuild("2.13.0", "cuda", "13.0")
WHL = "https://download.pytorch.org/whl"
GIB = 2**30


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Pretend to be a computer: its system, its build of PyTorch, its folder of cards."""
    programs = hide_cards(monkeypatch, tmp_path)
    monkeypatch.setattr(graphics, "has_pip", lambda: True)

    def pretend(platform, build, *of_linux, machine="x86_64"):
        monkeypatch.setattr(cards, "sys", SimpleNamespace(platform=platform))
        monkeypatch.setattr(cards, "DRM", drm(tmp_path / "sys", *of_linux))
        monkeypatch.setattr(torch_builds, "this_computer", lambda: Computer(platform, machine))
        monkeypatch.setattr(graphics, "installed_build", lambda: build)
        return programs

    return pretend


def seen():
    (check,) = look_at_cards()
    assert check.name == "graphics"
    return check


def test_nvidia_with_a_build_for_processors(machine):
    put_nvidia_smi(machine("linux", CPU), r"NVIDIA GeForce RTX 4090, 580.65.06\n", r"8.9\n")
    check = seen()

    assert (check.state, check.found) == (
        "note",
        "NVIDIA GeForce RTX 4090, driver 580.65.06. PyTorch 2.13.0+cpu, built for processors "
        "alone, does not use the NVIDIA GeForce RTX 4090.",
    )
    assert check.mend.endswith(f" -m pip install torch==2.13.0+cu130 --extra-index-url {WHL}/cu130")


def test_nvidia_with_an_old_driver(machine):
    put_nvidia_smi(machine("linux", PLAIN), r"NVIDIA GeForce RTX 3060, 535.183.01\n", r"8.6\n")
    check = seen()

    assert check.state == "note"
    assert check.found == (
        "NVIDIA GeForce RTX 3060, driver 535.183.01. PyTorch 2.13.0, built for CUDA 13.0, needs "
        "NVIDIA's driver 580 or newer for the NVIDIA GeForce RTX 3060, and 535.183.01 is "
        "installed. Update the driver, or install the build for CUDA 12.6."
    )
    assert check.mend.endswith(f"torch==2.13.0+cu126 --extra-index-url {WHL}/cu126")


def test_nvidia_with_the_driver_of_the_kernel(machine):
    machine("linux", PLAIN, ("0x10de", "0x2684", "nouveau", "0000:01:00.0", {}))
    check = seen()

    assert (check.state, check.mend) == ("note", "")
    assert "without NVIDIA's own driver. Install it, version 580 or newer." in check.found


def test_nvidia_of_windows_whose_plain_build_is_for_processors(machine):
    programs = machine("win32", TorchBuild("2.13.0", "cpu"))
    said = windows(
        ("AMD Radeon(TM) Graphics", "32.0.11037.4004", "1002"),
        ("NVIDIA GeForce RTX 3060", "32.0.15.8097", "10DE"),
    )
    put_program(programs, "powershell", said)
    check = seen()

    assert check.found.startswith(
        "NVIDIA GeForce RTX 3060, driver 580.97; AMD Radeon Graphics (part of the processor), "
        "driver 32.0.11037.4004. PyTorch 2.13.0, built for processors alone, does not use"
    )
    assert check.mend.endswith(f"torch==2.13.0+cu130 --extra-index-url {WHL}/cu130")


def test_amd(machine):
    card = ("0x1002", "0x744c", "amdgpu", "0000:03:00.0", {"mem_info_vram_total": 24 * GIB})
    machine("linux", CPU, card)
    check = seen()

    assert check.state == "note"
    assert check.found.endswith("alone, does not use the AMD [744c].")
    assert check.mend.endswith(f"torch==2.13.0+rocm7.2 --extra-index-url {WHL}/rocm7.2")


def test_amd_of_windows_for_which_there_is_no_build(machine):
    programs = machine("win32", CPU)
    put_program(programs, "powershell", windows(("AMD Radeon RX 7800 XT", "32.0.1.2", "1002")))
    check = seen()

    assert (check.state, check.mend) == ("note", "")
    assert check.found.endswith("PyTorch has no build for the AMD Radeon RX 7800 XT on Windows.")


def test_apple(machine):
    programs = machine("darwin", TorchBuild("2.13.0", "mps"), machine="arm64")
    put_program(programs, "system_profiler", macos(APPLE))

    assert seen()[1:] == ("ok", "Apple M2. PyTorch 2.13.0 is built for Apple GPUs.", "")


def test_apple_with_a_python_that_is_translated(machine):
    put_program(machine("darwin", CPU), "system_profiler", macos(APPLE))
    check = seen()

    assert check.state == "note"
    assert check.found.endswith("Install Python for Apple silicon, and Lacuna with that.")


def test_intel_mac(machine):
    put_program(machine("darwin", CPU), "system_profiler", macos(*INTEL_MAC))

    assert seen().mend == ""


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_intel_arc(machine, platform):
    programs = machine(platform, PLAIN, ("0x8086", "0x56a0", "xe", "0000:04:00.0", {}))
    said = windows(("Intel(R) Arc(TM) A770 Graphics", "32.0.101.6647", "8086"))
    put_program(programs, "powershell", said)
    check = seen()

    assert check.state == "note"
    assert check.mend.endswith(f"torch==2.13.0+xpu --extra-index-url {WHL}/xpu")


@pytest.mark.parametrize("build", [CPU, PLAIN])
def test_graphics_of_a_processor_alone(machine, build):
    machine("linux", build, ("0x8086", "0x4680", "i915", "0000:00:02.0", {}))
    check = seen()

    assert (check.state, check.mend) == ("ok", "")
    assert check.found.startswith("Intel [4680] (part of the processor), driver i915. PyTorch ")


def test_none(machine):
    machine("linux", CPU)

    assert seen()[1:] == (
        "ok", "No graphics card is seen. PyTorch 2.13.0+cpu is built for processors alone.", ""
    )  # fmt: skip


def test_no_pytorch(machine):
    machine("linux", None)

    assert seen().state == "broken"


def test_the_command_itself_names_card_and_remedy_and_the_worker_says_why_it_has_no_card(
    in_process, tmp_path, monkeypatch, photo
):
    """A real daemon, a real worker, the build that is here; only the card is not."""
    import torch

    if torch.version.cuda or torch.version.hip:
        pytest.skip("this build of PyTorch is for GPUs")
    words = [tmp_path / "photo.png", tmp_path / "mask.png", "-o", tmp_path / "clean.png"]
    put_nvidia_smi(tmp_path / "bin", r"NVIDIA GeForce RTX 4090, 580.65.06\n", r"8.9\n")
    told = checks(in_process("doctor", "--json"))
    fills = [in_process("inpaint", *words, "--overwrite", *more) for more in
             (["--device", "cpu"], [], [])]  # fmt: skip

    sentence = "alone, does not use the NVIDIA GeForce RTX 4090"
    assert told["graphics"]["state"] == "note"
    assert told["graphics"]["found"].endswith(f"{sentence}.")
    assert "+cu130" in told["graphics"]["mend"]
    assert told["test fill"]["state"] == "ok"
    assert f"threads, because PyTorch {torch.__version__}, built for" in told["device"]["found"]
    assert sentence in told["device"]["found"]
    assert [fill.returncode for fill in fills] == [0, 0, 0]
    first = f"The fill ran on the CPU, because PyTorch {torch.__version__}, built for processors "
    assert [first in fill.stderr for fill in fills] == [False, True, False]
    assert "told.json" in in_process("uninstall", "--yes").stdout


def test_sentence_of_a_fill_is_said_once_for_each_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("LACUNA_STATE_DIR", str(tmp_path / "state"))
    old, new = (f"CPU, 2 threads, because {reason}" for reason in ("it is old", "it is new"))

    assert tell_once(old) == (
        "The fill ran on the CPU, because it is old. `lacuna doctor` says what helps."
    )
    assert [bool(tell_once(device)) for device in (old, new, new, old)] == [
        False,
        True,
        False,
        True,
    ]
    for fine in ("", "CPU, 2 threads", "RTX (cuda:1), because the first one has failed"):
        assert tell_once(fine) == ""


def test_sentence_that_cannot_be_remembered_is_not_said_with_every_fill(tmp_path, monkeypatch):
    (tmp_path / "state").write_text("no folder")
    monkeypatch.setenv("LACUNA_STATE_DIR", str(tmp_path / "state"))

    assert tell_once("CPU, because it is old") == ""
