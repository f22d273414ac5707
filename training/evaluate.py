"""How good weights are: `python -m training.evaluate PICTURES... --features FILE [--weights PATH]`.

Fills three kinds of holes in every picture of the validation set at 1024 px, the way the product
does, and compares with the truth: OpenCV's Telea, G'MIC's matchpatch where it is installed, the
engine's guide alone, and guide and network. `--worst FILE` shows the fills that are furthest off.
"""

import argparse
import hashlib
import math
import os
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import cv2
import numpy as np
from numpy.typing import NDArray

import lacuna.engine.inpaint
from benchmarks.feature_distance import FeatureDistance
from benchmarks.quality import CONTEXT_PX, KINDS, draw_hole, fill_with
from benchmarks.record import record
from lacuna.engine.completion import Guide, native_guide
from lacuna.engine.planes import Document
from lacuna.network.catalogue import find_weights
from lacuna.network.tile_network import load_network
from training.completions import BareGuide, engine_digest
from training.masks import Mask
from training.pictures import Picture, Source, find_pictures, split

SIDE = 1024
SEED = 7
SHEET_PX = 256
SHOWN = 6

Fill = Callable[[Picture, Mask], Picture]


class Case(NamedTuple):
    """A picture with a hole.

    Attributes:
        name: Of its file.
        kind: Of the hole.
        picture: uint8 (SIDE, SIDE, 3).
        mask: uint8 (SIDE, SIDE), 255 = missing.
    """

    name: str
    kind: str
    picture: Picture
    mask: Mask


class Score(NamedTuple):
    """How far a fill is from the truth.

    Attributes:
        psnr: In the hole, in dB.
        distance: SqueezeNet feature distance of the window around the hole.
    """

    psnr: float
    distance: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="pictures with their LICENSES.txt")
    parser.add_argument("--features", type=Path, required=True, help="SqueezeNet 1.1 features")
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="beside the shipped")
    parser.add_argument("--ways", default="telea,matchpatch,guide,shipped")
    parser.add_argument("--guides", type=Path, default=Path("training/runs/guides"))
    parser.add_argument("--worst", type=Path, help="a sheet of the last way's worst fills")
    arguments = parser.parse_args()
    held = split(find_pictures(arguments.folders))[1]
    ways = find_ways(arguments.ways.split(","), arguments.weights)
    distance = FeatureDistance(arguments.features)
    found: dict[str, list[tuple[Case, Picture, Score]]] = {name: [] for name in ways}
    with guides_made_once(arguments.guides):
        for case in cases(held):
            for name, way in ways.items():
                filled = way(case.picture, case.mask)
                found[name].append((case, filled, score(case, filled, distance)))
                one = found[name][-1][2]
                words = f"{name} {one.psnr:.2f} dB {one.distance:.3f}"
                print(f"  {case.name} {case.kind}: {words}", flush=True)
    for name, rows in found.items():
        report(name, [(case, one) for case, _, one in rows])
    if arguments.worst:
        show_worst(arguments.worst, rows)


@contextmanager
def guides_made_once(folder: Path) -> Iterator[None]:
    """Keep guides in a folder: they cost ten times as much as what the network adds to them."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = engine_digest().encode()

    def kept(window: Document, missing: NDArray[np.uint8], *others: Any) -> Guide:
        seen = digest + window.samples.tobytes() + missing.tobytes()
        path = folder / f"{hashlib.sha256(seen).hexdigest()}.npy"
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}.npy")
            np.save(unfinished, native_guide(window, missing, *others)(window.rect))
            unfinished.replace(path)
        image = np.load(path)
        return lambda rect: np.asarray(image[rect.slices])

    with mock.patch.object(lacuna.engine.inpaint, "native_guide", kept):
        yield


def find_ways(names: Sequence[str], weights: Sequence[Path]) -> dict[str, Fill]:
    """Ways to fill, by name; matchpatch is left out where there is no G'MIC."""
    known: dict[str, Fill] = {
        "telea": lambda picture, mask: np.asarray(cv2.inpaint(picture, mask, 5, cv2.INPAINT_TELEA)),
        "matchpatch": matchpatch,
        "guide": lambda picture, mask: fill_with(BareGuide(), picture, mask),
        "shipped": network_way(find_weights("lacuna-small").path),
    }
    if not shutil.which("gmic"):
        del known["matchpatch"]
    chosen = {name: known[name] for name in names if name in known}
    return chosen | {path.stem: network_way(path) for path in weights}


def network_way(path: Path) -> Fill:
    """The product with these weights."""
    network = load_network(find_weights(path))
    return lambda picture, mask: fill_with(network, picture, mask)


def matchpatch(picture: Picture, mask: Mask) -> Picture:
    """G'MIC's inpainting by patches (command `inpaint_matchpatch`), known pixels put back."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("picture.png", "mask.png", "filled.png")]
        cv2.imwrite(str(paths[0]), picture[..., ::-1])
        cv2.imwrite(str(paths[1]), mask)
        fill = ["-inpaint_matchpatch[0]", "[1]", "-keep[0]", "-cut", "0,255"]
        command = ["gmic", *map(str, paths[:2]), *fill, "-output", str(paths[2])]
        subprocess.run(command, check=True, capture_output=True)
        filled = np.asarray(cv2.imread(str(paths[2])), np.uint8)[..., ::-1]
    return np.where(mask[..., None] > 0, filled, picture).astype(np.uint8)


def cases(held: Sequence[Source]) -> Iterator[Case]:
    """Yield the same cases every time: every picture with every kind of hole."""
    rng = np.random.default_rng(SEED)
    for source in held:
        decoded = np.asarray(cv2.imread(str(source.path)))[..., ::-1]
        scale = SIDE / min(decoded.shape[:2])
        reduced = cv2.resize(decoded, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture = np.ascontiguousarray(reduced[:SIDE, :SIDE], np.uint8)
        for kind in KINDS:
            yield Case(source.path.name, kind, picture, draw_hole(kind, SIDE, rng))


def score(case: Case, filled: Picture, distance: FeatureDistance) -> Score:
    missing = case.mask > 0
    error = np.square(filled[missing].astype(float) - case.picture[missing]).mean() / 255**2
    around = window(case.mask, CONTEXT_PX)
    far = distance(filled[around], case.picture[around])
    return Score(-10 * math.log10(error + 1e-9), far)


def window(mask: Mask, context: int) -> tuple[slice, slice]:
    """Rows and columns around a hole."""
    rows, columns = np.where(mask > 0)
    return (
        slice(max(0, rows.min() - context), rows.max() + context),
        slice(max(0, columns.min() - context), columns.max() + context),
    )


def report(name: str, scores: Sequence[tuple[Case, Score]]) -> None:
    """Print and record the means of each kind, and those of photographs and the rest apart."""
    found: dict[str, list[Score]] = defaultdict(list)
    for case, one in scores:
        found[case.kind].append(one)
    means = {
        kind: Score(*np.mean(several, axis=0).round(4).tolist()) for kind, several in found.items()
    }
    line = "  ".join(f"{kind} {one.psnr:.2f} dB {one.distance:.3f}" for kind, one in means.items())
    print(f"{name:16} {line}", flush=True)
    single = [
        (case.name, case.kind, round(one.psnr, 3), round(one.distance, 4)) for case, one in scores
    ]
    record("training", way=name, side=SIDE, scores=means, cases=single)


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
