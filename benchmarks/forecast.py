"""How near the daemon's estimates come: `python -m benchmarks.forecast PHOTO...`.

Fills discs of 40 to 2,000 px, lines along and across, and specks, in every photograph, in an order
that is drawn by lot, through a daemon of its own that begins by knowing nothing. Each fill is
estimated just before. Prints what was said, how long it took and the processor seconds of the
worker, then how many were within a factor of 1.5 once three were done: by the clock, and as the
daemon would have learned from processor seconds, which others on the machine change less. At the
end: which costs of a tile, a megapixel of the window and its first one fit those seconds best.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.cases import Mask
from benchmarks.record import record
from benchmarks.wire import wait_for_daemon
from lacuna.service.forecast import LAST_JOBS, MEGAPIXEL_WORK
from lacuna_wire import JobRequest, Rect
from lacuna_wire.client import Client, inpaint

DISCS = (40, 80, 150, 300, 400, 500, 650, 800, 1200, 1600, 2000)  # diameters in pixels
LINES = ((300, 8), (300, 40), (1000, 8), (1000, 40), (2000, 8), (2000, 40))  # length, thickness
SPECKS = (300, 1500)  # side of the square in which a dozen lie
LEARNED, FACTOR = 3, 1.5


class Fill(NamedTuple):
    """One fill: what was said before it, and what it took."""

    hole: str
    window_mp: float
    tiles: int
    said_s: float | None
    took_s: float
    processor_s: float

    @property
    def ratio(self) -> float:
        """Of the two times, the longer over the shorter."""
        assert self.said_s
        return max(self.said_s / self.took_s, self.took_s / self.said_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--largest", type=int, default=2000, help="side of the largest hole")
    arguments = parser.parse_args()
    dice = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LACUNA_STATE_DIR"] = folder
        command = [sys.executable, "-m", "lacuna", "serve", "--device", arguments.device]
        daemon = subprocess.Popen(command)
        try:
            client = Client(wait_for_daemon())
            fills = []
            for photo in arguments.photos:
                picture = cv2.imread(str(photo), cv2.IMREAD_COLOR)
                assert picture is not None, f"{photo} is no picture"
                masks = holes(picture.shape[0], picture.shape[1], arguments.largest)
                for name in dice.permutation(sorted(masks)):
                    fills.append(fill(client, name, picture, masks[name]))
                    show(fills[-1])
        finally:
            daemon.terminate()
            daemon.wait()
    figures = summary(fills)
    for name, value in figures.items():
        print(f"{name:22} {value}")
    record("forecast", photos=[photo.name for photo in arguments.photos], **figures)


def holes(height: int, width: int, largest: int) -> dict[str, Mask]:
    """Draw every hole that fits: name -> mask uint8 (height, width), 255 = missing."""
    masks = {}
    y, x = height // 2, width // 2

    def blank(side: int) -> Mask | None:
        fits = side <= largest and side < min(height, width)
        return np.zeros((height, width), np.uint8) if fits else None

    for side in DISCS:
        if (mask := blank(side)) is not None:
            masks[f"disc {side}"] = cv2.circle(mask, (x, y), side // 2, 255, -1)
    for side, thick in LINES:
        half = side // 2
        for name, rise in (("line", 0), ("diagonal", half)):
            if (mask := blank(side)) is not None:
                ends = (x - half, y - rise), (x + half, y + rise)
                masks[f"{name} {side} x {thick}"] = cv2.line(mask, *ends, 255, thick)
    for side in SPECKS:
        if (mask := blank(side)) is not None:
            for dx, dy in np.random.default_rng(side).integers(-side // 2, side // 2, (12, 2)):
                cv2.circle(mask, (x + int(dx), y + int(dy)), 12, 255, -1)
            masks[f"specks {side}"] = mask
    return masks


def fill(client: Client, name: str, picture: NDArray[np.uint8], mask: Mask) -> Fill:
    """Have a hole filled after it was estimated; the picture is uint8 (H, W, 3)."""
    bounds = Rect(*cv2.boundingRect(mask))
    height, width = mask.shape
    request = JobRequest(str(uuid.uuid4()), width, height, bounds)

    def planes(window: Rect) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        samples = cv2.cvtColor(picture[window.slices], cv2.COLOR_BGR2RGBA)
        return samples.astype(np.uint8), np.ascontiguousarray(mask[window.slices])

    estimate = client.estimate(request)
    before_s, begun = processor_s(client), time.perf_counter()
    inpaint(client, request, planes, lambda _: None, lambda: False)
    took_s = time.perf_counter() - begun
    return Fill(
        name, estimate.window.area / 1e6, estimate.tiles, estimate.seconds, took_s,
        processor_s(client) - before_s,
    )  # fmt: skip


def processor_s(client: Client) -> float:
    """Processor seconds of the worker until now; 0 if there is none."""
    workers = psutil.Process(client.endpoint.pid).children()
    return sum(sum(worker.cpu_times()[:2]) for worker in workers)


def show(done: Fill) -> None:
    print(
        f"{done.hole:18} {done.window_mp:5.2f} MP, {done.tiles:2} tiles: said {done.said_s} s, "
        f"took {done.took_s:.1f} s, {done.processor_s:.1f} s of processors",
        flush=True,
    )


def summary(fills: list[Fill]) -> dict[str, object]:
    """Say how near the estimates came, and what the work costs."""
    ratios = np.array([done.ratio for done in fills[LEARNED:]])
    warm = fills[1:]  # the first one started the worker
    costs = [[done.tiles, done.window_mp, min(1.0, done.window_mp)] for done in warm]
    seconds = np.array([done.processor_s for done in warm])
    relative = np.array(costs) / seconds[:, None]  # an error counts as a share of its fill
    fitted = np.linalg.lstsq(relative, np.ones(len(warm)), rcond=None)[0]
    units = np.array(costs) @ (1.0, MEGAPIXEL_WORK, MEGAPIXEL_WORK)
    learned = learned_ratios(seconds / units)
    return {
        "fills": len(fills),
        "within_factor": f"{(ratios < FACTOR).sum()} of {len(ratios)}",
        "processor_within_factor": f"{(learned < FACTOR).sum()} of {len(learned)}",
        "processor_ratio_max": round(float(learned.max()), 2),
        "ratio_median": round(float(np.median(ratios)), 2),
        "ratio_max": round(float(ratios.max()), 2),
        "fitted_tile_s": round(float(fitted[0]), 3),
        "fitted_megapixel_s": round(float(fitted[1]), 3),
        "fitted_first_megapixel_s": round(float(fitted[2]), 3),
        "unit_processor_s": round(float(np.median(seconds / units)), 3),
        "unit_s": round(float(np.median([done.took_s for done in warm] / units)), 3),
    }


def learned_ratios(unit_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compare what a unit of work took with what the jobs before it had taught, from LEARNED on."""
    known = [
        float(np.median(unit_s[max(0, done - LAST_JOBS) : done]))
        for done in range(LEARNED, len(unit_s))
    ]
    ratios = unit_s[LEARNED:] / known
    return np.maximum(ratios, 1 / ratios)


if __name__ == "__main__":
    main()
