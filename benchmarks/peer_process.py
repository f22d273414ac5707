"""One program that fills a picture again and again, for `benchmarks.peers`.

It runs in the environment of that program, which may have no Lacuna: nothing of it is imported
before it is asked for. `python peer_process.py PROGRAM WEIGHTS PICTURE MASK` loads the program and
the weights, then fills once for every line that comes in and answers with a line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Fill = Callable[[np.ndarray, np.ndarray], object]
WARM_UP_PX = 256


def load_lacuna(weights: Path, strategy: str, tile: int) -> Fill:
    from benchmarks.workbench import document_of, forget
    from lacuna.filler import Filler
    from lacuna_wire import Options

    filler = Filler()
    options = Options(
        weights=str(weights), device="cpu", tile=tile, strategy=strategy, result="composite"
    )

    def fill(picture: np.ndarray, mask: np.ndarray) -> object:
        document = document_of(picture, mask)
        return filler.fill(document, options, forget, lambda _: None, lambda: False)

    return fill


def load_iopaint(strategy: str) -> Fill:
    import torch
    from iopaint.model_manager import ModelManager
    from iopaint.schema import HDStrategy, InpaintRequest

    manager = ModelManager("lama", torch.device("cpu"))
    request = InpaintRequest(hd_strategy=HDStrategy(strategy))
    return lambda picture, mask: manager(picture, mask, request)


def load_simple_lama() -> Fill:
    from PIL import Image
    from simple_lama_inpainting import SimpleLama

    network = SimpleLama()
    return lambda picture, mask: network(Image.fromarray(picture), Image.fromarray(mask))


def load(program: str, weights: Path) -> Fill:
    """Load one of `lacuna-window`, `lacuna`, `iopaint-Original`, `iopaint-Crop`, `simple-lama`."""
    kind, _, strategy = program.partition("-")
    if program == "lacuna-window":
        return load_lacuna(weights, "tiles", 2048)  # all of it in one window, as the others do
    if kind == "lacuna":
        return load_lacuna(weights, "auto", 0)
    return load_iopaint(strategy) if kind == "iopaint" else load_simple_lama()


def main() -> None:
    program, weights, picture, mask = sys.argv[1:]
    # Libraries print what they like; answers have a way of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    fill = load(program, Path(weights))
    pixels, missing = np.load(picture), np.load(mask)
    small = np.zeros((WARM_UP_PX, WARM_UP_PX), np.uint8)
    small[100:140, 100:140] = 255
    for _ in range(3):  # TorchScript watches its first calls and rewrites itself
        fill(np.ascontiguousarray(pixels[:WARM_UP_PX, :WARM_UP_PX]), small)
    for _ in sys.stdin:
        begun, used = time.perf_counter(), time.process_time()
        fill(pixels, missing)
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - used
        peak = next(
            line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
        )
        answer = {"s": seconds, "cpu_s": cpu_seconds, "peak_mib": int(peak.split()[1]) / 1024}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
