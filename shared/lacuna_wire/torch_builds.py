"""The builds of PyTorch: which one suits a computer and its graphics card, and what it costs.

The daemon judges with these rules the build that is there; an editor chooses with them the one
that it installs. PyTorch is asked by neither.
"""

import platform
import sys
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

from .cards import Card

# What is installed from an editor; docs/decisions/0002 has the reasons.
TORCH = "2.13.0"
# PyTorch's own index of each kind of build, as it has them for 2.11 to 2.14.
INDEX = "https://download.pytorch.org/whl"
CPU, ROCM, XPU = "cpu", "rocm7.2", "xpu"
ROCM_SINCE_2_14 = "rocm7.14"
# Builds for CUDA, newest first, and the oldest driver and card that each runs with: table 2 of the
# release notes of CUDA (minor version compatibility), and `torch.cuda.get_arch_list()`.
CUDA_13, CUDA_12 = ("cu130", 580, 75), ("cu126", 525, 50)
# Of cards that are not NVIDIA's: what PyTorch calls their builds, and the index.
OTHER_MAKES = {"AMD": ("rocm", ROCM), "Intel": ("xpu", XPU)}


class Computer(NamedTuple):
    """What decides which builds there are: `sys.platform`, and the machine that Python is for."""

    platform: str
    machine: str


class TorchChoice(NamedTuple):
    """The build that suits a computer.

    Attributes:
        kind: Its name among PyTorch's indexes; empty for the plain one, which pip takes anyway.
        card: For which it was made; None if it is for the processor.
    """

    kind: str
    card: Optional[Card] = None


class Amount(NamedTuple):
    """Bytes of all packages together: downloaded, and unpacked on the disk."""

    download: int
    disk: int


# What the plain build is on each system, and how much it and all else that Lacuna needs are, for
# Python 3.13: `python -m benchmarks.unpacked --unpack` told it. PyTorch's own build for processors
# is not on PyPI: for that one, what pip downloaded and unpacked on a Debian 12.
PLAIN: Dict[Computer, str] = {
    Computer("linux", "x86_64"): CUDA_13[0],
    Computer("linux", "aarch64"): CUDA_13[0],
    Computer("win32", "x86_64"): CPU,
    Computer("darwin", "arm64"): "mps",
}
AMOUNTS: Dict[Tuple[str, str, str], Amount] = {
    ("linux", "x86_64", CPU): Amount(386_000_000, 1_300_000_000),
    ("linux", "x86_64", CUDA_13[0]): Amount(2_920_000_000, 5_310_000_000),
    ("linux", "aarch64", CUDA_13[0]): Amount(3_020_000_000, 5_150_000_000),
    ("win32", "x86_64", CPU): Amount(266_000_000, 880_000_000),
    ("darwin", "arm64", "mps"): Amount(246_000_000, 870_000_000),
}
# Where nobody could ask: no build that there is takes more.
MOST = Amount(0, 20_000_000_000)


def this_computer() -> Computer:
    return Computer(sys.platform, platform.machine().lower().replace("amd64", "x86_64"))


def cuda_build(driver: int, capability: int) -> Tuple[str, int, int]:
    """Return the build for CUDA that suits a card of NVIDIA; an old driver needs an update.

    Args:
        driver: The whole part of its version.
        capability: As in `Card`; of a card that does not tell, that of a new one.
    """
    fits = driver >= CUDA_13[1] and capability >= CUDA_13[2]
    return CUDA_13 if fits else CUDA_12


def has_build(make: str, computer: Computer) -> bool:
    """Tell whether there is a build for cards of AMD or Intel on a computer."""
    if computer.machine != "x86_64":
        return False
    return make != "AMD" or computer.platform != "win32"


def choose_build(cards: Sequence[Card], computer: Computer) -> TorchChoice:
    """Return the build that suits the best card; that for the processor if none would use one.

    Args:
        cards: The best one first, as `see_cards` returns them.
        computer: For which there may be no build at all.
    """
    card = next((card for card in cards if not card.integrated), None)
    if computer.platform == "darwin":
        return TorchChoice("", card)
    wanted = _index_of(card, computer) if card is not None else ""
    plain = PLAIN.get(computer)
    index = wanted or CPU
    return TorchChoice("" if index == plain else index, card if wanted else None)


def amount_of(choice: TorchChoice, computer: Computer) -> Amount:
    """Return how much a build is with all else that Lacuna needs; `MOST` if nobody knows."""
    index = choice.kind or PLAIN.get(computer, "")
    return AMOUNTS.get((computer.platform, computer.machine, index), MOST)


def _index_of(card: Card, computer: Computer) -> str:
    """Return the index of the build for a card; empty if none would use it as it is."""
    if card.make == "NVIDIA":
        whole = card.driver.partition(".")[0]
        capability = card.capability or CUDA_13[2]
        if not whole.isdigit():
            return ""
        index, oldest, least = cuda_build(int(whole), capability)
        return index if int(whole) >= oldest and capability >= least else ""
    if card.make in OTHER_MAKES and has_build(card.make, computer):
        return OTHER_MAKES[card.make][1]
    return ""
