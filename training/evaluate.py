"""How good weights are: `python -m training.evaluate PICTURES... --features FILE [--weights PATH]`.

Fills the cases of `benchmarks/quality` at 1024 px the way the product does, with the weights that
ship and with others, and compares with the truth. `--unseen` takes photographs of scikit-image
instead, which nothing was trained on or chosen by. `--worst FILE` shows the last way's fills that
are furthest off.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import skimage

from benchmarks.cases import KINDS, Case, Picture, cases
from benchmarks.feature_distance import FeatureDistance
from benchmarks.record import record
from benchmarks.scores import CONTEXT_PX, Score, score, window
from benchmarks.ways import find_ways, load_weights
from benchmarks.workbench import completions_kept, fill_with
from training.pictures import find_pictures, split

SIDE = 1024
SHIPPED = "lacuna-small"
# They come with its package; what is no picture of anything (text, diagrams, samples) is left out.
UNSEEN_FOLDER = Path(skimage.__file__).parent / "data"
UNSEEN = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "moon.png",
    "motorcycle_left.png",
    "rocket.jpg",
)
SHEET_PX = 256
SHOWN = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", help="pictures with their LICENSES.txt")
    parser.add_argument("--unseen", action="store_true", help="photographs of scikit-image instead")
    parser.add_argument("--features", type=Path, required=True, help="SqueezeNet 1.1 features")
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="beside the shipped")
    parser.add_argument("--ways", default="telea,matchpatch,completion,auto")
    parser.add_argument("--completions", type=Path, default=Path("training/runs/kept"))
    parser.add_argument("--worst", type=Path, help="a sheet of the last way's worst fills")
    arguments = parser.parse_args()
    if arguments.unseen == bool(arguments.folders):
        parser.error("either folders of pictures or --unseen")
    paths = [UNSEEN_FOLDER / name for name in UNSEEN]
    if not arguments.unseen:
        paths = [source.path for source in split(find_pictures(arguments.folders))[1]]
    ways = find_ways(arguments.ways.split(","), load_weights(SHIPPED), tile=0)
    for path in arguments.weights:
        ways[path.stem] = partial(fill_with, load_weights(path))
    distance = FeatureDistance(arguments.features)
    found: dict[str, list[tuple[Case, Picture, Score]]] = {name: [] for name in ways}
    with completions_kept(arguments.completions):
        for case in cases_of(paths, at_own_size=arguments.unseen):
            for name, way in ways.items():
                filled = way(case.picture, case.mask)
                found[name].append((case, filled, score(case, filled, distance, [])))
                one = found[name][-1][2]
                words = f"{name} {one.psnr:.2f} dB {one.distance:.3f}"
                print(f"  {case.name} {case.kind}: {words}", flush=True)
    pictures = "scikit-image" if arguments.unseen else "validation"
    for name, rows in found.items():
        report(name, pictures, [(case, one) for case, _, one in rows])
    if arguments.worst:
        show_worst(arguments.worst, rows)


def cases_of(paths: Sequence[Path], at_own_size: bool) -> Iterator[Case]:
    """Cases at SIDE; what is smaller is left out, or judged at the size that it has."""
    for path in paths:
        longer = max(cv2.imread(str(path)).shape[:2]) if at_own_size else SIDE
        yield from cases([path], min(SIDE, longer), KINDS, 0)


def report(name: str, pictures: str, scores: Sequence[tuple[Case, Score]]) -> None:
    """Print and record the means of each kind, and every single figure."""
    found: dict[str, list[Score]] = defaultdict(list)
    for case, one in scores:
        found[case.kind].append(one)
    means = {
        kind: np.mean([(one.psnr, one.distance) for one in several], axis=0).round(4).tolist()
        for kind, several in found.items()
    }
    line = "  ".join(f"{kind} {psnr:.2f} dB {far:.3f}" for kind, (psnr, far) in means.items())
    print(f"{name:16} {line}", flush=True)
    single = [
        (case.name, case.kind, round(one.psnr, 3), round(one.distance, 4)) for case, one in scores
    ]
    record("training", way=name, pictures=pictures, side=SIDE, scores=means, cases=single)


def show_worst(path: Path, rows: Sequence[tuple[Case, Picture, Score]]) -> None:
    """Show hole, fill and truth of the fills that are furthest off: a row each."""
    worst = sorted(rows, key=lambda row: -row[2].distance)[:SHOWN]
    strips = []
    for case, filled, _ in worst:
        around = window(case.mask, CONTEXT_PX)
        covered = np.where(case.mask[..., None] > 0, np.uint8(255), case.picture)
        seen = [covered, filled, case.picture]
        size = (SHEET_PX, SHEET_PX)
        strips.append(
            np.hstack([cv2.resize(one[around], size, interpolation=cv2.INTER_AREA) for one in seen])
        )
    pairs = [np.hstack(strips[i : i + 2]) for i in range(0, len(strips) - 1, 2)]
    cv2.imwrite(str(path), np.vstack(pairs)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
