"""Large pictures: what many specks, long scratches and large holes cost, from file to file.

`python -m benchmarks.large CASE...` draws a picture (no photograph is needed), runs
`lacuna inpaint --local --device cpu --tile 512` on it in a process of its own, and prints and
records seconds, seconds per missing megapixel and the peak memory of that process (VmHWM). Cases:

- `window`: one window of 512 px with a speck in it, shown to the network as a whole: the unit for
  `specks`. It is filled in this process, five times after a warm-up, without files;
- `specks`: 1,000 specks of 12 px in 24 megapixels; `specks-300`: fewer of them;
- `scratch`: a line of 6 px from corner to corner of 24 megapixels; `scratch-half`: of 6;
- `discs-N`: N x N px with a disc of 200 px in every square of 2,048 px, N a multiple of 2,048;
- `holes-N`: N x N px of which discs of an eighth of the side cover about 30 %.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import psutil
import tifffile
from numpy.typing import NDArray

from benchmarks.main_job import peak_mib
from benchmarks.record import record
from lacuna.engine.planes import Document
from lacuna.filler import Filler
from lacuna_wire import Options, PixelLayout, Rect

STRIPE_PX = 256  # rows that are drawn at a time, and the side of a tile of the TIFF
TILE_PX = 512
SPECK_PX = 12
POLL_S = 0.02
ROUNDS = 5

Plane = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="+", metavar="CASE")
    parser.add_argument("--strategy", default="auto")
    arguments = parser.parse_args()
    for case in arguments.cases:
        mask = draw_mask(case)
        figures = time_window(mask) if case == "window" else measure(mask, arguments.strategy)
        print(f"{case:14}", *(f"{name} {value}" for name, value in figures.items()), flush=True)
        record("large", case=case, strategy=arguments.strategy, **figures)


def draw_mask(case: str) -> Plane:
    """Draw what is missing: uint8 (H, W), the same every time."""
    rng = np.random.default_rng(17)
    kind, _, number = case.partition("-")
    if kind == "window":
        mask = np.zeros((TILE_PX, TILE_PX), np.uint8)
        cv2.circle(mask, (TILE_PX // 2, TILE_PX // 2), SPECK_PX // 2, 255, -1)
    elif kind == "specks":
        mask = np.zeros((4000, 6000), np.uint8)
        for x, y in rng.integers((20, 20), (5980, 3980), (int(number or 1000), 2)).tolist():
            cv2.circle(mask, (x, y), SPECK_PX // 2, 255, -1)
    elif kind == "scratch":
        height, width = (2000, 3000) if number else (4000, 6000)
        mask = np.zeros((height, width), np.uint8)
        cv2.line(mask, (0, 0), (width - 1, height - 1), 255, 6)
    elif kind == "discs":
        mask = np.zeros((int(number), int(number)), np.uint8)
        for top in range(0, int(number), 2048):
            for left in range(0, int(number), 2048):
                cv2.circle(mask, (left + 1024, top + 1024), 100, 255, -1)
    elif kind == "holes":
        side = int(number)
        mask = np.zeros((side, side), np.uint8)
        while np.count_nonzero(mask) < 0.3 * mask.size:
            x, y = rng.integers(0, side, 2).tolist()
            cv2.circle(mask, (x, y), side // 16, 255, -1)
    else:
        raise SystemExit(f"there is no case {case}")
    return mask


def time_window(mask: Plane) -> dict[str, object]:
    """Time the fill of one window that the network sees as a whole."""
    picture = np.tile(np.concatenate(list(tiles_of(TILE_PX, STRIPE_PX))), (1, 2, 1))
    document, options = (
        Document(picture, mask, PixelLayout("RGB")),
        Options(device="cpu", tile=TILE_PX, strategy="tiles", result="composite"),
    )
    filler, seconds = Filler(), []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        filler.fill(document, options, allocate, lambda *_: None, lambda: False)
        seconds.append(time.perf_counter() - start)
    return {
        "seconds": round(statistics.median(seconds[1:]), 3),
        "max_s": round(max(seconds[1:]), 3),
    }


def allocate(rect: Rect) -> Plane:
    return np.zeros((rect.height, rect.width, 3), np.uint8)


def measure(mask: Plane, strategy: str) -> dict[str, object]:
    """Remove `mask` from a picture of its size, once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture, selection = folder / "picture.tif", folder / "mask.tif"
        height, width = mask.shape
        tifffile.imwrite(
            picture, tiles_of(height, width), shape=(height, width, 3), dtype=np.uint8,
            tile=(STRIPE_PX, STRIPE_PX), photometric="rgb",
        )  # fmt: skip
        tifffile.imwrite(selection, mask, compression="zlib")
        command = [
            sys.executable, "-m", "lacuna", "inpaint", str(picture), str(selection),
            "-o", str(folder / "out.tif"), "--local", "--device", "cpu",
            "--tile", str(TILE_PX), "--strategy", strategy,
        ]  # fmt: skip
        start = time.perf_counter()
        process = psutil.Popen(command)
        peak, cpu_s = watch(process)
        seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"the command ended with {process.returncode}")
    missing = np.count_nonzero(mask) / 1e6
    return {
        "megapixels": round(mask.size / 1e6, 1),
        "missing_megapixels": round(missing, 3),
        "tiles_hit": tiles_hit(mask),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_s, 1),
        "seconds_per_missing_megapixel": round(seconds / missing, 1),
        "peak_mib": peak,
    }


def watch(process: psutil.Popen) -> tuple[float, float]:
    """Wait for a process: its peak memory in MiB and its processor seconds.

    What the kernel reports at the end would not do: it counts the memory of the parent in, whose
    copy a child is before it becomes another program.
    """
    peak = cpu_s = 0.0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error, OSError, SystemExit):
            used = process.cpu_times()
            peak, cpu_s = max(peak, peak_mib(process)), used.user + used.system
        time.sleep(POLL_S)
    return peak, cpu_s


def tiles_of(height: int, width: int) -> Iterator[Plane]:
    """Draw a picture with large and small structure, one tile of the TIFF at a time."""
    rng = np.random.default_rng(3)
    grain = rng.normal(0, 12, (STRIPE_PX, STRIPE_PX, 3))
    for top in range(0, height, STRIPE_PX):
        for left in range(0, width, STRIPE_PX):
            y, x = np.mgrid[top : top + STRIPE_PX, left : left + STRIPE_PX].astype(np.float64)
            waves = 40 * np.sin(x / 37 + y / 91) + 30 * np.sin(y / 411) * np.cos(x / 533)
            colour = np.stack([128 + waves, 110 + waves / 2, 150 - waves], axis=2)
            yield np.clip(colour + grain, 0, 255).astype(np.uint8)


def tiles_hit(mask: Plane) -> int:
    """Count the squares of TILE_PX of a grid over the picture in which something is missing."""
    height, width = mask.shape
    return sum(
        bool(mask[top : top + TILE_PX, left : left + TILE_PX].any())
        for top in range(0, height, TILE_PX)
        for left in range(0, width, TILE_PX)
    )


if __name__ == "__main__":
    main()
