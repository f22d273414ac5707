"""For every card and every build of PyTorch: used, or one sentence and one command."""

import re
import subprocess
import sys
import tomllib
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from lacuna import graphics
from lacuna.graphics import TorchBuild, advise, installed_build, read_build
from lacuna_wire.cards import Card
from lacuna_wire.torch_builds import Computer

LINUX, WINDOWS = Computer("linux", "x86_64"), Computer("win32", "x86_64")
SILICON, INTEL_MAC = Computer("darwin", "arm64"), Computer("darwin", "x86_64")

CPU = TorchBuild("2.13.0+cpu", "cpu")
PLAIN = TorchBuild("2.13.0", "cuda", "13.0")
CU126 = TorchBuild("2.13.0+cu126", "cuda", "12.6")
ROCM = TorchBuild("2.13.0+rocm7.2", "rocm", "7.2")
XPU = TorchBuild("2.13.0+xpu", "xpu")
MPS = TorchBuild("2.13.0", "mps")
BUILDS = (CPU, PLAIN, CU126, ROCM, XPU)

RTX = Card("NVIDIA", "NVIDIA RTX 4090", "580.65.06", capability=89)
OLDER = Card("NVIDIA", "NVIDIA RTX 4090", "550.54.14", capability=89)
PASCAL = Card("NVIDIA", "NVIDIA GTX 1080", "580.65.06", capability=61)
KEPLER = Card("NVIDIA", "NVIDIA GTX 780", "470.256.02")
FERMI = Card("NVIDIA", "NVIDIA GT 640", "470.256.02", capability=30)
NOUVEAU = Card("NVIDIA", "NVIDIA [2684]", "nouveau")
RADEON = Card("AMD", "AMD Radeon RX 7900 XTX", "amdgpu")
ARC = Card("Intel", "Intel Arc A770", "xe")
M2 = Card("Apple", "Apple M2")
IGPU = Card("Intel", "Intel UHD Graphics 770", "i915", integrated=True)
APU = Card("AMD", "AMD Raphael", "amdgpu", integrated=True)


@pytest.fixture(autouse=True)
def pip_and_python(monkeypatch):
    monkeypatch.setattr(graphics, "has_pip", lambda: True)
    own_sys = SimpleNamespace(executable="/home/a b/venv/bin/python", platform=sys.platform)
    monkeypatch.setattr(graphics, "sys", own_sys)


def pip(index, version="2.13.0"):
    return (
        f"'/home/a b/venv/bin/python' -m pip install torch=={version}+{index} "
        f"--extra-index-url https://download.pytorch.org/whl/{index}"
    )


FITTING = [
    (LINUX, RTX, PLAIN), (LINUX, RTX, CU126), (WINDOWS, RTX, CU126), (LINUX, OLDER, CU126),
    (LINUX, PASCAL, CU126), (LINUX, RADEON, ROCM), (LINUX, ARC, XPU), (WINDOWS, ARC, XPU),
    (SILICON, M2, MPS),
]  # fmt: skip


@pytest.mark.parametrize(("computer", "card", "build"), FITTING)
def test_card_that_the_build_uses_needs_no_word(computer, card, build):
    assert advise([card], build, computer) is None


@pytest.mark.parametrize(("computer", "build"), list(product((LINUX, WINDOWS), BUILDS)))
def test_no_card_and_graphics_of_a_processor_need_no_word(computer, build):
    for cards in ([], [IGPU], [APU], [IGPU, APU]):
        assert advise(cards, build, computer) is None


@pytest.mark.parametrize(
    ("computer", "card", "build", "reason", "index"),
    [
        (LINUX, RTX, CPU, "built for processors alone, does not use the NVIDIA RTX 4090", "cu130"),
        (WINDOWS, RTX, CPU, "built for processors alone, does not use", "cu130"),
        (LINUX, OLDER, CPU, "built for processors alone, does not use", "cu126"),
        (LINUX, PASCAL, CPU, "built for processors alone, does not use the NVIDIA GTX", "cu126"),
        (LINUX, RTX, ROCM, "built for ROCm 7.2, does not use the NVIDIA RTX 4090", "cu130"),
        (LINUX, OLDER, PLAIN, "needs NVIDIA's driver 580 or newer for the NVIDIA RTX 4090, and "
         "550.54.14 is installed", "cu126"),
        (LINUX, PASCAL, PLAIN, "built for CUDA 13.0, has no code for the NVIDIA GTX 1080 of "
         "compute capability 6.1", "cu126"),
        (LINUX, RADEON, CPU, "does not use the AMD Radeon RX 7900 XTX", "rocm7.2"),
        (LINUX, RADEON, PLAIN, "built for CUDA 13.0, does not use the AMD Radeon", "rocm7.2"),
        (LINUX, ARC, PLAIN, "built for CUDA 13.0, does not use the Intel Arc A770", "xpu"),
        (WINDOWS, ARC, CPU, "does not use the Intel Arc A770", "xpu"),
    ],
)  # fmt: skip
def test_card_that_the_build_does_not_use_gets_a_sentence_and_the_command_of_its_build(
    computer, card, build, reason, index
):
    advice = advise([card, IGPU], build, computer)

    assert advice.reason.startswith(f"PyTorch {build.version}, built for ")
    assert reason in advice.reason
    assert card.name in advice.reason
    assert advice.mend == pip(index)


@pytest.mark.parametrize(
    ("computer", "card", "build", "reason", "remedy"),
    [
        (LINUX, NOUVEAU, PLAIN, "cannot use the NVIDIA [2684] without NVIDIA's own driver",
         "Install it, version 580 or newer."),
        (LINUX, KEPLER, PLAIN, "needs NVIDIA's driver 525 or newer for the NVIDIA GTX 780, and "
         "470.256.02 is installed", "Update the driver to 580 or newer."),
        (LINUX, FERMI, CPU, "no longer has code for the NVIDIA GT 640", ""),
        (WINDOWS, RADEON, CPU, "has no build for the AMD Radeon RX 7900 XTX on Windows", ""),
        (Computer("linux", "aarch64"), ARC, CPU, "has no build for the Intel Arc A770 on aarch64",
         ""),
        (INTEL_MAC, M2, CPU, "this Python are built for Intel Macs, so they do not use the "
         "Apple M2", "Install Python for Apple silicon, and Lacuna with that."),
    ],
)  # fmt: skip
def test_card_that_no_build_helps_gets_a_sentence_that_says_what_does(
    computer, card, build, reason, remedy
):
    advice = advise([card], build, computer)

    assert advice.reason.endswith(reason)
    assert (advice.remedy, advice.mend) == (remedy, "")


def test_no_card_that_could_be_used_is_passed_over_in_silence():
    """Every own card, on every system, with every build: it is used, or something is said."""
    cards = (RTX, OLDER, PASCAL, KEPLER, FERMI, NOUVEAU, RADEON, ARC)
    silent = {
        (computer, card, build)
        for computer, card, build in product((LINUX, WINDOWS), cards, BUILDS)
        if advise([card], build, computer) is None
    }

    assert {one for one in silent if one[0] == LINUX} == {
        (LINUX, card, build)
        for card, build in [
            (RTX, PLAIN), (RTX, CU126), (OLDER, CU126), (PASCAL, CU126), (RADEON, ROCM), (ARC, XPU),
        ]
    }  # fmt: skip
    assert {one[1:] for one in silent if one[0] == WINDOWS} <= {
        one[1:] for one in silent if one[0] == LINUX
    }


def test_commands_keep_the_version_that_is_installed():
    other = TorchBuild("2.14.1+cpu", "cpu")

    assert advise([RTX], other, LINUX).mend == pip("cu130", "2.14.1")
    assert advise([RADEON], other, LINUX).mend == pip("rocm7.14", "2.14.1")
    assert advise([RADEON], TorchBuild("2.11.0+cpu", "cpu"), LINUX).mend == pip("rocm7.2", "2.11.0")


def test_command_is_no_word_too_few_for_pip_and_keeps_the_version_that_lacuna_asks_for():
    """The build that is there does not satisfy it, or pip would do nothing; ours it does."""
    wanted = Requirement(re.search(r"torch==\S+", advise([RTX], CPU, LINUX).mend)[0])
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    asked = [Requirement(line) for line in project["project"]["dependencies"]]
    (torch,) = (one for one in asked if one.name == "torch")

    assert not wanted.specifier.contains(CPU.version)
    assert not wanted.specifier.contains(PLAIN.version)
    assert all(torch.specifier.contains(f"{version}+cu130") for version in ("2.11.0", "2.14.1"))
    assert not any(torch.specifier.contains(version) for version in ("2.10.0", "2.15.0"))


def test_environment_without_pip_is_one_of_uv(monkeypatch):
    monkeypatch.setattr(graphics, "has_pip", lambda: False)

    assert advise([RTX], CPU, LINUX).mend == (
        "uv pip install --python '/home/a b/venv/bin/python' --torch-backend=cu130 "
        "torch==2.13.0+cu130"
    )


VERSION_PY = """from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = '{version}'
debug = False
cuda: Optional[str] = {cuda}
git_version = 'cf30153c4c131c8164ee7798e5022d810682e2cb'
hip: Optional[str] = {hip}
rocm: Optional[str] = {rocm}
xpu: Optional[str] = {xpu}
"""


@pytest.mark.parametrize(
    ("facts", "computer", "build"),
    [
        ({"version": "2.13.0+cpu"}, LINUX, CPU),
        ({"version": "2.13.0", "cuda": "'13.0'"}, LINUX, PLAIN),
        ({"version": "2.13.0+rocm7.2", "hip": "'7.2.26015'", "rocm": "'7.2'"}, LINUX, ROCM),
        ({"version": "2.13.0+xpu", "xpu": "'20260000'"}, WINDOWS, XPU),
        ({"version": "2.13.0"}, SILICON, MPS),
        ({"version": "2.2.2"}, INTEL_MAC, TorchBuild("2.2.2", "cpu")),
    ],
)
def test_build_is_read_from_the_file_that_pytorch_has_for_it(facts, computer, build, tmp_path):
    none = dict.fromkeys(("cuda", "hip", "rocm", "xpu"))
    (tmp_path / "version.py").write_text(VERSION_PY.format(**{**none, **facts}))

    assert read_build(tmp_path / "version.py", computer) == build


@pytest.mark.parametrize("text", [None, "", "debug = False", "((", "x" * 10 + "\0"])
def test_file_that_says_nothing_is_no_build(text, tmp_path):
    if text is not None:
        (tmp_path / "version.py").write_text(text)

    assert read_build(tmp_path / "version.py", LINUX) is None


def test_build_that_is_installed_is_what_pytorch_itself_says():
    import torch

    build = installed_build()

    assert build.version == torch.__version__
    assert (build.kind == "cuda") == (torch.version.cuda is not None)
    assert (build.kind == "rocm") == (torch.version.hip is not None)


def test_reading_it_does_not_load_pytorch():
    code = (
        "import sys; from lacuna.graphics import *; "
        "print(installed_build().version, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    assert re.fullmatch(r"[0-9].*? False\n", ran.stdout)
