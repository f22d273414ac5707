"""How fast a device trains: `python -m training.speed --cache CACHE --features FILE [--batch 48]`.

Prints squares per second and the share of what the device can do, which it is asked itself: the
rate of a large matrix product in the precision of the training. A long run on a GPU is not worth
its time below `LEAST_SHARE`; then try a larger batch first.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from lacuna.network.device import choose_precision
from training.completions import Completions
from training.pool import Pool
from training.train import begin
from training.trainer import Settings, Trainer

LEAST_SHARE = 0.25
WARM_UP = 10  # compiling, and choosing among algorithms
STEPS = 30
PRODUCT_SIDE = {"cuda": 8192, "cpu": 2048}
PRODUCTS = 10


class Speed(NamedTuple):
    """What a device makes of a run.

    Attributes:
        squares_per_s: Of the largest side, everything included.
        data_share: Part of that time in which batches are made.
        tflops: Of the networks' convolutions and products, forward and backward.
        peak_tflops: Of a large matrix product.
    """

    squares_per_s: float
    data_share: float
    tflops: float
    peak_tflops: float

    @property
    def share(self) -> float:
        """Part of the peak that is reached."""
        return self.tflops / self.peak_tflops


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--batch", type=int, nargs="+", default=[48])
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    pool = Pool(Completions(arguments.cache / "train"), torch.device(arguments.device))
    for batch in arguments.batch:
        settings = Settings(batch=batch, sides=(arguments.side,), adversarial_from=0)
        trainer = begin(Path("none"), settings, arguments.features, None, arguments.device)
        print(words(batch, measure(trainer, pool, arguments.steps)), flush=True)


def words(batch: int, speed: Speed) -> str:
    return (
        f"batch {batch}: {speed.squares_per_s:.1f} squares/s, {speed.data_share:.0%} of the time "
        f"for data, {speed.tflops:.2f} of {speed.peak_tflops:.1f} TFLOP/s ({speed.share:.1%})"
    )


def measure(trainer: Trainer, pool: Pool, steps: int) -> Speed:
    """Train some steps against the clock; the run that it is done to is spoilt by it."""
    device = trainer.device
    flops = count_flops(trainer, pool)
    for _ in range(min(WARM_UP, steps)):
        trainer.train(trainer.batch(pool))
    data = seconds(lambda: trainer.batch(pool), steps, device)
    whole = seconds(lambda: trainer.train(trainer.batch(pool)), steps, device)
    squares = len(trainer.batch(pool).truth)
    return Speed(squares / whole, data / whole, flops / whole / 1e12, peak(device) / 1e12)


def count_flops(trainer: Trainer, pool: Pool) -> int:
    """Count the operations of one step; those of the FFT are not counted."""
    batch = trainer.batch(pool)
    compiled, trainer.forward = trainer.forward, trainer.generator
    with FlopCounterMode(display=False) as counter:
        trainer.train(batch)
    trainer.forward = compiled
    return counter.get_total_flops()


def peak(device: torch.device) -> float:
    """Operations per second of a product of two large random matrices, as precise as `in_half`."""
    side, precision = PRODUCT_SIDE[device.type], choose_precision(device)
    one, other = (torch.randn(side, side, device=device, dtype=precision) for _ in range(2))
    seconds(lambda: one @ other, 3, device)
    return 2 * side**3 / seconds(lambda: one @ other, PRODUCTS, device)


def seconds(work: Callable[[], object], times: int, device: torch.device) -> float:
    """Mean time of doing something, with what the device does of it afterwards."""
    _wait(device)
    begun = time.perf_counter()
    for _ in range(times):
        work()
    _wait(device)
    return (time.perf_counter() - begun) / times


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
