"""What the plug-in for Krita costs beside the daemon's computing: `python -m benchmarks.krita`.

In every Krita that is here: a small selection in a photograph of 24 megapixels with the real
weights, and how long Krita's window stands still for it, for a window of 2,000 px, and for a whole
layer of 8192 x 8192 px, the latter two with a stand-in that inverts what it gets.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from benchmarks.record import ROOT, record
from tests.editors.krita.kritas import Krita
from tests.editors.krita.rooms import MACHINES, PROGRAMS, KritaRoom, new_room, warm_resources
from tests.editors.machines import Machine, start_daemon
from tests.service.conftest import eventually

RUNS = 5
INSIDE = ROOT / "tests" / "editors" / "krita" / "inside.py"

# Run inside Krita: a picture is opened, and as often as wanted a fill is made and taken away again.
OPEN = """
import time

def steps():
    yield from open_photo(path)
    select(*selection)
    yield 1500  # until Krita has drawn what it wants

steps()
"""
# Seconds from the click to the layer, and the longest pause of the event loop.
MEASURE = """
def steps():
    heart.reset()
    begun = time.monotonic()
    click()
    while running():
        yield 1
    took_s = time.monotonic() - begun
    text = FILLS.state(document).text
    assert text.startswith("Done"), text
    yield 500
    longest_ms = heart.longest_ms
    new = layer("Inpaint 1")
    new.remove()
    del new
    document.waitForDone()
    yield 1000
    return [took_s, longest_ms]

steps()
"""


def measure(krita: Krita, path: Path, selection: tuple, runs: int = RUNS) -> list[list[float]]:
    """Seconds and longest silences in milliseconds of every fill but the first."""
    krita.run(INSIDE.read_text("utf-8"))
    krita.run(OPEN, path=str(path), selection=selection)
    return [krita.run(MEASURE) for _ in range(runs + 1)][1:]


def computing(room: KritaRoom) -> list[float]:
    """Seconds of every job but the first as the daemon's log names them."""
    lines = (room.state / "daemon.log").read_text().splitlines()
    done = [line for line in lines if line.endswith(", done")]
    return [float(line.split(" s, done")[0].split(", ")[-1]) for line in done][1:]


def photograph(folder: Path, width: int, height: int) -> Path:
    """Write a picture of this size that is no flat colour."""
    from skimage import data

    path = folder / f"{width}x{height}.png"
    picture = cv2.resize(cv2.cvtColor(data.rocket(), cv2.COLOR_RGB2BGRA), (width, height))
    cv2.imwrite(str(path), np.ascontiguousarray(picture), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return path


@contextmanager
def room_with_krita(machine: Machine, warm: Path, fake: bool) -> Iterator[Krita]:
    """A Krita and its daemon: the real one, or a stand-in that inverts."""
    with tempfile.TemporaryDirectory() as place:
        room = new_room(Path(place), machine, warm)
        (room.folder / "spool").mkdir()
        if fake:
            spool = room.folder / "spool"
            command = [ROOT / "tests" / "fakes" / "daemon.py", "{}", spool, "--layer"]
            daemon = subprocess.Popen(
                [sys.executable, *map(str, command)],
                env={**os.environ, "LACUNA_STATE_DIR": str(room.state)},
            )
            eventually((room.state / "endpoint.json").exists)
        else:
            daemon = start_daemon(room.state)
        krita = None
        try:
            krita = Krita(room)
            yield krita
        finally:
            if krita:
                krita.close()
            daemon.terminate()
            daemon.wait()


def figures(machine: Machine, warm: Path) -> dict[str, float]:
    with room_with_krita(machine, warm, fake=False) as krita:
        photo = photograph(krita.room.folder, 6000, 4000)
        runs = measure(krita, photo, (2800, 1900, 300, 300))
        rest = [run[0] - inside for run, inside in zip(runs, computing(krita.room), strict=True)]
        version = krita.run("krita.version()")
        small_ms = [run[1] for run in runs]
    with room_with_krita(machine, warm, fake=True) as krita:
        photo = photograph(krita.room.folder, 2000, 2000)
        window_ms = [run[1] for run in measure(krita, photo, (20, 20, 1960, 1960))]
        photo = photograph(krita.room.folder, 8192, 8192)
        whole = measure(krita, photo, (20, 20, 8152, 8152))
    return {
        "krita": version,
        "small_beside_the_daemon_s": round(statistics.median(rest), 3),
        "small_beside_the_daemon_max_s": round(max(rest), 3),
        "small_silence_ms": round(statistics.median(small_ms)),
        "small_silence_max_ms": round(max(small_ms)),
        "window_2000_silence_ms": round(statistics.median(window_ms)),
        "window_2000_silence_max_ms": round(max(window_ms)),
        "layer_8192_s": round(statistics.median(run[0] for run in whole), 2),
        "layer_8192_silence_ms": round(statistics.median(run[1] for run in whole)),
    }


def main() -> None:
    for machine in MACHINES:
        reason = machine.reason_to_skip(*PROGRAMS)
        if reason:
            print(reason)
            continue
        with tempfile.TemporaryDirectory() as place:
            found = figures(machine, warm_resources(Path(place), machine))
        print(json.dumps(found, indent=1))
        record("krita", machine_of_krita=machine.name, **found)


if __name__ == "__main__":
    main()
