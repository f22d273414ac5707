"""How good fills are: photographs with holes whose truth is known, filled in several ways.

`python -m benchmarks.quality FOLDER... --features FILE [--side 1024,2048] [--kinds large]
[--ways telea,auto] [--tile 160] [--pictures N]` reduces the pictures of `training/validation.txt`
that it finds in the folders (all, if none is there) until their longer side is `side`, covers them
with thin strokes, objects of 5 % of the side and holes of 25 %, and prints how far each way is from
the truth.

It goes on where it was ended: what `results/quality.json` has of the same case, made by the same
engine and weights, is not filled again. A table has only cases that all of its ways have filled.
`python -m benchmarks.quality --page docs/pictures` draws the pictures of docs/quality.md instead.
"""

import argparse
import hashlib
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.cases import KINDS, Case, Mask, Picture, cases, choose_pictures
from benchmarks.feature_distance import FeatureDistance
from benchmarks.peer_programs import PYTHON_VARIABLE, peers_python
from benchmarks.quality_pictures import draw_page
from benchmarks.record import ROOT, record
from benchmarks.scores import Score, score
from benchmarks.ways import FOREIGN, Fill, find_ways, load_weights
from benchmarks.workbench import completions_kept, engine_digest, tiles_of
from lacuna.network.tile_network import TileNetwork
from lacuna_wire import Options

NAME = "quality"
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
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="draw pictures into it")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is done is recorded then
    network = load_weights(arguments.weights)
    names = arguments.ways.split(",")
    if arguments.page:
        draw_page(arguments.page, network)
        return
    if not arguments.folders or not arguments.features:
        parser.error("folders of pictures and --features are needed")
    ways = find_ways(names, network, arguments.tile, peers_python(arguments.peers))
    distance = FeatureDistance(arguments.features)
    paths, kinds = choose_pictures(arguments.folders), arguments.kinds.split(",")
    for side in map(int, arguments.side.split(",")):
        rows = []
        for case in cases(paths, side, kinds, arguments.pictures):
            scores = judge(case, ways, network, distance, arguments.tile)
            rows.append((case.name, case.kind, scores))
        print_table(side, rows, [*ways, *TRUTHS])


def judge(
    case: Case,
    ways: dict[str, Fill],
    network: TileNetwork,
    distance: Callable[[Picture, Picture], float],
    tile: int = TILE_PX,
) -> dict[str, Score]:
    """Fill a case in every way that is not on record, record it, and return all scores of it."""
    digest = hashlib.sha256(case.picture.tobytes() + case.mask.tobytes()).hexdigest()[:12]
    state = f"{engine_digest()[:12]} {network.info.sha256[:12]} {tile}"
    found = on_record(digest, state)
    new: dict[str, Score] = {}
    try:
        with tempfile.TemporaryDirectory() as folder, completions_kept(Path(folder)):
            for name, way in {**ways, **dict.fromkeys(TRUTHS, keep)}.items():
                if name in found:
                    continue
                # Others have no tiles, one piece no borders: they are judged at those of `auto`.
                plan = name if name in ("tiles", "pyramid") else TRUTHS.get(name, "auto")
                tiles = tiles_of(
                    case.picture, case.mask, Options(strategy=plan, tile=tile), network
                )
                new[name] = score(case, way(case.picture, case.mask), distance, tiles)
                words = ", ".join(cells([new[name]]))
                print(f"  {case.side} {case.name} {case.kind}: {name} {words}", flush=True)
    finally:
        if new:
            place = {"side": case.side, "picture": case.name, "kind": case.kind, "case": digest}
            record(NAME, **place, state=state, scores=new)
    return found | new


def on_record(digest: str, state: str) -> dict[str, Score]:
    """Scores of a case that are still true: those of others, and ours in this very state."""
    path = ROOT / "benchmarks" / "results" / f"{NAME}.json"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    found = {}
    for line in map(json.loads, lines):
        if line.get("case") == digest:
            for name, figures in line["scores"].items():
                if name in FOREIGN or line["state"] == state:
                    found[name] = Score(*figures)
    return found


def print_table(
    side: int, rows: Sequence[tuple[str, str, dict[str, Score]]], names: Sequence[str]
) -> None:
    """Print the means of each kind of hole as tables for a page."""
    for kind in dict.fromkeys(kind for _, kind, _ in rows):
        several = [scores for _, one, scores in rows if one == kind]
        print(f"\n{side} px, {kind}: {len(several)} pictures\n")
        print("| | PSNR | SSIM | feature distance | seam ratio |\n|---|---|---|---|---|")
        for name in names:
            shown = cells([scores[name] for scores in several])
            if name in TRUTHS:
                shown[:-1] = [""] * (len(shown) - 1)
            print(f"| {name} | {' | '.join(shown)} |")


def cells(scores: Sequence[Score]) -> list[str]:
    """Means as they stand in a table; the seam ratio of the holes that lie under several tiles."""
    psnr, ssim, distance = np.mean([one[:3] for one in scores], axis=0)
    seams = [one.seam for one in scores if one.seam is not None]
    seam = f"{np.mean(seams):.3f} ({len(seams)})" if seams else "-"
    return [f"{psnr:.2f} dB", f"{ssim:.4f}", f"{distance:.4f}", seam]


def keep(picture: Picture, _mask: Mask) -> Picture:
    return picture


if __name__ == "__main__":
    main()
