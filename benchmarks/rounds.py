"""What a round of a completion costs beside a tile: the numbers by which progress is counted.

`python -m benchmarks.rounds` completes one hole with one round and with nine, fills one tile of
512 px with lacuna-small, and prints the processor time of a round, of a search before the first
vote, and of all else that a level needs: per target, in pixels of a tile.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.record import record
from benchmarks.workbench import TUNING, complete_hole, schedule_completion
from lacuna.network.catalogue import find_weights
from lacuna.network.tile_network import load_network

TILE_PX, HOLE_PX, WINDOW_PX = 512, 200, 600
REPEATS = 5


def main() -> None:
    rng = np.random.default_rng(0)
    network = load_network(find_weights("lacuna-small"), "cpu")
    tile = rng.random((TILE_PX, TILE_PX, 3), np.float32)
    mask = np.zeros((TILE_PX, TILE_PX, 1), np.float32)
    mask[100:400, 100:400] = 1
    pixel_s = processor_seconds(lambda: network.fill(tile, mask)) / TILE_PX**2

    picture = rng.integers(0, 256, (WINDOW_PX, WINDOW_PX, 3)).astype(np.uint8)
    missing = np.zeros((WINDOW_PX, WINDOW_PX), np.uint8)
    missing[HOLE_PX : 2 * HOLE_PX, HOLE_PX : 2 * HOLE_PX] = 1

    def cost(rounds: int, searches: int) -> float:
        tuning = TUNING._replace(rounds=(rounds,), thin_rounds=rounds, first_searches=searches)
        schedule = schedule_completion(missing, 0, tuning=tuning)
        seconds = processor_seconds(lambda: complete_hole(picture, missing, schedule))
        return seconds / schedule.steps[0].targets / pixel_s

    many, few, searched = cost(9, 1), cost(1, 1), cost(1, 5)
    a_round, a_search = (many - few) / 8, (searched - few) / 4
    figures = {
        "round_px": round(a_round, 1),
        "search_px": round(a_search, 1),
        "level_px": round(few - a_round - a_search, 1),
    }
    print(*(f"{name} {value}" for name, value in figures.items()))
    record("rounds", **figures)


def processor_seconds(work: Callable[[], object]) -> float:
    """Return the median of REPEATS runs after a warm-up, all threads together."""
    seconds = []
    for _ in range(REPEATS + 1):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds[1:])


if __name__ == "__main__":
    main()
