"""What the wire costs: one large picture from a client to the daemon and back.

`python -m benchmarks.wire` sends 8192 x 8192 RGBA pixels of 8 bits and their mask (320 MiB) over
the loopback, lets a stand-in worker invert them and fetches them back (256 MiB). It prints the
median of five rounds after one warm-up, and how much the daemon's front grew meanwhile.

With `--tagged` the pixels end with tags, as they do where the kernel cannot say whose process is at
the other end of a connection.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import psutil

from benchmarks.record import ROOT, record
from lacuna_wire import JobRequest, Rect, session
from lacuna_wire.client import Client, inpaint
from lacuna_wire.endpoint import Endpoint, find_daemon

DAEMON = ROOT / "tests" / "fakes" / "daemon.py"
SIDE = 8192
ROUNDS = 5
MIB = 1 << 20


def main() -> None:
    tagged = sys.argv[1:] == ["--tagged"]
    if tagged:
        session.is_own_peer = lambda _own, _peer: None
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LACUNA_STATE_DIR"] = folder
        place = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(folder)
        process = subprocess.Popen([sys.executable, str(DAEMON), "{}", str(place)])
        try:
            result = measure(Client(wait_for_daemon()), psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait()
    print(
        f"{SIDE} x {SIDE} RGBA u8, there and back: median {result['seconds_median']:.2f} s "
        f"({result['seconds_min']:.2f} to {result['seconds_max']:.2f}), "
        f"front grew by {result['front_growth_mib']:.1f} MiB to {result['front_peak_mib']:.1f} MiB"
    )
    record("wire", rounds=ROUNDS, side_px=SIDE, tagged=tagged, **result)


def measure(client: Client, front: psutil.Process) -> dict[str, float]:
    """Run the rounds, and watch the memory of the front from the first to the last."""
    pixels = memoryview(os.urandom(MIB) * (SIDE * SIDE * 4 // MIB))
    mask = memoryview(bytes(SIDE * SIDE // 2) + b"\xff" * (SIDE * SIDE // 2))
    before = front.memory_info().rss
    peak = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], front.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    seconds = []
    for _ in range(ROUNDS + 1):
        whole = Rect(0, 0, SIDE, SIDE)
        request = JobRequest(str(uuid.uuid4()), SIDE, SIDE, whole)
        begun = time.perf_counter()
        rect, result, *_more = inpaint(
            client, request, lambda _: (pixels, mask), lambda _: None, lambda: False
        )
        seconds.append(time.perf_counter() - begun)
        assert rect == whole
        assert result[: len(pixels) // 2] == pixels[: len(pixels) // 2]
        assert result[-1] == pixels[-1] ^ 255
        del result
    done.set()
    watcher.join()
    return {
        "seconds_median": round(statistics.median(seconds[1:]), 3),
        "seconds_min": round(min(seconds[1:]), 3),
        "seconds_max": round(max(seconds[1:]), 3),
        "front_growth_mib": round((peak[0] - before) / MIB, 1),
        "front_peak_mib": round(peak[0] / MIB, 1),
    }


def wait_for_daemon(within_s: float = 20.0) -> Endpoint:
    give_up = time.monotonic() + within_s
    while time.monotonic() < give_up:
        endpoint = find_daemon()
        if endpoint is not None:
            return endpoint
        time.sleep(0.05)
    raise SystemExit("the daemon did not start")


if __name__ == "__main__":
    main()
