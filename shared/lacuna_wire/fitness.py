"""Whether a computer can run Lacuna at all, said before anything is downloaded for it.

What decides is PyTorch: it has had no build for Intel Macs since 2.2, and none for 32 bits.
"""

import platform
import re
import struct
import subprocess
import sys
from typing import NamedTuple, Optional, Tuple

from .errors import LacunaError

ASK_S = 5.0
CPU_FACTS = "/proc/cpuinfo"
AVX2_OF_WINDOWS = 40  # PF_AVX2_INSTRUCTIONS_AVAILABLE of IsProcessorFeaturePresent
_32_BITS = re.compile(r"i[3-6]86|x86|armv[5-7].*|arm")


class ComputerFacts(NamedTuple):
    """What decides whether Lacuna runs.

    Attributes:
        platform: `sys.platform`.
        machine: What Python was built for, in lower case: `x86_64`, `arm64`, `i686`.
        bits: Of Python's pointers: 64 or 32.
        python: Its version.
        translated: Whether it is made for Intel Macs and runs on one with Apple silicon.
        avx2: Whether a processor of the x86 family has AVX2; None if it is another, or unknown.
    """

    platform: str
    machine: str
    bits: int
    python: Tuple[int, ...]
    translated: bool
    avx2: Optional[bool]


def facts_of_this_computer() -> ComputerFacts:
    """Ask the system; nothing of it fails."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    return ComputerFacts(
        platform=sys.platform,
        machine=machine,
        bits=8 * struct.calcsize("P"),
        python=tuple(sys.version_info[:3]),
        translated=sys.platform == "darwin" and machine == "x86_64" and _has_apple_silicon(),
        avx2=_has_avx2() if machine == "x86_64" else None,
    )


def require_fit_computer(facts: ComputerFacts) -> None:
    """Refuse a computer on which nothing that is installed would help.

    Raises:
        LacunaError: `unfit_computer`.
    """
    if facts.platform == "darwin" and facts.machine == "x86_64" and not facts.translated:
        raise LacunaError(
            "This Mac has an Intel processor, and PyTorch, which Lacuna needs, has had no build "
            "for it since 2.2. Lacuna needs a Mac with Apple silicon.",
            code="unfit_computer",
            values={"mac": facts.machine},
        )
    if _32_BITS.fullmatch(facts.machine):
        raise LacunaError(
            f"This computer has a 32-bit system ({facts.machine}), and PyTorch, which Lacuna "
            "needs, has no build for it. Lacuna needs a system of 64 bits.",
            code="unfit_computer",
            values={"system": facts.machine},
        )


def _has_apple_silicon() -> bool:
    try:
        said = subprocess.run(
            ["sysctl", "-n", "hw.optional.arm64"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=ASK_S,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return said.strip() == b"1"


def _has_avx2() -> Optional[bool]:
    """Ask the kernel; macOS is not asked, for none of its own processors has such a question."""
    if sys.platform == "win32":
        import ctypes

        present = ctypes.WinDLL("kernel32").IsProcessorFeaturePresent(AVX2_OF_WINDOWS)
        return bool(present)
    try:
        with open(CPU_FACTS, encoding="utf-8", errors="replace") as file:
            flags = re.search(r"^flags\s*:(.*)$", file.read(), re.MULTILINE)
    except OSError:
        return None
    return "avx2" in flags[1].split() if flags else None
