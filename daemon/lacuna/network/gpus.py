"""The kinds of GPU that PyTorch knows, each asked in its own words: `cuda`, `xpu` and `mps`.

Those of NVIDIA and of AMD (ROCm) are both `cuda` to PyTorch, those of Intel `xpu`, those of Apple
`mps`. `device.py` decides what suits them. Nobody has seen ROCm, `xpu` and `mps` fill yet: what
stands here of them follows PyTorch's documentation, and is tested with stand-ins.
"""

from typing import Any, Protocol

import torch

from lacuna.machine import free_memory_bytes

# Of AMD's architectures, those that multiply bfloat16 in matrix units: CDNA, and RDNA from 3 on.
ROCM_WITH_BFLOAT16 = ("gfx908", "gfx90a", "gfx94", "gfx95", "gfx11", "gfx12")


class GpuKind(Protocol):
    """What is asked of a kind of GPU; each answer may raise a `RuntimeError` if it has failed.

    Attributes:
        word: PyTorch's word for it.
        transforms: Whether its Fourier transforms are relied on. They come and go with builds and
            systems elsewhere; products with matrices are there everywhere.
        streams: Whether it copies and computes in streams, and records graphs.
    """

    word: str
    transforms: bool
    streams: bool

    def count(self) -> int:
        """Return how many PyTorch can use."""
        ...

    def name(self, device: torch.device) -> str: ...

    def architecture(self, device: torch.device) -> str:
        """Name the code that it runs; empty if that says nothing."""
        ...

    def built_for(self) -> str:
        """Name the architectures that PyTorch was built for; empty if it does not tell."""
        ...

    def multiplies_bfloat16(self, device: torch.device) -> bool:
        """Tell whether it does so natively: emulated it is slower than float32."""
        ...

    def free_bytes(self, device: torch.device) -> int:
        """Return what is free, or kept by PyTorch for later."""
        ...

    def limit_bytes(self, device: torch.device, most: int) -> None:
        """Have PyTorch refuse more than so many bytes; 0 for no limit."""
        ...

    def wait(self, device: torch.device) -> None:
        """Wait until it has done what it was asked for."""
        ...

    def empty_cache(self) -> None:
        """Give back the memory that PyTorch keeps for later."""
        ...

    def forget_peak(self, device: torch.device) -> None: ...

    def peak_bytes(self, device: torch.device) -> int:
        """Return the most bytes held since `forget_peak`, as far as it is told."""
        ...


class CudaLike:
    """GPUs with the interface of `torch.cuda`, which that of `torch.xpu` is made after."""

    def __init__(self, word: str, proved: bool) -> None:
        self.word = word
        self.transforms = self.streams = proved

    @property
    def _torch(self) -> Any:
        return getattr(torch, self.word)

    def count(self) -> int:
        return int(self._torch.device_count()) if self._torch.is_available() else 0

    def name(self, device: torch.device) -> str:
        return str(self._torch.get_device_name(device))

    def architecture(self, device: torch.device) -> str:
        if self.word != "cuda":
            return ""
        if torch.version.hip:
            return str(torch.cuda.get_device_properties(device).gcnArchName)
        major, minor = torch.cuda.get_device_capability(device)
        return f"sm_{major}{minor}"

    def built_for(self) -> str:
        return ", ".join(torch.cuda.get_arch_list()) if self.word == "cuda" else ""

    def multiplies_bfloat16(self, device: torch.device) -> bool:
        if self.word != "cuda":
            return bool(torch.xpu.is_bf16_supported(including_emulation=False))
        if torch.version.hip:
            return self.architecture(device).startswith(ROCM_WITH_BFLOAT16)
        return torch.cuda.get_device_capability(device) >= (8, 0)

    def free_bytes(self, device: torch.device) -> int:
        kept = self._torch.memory_reserved(device) - self._torch.memory_allocated(device)
        return int(self._torch.mem_get_info(device)[0]) + int(kept)

    def limit_bytes(self, device: torch.device, most: int) -> None:
        total = self._torch.mem_get_info(device)[1]
        self._torch.set_per_process_memory_fraction(min(1.0, most / total) if most else 1.0, device)

    def wait(self, device: torch.device) -> None:
        self._torch.synchronize(device)

    def empty_cache(self) -> None:
        self._torch.empty_cache()

    def forget_peak(self, device: torch.device) -> None:
        self._torch.reset_peak_memory_stats(device)

    def peak_bytes(self, device: torch.device) -> int:
        return int(self._torch.max_memory_reserved(device))


class Mps:
    """The GPU of a Mac: there is one, and it shares the memory of the computer.

    float32 throughout: the first generation emulates bfloat16, and of the later ones nobody has
    measured it.
    """

    word = "mps"
    transforms = streams = False

    def count(self) -> int:
        return int(torch.backends.mps.is_available())

    def name(self, device: torch.device) -> str:
        return str(torch.backends.mps.get_name())

    def architecture(self, device: torch.device) -> str:
        return ""

    def built_for(self) -> str:
        return ""

    def multiplies_bfloat16(self, device: torch.device) -> bool:
        return False

    def free_bytes(self, device: torch.device) -> int:
        used, kept = torch.mps.current_allocated_memory(), torch.mps.driver_allocated_memory()
        most = torch.mps.recommended_max_memory() - used
        return max(0, min(most, free_memory_bytes() + kept - used))

    def limit_bytes(self, device: torch.device, most: int) -> None:
        total = torch.mps.recommended_max_memory()
        torch.mps.set_per_process_memory_fraction(min(1.0, most / total) if most else 1.0)

    def wait(self, device: torch.device) -> None:
        torch.mps.synchronize()

    def empty_cache(self) -> None:
        torch.mps.empty_cache()

    def forget_peak(self, device: torch.device) -> None:
        torch.mps.empty_cache()  # no peak is kept: what is held after the work has to do

    def peak_bytes(self, device: torch.device) -> int:
        return int(torch.mps.driver_allocated_memory())


# The order in which `auto` asks for them.
KINDS: dict[str, GpuKind] = {
    kind.word: kind
    for kind in (CudaLike("cuda", proved=True), CudaLike("xpu", proved=False), Mps())
}
