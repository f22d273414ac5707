"""Lacuna beside other programs: the same picture, machine and minute, and weights if they have any.

`python -m benchmarks.peers PYTHON CASE [--rounds 5]` fills one picture with every program in turn,
round by round, after a warm-up on a small one, and prints the medians of seconds and of processor
seconds (on a busy machine they are what to compare), the least of both, and each process's peak
of memory. PYTHON is that of a virtual environment with the others; docs/performance.md says how to
make one. The weights of the first three cases are random numbers in the shape of big-lama: time and
memory are compared, not pictures. Cases:

- `window`: 1024 x 1024, a disc of 10 %, the whole picture in one window;
- `click`: 6000 x 4000, a disc of 300 px;
- `large`: 2048 x 2048, discs of 30 %;
- `photo-strokes`, `photo-object`, `photo-large`: a photograph (`--picture FILE`) at 1,024 px with
  a hole of `benchmarks/cases.py`, filled by Lacuna as it does by default, pypatchmatch and
  Resynthesizer; PYTHON is that of an environment with these two.
"""

import argparse
import os
import statistics
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.cases import cases
from benchmarks.large import STRIPE_PX, draw_mask, tiles_of
from benchmarks.peer_programs import PATCH_PROGRAMS, PeerProgram
from benchmarks.record import record
from lacuna.network.architectures.lama.generator import Generator

WIDTH, BLOCKS = 64, 18
SIDE, OURS = 1024, "patches"
HOLES = {"photo-strokes": "strokes", "photo-object": "object", "photo-large": "large"}
PROGRAMS = {
    "window": ("lacuna-window", "iopaint-Original", "simple-lama"),
    "click": ("lacuna", "iopaint-Crop"),
    "large": ("lacuna", "iopaint-Original"),
    **dict.fromkeys(HOLES, ("lacuna", *PATCH_PROGRAMS)),
}


class Published(nn.Module):
    """The generator with the two inputs and the output of the published file."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        predicted = self.generator(torch.cat([image * (1 - mask), mask], dim=1))
        return mask * predicted + (1 - mask) * image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", type=Path)
    parser.add_argument("case", choices=PROGRAMS)
    parser.add_argument("--picture", type=Path, help="for the cases with a photograph")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.case in HOLES and not arguments.picture:
        parser.error(f"{arguments.case} needs a photograph of {SIDE} px or more: --picture FILE")
    with tempfile.TemporaryDirectory() as folder:
        results = measure(
            arguments.python, arguments.case, arguments.rounds, Path(folder), arguments.picture
        )
    for name, figures in results.items():
        print(f"{name:17}", *(f"{key} {value}" for key, value in figures.items()))
    names = {"picture": arguments.picture.name} if arguments.picture else {}
    record("peers", case=arguments.case, **names, rounds=arguments.rounds, results=results)


def measure(
    python: Path, case: str, rounds: int, folder: Path, photograph: Path | None = None
) -> dict[str, dict[str, object]]:
    """Start every program, let them fill in turn, and sum up."""
    own_weights, peers_weights = write_weights(folder)
    if case in HOLES:
        assert photograph is not None
        (drawn,) = cases([photograph], SIDE, [HOLES[case]], 1)
        picture, mask = drawn.picture, drawn.mask
        weights = OURS
    else:
        weights = str(own_weights)
        picture, mask = draw(case)
    paths = [str(folder / "picture.npy"), str(folder / "mask.npy")]
    np.save(paths[0], picture)
    np.save(paths[1], mask)
    env = {
        **os.environ,
        "TORCH_HOME": str(peers_weights.parents[2]),
        "LAMA_MODEL": str(peers_weights),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
    }
    own = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    programs: list[PeerProgram] = []
    answers: dict[str, list[dict[str, float]]] = {name: [] for name in PROGRAMS[case]}
    try:
        for name in PROGRAMS[case]:
            ours = name.startswith("lacuna")
            with_python, variables = (sys.executable, own) if ours else (python, env)
            programs.append(PeerProgram(name, with_python, weights, variables))
        for _ in range(rounds):
            for program in programs:
                answers[program.name].append(program.ask(*paths))
    finally:
        for program in programs:
            program.close()
    return {
        name: {
            "seconds": round(statistics.median(one["s"] for one in own_answers), 2),
            "seconds_min": round(min(one["s"] for one in own_answers), 2),
            "cpu_seconds": round(statistics.median(one["cpu_s"] for one in own_answers), 2),
            "cpu_seconds_min": round(min(one["cpu_s"] for one in own_answers), 2),
            "peak_mib": round(max(one["peak_mib"] for one in own_answers)),
        }
        for name, own_answers in answers.items()
    }


def write_weights(folder: Path) -> tuple[Path, Path]:
    """Write the same random weights for Lacuna and, as the file that was published, for others."""
    torch.manual_seed(0)
    generator = Generator(WIDTH, BLOCKS).eval().requires_grad_(False)
    own = folder / "random.safetensors"
    safetensors.torch.save_file(generator.state_dict(), own)
    published = folder / "torch" / "hub" / "checkpoints" / "big-lama.pt"
    published.parent.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of the sizes it writes down
        example = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64).round()
        torch.jit.save(torch.jit.trace(Published(generator), example), published)
    return own, published


def draw(case: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw a picture (H, W, 3) and what is missing of it, 255 = missing (H, W)."""
    if case == "large":
        mask = draw_mask("holes", "2048")
    else:
        height, width, radius = (1024, 1024, 183) if case == "window" else (4000, 6000, 150)
        y, x = np.ogrid[:height, :width]
        inside = (y - height // 2) ** 2 + (x - width // 2) ** 2 <= radius**2
        mask = np.where(inside, 255, 0).astype(np.uint8)
    height, width = mask.shape
    rows, columns = -(-height // STRIPE_PX) * STRIPE_PX, -(-width // STRIPE_PX) * STRIPE_PX
    across = columns // STRIPE_PX
    stripes = list(tiles_of(rows, columns))
    picture = np.concatenate(
        [
            np.concatenate(stripes[first : first + across], axis=1)
            for first in range(0, len(stripes), across)
        ]
    )
    return np.ascontiguousarray(picture[:height, :width]), mask


if __name__ == "__main__":
    main()
