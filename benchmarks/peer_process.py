"""One program that fills pictures again and again, for `benchmarks.peers` and `benchmarks.ways`.

It runs in the environment of that program, which may have no Lacuna: nothing of it is imported
before it is asked for. `python peer_process.py PROGRAM [WEIGHTS]` loads the program and says `{}`.
Every line that comes in is a JSON list of paths: picture (uint8 (H, W, 3) RGB), mask (uint8 (H, W),
255 = missing), both `.npy`, and where to write the filled picture as `.npy`, empty for nowhere. It
is answered with a line of JSON: seconds, processor seconds and the peak of memory so far.
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
# What Resynthesizer's own "Heal Selection" asks for; its corpus is so much around the selection.
NEIGHBOURS, PROBES, OUTLIERS, CORPUS_PX = 16, 500, 0.117, 50
PATCH_RADIUS_PX = 3  # as in the examples of pypatchmatch; its default of 15 is slow and coarse


def load_lacuna(weights: str, strategy: str, tile: int) -> Fill:
    from benchmarks.workbench import document_of, forget
    from lacuna.filler import Filler
    from lacuna_wire import Options

    filler = Filler()
    options = Options(
        weights=weights, device="cpu", tile=tile, strategy=strategy, result="composite"
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


def load_pypatchmatch() -> Fill:
    import patchmatch

    return lambda picture, mask: patchmatch.inpaint(picture, mask > 0, patch_size=PATCH_RADIUS_PX)


def load_resynthesizer() -> Fill:
    import cv2
    from PIL import Image
    from resynthesizer import TImageSynthParameters, resynthesize

    def parameters() -> object:
        chosen = TImageSynthParameters()
        chosen.isMakeSeamlesslyTileableHorizontally = 0
        chosen.isMakeSeamlesslyTileableVertically = 0
        chosen.matchContextType = 1
        chosen.mapWeight = 0.0
        chosen.sensitivityToOutliers = OUTLIERS
        chosen.patchSize = NEIGHBOURS
        chosen.maxProbeCount = PROBES
        return chosen

    def fill(picture: np.ndarray, mask: np.ndarray) -> object:
        """Fill what lies within a corpus's reach of each other together, in its own rectangle."""
        filled = picture.copy()
        near = cv2.dilate(mask, np.ones((2 * CORPUS_PX + 1, 2 * CORPUS_PX + 1), np.uint8))
        count, labels, bounds, _ = cv2.connectedComponentsWithStats((near > 0).astype(np.uint8))
        for label in range(1, count):
            left, top, width, height = bounds[label, :4]
            around = np.s_[top : top + height, left : left + width]
            answer = resynthesize(
                Image.fromarray(np.ascontiguousarray(picture[around])),
                Image.fromarray(np.ascontiguousarray(mask[around])),
                parameters(),
            )
            own = (labels[around] == label) & (mask[around] > 0)
            filled[around][own] = np.asarray(answer)[own]
        return filled

    return fill


def load(program: str, weights: str) -> Fill:
    """Load a program.

    Args:
        program: One of `lacuna-window`, `lacuna`, `iopaint-Original`, `iopaint-Crop`,
            `simple-lama`, `pypatchmatch`, `resynthesizer`.
        weights: Name or path, for Lacuna.
    """
    kind, _, strategy = program.partition("-")
    if program == "lacuna-window":
        return load_lacuna(weights, "tiles", 2048)  # all of it in one window, as the others do
    if kind == "lacuna":
        return load_lacuna(weights, "auto", 0)
    if kind == "iopaint":
        return load_iopaint(strategy)
    others = {"pypatchmatch": load_pypatchmatch, "resynthesizer": load_resynthesizer}
    return others.get(program, load_simple_lama)()


def main() -> None:
    program, weights = (*sys.argv[1:], "")[:2]
    # Libraries print what they like; answers have a way of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    fill = load(program, weights)
    noise = np.random.default_rng(0).integers(0, 256, (WARM_UP_PX, WARM_UP_PX, 3)).astype(np.uint8)
    small = np.zeros((WARM_UP_PX, WARM_UP_PX), np.uint8)
    small[100:140, 100:140] = 255
    for _ in range(3):  # TorchScript watches its first calls and rewrites itself
        fill(noise, small)
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        picture, mask, filled = json.loads(line)
        pixels, missing = np.load(picture), np.load(mask)
        begun, used = time.perf_counter(), time.process_time()
        result = fill(pixels, missing)
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - used
        if filled:
            np.save(filled, np.asarray(result))
        peak = next(
            line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
        )
        answer = {"s": seconds, "cpu_s": cpu_seconds, "peak_mib": int(peak.split()[1]) / 1024}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
