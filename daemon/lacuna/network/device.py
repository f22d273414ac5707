"""The device that runs the network: which one, what suits it, and how much of its memory is free.

No other file of `network` tells a processor from a GPU. It asks the traits.
"""

import logging
import re
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn import functional

from lacuna.graphics import unused_card
from lacuna.machine import free_memory_bytes, processor_name, usable_cores
from lacuna_wire.errors import Unprocessable
from lacuna_wire.options import DEVICE, DEVICE_NOTATION

from .gpus import KINDS, GpuKind

PROBE_SUM = 22**2  # 3 x 3 ones over 8 x 8 ones, added up
# What plain RuntimeErrors of torch say: of processors, of CUDA's libraries, of Metal, of SYCL.
NO_MEMORY = (
    "can't allocate memory", "not enough memory", "could not create a memory object",
    "ALLOC_FAILED", "out of memory", "Invalid buffer size", "OUT_OF_DEVICE_MEMORY",
    "OUT_OF_HOST_MEMORY",
)  # fmt: skip

log = logging.getLogger(__name__)


class DeviceTraits(NamedTuple):
    """What suits one device, decided once.

    Attributes:
        device: Where, for torch.
        name: The same, for people.
        precision: Type of the activations.
        asynchronous: Whether it works off a queue: tiles are copied from pinned memory while others
            are computed, a batch is asked for before the one before it is fetched, and the device
            has a clock of its own.
        records: Whether the many small kernels of a network are worth recording as one graph, which
            has a fixed shape.
        stacks: Whether it fills several tiles at a time faster than one after the other.
        leavable: Whether there is a processor beside it to go to when it is full or fails.
        strip_px: Pixels of a plane at full size that are best made at a time.
        product_side: Side of a square matrix that is large enough to time its fastest product.
        matrix_transforms: Whether Fourier transforms are faster as products with matrices.
        post_ops: Whether sums and activations can be part of the convolutions before them.
    """

    device: torch.device
    name: str
    precision: torch.dtype
    asynchronous: bool
    records: bool
    stacks: bool
    leavable: bool
    strip_px: int
    product_side: int
    matrix_transforms: bool
    post_ops: bool


def traits_of(device: torch.device, precision: torch.dtype) -> DeviceTraits:
    """Decide what suits a device that computes in this precision."""
    name, gpu = device_name(device), kind_of(device)
    if gpu is not None:
        return DeviceTraits(
            device,
            name,
            precision,
            asynchronous=gpu.streams,
            records=gpu.streams,
            stacks=True,
            leavable=True,
            strip_px=2**20,  # it wants much to do at a time
            product_side=8192 if gpu.streams else 4096,
            matrix_transforms=not gpu.transforms,  # else fast ones for the layout at hand
            post_ops=False,
        )
    return DeviceTraits(
        device,
        name,
        precision,
        asynchronous=False,
        records=False,
        stacks=False,  # the cores have enough to do with one
        leavable=False,
        strip_px=2**16,  # 8 MB of big-lama's first layer, near a processor's cache
        product_side=2048,
        matrix_transforms=precision == torch.bfloat16,  # float32 gains nothing
        post_ops=has_post_ops(precision),
    )


def kind_of(device: torch.device) -> GpuKind | None:
    """Return what kind of GPU a device is; None for a processor."""
    return KINDS.get(device.type)


def choose_device(wish: str = "auto") -> torch.device:
    """Return the device for a wish, the first if there are several.

    Raises:
        Unprocessable: As `choose_devices`.
    """
    return choose_devices(wish)[0]


def choose_devices(wish: str = "auto") -> list[torch.device]:
    """Return the devices for a wish; each has computed.

    `auto` takes the first GPU of any kind that works, else the CPU. `cuda`, `xpu` and `mps` are
    kinds; a number may follow the first two, or `all`, which takes all of them.

    Raises:
        Unprocessable: If it is another word, or a GPU is asked for that is not there or fails.
    """
    if not re.fullmatch(DEVICE, wish):
        raise Unprocessable(
            f"{ascii(wish)[:40]} is not a device. Choose {DEVICE_NOTATION}.",
            code="unknown_device",
        )
    if wish == "cpu":
        return [torch.device("cpu")]
    if wish == "auto":
        device, faults = _first_that_works()
        for fault in faults:
            log.warning("%s; going on with %s", fault, device_name(device))
        return [device]
    word, _colon, place = wish.partition(":")
    there = _devices_of(KINDS[word])
    devices = there if place == "all" else there[int(place or 0) :][:1]
    if not devices:
        raise Unprocessable(
            f"{wish} was asked for, but PyTorch {torch.__version__} finds {len(there)} GPUs of "
            f"that kind. Choose auto or cpu.",
            code="no_such_device",
        )
    for device in devices:
        if fault := fault_of(device):
            raise Unprocessable(
                f"{wish} was asked for, but {fault}. Choose auto or cpu.", code="device_fails"
            )
    return devices


def default_in_words() -> str:
    """Name the device of `auto` for people, and what is wrong with those that it leaves.

    Where PyTorch finds no GPU at all, the system is asked for one that it was not built for.
    """
    device, faults = _first_that_works()
    if kind_of(device) is None and not faults:
        faults = [reason] if (reason := unused_card()) else []
    return ", because ".join([device_name(device), *faults[:1]])


def fault_of(device: torch.device) -> str:
    """Have a GPU compute a tiny convolution and its transform; return what is wrong, or nothing.

    PyTorch also finds cards that it has no kernels for, and cards that have failed meanwhile. Too
    little memory is no fault: that is met where tiles are chosen.
    """
    gpu = kind_of(device)
    try:
        with torch.inference_mode():
            ones = torch.ones(1, 1, 8, 8, device=device)
            blurred = functional.conv2d(ones, ones[..., :3, :3], padding=1)
            if gpu is None or gpu.transforms:
                total = round(float(torch.fft.rfft2(blurred)[0, 0, 0, 0].real))
            else:
                total = round(float((ones[0, 0] @ blurred[0, 0] @ ones[0, 0])[0, 0]))
        reason = "" if total == PROBE_SUM else f"it computes {total} instead of {PROBE_SUM}"
    except torch.OutOfMemoryError:
        reason = ""
    except RuntimeError as error:
        words = str(error).partition("\n")[0].strip(" .") or type(error).__name__
        reason = "" if is_out_of_memory(words) else words
    if not reason:
        return ""
    built = gpu.built_for() if gpu is not None else ""
    return (
        f"{_with_architecture(device)} does not work with PyTorch {torch.__version__}"
        f"{f', built for {built}' if built else ''} ({reason})"
    )


def is_out_of_memory(words: str) -> bool:
    """Tell whether a plain `RuntimeError` of PyTorch means that there is no memory."""
    return any(word in words for word in NO_MEMORY)


def _first_that_works() -> tuple[torch.device, list[str]]:
    """Return the first GPU that works, else the CPU, and the faults of the GPUs before it."""
    faults: list[str] = []
    for device in (device for kind in KINDS.values() for device in _devices_of(kind)):
        fault = fault_of(device)
        if not fault:
            return device, faults
        faults.append(fault)
    return torch.device("cpu"), faults


def _devices_of(kind: GpuKind) -> list[torch.device]:
    return [torch.device(kind.word, number) for number in range(kind.count())]


def _with_architecture(device: torch.device) -> str:
    """Name a GPU and the code that it runs; one that has failed may not tell."""
    gpu = kind_of(device)
    try:
        code = gpu.architecture(device) if gpu is not None else ""
        return f"{device_name(device)} of architecture {code}" if code else device_name(device)
    except RuntimeError:
        return str(device)


def choose_precision(*devices: torch.device) -> torch.dtype:
    """Return bfloat16 where all of the devices multiply it natively, else float32.

    Emulated, it is slower than float32 and no more exact.
    """
    if all(_multiplies_bfloat16(device) for device in devices):
        return torch.bfloat16
    return torch.float32


def _multiplies_bfloat16(device: torch.device) -> bool:
    gpu = kind_of(device)
    if gpu is not None:
        return gpu.multiplies_bfloat16(device)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def has_post_ops(precision: torch.dtype) -> bool:
    """Tell whether this build of PyTorch has oneDNN and its post-ops, for this processor."""
    needed: Sequence[str] = (
        "_reorder_convolution_weight", "_convolution_pointwise", "_convolution_pointwise_",
    )  # fmt: skip
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if precision == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    return all(hasattr(torch.ops.mkldnn, name) for name in needed)


def device_name(device: torch.device) -> str:
    """Name a device for people: the GPU's own name, or `CPU` with its number of threads."""
    gpu = kind_of(device)
    return f"{gpu.name(device)} ({device})" if gpu else processor_name()


def lasting_name(device: torch.device) -> str:
    """Name a kind of device for what is recorded: the GPU's own name, or `CPU`."""
    gpu = kind_of(device)
    return gpu.name(device) if gpu else "CPU"


def set_up(device: torch.device, memory_limit: int) -> None:
    """Give a CPU all cores of this process; have torch refuse a GPU's memory beyond a limit.

    Args:
        device: A GPU, or the CPU.
        memory_limit: Bytes; 0 for no limit.
    """
    gpu = kind_of(device)
    if gpu is not None:
        gpu.limit_bytes(device, memory_limit)
    else:
        torch.set_num_threads(usable_cores())


def free_memory(device: torch.device, limit: int = 0) -> int:
    """Return the bytes that are free on a device now, or that torch keeps there for later.

    Args:
        device: A GPU, or the CPU.
        limit: The most bytes that are wanted; 0 for any number.
    """
    gpu = kind_of(device)
    free = gpu.free_bytes(device) if gpu is not None else free_memory_bytes()
    return min(free, limit) if limit else free


def empty_caches() -> None:
    """Give back the memory that PyTorch keeps on any GPU for later."""
    for kind in KINDS.values():
        if kind.count():
            kind.empty_cache()
