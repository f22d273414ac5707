"""What a tile costs: time and memory of one fill, without the engine around it.

`python -m benchmarks.network [--device cuda] [--networks N] [--precisions P] [--sides S]` takes
random weights of the sizes of lacuna-small and big-lama, each case in a process of its own. It
prints the median of five fills after two warm-ups (a GPU gets several tiles at a time, in batches
as the engine has them filled, and the figures are those of one), the processor seconds of one (on a
busy machine they say more than the clock), the peak of memory above what the loaded network holds,
and the share of the ceiling: the network's multiply-adds per second over those of a large matrix
product in the same precision, on a CPU per processor second, on a GPU per second of its computing.
`--profile` adds the share of each kind of operation, on one core.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import lacuna.network  # noqa: F401 (it tells threads how to wait, and torch listens only once)
from benchmarks.record import ROOT, record

ROUNDS = 5
WARM_UPS = 2  # the second one records what a GPU replays
TILES = {"cpu": 1, "cuda": 32}  # of a fill
NETWORKS = {"lacuna-small": (32, 6), "big-lama": (64, 18)}
SIDES = (256, 512, 1024)
PRECISIONS = ("float32", "bfloat16")


# Words in the names of torch's operations -> what they do; the first that fits.
KINDS = {
    "convolution": ("conv",),
    "Fourier unit": ("fft", "mm", "matmul"),
    "activation": ("relu", "clamp", "sigmoid"),
    "padding": ("pad",),
    "sum": ("add",),
    "copy or joint": ("copy", "clone", "cat", "contiguous"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--precisions", nargs="+", default=list(PRECISIONS), choices=PRECISIONS)
    parser.add_argument("--sides", nargs="+", type=int, default=list(SIDES))
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    results = []
    for case in itertools.product(arguments.networks, arguments.precisions, arguments.sides):
        name, precision, side = case
        own = ["--case", arguments.device, name, precision, str(side), str(int(arguments.profile))]
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.network", *own],
            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        result = json.loads(answer.stdout.splitlines()[-1])
        results.append(result)
        print(
            f"{name:12} {precision:8} {side:4} px: "
            f"median {result['seconds_median']:.3f} s ({result['seconds_min']:.3f} to "
            f"{result['seconds_max']:.3f}), processor {result['cpu_seconds']:.2f} s, "
            f"memory {result['peak_growth_mib']:.0f} MiB = "
            f"{result['bytes_per_pixel_and_channel']:.1f} bytes per pixel and channel, "
            f"{result['ceiling_share']:.0%} of the ceiling",
            *(f"\n    {kind:18} {share:.1%}" for kind, share in result["shares"].items()),
            flush=True,
        )
    record("network", rounds=ROUNDS, results=results)


def measure(
    device_wish: str, name: str, precision: str, side: int, with_profile: bool
) -> dict[str, object]:
    """Fill one tile again and again in this process."""
    import numpy as np
    import torch

    from lacuna.machine import usable_cores
    from lacuna.network.catalogue import find_weights
    from lacuna.network.ceiling import matrix_ceiling
    from lacuna.network.device import choose_device
    from lacuna.network.lama.generator import Generator
    from lacuna.network.tile_network import RIM_PX, TileNetwork

    torch.set_num_threads(usable_cores())
    torch.manual_seed(0)
    width, blocks = NETWORKS[name]
    info = find_weights("lacuna-small")._replace(width=width, blocks=blocks)
    generator = Generator(width, blocks).eval().requires_grad_(False)
    device = choose_device(device_wish)
    network = TileNetwork(info, generator, device, getattr(torch, precision))
    random = np.random.default_rng(0)
    image = random.random((side, side, 3), np.float32)
    mask = np.zeros((side, side, 1), np.float32)
    mask[RIM_PX:-RIM_PX, RIM_PX:-RIM_PX] = 1  # a tile of which all is wanted

    network.fill(image[:64, :64], mask[:64, :64])  # threads and libraries are there now
    before = resident_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # begins the peak anew
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    seconds, cpu_seconds, clock = [], [], []
    tiles = TILES[device.type]
    for _ in range(WARM_UPS + ROUNDS):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        clock_begun = network.busy_seconds()
        for _fill in network.fill_all([(image, mask)] * tiles):
            pass
        seconds.append((time.perf_counter() - begun) / tiles)
        cpu_seconds.append((time.process_time() - cpu_begun) / tiles)
        clock.append((network.busy_seconds() - clock_begun) / tiles)
    del seconds[:WARM_UPS], cpu_seconds[:WARM_UPS], clock[:WARM_UPS]
    growth = resident_bytes("VmHWM") - before
    if device.type == "cuda":
        growth = torch.cuda.max_memory_reserved(device) - torch.cuda.memory_allocated(device)
    # Taken at the end: the matrices would count as memory of a fill.
    ceiling = matrix_ceiling(device, network.precision)
    work = network.multiply_adds(mask)
    return {
        "network": name,
        "precision": precision,
        "side_px": side,
        "device": network.device_name,
        "seconds_median": round(statistics.median(seconds), 4),
        "seconds_min": round(min(seconds), 4),
        "seconds_max": round(max(seconds), 4),
        "cpu_seconds": round(statistics.median(cpu_seconds), 4),
        "peak_growth_mib": round(growth / 2**20, 1),
        "bytes_per_pixel_and_channel": round(growth / side**2 / width, 2),
        "ceiling_gflops": round(2e-9 * ceiling),
        "ceiling_share": round(work / min(clock) / ceiling, 3),
        "shares": shares(lambda: network.fill(image, mask)) if with_profile else {},
    }


def shares(fill: Callable[[], object]) -> dict[str, float]:
    """Return the part of the time of each kind of operation, on one core of the processor.

    On several, an operation that waits for a core that others use would seem slow.
    """
    import torch
    from torch.profiler import ProfilerActivity, profile

    torch.set_num_threads(1)
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            fill()
        for event in profiler.key_averages():
            least = min(event.self_cpu_time_total, best.get(event.key, float("inf")))
            best[event.key] = least
    sums = dict.fromkeys([*KINDS, "other"], 0.0)
    for name, microseconds in best.items():
        fits = (kind for kind, words in KINDS.items() if any(word in name for word in words))
        sums[next(fits, "other")] += microseconds
    return {kind: round(spent / sum(sums.values()), 3) for kind, spent in sums.items()}


def resident_bytes(field: str) -> int:
    """Return a size that the kernel keeps of this process: `VmRSS`, or its peak `VmHWM`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"the kernel does not say {field}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        wish, name, precision, side, with_profile = sys.argv[2:]
        print(json.dumps(measure(wish, name, precision, int(side), with_profile == "1")))
    else:
        main()
