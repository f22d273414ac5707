"""The generator by Lacuna's own path and by other programs that run networks, on a processor.

`python -m benchmarks.backends [--networks N] [--side 512] [--rounds 5]` fills one tile with each of
them in turn, round by round in one process, and prints the medians of the clock and of processor
seconds (on a busy machine they are what to compare), the seconds until each was ready, and how far
its tile lies from that of the plain generator in float32. The weights are random numbers in the
shapes of lacuna-small and big-lama. Each program gets the precisions that it computes in: float32,
and bfloat16 where the processor has it.

torch.compile wants a C++ compiler. The others are no dependency of Lacuna, and what is not
installed is left out: `pip install onnx onnxscript onnxruntime openvino`.
"""

import argparse
import copy
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import lacuna.network  # noqa: F401 (it tells threads how to wait, and torch listens only once)

# isort: split
import torch
from torch import Tensor, nn

from benchmarks.network import NETWORKS
from benchmarks.record import ROOT, record
from lacuna.machine import usable_cores
from lacuna.network.architectures import lama
from lacuna.network.architectures.lama.ffc import FourierUnit, SpectralTransform
from lacuna.network.architectures.lama.fold import fold_batch_norms
from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.architectures.lama.lean import make_lean, transforms
from lacuna.network.device import choose_precision, traits_of

ROUNDS = 5
CPU = torch.device("cpu")
# Each has to be there for a program to be measured; a compiler is no package.
NEEDS = {
    "lacuna": (),
    "torch.compile": (),
    "torch.compile, planes": (),
    "onnxruntime": ("onnx", "onnxscript", "onnxruntime"),
    "openvino": ("onnx", "onnxscript", "openvino"),
}

Fill = Callable[[], NDArray[np.float32]]


class PlaneFourierUnit(nn.Module):
    """A folded Fourier unit as matrix products over planes, the layout that others compute in.

    Args:
        unit: The unit to replace.
        side: Rows and columns of its input; exported networks have one size anyway.
    """

    def __init__(self, unit: FourierUnit, side: int) -> None:
        super().__init__()
        rows, columns, _, rows_back = transforms(side, side, torch.float32, torch.device("cpu"))
        # From (row, part) to (part, row): the parts of a plane lie below each other here.
        columns = columns.reshape(2 * side, side, 2).transpose(1, 2).reshape(2 * side, 2 * side)
        self.mix = unit.conv_layer
        self.register_buffer("rows", rows.T.contiguous())
        self.register_buffer("columns", columns.contiguous())
        self.register_buffer("columns_back", columns.T.contiguous())
        self.register_buffer("rows_back", rows_back.T.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        count, channels, height, width = x.shape
        half = width // 2 + 1
        spectrum = x @ self.rows  # (N, C, H, 2 half): real parts, then imaginary ones
        spectrum = torch.cat([spectrum[..., :half], spectrum[..., half:]], dim=-2)
        spectrum = self.columns @ spectrum  # (N, C, 2H, half)
        mixed = torch.relu(self.mix(spectrum.reshape(count, 2 * channels, height, half)))
        mixed = self.columns_back @ mixed.reshape(count, channels, 2 * height, half)
        return torch.cat([mixed[..., :height, :], mixed[..., height:, :]], dim=-1) @ self.rows_back


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    results = []
    for name in arguments.networks:
        own = ["--case", name, str(arguments.side), str(arguments.rounds)]
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.backends", *own],
            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        for result in json.loads(answer.stdout.splitlines()[-1]):
            results.append(result)
            print(
                f"{name:12} {result['program']:21} {result['precision']:8} {arguments.side} px: "
                f"median {result['seconds_median']:.3f} s ({result['seconds_min']:.3f} to "
                f"{result['seconds_max']:.3f}), processor {result['cpu_seconds']:.3f} s, ready "
                f"after {result['ready_s']:.0f} s, {result['off_by']:.2%} of the spread off",
                flush=True,
            )
    versions = {name: version(name) for name in ("onnxruntime", "openvino") if is_there(name)}
    record(
        "backends",
        side_px=arguments.side,
        rounds=arguments.rounds,
        compiler=compiler_version(),
        versions=versions,
        results=results,
    )


def is_there(program: str) -> bool:
    """Whether a program can be measured here."""
    if program.startswith("torch.compile"):
        return bool(compiler_version())
    return all(importlib.util.find_spec(name) for name in NEEDS[program])


def compiler_version() -> str:
    """Return the first line of what the C++ compiler says of itself; empty without one."""
    if not shutil.which("g++"):
        return ""
    run = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()[0]


def measure(name: str, side: int, rounds: int) -> list[dict[str, object]]:
    """Fill one tile with every program in turn, in this process."""
    torch.set_num_threads(usable_cores())
    torch.manual_seed(0)
    generator = Generator(*NETWORKS[name]).eval().requires_grad_(False)
    planes = np.random.default_rng(0).random((1, 4, side, side), np.float32)
    with torch.inference_mode():
        expected = generator(torch.from_numpy(planes)).numpy()
    precisions = [torch.float32]
    if choose_precision(CPU) == torch.bfloat16:
        precisions.append(torch.bfloat16)

    fills: dict[tuple[str, str], Fill] = {}
    figures: dict[tuple[str, str], dict[str, object]] = {}
    for program in NEEDS:
        if not is_there(program):
            print(f"{program} is not there: left out", file=sys.stderr)
            continue
        for precision in precisions:
            # ONNX Runtime has no convolution in bfloat16 for processors.
            if program == "onnxruntime" and precision != torch.float32:
                continue
            begun = time.perf_counter()
            fill = load(program, generator, planes, precision)
            fill()
            ready = time.perf_counter() - begun
            off_by = float(np.abs(fill() - expected).max() / expected.std())
            case = program, str(precision).removeprefix("torch.")
            fills[case] = fill
            figures[case] = {"ready_s": round(ready, 1), "off_by": off_by}
            print(*case, figures[case], file=sys.stderr, flush=True)

    seconds: dict[tuple[str, str], list[float]] = {case: [] for case in fills}
    cpu_seconds: dict[tuple[str, str], list[float]] = {case: [] for case in fills}
    for _ in range(rounds):
        for case, fill in fills.items():
            begun, used = time.perf_counter(), time.process_time()
            fill()
            seconds[case].append(time.perf_counter() - begun)
            cpu_seconds[case].append(time.process_time() - used)
    return [
        {
            "network": name,
            "program": case[0],
            "precision": case[1],
            "seconds_median": round(statistics.median(seconds[case]), 4),
            "seconds_min": round(min(seconds[case]), 4),
            "seconds_max": round(max(seconds[case]), 4),
            "cpu_seconds": round(statistics.median(cpu_seconds[case]), 4),
            **figures[case],
        }
        for case in fills
    ]


def load(
    program: str, generator: Generator, planes: NDArray[np.float32], precision: torch.dtype
) -> Fill:
    """Make a program ready to fill the planes (1, 4, H, W): a function that answers with pixels."""
    own = copy.deepcopy(generator)
    if program in ("lacuna", "torch.compile"):
        own = lama.prepare(own, traits_of(CPU, precision))
    else:
        in_planes(own, planes.shape[-1])
    if program in ("onnxruntime", "openvino"):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "generator.onnx"
            torch.onnx.export(own, (torch.from_numpy(planes),), file, dynamo=True, verbose=False)
            if program == "onnxruntime":
                return load_onnxruntime(file, planes)
            return load_openvino(file, planes, precision)
    own.to(precision, memory_format=torch.channels_last)
    # Frozen, it may bring weights into the order that it wants once and for all.
    ready = own if program == "lacuna" else torch.compile(own, options={"freezing": True})
    tensor = torch.from_numpy(planes).to(precision, memory_format=torch.channels_last)

    def fill() -> NDArray[np.float32]:
        with torch.inference_mode():
            return ready(tensor).numpy()

    return fill


def in_planes(generator: Generator, side: int) -> None:
    """Fold and rearrange a generator in place into what others take: no transform, no complex."""
    fold_batch_norms(generator)
    make_lean(generator, matrix_fourier=False)
    for module in generator.modules():
        if isinstance(module, SpectralTransform):
            assert isinstance(module.fu, FourierUnit)
            module.fu = PlaneFourierUnit(module.fu, side // lama.MULTIPLE_PX)


def load_onnxruntime(file: Path, planes: NDArray[np.float32]) -> Fill:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    # Threads that spin while others compute would be counted, and would take their cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    return lambda: session.run(None, {entry.name: planes})[0]


def load_openvino(file: Path, planes: NDArray[np.float32], precision: torch.dtype) -> Fill:
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": "f32" if precision == torch.float32 else "bf16",
        "INFERENCE_NUM_THREADS": usable_cores(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = openvino.Core().compile_model(file, "CPU", settings)
    return lambda: compiled(planes)[0].copy()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        main()
