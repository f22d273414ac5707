"""The main job: one object out of a large photograph, from file to file through the daemon.

`python -m benchmarks.main_job PHOTO [--hole 400]` covers a disc of that diameter in the middle of
the photograph, removes it six times (the first is the warm-up) and prints the median of each step,
the peak memory of both processes, and whether all other pixels are the same.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import psutil

from benchmarks.record import record
from lacuna.files import save_picture
from lacuna.removal import RemovalPaths, connect, fill_by_daemon, prepare
from lacuna_wire import Options

ROUNDS = 5
MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--hole", type=int, default=400, help="diameter of the disc in pixels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LACUNA_STATE_DIR"] = folder
        try:
            figures = measure(arguments.photo, arguments.hole, Path(folder))
        finally:
            subprocess.run([sys.executable, "-m", "lacuna", "stop"], check=True)
    for name, value in figures.items():
        print(f"{name:22} {value}")
    record("main_job", photo=arguments.photo.name, **figures)


def measure(photo: Path, hole: int, folder: Path) -> dict[str, object]:
    mask, out = folder / "mask.png", folder / "out.png"
    height, width = draw_mask(photo, mask, hole)
    steps: dict[str, list[float]] = {"read_s": [], "fill_s": [], "save_s": [], "all_s": []}
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        removal = prepare(RemovalPaths(photo, mask, out), Options(result="composite"))
        read = time.perf_counter()
        patches = fill_by_daemon(removal, lambda _: None).edits
        filled = time.perf_counter()
        save_picture(removal.picture, out, patches)
        saved = time.perf_counter()
        for name, value in zip(
            steps, (read - start, filled - read, saved - filled, saved - start), strict=True
        ):
            steps[name].append(value)
    front = psutil.Process(connect().endpoint.pid)
    worker = front.children()[0]
    before, after, selection = (
        cv2.imread(str(photo)),
        cv2.imread(str(out)),
        cv2.imread(str(mask), 0),
    )
    assert before is not None
    assert after is not None
    outside = np.asarray(selection) == 0
    return {
        "megapixels": round(width * height / 1e6, 1),
        "hole_px": hole,
        **{name: round(statistics.median(values[1:]), 2) for name, values in steps.items()},
        "all_max_s": round(max(steps["all_s"][1:]), 2),
        "worker_peak_mib": peak_mib(worker),
        "front_peak_mib": peak_mib(front),
        "known_pixels_same": bool((before[outside] == after[outside]).all()),
    }


def draw_mask(photo: Path, mask: Path, hole: int) -> tuple[int, int]:
    """Write a mask with a disc in the middle; return height and width."""
    picture = cv2.imread(str(photo))
    assert picture is not None
    height, width = picture.shape[:2]
    selection = np.zeros((height, width), np.uint8)
    cv2.circle(selection, (width // 2, height // 2), hole // 2, 255, -1)
    cv2.imwrite(str(mask), selection)
    return height, width


def peak_mib(process: psutil.Process) -> float:
    """Largest resident memory that a process ever had (VmHWM of Linux)."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return round(int(line.split()[1]) / 1024, 1)
    raise SystemExit("this system does not tell the peak memory of a process")


if __name__ == "__main__":
    main()
