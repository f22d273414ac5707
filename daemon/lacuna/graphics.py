"""Whether the build of PyTorch that is installed uses the graphics card that is there.

Read from files, for PyTorch takes a second to load: what it was built for is in its `version.py`.
"""

import ast
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lacuna_wire.cards import Card, see_cards
from lacuna_wire.torch_builds import (
    CUDA_12,
    CUDA_13,
    INDEX,
    OTHER_MAKES,
    ROCM,
    ROCM_SINCE_2_14,
    Computer,
    cuda_build,
    has_build,
    this_computer,
)

from .system.shell import program_word

WORDS = {
    "cpu": "processors alone", "cuda": "CUDA", "rocm": "ROCm", "xpu": "Intel GPUs",
    "mps": "Apple GPUs",
}  # fmt: skip


class TorchBuild(NamedTuple):
    """What PyTorch was built for.

    Attributes:
        version: With what stands after a plus, such as `2.13.0+cu130`.
        kind: A key of `WORDS`.
        number: Version of CUDA or ROCm; empty for others.
    """

    version: str
    kind: str
    number: str = ""

    def in_words(self) -> str:
        return f"{WORDS[self.kind]} {self.number}".strip()


class Advice(NamedTuple):
    """Why a card is not used, and what helps.

    Attributes:
        reason: A sentence without its full stop; it begins with `PyTorch`.
        remedy: A sentence; empty if the command says it all.
        mend: The command; empty if there is none.
    """

    reason: str
    remedy: str = ""
    mend: str = ""


def installed_build() -> TorchBuild | None:
    """Return the build of PyTorch that would be imported; None if there is none."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return None
    return read_build(Path(spec.submodule_search_locations[0]) / "version.py", this_computer())


def read_build(file: Path, computer: Computer) -> TorchBuild | None:
    """Read a `version.py` of PyTorch; None if it is none."""
    try:
        body = ast.parse(file.read_text("utf-8")).body
    except (OSError, ValueError, SyntaxError):
        return None
    facts: dict[str, str] = {}
    for node in body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and value.value:
            facts[target.id] = str(value.value)
    if "__version__" not in facts:
        return None
    for key, kind in (("cuda", "cuda"), ("hip", "rocm"), ("xpu", "xpu")):
        if key in facts:
            number = facts.get("rocm", facts[key]) if kind == "rocm" else facts[key]
            return TorchBuild(facts["__version__"], kind, "" if kind == "xpu" else number)
    apple = computer == Computer("darwin", "arm64")
    return TorchBuild(facts["__version__"], "mps" if apple else "cpu")


def unused_card() -> str:
    """Say why PyTorch does not use a card that is there, as a sentence without its full stop.

    Empty if it uses it, or if there is none. It asks other programs, so it may take seconds.
    """
    build, cards = installed_build(), see_cards()
    advice = advise(cards, build, this_computer()) if build else None
    return advice.reason if advice else ""


def advise(cards: Sequence[Card], build: TorchBuild, computer: Computer) -> Advice | None:
    """Return what is to be said of the best card; None if it is used, or there is none to use.

    Args:
        cards: The best one first, as `see_cards` returns them.
        build: What is installed.
        computer: For which there may be no build at all.
    """
    card = next((card for card in cards if not card.integrated), None)
    if computer.platform == "darwin":
        return _on_a_mac(card, build, computer)
    if card is None:
        return None
    if card.make == "NVIDIA":
        return _nvidia(card, build)
    wanted, index = OTHER_MAKES[card.make]
    if card.make == "AMD":
        index = rocm_of(build)
    if build.kind == wanted:
        return None
    if not has_build(card.make, computer):
        where = "Windows" if computer.platform == "win32" else computer.machine
        return Advice(f"PyTorch has no build for the {card.name} on {where}")
    return Advice(_not_used(card, build), mend=installation(build, index))


def _nvidia(card: Card, build: TorchBuild) -> Advice | None:
    whole = card.driver.partition(".")[0]
    if not whole.isdigit():  # `nouveau`, or none at all
        return Advice(
            f"PyTorch cannot use the {card.name} without NVIDIA's own driver",
            f"Install it, version {CUDA_13[1]} or newer.",
        )
    driver, capability = int(whole), card.capability or CUDA_13[2]
    if capability < CUDA_12[2]:
        return Advice(f"PyTorch no longer has code for the {card.name}")
    index, *_least = cuda_build(driver, capability)
    mend = installation(build, index)
    if driver < CUDA_12[1]:
        return Advice(
            f"PyTorch needs NVIDIA's driver {CUDA_12[1]} or newer for the {card.name}, and "
            f"{card.driver} is installed",
            f"Update the driver to {CUDA_13[1]} or newer.",
            "" if build.kind == "cuda" else installation(build, CUDA_13[0]),
        )
    if build.kind != "cuda":
        return Advice(_not_used(card, build), mend=mend)
    built = CUDA_13 if build.number.partition(".")[0] not in ("11", "12") else CUDA_12
    if capability < built[2]:
        return Advice(
            f"PyTorch {build.version}, built for {build.in_words()}, has no code for the "
            f"{card.name} of compute capability {capability / 10}",
            mend=mend,
        )
    if driver < built[1]:
        return Advice(
            f"PyTorch {build.version}, built for {build.in_words()}, needs NVIDIA's driver "
            f"{built[1]} or newer for the {card.name}, and {card.driver} is installed",
            "Update the driver, or install the build for CUDA 12.6.",
            mend,
        )
    return None


def _on_a_mac(card: Card | None, build: TorchBuild, computer: Computer) -> Advice | None:
    if computer.machine == "arm64":
        return None  # there is but one build, and it knows Apple's GPUs
    if card is not None and card.make == "Apple":
        return Advice(
            f"PyTorch {build.version} and this Python are built for Intel Macs, so they do not use "
            f"the {card.name}",
            "Install Python for Apple silicon, and Lacuna with that.",
        )
    return None


def _not_used(card: Card, build: TorchBuild) -> str:
    return f"PyTorch {build.version}, built for {build.in_words()}, does not use the {card.name}"


def rocm_of(build: TorchBuild) -> str:
    """Return the index that has this version for AMD."""
    major, minor = build.version.split(".")[:2]
    return ROCM_SINCE_2_14 if (int(major), int(minor)) >= (2, 14) else ROCM


def installation(build: TorchBuild, index: str) -> str:
    """Return the command that puts another build of the same version in the place of this one."""
    python = program_word(Path(sys.executable))
    wanted = f"torch=={build.version.partition('+')[0]}+{index}"
    if not has_pip():
        return (
            f"uv pip install --python {python.removeprefix('& ')} --torch-backend={index} {wanted}"
        )
    return f"{python} -m pip install {wanted} --extra-index-url {INDEX}/{index}"


def has_pip() -> bool:
    """Tell whether this environment has pip; those of uv have none."""
    return importlib.util.find_spec("pip") is not None
