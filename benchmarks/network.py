"""What a tile costs: time and memory of one fill, without the engine around it.

`python -m benchmarks.network [DEVICE]` fills tiles of 256, 512 and 1024 px with random weights of
the sizes of lacuna-small and big-lama, in float32 and in bfloat16, each in a process of its own. It
prints the median of five fills after one warm-up, the processor seconds of one (on a busy machine
they say more than the clock), and the peak of memory above what the loaded network holds.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import lacuna.network  # noqa: F401 (it tells threads how to wait, and torch listens only once)
from benchmarks.record import ROOT, record

ROUNDS = 5
NETWORKS = {"lacuna-small": (32, 6), "big-lama": (64, 18)}
SIDES = (256, 512, 1024)
PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    device = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    results = []
    for name in NETWORKS:
        for precision in PRECISIONS:
            for side in SIDES:
                case = [sys.executable, "-m", "benchmarks.network", device, name, precision]
                answer = subprocess.run(
                    [*case, str(side)], cwd=ROOT, check=True, capture_output=True, text=True
                )
                result = json.loads(answer.stdout)
                results.append(result)
                print(
                    f"{name:12} {precision:8} {side:4} px: "
                    f"median {result['seconds_median']:.2f} s ({result['seconds_min']:.2f} to "
                    f"{result['seconds_max']:.2f}), processor {result['cpu_seconds']:.2f} s, "
                    f"memory {result['peak_growth_mib']:.0f} MiB = "
                    f"{result['bytes_per_pixel_and_channel']:.1f} bytes per pixel and channel",
                    flush=True,
                )
    record("network", rounds=ROUNDS, results=results)


def measure(device_wish: str, name: str, precision: str, side: int) -> dict[str, object]:
    """Fill one tile again and again in this process."""
    import numpy as np
    import torch

    from lacuna.network.catalogue import find_weights
    from lacuna.network.device import choose_device, usable_cores
    from lacuna.network.lama.generator import Generator
    from lacuna.network.tile_network import TileNetwork

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
    mask[side // 4 : side // 2, side // 4 : side // 2] = 1

    network.fill(image[:64, :64], mask[:64, :64])  # threads and libraries are there now
    before = resident_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # begins the peak anew
    seconds, cpu_seconds = [], []
    for _ in range(ROUNDS + 1):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        network.fill(image, mask)
        seconds.append(time.perf_counter() - begun)
        cpu_seconds.append(time.process_time() - cpu_begun)
    growth = resident_bytes("VmHWM") - before
    if device.type == "cuda":
        growth = torch.cuda.max_memory_reserved(device) - torch.cuda.memory_allocated(device)
    return {
        "network": name,
        "precision": precision,
        "side_px": side,
        "device": network.device_name,
        "seconds_median": round(statistics.median(seconds[1:]), 3),
        "seconds_min": round(min(seconds[1:]), 3),
        "seconds_max": round(max(seconds[1:]), 3),
        "cpu_seconds": round(statistics.median(cpu_seconds[1:]), 3),
        "peak_growth_mib": round(growth / 2**20, 1),
        "bytes_per_pixel_and_channel": round(growth / side**2 / width, 2),
    }


def resident_bytes(field: str) -> int:
    """Return a size that the kernel keeps of this process: `VmRSS`, or its peak `VmHWM`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"the kernel does not say {field}")


if __name__ == "__main__":
    if len(sys.argv) == 5:
        print(json.dumps(measure(*sys.argv[1:4], side=int(sys.argv[4]))))
    else:
        main()
