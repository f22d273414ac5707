"""What waits at login: the daemon's front, before anybody has asked it for anything.

`python -m benchmarks.login` starts it with the line of the entry at login, in a state folder of its
own, five times after one warm-up: how long until it answers, what it holds, how often it wakes up.
"""

import os
import statistics
import subprocess
import tempfile
import time

import psutil

from benchmarks.record import record
from lacuna.commands.setup import COMMAND
from lacuna_wire.endpoint import find_daemon

ROUNDS = 5
IDLE_S = 10.0
MB = 10**6


def main() -> None:
    rounds = [measure() for _ in range(1 + ROUNDS)][1:]
    figures = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    spread = {f"{name}_max": max(one[name] for one in rounds) for name in rounds[0]}
    print(
        f"answers after {figures['start_s']:.2f} s (at most {spread['start_s_max']:.2f}), "
        f"{figures['resident_mb']:.1f} MB resident, {figures['wake_ups_per_s']:.1f} wake-ups per "
        f"second, {figures['cpu_percent']:.2f} % of a core when idle"
    )
    record("login", rounds=ROUNDS, idle_s=IDLE_S, **figures, **spread)


def measure() -> dict[str, float]:
    """Start one front, leave it alone, and end it."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LACUNA_STATE_DIR"] = folder
        begin = time.monotonic()
        process = subprocess.Popen(COMMAND)
        try:
            while find_daemon() is None:
                time.sleep(0.005)
            start_s = time.monotonic() - begin
            front = psutil.Process(process.pid)
            before, used = front.num_ctx_switches().voluntary, sum(front.cpu_times()[:2])
            time.sleep(IDLE_S)
            return {
                "start_s": start_s,
                "resident_mb": front.memory_info().rss / MB,
                "wake_ups_per_s": (front.num_ctx_switches().voluntary - before) / IDLE_S,
                "cpu_percent": 100 * (sum(front.cpu_times()[:2]) - used) / IDLE_S,
            }
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
