"""How good fills are: pictures with holes whose truth is known, filled in several ways.

`python -m benchmarks.quality FOLDER... --features FILE [--side 1024,2048] [--kinds large]
[--ways telea,auto] [--tile 160] [--pictures N]` reduces the pictures of `training/validation.txt`
that it finds in the folders (all, if none is there) until their longer side is `side`, covers them
with thin strokes, objects of 5 % of the side and holes of 25 %, and prints how far each way is from
the truth. `--drawn [NAMES]` takes the drawings of `drawn_cases.py` instead, at their own sizes.
Without `--features` there is no feature distance. `--sheet OUT.png` also shows all fills side by
side, and `--fills FOLDER` keeps them. pypatchmatch and Resynthesizer run in an environment of their
own, whose Python `--peers` or the variable LACUNA_PEERS_PYTHON names.

It goes on where it was ended: what `results/quality.json` has of the same case, made by the same
engine and weights, is not filled again. A table has only cases that all of its ways have filled.
`python -m benchmarks.quality --page docs/pictures` draws those of docs/quality-pictures.md instead.
"""

import argparse
import hashlib
import json
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.cases import KINDS, Case, Picture, cases, choose_pictures
from benchmarks.contact_sheet import Row, row_of, write_sheets
from benchmarks.drawn_cases import drawn_cases
from benchmarks.feature_distance import FeatureDistance
from benchmarks.peer_programs import PYTHON_VARIABLE, peers_python
from benchmarks.quality_pictures import draw_page
from benchmarks.record import ROOT, record
from benchmarks.scores import Score, score
from benchmarks.ways import FOREIGN, Fill, find_ways, keep_fills, load_weights
from benchmarks.workbench import completions_kept, engine_digest, tiles_of
from lacuna.network.tile_network import TileNetwork
from lacuna_wire import Options

NAME = "quality"
COLUMNS = ("PSNR", "SSIM", "feature distance", "seam ratio", "grain ratio", "gray cloud")
OF_TRUTH = ("seam ratio", "gray cloud")
GROWN_PX = 16  # around a hole that is grown, in which pixels may change
TILE_PX = 512  # what every machine has the memory for; smaller tiles have more borders
WAYS = "telea,matchpatch,pypatchmatch,resynthesizer,completion,native,tiles,auto"
# The picture itself, for its changes at the borders of two plans: where nothing was filled.
TRUTHS = {"truth": "auto", "truth at the grid": "tiles"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--features", type=Path, help="SqueezeNet 1.1 features")
    parser.add_argument("--weights", default="lacuna-small")
    parser.add_argument("--side", default="1024", help="longer sides in pixels, with commas")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--ways", default=WAYS, help="also: pyramid")
    parser.add_argument("--tile", type=int, default=TILE_PX, help="side of a tile in pixels")
    parser.add_argument("--pictures", type=int, default=0, help="of each side at most; 0: all")
    parser.add_argument(
        "--peers", type=Path, help=f"Python that has the peers; default: ${PYTHON_VARIABLE}"
    )
    parser.add_argument("--drawn", nargs="?", const="", help="drawings, all or of these names")
    parser.add_argument("--grow", type=int, default=0, help="of our own ways, in pixels")
    parser.add_argument("--sheet", type=Path, metavar="OUT.png", help="show fills side by side")
    parser.add_argument("--fills", type=Path, metavar="FOLDER", help="keep fills there")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="draw pictures into it")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is done is recorded then
    network = load_weights(arguments.weights)
    if arguments.page:
        draw_page(arguments.page, network, peers_python(arguments.peers))
        return
    if not arguments.folders and arguments.drawn is None:
        parser.error("folders of pictures are needed, or --drawn")
    names, python = arguments.ways.split(","), peers_python(arguments.peers)
    ways = find_ways(names, network, arguments.tile, python, arguments.grow)
    distance = FeatureDistance(arguments.features) if arguments.features else None
    with tempfile.TemporaryDirectory() as folder:
        if arguments.sheet or arguments.fills:
            state = state_of(network, arguments.tile, arguments.grow)
            ways = keep_fills(ways, arguments.fills or Path(folder), state)
        sheet: list[Row] = []
        for title, several in tables(arguments):
            rows = []
            for case in several:
                scores = judge(case, ways, network, distance, arguments.tile, arguments.grow)
                rows.append((case.name, case.kind, scores))
                if arguments.sheet:
                    sheet.append(show(case, ways, scores))
            print_table(title, rows, [*ways, *TRUTHS])
            if arguments.drawn is not None:
                print_cases(rows, list(ways))
    if arguments.sheet:
        print(*write_sheets(arguments.sheet, sheet))


def tables(arguments: argparse.Namespace) -> Iterator[tuple[str, Iterable[Case]]]:
    """Yield the cases that are asked for, all of a table together, and its title."""
    if arguments.drawn is not None:
        yield "drawn", drawn_cases([name for name in arguments.drawn.split(",") if name])
        return
    paths, kinds = choose_pictures(arguments.folders), arguments.kinds.split(",")
    for side in map(int, arguments.side.split(",")):
        yield f"{side} px", cases(paths, side, kinds, arguments.pictures)


def show(case: Case, ways: dict[str, Fill], scores: dict[str, Score]) -> Row:
    """Lay a hole, its truth and all fills side by side."""
    pictures = {"hole": case.given, "truth": case.picture}
    for name, way in ways.items():
        distance = scores[name].distance
        figures = f"{scores[name].psnr:.1f} dB" + ("" if distance is None else f", {distance:.3f}")
        pictures[f"{name}  {figures}"] = way(case.given, case.mask)
    return row_of(f"{case.name}, {case.kind}, {case.side} px", case.mask, pictures)


def state_of(network: TileNetwork, tile: int, grow: int) -> str:
    """Say what fills of our own depend on."""
    grown = f" grow {grow}" if grow else ""
    return f"{engine_digest()[:12]} {network.info.sha256[:12]} {tile}{grown}"


def judge(
    case: Case,
    ways: dict[str, Fill],
    network: TileNetwork,
    distance: Callable[[Picture, Picture], float] | None,
    tile: int = TILE_PX,
    grow: int = 0,
) -> dict[str, Score]:
    """Fill a case in every way that is not on record, record it, and return all scores of it."""
    seen = case.picture.tobytes() + case.mask.tobytes()
    seen += b"" if case.shown is None else case.shown.tobytes()
    digest = hashlib.sha256(seen).hexdigest()[:12]
    state = state_of(network, tile, grow)
    found = on_record(digest, state, distance is not None)
    reach = GROWN_PX if grow else 0
    new: dict[str, Score] = {}
    try:
        with tempfile.TemporaryDirectory() as folder, completions_kept(Path(folder)):
            for name, way in {**ways, **dict.fromkeys(TRUTHS)}.items():
                if name in found:
                    continue
                # Others have no tiles, one piece no borders: they are judged at those of `auto`.
                plan = name if name in ("tiles", "pyramid") else TRUTHS.get(name, "auto")
                tiles = tiles_of(case.given, case.mask, Options(strategy=plan, tile=tile), network)
                if way:
                    new[name] = score(case, way(case.given, case.mask), distance, tiles, reach)
                else:
                    new[name] = score(case._replace(shown=None), case.picture, no_distance, tiles)
                words = ", ".join(cells([new[name]]))
                print(f"  {case.side} {case.name} {case.kind}: {name} {words}", flush=True)
    finally:
        if new:
            place = {"side": case.side, "picture": case.name, "kind": case.kind, "case": digest}
            record(NAME, **place, state=state, scores=new)
    return found | new


def on_record(digest: str, state: str, measured: bool) -> dict[str, Score]:
    """Scores of a case that are still true: those of others, and ours in this very state.

    Args:
        digest: Of the case.
        state: Of ours.
        measured: Whether feature distances are needed.
    """
    path = ROOT / "benchmarks" / "results" / f"{NAME}.json"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    found = {}
    for line in map(json.loads, lines):
        if line.get("case") == digest:
            for name, figures in line["scores"].items():
                # Figures of an older benchmark have fewer columns: they are taken again.
                complete = len(figures) == len(Score._fields)
                if complete and (name in FOREIGN or line["state"] == state):
                    one = Score(*figures)
                    if one.distance is not None or not measured:
                        found[name] = one
    return found


def print_table(
    title: str, rows: Sequence[tuple[str, str, dict[str, Score]]], names: Sequence[str]
) -> None:
    """Print the means of each kind of hole as tables for a page."""
    ways = [name for name in names if name not in TRUTHS]
    for kind in dict.fromkeys(kind for _, kind, _ in rows):
        several = [scores for _, one, scores in rows if one == kind]
        nearest = Counter(min(ways, key=lambda name: rank(one[name])) for one in several)
        name = title if title == kind else f"{title}, {kind}"
        print(f"\n{name}: {len(several)} pictures\n")
        print(f"| | {' | '.join(COLUMNS)} | nearest in |\n|{'---|' * (len(COLUMNS) + 2)}")
        for name in names:
            shown = cells([scores[name] for scores in several])
            if name in TRUTHS:
                shown = [
                    cell if column in OF_TRUTH else ""
                    for column, cell in zip(COLUMNS, shown, strict=True)
                ]
            print(f"| {name} | {' | '.join(shown)} | {nearest[name] if name in ways else ''} |")


def cells(scores: Sequence[Score]) -> list[str]:
    """Means as they stand in a table under COLUMNS; in brackets, of how many holes."""
    psnr, ssim = np.mean([one[:2] for one in scores], axis=0)
    distances = [one.distance for one in scores if one.distance is not None]
    distance = f"{np.mean(distances):.4f}" if len(distances) == len(scores) else "-"
    seam = mean_of([one.seam for one in scores], ".3f")
    grain = mean_of([one.grain for one in scores], ".2f", min)
    cloud = mean_of([one.cloud for one in scores], ".1%", max)
    return [f"{psnr:.2f} dB", f"{ssim:.4f}", distance, seam, grain, cloud]


def mean_of(
    figures: Sequence[float | None],
    form: str,
    worst: Callable[[Sequence[float]], float] | None = None,
) -> str:
    """Show the mean of those that there are, the worst if it is wanted, and how many they are."""
    there = [figure for figure in figures if figure is not None]
    if not there:
        return "-"
    also = f", worst {worst(there):{form}}" if worst else ""
    return f"{np.mean(there):{form}}{also} ({len(there)})"


def no_distance(_one: Picture, _other: Picture) -> float:
    """Of the truth to itself, without looking."""
    return 0.0


def rank(score: Score) -> float:
    """How far a fill is from the truth, by the feature distance if it was measured."""
    return -score.psnr if score.distance is None else score.distance


def print_cases(rows: Sequence[tuple[str, str, dict[str, Score]]], ways: Sequence[str]) -> None:
    """Print every case by itself: dB in the hole, and feature distance."""
    print(f"\n| | {' | '.join(ways)} |\n|{'---|' * (len(ways) + 1)}")
    for name, _, scores in rows:
        shown = []
        for way in ways:
            distance = scores[way].distance
            shown.append(
                f"{scores[way].psnr:.2f}" + (f" / {distance:.3f}" if distance is not None else "")
            )
        print(f"| {name} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
