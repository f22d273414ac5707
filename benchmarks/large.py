"""Large pictures: what many specks, long scratches and large holes cost, from file to file.

`python -m benchmarks.large CASE...` draws a picture (no photograph is needed), runs
`lacuna inpaint --local --device cpu --tile 512` on it in a process of its own, and prints and
records seconds, seconds per missing megapixel and the peak memory of that process (VmHWM). Cases:

- `window`: one window of 512 px with a speck in it, shown to the network as a whole: the unit for
  `specks`. It is filled in this process, five times after a warm-up, without files;
- `specks`: 1,000 specks of 12 px in 24 megapixels; `specks-300`: fewer of them;
- `scratch`: a line of 6 px from corner to corner of 24 megapixels; `scratch-half`: of 6;
- `discs-N`: N x N px with a disc of 200 px in every square of 2,048 px, N a multiple of 2,048;
- `bigtiff`: a BigTIFF of 30,000 x 20,000 px with a disc of 200 px in every square of 4,096 px;
- `holes-N`: N x N px of which discs of an eighth of the side cover about 30 %.

`bigtiff` takes 4 GB of the folder for temporary files. Pictures, and the masks of discs, are drawn
tile by tile.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import psutil
import tifffile
from numpy.typing import NDArray

from benchmarks.main_job import peak_mib
from benchmarks.record import record
from benchmarks.workbench import document_of, forget
from lacuna.filler import Filler
from lacuna_wire import Options, Rect

STRIPE_PX = 256  # rows that are drawn at a time, and the side of a tile of the TIFF
TILE_PX = 512
SPECK_PX = 12
POLL_S = 0.02
ROUNDS = 5

Plane = NDArray[np.uint8]


class Case(NamedTuple):
    """What is missing of a picture.

    Attributes:
        height: Of the picture.
        width: Of the picture.
        draw: Gives the mask of a rectangle, uint8; all 0 beyond the picture.
    """

    height: int
    width: int
    draw: Callable[[Rect], Plane]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="+", metavar="CASE")
    parser.add_argument("--strategy", default="auto")
    arguments = parser.parse_args()
    for name in arguments.cases:
        if name == "window":
            figures = time_window()
        else:
            figures = measure(case_of(name), arguments.strategy, big=name == "bigtiff")
        print(f"{name:14}", *(f"{key} {value}" for key, value in figures.items()), flush=True)
        record("large", case=name, strategy=arguments.strategy, **figures)


def case_of(name: str) -> Case:
    kind, _, number = name.partition("-")
    if kind == "bigtiff":
        return discs(20_000, 30_000, 4096)
    if kind == "discs":
        return discs(int(number), int(number), 2048)
    mask = draw_mask(kind, number)
    padded = np.pad(mask, ((0, TILE_PX), (0, TILE_PX)))  # the last tiles reach over the edge
    return Case(*mask.shape, lambda rect: padded[rect.slices])


def discs(height: int, width: int, square: int) -> Case:
    """Put a disc of 200 px into the middle of every square that has its middle in the picture."""

    def draw(rect: Rect) -> Plane:
        plane = np.zeros((rect.height, rect.width), np.uint8)
        for y in range(square // 2, height, square):
            for x in range(square // 2, width, square):
                cv2.circle(plane, (x - rect.left, y - rect.top), 100, 255, -1)
        return plane

    return Case(height, width, draw)


def draw_mask(kind: str, number: str) -> Plane:
    """Draw what is missing: uint8 (H, W), the same every time."""
    rng = np.random.default_rng(17)
    if kind == "specks":
        mask = np.zeros((4000, 6000), np.uint8)
        for x, y in rng.integers((20, 20), (5980, 3980), (int(number or 1000), 2)).tolist():
            cv2.circle(mask, (x, y), SPECK_PX // 2, 255, -1)
    elif kind == "scratch":
        height, width = (2000, 3000) if number else (4000, 6000)
        mask = np.zeros((height, width), np.uint8)
        cv2.line(mask, (0, 0), (width - 1, height - 1), 255, 6)
    elif kind == "holes":
        side = int(number)
        mask = np.zeros((side, side), np.uint8)
        while np.count_nonzero(mask) < 0.3 * mask.size:
            x, y = rng.integers(0, side, 2).tolist()
            cv2.circle(mask, (x, y), side // 16, 255, -1)
    else:
        raise SystemExit(f"there is no case {kind}")
    return mask


def time_window() -> dict[str, object]:
    """Time the fill of one window that the network sees as a whole."""
    mask = np.zeros((TILE_PX, TILE_PX), np.uint8)
    cv2.circle(mask, (TILE_PX // 2, TILE_PX // 2), SPECK_PX // 2, 255, -1)
    picture = np.tile(np.concatenate(list(tiles_of(TILE_PX, STRIPE_PX))), (1, 2, 1))
    document, options = (
        document_of(picture, mask),
        Options(device="cpu", tile=TILE_PX, strategy="tiles", result="composite"),
    )
    filler, seconds = Filler(), []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        filler.fill(document, options, forget, lambda _: None, lambda: False)
        seconds.append(time.perf_counter() - start)
    return {
        "seconds": round(statistics.median(seconds[1:]), 3),
        "max_s": round(max(seconds[1:]), 3),
    }


def measure(case: Case, strategy: str, big: bool) -> dict[str, object]:
    """Remove what is missing from a picture of its size, once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture, selection = folder / "picture.tif", folder / "mask.tif"
        missing_px, hit = 0, 0

        def mask_tiles() -> Iterator[Plane]:
            nonlocal missing_px, hit
            for rect in squares(case, TILE_PX):
                tile = case.draw(rect)
                missing_px += np.count_nonzero(tile)
                hit += bool(tile.any())
                yield tile

        tifffile.imwrite(
            picture, tiles_of(case.height, case.width), shape=(case.height, case.width, 3),
            dtype=np.uint8, tile=(STRIPE_PX, STRIPE_PX), photometric="rgb", bigtiff=big,
        )  # fmt: skip
        tifffile.imwrite(
            selection, mask_tiles(), shape=(case.height, case.width), dtype=np.uint8,
            tile=(TILE_PX, TILE_PX), compression="zlib",
        )  # fmt: skip
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
    missing = missing_px / 1e6
    return {
        "megapixels": round(case.height * case.width / 1e6, 1),
        "missing_megapixels": round(missing, 3),
        "tiles_hit": hit,
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


def squares(case: Case, side: int) -> Iterator[Rect]:
    """Cover a picture with squares from top to bottom; the last ones reach over its edge."""
    for top in range(0, case.height, side):
        for left in range(0, case.width, side):
            yield Rect(left, top, side, side)


if __name__ == "__main__":
    main()
