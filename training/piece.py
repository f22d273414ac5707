"""A piece of a run on a GPU that is rented by the minute: `python -m training.piece PARCEL OUT`.

Completes squares on all processors for a while, measures what the GPU makes of the run, and trains
until `--minutes` are over in all; what goes on lies in OUT, in files small enough to be brought
back. The next piece is given the same OUT and goes on from there, on a fresh machine if need be.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from training.completions import PER_FILE
from training.parcel import FEATURES, PICTURES, START
from training.speed import LEAST_SHARE

FIRST_FILES = 16  # of completions; more are made while the GPU works
WAIT_S = 1.0
KEPT_FREE = 2  # processors, for the training itself
END_MINUTES = 0.5  # to save and look at the last state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parcel", type=Path, help="made by training.parcel")
    parser.add_argument("out", type=Path, help="folder of the run")
    parser.add_argument("--cache", type=Path, help="of completions; OUT/cache if not given")
    parser.add_argument("--minutes", type=float, default=8.5, help="of this piece in all")
    parser.add_argument("--steps", type=int, default=20_000, help="of the run in all")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--files", type=int, default=FIRST_FILES)
    parser.add_argument("--squares", type=int, default=20_000, help="completed at most")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--slow", action="store_true", help=f"train below {LEAST_SHARE:.0%} too")
    arguments = parser.parse_args()
    arguments.cache = arguments.cache or arguments.out / "cache"
    ends = time.monotonic() + 60 * arguments.minutes
    completing = start_completing(arguments.parcel, arguments.cache, arguments.squares)
    try:
        wait_for_files(arguments.cache / "train", arguments.files, completing)
        if not (arguments.out / "state").exists() and not fast_enough(arguments):
            raise SystemExit(f"less than {LEAST_SHARE:.0%} of the peak: tune first, or say --slow")
        minutes = (ends - time.monotonic()) / 60 - END_MINUTES
        subprocess.run(train_command(arguments, minutes), check=True)
    finally:
        stop_completing(completing)


def start_completing(parcel: Path, cache: Path, squares: int) -> subprocess.Popen[bytes]:
    """Begin to complete squares beside everything else."""
    workers = max(1, (os.cpu_count() or 1) - KEPT_FREE)
    command = [sys.executable, "-m", "training.completions", str(parcel / PICTURES)]
    options = ["--out", str(cache), "--count", str(squares), "--workers", str(workers)]
    # One thread each: they share the processors as processes.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen([*command, *options], env=environment, start_new_session=True)


def stop_completing(completing: subprocess.Popen[bytes]) -> None:
    """End it with its workers; a file that is half made has another name."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(completing.pid, signal.SIGTERM)
    completing.wait()


def wait_for_files(folder: Path, count: int, completing: subprocess.Popen[bytes]) -> None:
    """Wait until there is enough to begin with.

    Raises:
        RuntimeError: If nobody makes more.
    """
    while len(list(folder.glob("*.npy"))) < count:
        if completing.poll() not in (None, 0):
            raise RuntimeError("completing squares has ended with an error")
        if completing.poll() == 0:
            return
        time.sleep(WAIT_S)
    print(f"{count * PER_FILE} squares are completed", flush=True)


def fast_enough(arguments: argparse.Namespace) -> bool:
    """Measure before a long run; the figures stay in the run's folder."""
    command = [sys.executable, "-m", "training.speed", "--cache", str(arguments.cache)]
    command += ["--features", str(arguments.parcel / FEATURES), "--device", arguments.device]
    command += ["--batch", str(arguments.batch)]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(found, end="", flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "speed.txt").write_text(found, "utf-8")
    share = float(found.rpartition("(")[2].rpartition("%")[0]) / 100
    return bool(arguments.slow) or share >= LEAST_SHARE


def train_command(arguments: argparse.Namespace, minutes: float) -> list[str]:
    command = [sys.executable, "-m", "training.train", str(arguments.out)]
    command += ["--cache", str(arguments.cache), "--device", arguments.device]
    command += ["--features", str(arguments.parcel / FEATURES), "--minutes", f"{minutes:.2f}"]
    command += ["--steps", str(arguments.steps), "--batch", str(arguments.batch)]
    if (arguments.parcel / START).exists():
        command += ["--start", str(arguments.parcel / START)]
    return command


if __name__ == "__main__":
    main()
