"""How weights of the published way are best steered: the same holes, filled in every way.

`python -m benchmarks.steering FOLDER... --features FILE --weights big-lama` takes the cases of
`benchmarks/quality` and prints means of PSNR, SSIM, SqueezeNet feature distance, seam ratio and
seconds. Ways: `completion` (patches alone), `native` and `tiles` (no coarse level), `auto` (what
ships: the coarse fill, then patches held to it), `begin` (patches only begin with it), and those of
`benchmarks/steered.py`. With `--oracle 0,1,2,4` instead of `--weights` the truth, reduced and
blurred by so many pixels, stands in for the coarse fill, in a round hole of 150 px in 1,024; ways
are those of `benchmarks/oracle.py` then. The decision that rests on both is docs/decisions/0005.
"""

import argparse
import time
from collections.abc import Sequence
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.cases import Mask, Picture, cases, choose_pictures, reduce_picture
from benchmarks.feature_distance import FeatureDistance
from benchmarks.oracle import WAYS, fill_by, rim_ratio, round_hole
from benchmarks.record import record
from benchmarks.scores import Score, score
from benchmarks.steered import STEERED, steer
from benchmarks.ways import Fill, find_ways, load_weights
from benchmarks.workbench import fill_with, nothing_kept, tiles_of
from lacuna.network.tile_network import TileNetwork
from lacuna_wire import Options

OURS = ("completion", "native", "tiles", "auto")
TILE_PX = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--features", type=Path, required=True, help="SqueezeNet 1.1 features")
    painter = parser.add_mutually_exclusive_group(required=True)
    painter.add_argument("--weights", help="a name of the catalogue, or a file")
    painter.add_argument("--oracle", help="blurs in coarse pixels, such as 0,1,2,4")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--kinds", default="large")
    parser.add_argument("--ways", default="", help="by default all")
    parser.add_argument("--pictures", type=int, default=0, help="at most; 0: all")
    arguments = parser.parse_args()
    if arguments.oracle:
        compare_with_oracle(arguments)
        return
    weights = Path(arguments.weights)
    network = load_weights(weights if weights.exists() else arguments.weights)
    if network.role == "corrects":
        parser.error(f"{arguments.weights} correct a completion: they need no steering")
    names = (arguments.ways or ",".join((*OURS, "begin", *STEERED))).split(",")
    ways = find_ways([name for name in names if name in OURS and name != "auto"], network, TILE_PX)
    if "auto" in names:
        ways["auto"] = partial(fill_with, network)
    if "begin" in names:
        ways["begin"] = partial(begin_with, network)
    ways |= all_steered(names, network)
    distance = FeatureDistance(arguments.features)
    rows: dict[tuple[str, str], list[tuple[Score, float]]] = {}
    paths, kinds = choose_pictures(arguments.folders), arguments.kinds.split(",")
    for case in cases(paths, arguments.side, kinds, arguments.pictures):
        tiles = tiles_of(case.picture, case.mask, Options(strategy="tiles", tile=TILE_PX), network)
        for name, way in ways.items():
            began = time.perf_counter()
            filled = way(case.picture, case.mask)
            seconds = time.perf_counter() - began
            found = score(case, filled, distance, tiles)
            rows.setdefault((case.kind, name), []).append((found, seconds))
            record(
                "steering", weights=network.info.sha256[:12], side=case.side, picture=case.name,
                kind=case.kind, way=name, score=found, seconds=round(seconds, 2),
            )  # fmt: skip
            print(f"{case.name} {case.kind} {name}: {cells([(found, seconds)])}", flush=True)
    for kind in kinds:
        print(f"\n{arguments.side} px, {kind}\n")
        print("| | PSNR | SSIM | feature distance | seam ratio | seconds |")
        print("|---|---|---|---|---|---|")
        for name in ways:
            print(f"| {name} | {cells(rows[kind, name])} |")


def begin_with(network: TileNetwork, picture: Picture, mask: Mask) -> Picture:
    with nothing_kept():
        return fill_with(network, picture, mask)


def compare_with_oracle(arguments: argparse.Namespace) -> None:
    """Fill round holes by an oracle, at every blur and in every way, and print a table of each."""
    distance, count = FeatureDistance(arguments.features), arguments.pictures
    ways = arguments.ways.split(",") if arguments.ways else WAYS
    blurs = [float(blur) for blur in arguments.oracle.split(",")]
    rows: dict[tuple[float, str], list[tuple[Score, float]]] = {}
    for path in choose_pictures(arguments.folders):
        picture = reduce_picture(path, arguments.side)
        if picture is None:
            continue
        case = round_hole(path.name, picture, arguments.side)
        for blur, name in product(blurs, ways):
            began = time.perf_counter()
            filled = fill_by(name, picture, case.mask, blur)
            seconds = time.perf_counter() - began
            found = score(case, filled, distance, [])
            found = found._replace(seam=rim_ratio(filled, picture, case.mask))
            rows.setdefault((blur, name), []).append((found, seconds))
            record(
                "steering", oracle=blur, side=case.side, picture=case.name, kind=case.kind,
                way=name, score=found, seconds=round(seconds, 2),
            )  # fmt: skip
            print(f"{case.name} {blur:g} {name}: {cells([(found, seconds)])}", flush=True)
        count -= 1
        if not count:
            break
    print(f"\n{arguments.side} px, oracle\n")
    print("| blur | | PSNR | SSIM | feature distance | rim ratio | seconds |")
    print("|---|---|---|---|---|---|---|")
    for blur, name in product(blurs, ways):
        print(f"| {blur:g} | {name} | {cells(rows[blur, name])} |")


def all_steered(names: Sequence[str], network: TileNetwork) -> dict[str, Fill]:
    return {
        name: partial(steer, way, network, TILE_PX)
        for name, way in STEERED.items()
        if name in names
    }


def cells(rows: Sequence[tuple[Score, float]]) -> str:
    """Means as they stand in a table."""
    psnr, ssim, distance = np.mean([one[:3] for one, _ in rows], axis=0)
    seams = [one.seam for one, _ in rows if one.seam is not None]
    seam = f"{np.mean(seams):.3f} ({len(seams)})" if seams else "-"
    seconds = np.median([seconds for _, seconds in rows])
    return f"{psnr:.2f} dB | {ssim:.4f} | {distance:.4f} | {seam} | {seconds:.1f}"


if __name__ == "__main__":
    main()
