"""Whether GIMP stays usable under a large fill: `python -m benchmarks.gimp_window`.

A picture of 8192 x 8192 px is open in the real window, all of it is selected and filled by a
stand-in that inverts it. Meanwhile GIMP is asked for an answer over the session bus, again and
again: its longest silence is how long a click would have waited. Needs the root of `.ci/debian13`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import cv2
import numpy as np

from benchmarks.record import ROOT, record
from tests.editors.gimp.rooms import GimpRoom, new_room, reason_to_skip
from tests.editors.gimp.screens import Screen
from tests.service.conftest import eventually

SIDE = 8192
QUESTIONS = 250
PROBE = f"""
for i in $(seq {QUESTIONS}); do
    asked=$(date +%s%N)
    dbus-send --session --print-reply --reply-timeout=60000 --dest=org.gimp.GIMP.UI \
        /org/gimp/GIMP/UI org.gimp.GIMP.UI.Activate > /dev/null || exit 1
    echo $(( ($(date +%s%N) - asked) / 1000000 ))
    sleep 0.03
done
"""


def main() -> None:
    reason = reason_to_skip()
    if reason:
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as place:
        figures = measure(new_room(Path(place)))
    for name, value in figures.items():
        print(f"{name:16} {value}")
    record("gimp_window", side_px=SIDE, **figures)


def measure(room: GimpRoom) -> dict[str, float]:
    picture = np.full((SIDE, SIDE, 4), 200, np.uint8)
    cv2.imwrite(str(room.folder / "big.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    (room.folder / "probe.sh").write_text(PROBE)
    (room.folder / "spool").mkdir()
    stand_in = subprocess.Popen(
        [
            sys.executable,
            ROOT / "tests" / "fakes" / "daemon.py",
            "{}",
            room.folder / "spool",
            "--layer",
        ],
        env={**os.environ, "LACUNA_STATE_DIR": str(room.state)},
    )
    screen = None
    try:
        eventually((room.state / "endpoint.json").exists)
        screen = Screen(room, "big.png")
        idle = answers(screen)
        screen.xdotool("key ctrl+a sleep 1")
        busy: list[int] = []
        asking = threading.Thread(target=lambda: busy.extend(answers(screen)))
        asking.start()
        screen.focus()
        screen.xdotool("key ctrl+alt+i")  # Inpaint Selection, in the tests' shortcuts
        asking.join()
        assert len(screen.layers()) == 2, "the fill was not done while GIMP was asked"
    finally:
        if screen:
            screen.close()
        stand_in.terminate()
        stand_in.wait()
    return {
        "idle_median_ms": statistics.median(idle),
        "idle_max_ms": max(idle),
        "fill_median_ms": statistics.median(busy),
        "fill_max_ms": max(busy),
    }


def answers(screen: Screen) -> list[int]:
    """Milliseconds until GIMP's main loop answered, for every question."""
    asked = screen.room.run("sh", screen.room.folder / "probe.sh", **screen.environment)
    assert asked.returncode == 0, asked.stderr
    return [int(line) for line in asked.stdout.split()]


if __name__ == "__main__":
    main()
