"""What the plug-in for GIMP costs beside the daemon's computing: `python -m benchmarks.gimp`.

Two figures: a small selection in a photograph of 24 megapixels with the real weights, and a whole
layer of 8192 x 8192 px with a stand-in that inverts it. Needs the root of `.ci/debian13`.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.record import ROOT, record
from tests.editors.gimp.rooms import GimpRoom, new_room, reason_to_skip
from tests.editors.machines import start_daemon
from tests.service.conftest import eventually

RUNS = 5

# Runs inside GIMP; the first call warms up.
SCRIPT = """
import json, time
from gi.repository import Gimp
from inside import FOLDER, call
times = []
image = Gimp.Image.new({width}, {height}, Gimp.ImageBaseType.RGB)
layer = Gimp.Layer.new(image, "photo", {width}, {height}, Gimp.ImageType.RGB_IMAGE, 100.0,
                       Gimp.LayerMode.NORMAL)
image.insert_layer(layer, None, 0)
layer.fill(Gimp.FillType.WHITE)
image.select_rectangle(Gimp.ChannelOps.REPLACE, *{selection})
for _ in range({runs} + 1):
    start = time.monotonic()
    new, error = call(image, [layer])
    times.append(time.monotonic() - start)
    assert error is None, error
    image.remove_layer(new)
(FOLDER / "times.json").write_text(json.dumps(times))
"""


def measure(room: GimpRoom, width: int, height: int, selection: tuple, runs: int) -> list[float]:
    """Seconds of every call as a script sees them, the start of the plug-in included."""
    code = SCRIPT.format(width=width, height=height, selection=selection, runs=runs)
    (room.folder / "measure.py").write_text(code)
    room.gimp("measure.py")
    return json.loads((room.folder / "times.json").read_text())[1:]


def computing(room: GimpRoom) -> list[float]:
    """Seconds of every job but the first as the daemon's log names them."""
    lines = (room.state / "daemon.log").read_text().splitlines()
    done = [line for line in lines if line.endswith(", done")]
    return [float(line.split(" s, done")[0].split(", ")[-1]) for line in done][1:]


def small_selection(folder: Path) -> dict[str, float]:
    room = new_room(folder)
    daemon = start_daemon(room.state)
    try:
        times = measure(room, 6000, 4000, (2800, 1900, 300, 300), RUNS)
    finally:
        daemon.terminate()
        daemon.wait()
    rest = [whole - inside for whole, inside in zip(times, computing(room), strict=True)]
    return {
        "whole_s": round(statistics.median(times), 3),
        "beside_the_daemon_s": round(statistics.median(rest), 3),
        "beside_the_daemon_max_s": round(max(rest), 3),
    }


def whole_layer(folder: Path) -> dict[str, float]:
    room = new_room(folder)
    spool = folder / "spool"
    spool.mkdir()
    fake = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "fakes" / "daemon.py", "{}", spool, "--layer"],
        env={**os.environ, "LACUNA_STATE_DIR": str(room.state)},
    )
    try:
        eventually((room.state / "endpoint.json").exists)
        times = measure(room, 8192, 8192, (0, 0, 8192, 8192), RUNS)
    finally:
        fake.terminate()
        fake.wait()
    return {"median_s": round(statistics.median(times), 2), "max_s": round(max(times), 2)}


def main() -> None:
    reason = reason_to_skip()
    if reason:
        sys.exit(reason)
    for name, run in (("24 MP, 300 px", small_selection), ("8192 x 8192, all", whole_layer)):
        with tempfile.TemporaryDirectory() as place:
            figures = run(Path(place))
        print(f"{name}: {figures}")
        record("gimp", case=name, runs=RUNS, **figures)


if __name__ == "__main__":
    main()
