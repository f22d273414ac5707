"""What the engine costs around the network, and where the time of a click goes.

`python -m benchmarks.engine [--side 1024] [--rounds 5]` removes 30 % of a drawn picture in this
process, with a network that costs nothing and with lacuna-small, in turn. It prints the median of
the seconds for each step and missing megapixel, and the steps' shares.

`python -m benchmarks.engine --click PHOTO [--hole 300]` runs the real daemon and removes a disc
from the middle of a photograph that lies in this process as RGBA, as an editor would: median
seconds of each step from the request to the answer. What the client waits for is divided by what
the worker says of itself; the rest of the waiting is the daemon's front, its pipes and the long
poll.

Seconds are of the clock; the processor's stand beside them, all threads together, and on a busy
machine they are what to compare.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.engine_parts import REST, Stopwatch, steps_timed
from benchmarks.record import ROOT, record
from benchmarks.wire import wait_for_daemon
from benchmarks.workbench import CompletionAlone, FittingDevice, fill_document, plan_job
from lacuna.commands.bench import draw
from lacuna.network.catalogue import find_weights
from lacuna.network.tile_network import load_network
from lacuna.service.forecast import JobPlan
from lacuna.service.serve import new_settings, serve
from lacuna_wire import JobRequest, Options, PixelLayout, Rect
from lacuna_wire.client import Client
from lacuna_wire.client import inpaint as ask_for_fill

ROUNDS = 5
CALLS = {
    "submit": "request and plan",
    "upload": "upload",
    "wait": "waiting",
    "result": "download",
    "forget": "clean up",
}
Times = tuple[dict[str, float], dict[str, float]]  # step -> seconds, processor seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--click", type=Path, metavar="PHOTO")
    parser.add_argument("--hole", type=int, default=300, help="diameter of the disc in pixels")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    if arguments.click:
        figures = click(arguments.click, arguments.hole, arguments.device, arguments.rounds)
        figures = {"click": figures}
        facts = {"photo": arguments.click.name, "hole_px": arguments.hole}
    else:
        figures, missing = removal(arguments.side, arguments.device, arguments.rounds)
        facts = {"side_px": arguments.side, "missing_megapixels": missing}
    for name, steps in figures.items():
        print(name, *(f"{key} {value}" for key, value in facts.items()))
        whole, used = (sum(one[kind] for one in steps.values()) for kind in ("s", "cpu_s"))
        for step, spent in steps.items():
            print(
                f"  {step:18} {spent['s']:8.3f} s {spent['s'] / whole:6.1%}   "
                f"processor {spent['cpu_s']:8.3f} s {spent['cpu_s'] / used:6.1%}"
            )
        print(f"  {'all':18} {whole:8.3f} s          processor {used:8.3f} s", flush=True)
    record("engine", device=arguments.device, rounds=arguments.rounds, **facts, results=figures)


def removal(side: int, device: str, rounds: int) -> tuple[dict[str, dict], float]:
    """Time the steps of a removal: seconds per missing megapixel, and how many those are."""
    document, options = draw(side), Options(result="composite")
    missing = np.count_nonzero(document.selection[document.rect.slices]) / 1e6
    shipped = load_network(find_weights("lacuna-small"), device)
    networks = {"echo": CompletionAlone(), "lacuna-small": shipped}
    refine, watch = FittingDevice(shipped).refine, Stopwatch()
    times: dict[str, list[Times]] = {name: [] for name in networks}
    with steps_timed(watch):
        for _ in range(rounds + 1):
            for name, network in networks.items():
                watch.restart()
                fill_document(document, options, network, refine)
                times[name].append(watch.stop())
    return {name: medians(own[1:], missing) for name, own in times.items()}, round(missing, 3)


def click(photo: Path, hole: int, device: str, rounds: int) -> dict[str, dict]:
    """Time the steps of one click through the daemon: seconds."""
    picture = cv2.imread(str(photo), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{photo} cannot be read")
    pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA)
    height, width = pixels.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (width // 2, height // 2), hole // 2, 255, -1)
    times: list[Times] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LACUNA_STATE_DIR"] = folder
        said = Path(folder) / "times.json"
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.engine", "--daemon", str(said)], cwd=ROOT
        )
        try:
            client = Client(wait_for_daemon())
            for _ in range(rounds + 1):
                times.append(time_click(client, np.asarray(pixels), mask, device, said))
        finally:
            process.terminate()
            process.wait()
    return medians(times[1:], 1)


def time_click(
    client: Client, pixels: NDArray[np.uint8], mask: NDArray[np.uint8], device: str, said: Path
) -> Times:
    """Do what an editor does, once, and divide the waiting by what the worker said."""
    watch = Stopwatch()
    for call, step in CALLS.items():
        setattr(client, call, watch.timed(step, getattr(Client, call).__get__(client)))
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    selection = Rect(int(columns[0]), int(rows[0]), len(columns), len(rows))
    request = JobRequest(
        str(uuid.uuid4()), width, height, selection, PixelLayout("RGBA"), Options(device=device)
    )

    def read(window: Rect) -> Iterator[memoryview]:
        for plane in (pixels, mask):
            yield memoryview(np.ascontiguousarray(plane[window.slices])).cast("B")

    watch.restart()
    ask_for_fill(client, request, read, lambda _: None, lambda: False)
    clock, processor = watch.stop()
    theirs, their_processor = json.loads(said.read_text("utf-8").splitlines()[-1])
    clock["front and waiting"] = clock.pop("waiting") - sum(theirs.values())
    processor["front and waiting"] = processor.pop("waiting")
    clock["client"], processor["client"] = clock.pop(REST), processor.pop(REST)
    return {**clock, **theirs}, {**processor, **their_processor}


def medians(times: list[Times], divisor: float) -> dict[str, dict[str, float]]:
    """Return the median seconds and processor seconds of every step, the longest first."""
    steps = {step for clock, _ in times for step in clock}
    found = {
        step: {
            "s": round(statistics.median(one[0].get(step, 0.0) for one in times) / divisor, 4),
            "cpu_s": round(statistics.median(one[1].get(step, 0.0) for one in times) / divisor, 4),
        }
        for step in steps
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]["s"]))


def run_daemon(said: Path) -> int:
    """Run the product's daemon, with a worker that says where its time goes."""
    worker = [sys.executable, "-m", "benchmarks.engine_parts", str(said)]
    settings = new_settings(300.0, "auto")
    return serve(lambda request: JobPlan(*plan_job(request)), worker, sys.argv, settings)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--daemon"]:
        sys.exit(run_daemon(Path(sys.argv[2])))
    main()
