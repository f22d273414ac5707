"""What is left around an object that was selected tightly, and whether clean selections are kept.

`python -m benchmarks.halo FOLDER... [--grow 0,3] [--pictures N] [--sheet OUT.png]` pastes blobs,
strokes and text with soft edges and JPEG into the pictures of `training/validation.txt` (all, if
none is there), has them removed, and prints for every setting:

- **halo energy left**: squared differences from the truth outside of the selection and within 16 px
  of it, over those before the fill. 100 % is what doing nothing leaves;
- **tint**: how far the mean colour of the filled hole is from the truth's, of 255.

`--clean HOLES` fills so many holes per picture in ordinary content instead, and objects that were
selected as a whole, with and without a margin: it counts those in which a pixel outside of the
selection changed, and those in which anything differs from a fill with a grow of 0. `--grow` takes
what the option takes, so also the number that leaves it to the daemon where there is one.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.cases import Mask, Picture, choose_pictures
from benchmarks.contact_sheet import Row, row_of, write_sheets
from benchmarks.pasted import BLEEDING, CLEAN, SHAPES, Pasted, Setting, paste, punch
from benchmarks.record import record
from benchmarks.ways import load_weights
from benchmarks.workbench import CompletionAlone, engine_digest, fill_with

NAME = "halo"
HALO_PX = 16
SHOWN = 2  # pasted objects per setting on a sheet

FillGrown = Callable[[Picture, Mask, int], Picture]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--grow", default="0", help="values of the option, with commas")
    parser.add_argument("--pictures", type=int, default=0, help="at most; 0: all")
    parser.add_argument("--clean", type=int, default=0, metavar="HOLES", help="per picture")
    parser.add_argument("--weights", default="lacuna-small", help="`none`: the completion alone")
    parser.add_argument("--sheet", type=Path, metavar="OUT.png", help="show fills side by side")
    arguments = parser.parse_args()
    paths = choose_pictures(arguments.folders)
    paths = paths[: arguments.pictures or len(paths)]
    none = arguments.weights == "none"
    network = CompletionAlone() if none else load_weights(arguments.weights)

    def fill(picture: Picture, mask: Mask, grow: int) -> Picture:
        return fill_with(network, picture, mask, grow=grow)

    sheet: list[Row] = []
    for grow in map(int, arguments.grow.split(",")):
        place = {"grow": grow, "pictures": len(paths), "engine": engine_digest()[:12]}
        if arguments.clean:
            counts = count_grown(paths, arguments.clean, partial(fill, grow=grow), fill)
            record(NAME, **place, clean=counts)
        else:
            record(NAME, **place, left=measure(paths, grow, fill, sheet))
    if arguments.sheet:
        print(*write_sheets(arguments.sheet, sheet))


def measure(
    paths: list[Path], grow: int, fill: FillGrown, sheet: list[Row]
) -> dict[str, dict[str, list[float]]]:
    """Print the table of one value of `grow`, and return [halo energy left, tint] of its cells."""
    print(f"\ngrow {grow}: halo energy left / tint, of {len(paths)} pictures\n")
    print(f"| | {' | '.join(SHAPES)} |\n|{'---|' * (len(SHAPES) + 1)}")
    table = {}
    for setting in BLEEDING:
        figures: dict[str, list[tuple[float, float]]] = {shape: [] for shape in SHAPES}
        for number, pasted in enumerate(paste(paths, setting)):
            filled = fill(pasted.shown, pasted.mask, grow)
            figures[pasted.shape].append((halo_left(pasted, filled), tint(pasted, filled)))
            if number < SHOWN * len(SHAPES):
                sheet.append(show(setting, grow, pasted, filled))
        means = {shape: np.mean(several, axis=0).tolist() for shape, several in figures.items()}
        shown = [f"{left:.1%} / {off:.1f}" for left, off in means.values()]
        print(f"| {setting} | {' | '.join(shown)} |", flush=True)
        table[str(setting)] = means
    return table


def halo_left(pasted: Pasted, filled: Picture) -> float:
    """Energy of the halo that is left, over that which was there; 1 where nothing was done."""
    size = 2 * HALO_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    halo = (cv2.dilate(pasted.mask, disc) > 0) & (pasted.mask == 0)
    left, before = (
        float(np.square(picture[halo].astype(float) - pasted.truth[halo]).sum())
        for picture in (filled, pasted.shown)
    )
    return left / before if before else float(left > 0)


def tint(pasted: Pasted, filled: Picture) -> float:
    """How far the mean colour of what was selected is from the truth's, of 255."""
    inside = pasted.mask > 0
    off = filled[inside].mean(axis=0, dtype=float) - pasted.truth[inside].mean(axis=0, dtype=float)
    return float(np.abs(off).max())


def count_grown(
    paths: list[Path], holes: int, fill: Callable[[Picture, Mask], Picture], plain: FillGrown
) -> dict[str, list[int]]:
    """Print and return [changed outside, other than with a grow of 0, all] of clean selections."""
    several: dict[str, list[Pasted]] = {"holes": list(punch(paths, holes))}
    for setting in CLEAN:
        for shape in SHAPES:
            several[f"{shape}, {setting}"] = list(paste(paths, setting, [shape]))
    counts = {}
    for name, ones in several.items():
        outside = other = 0
        for one in ones:
            filled = fill(one.shown, one.mask)
            outside += bool((filled != one.shown)[one.mask == 0].any())
            other += bool((filled != plain(one.shown, one.mask, 0)).any())
        counts[name] = [outside, other, len(ones)]
        print(f"{name}: {outside} grown, {other} other, of {len(ones)}", flush=True)
    return counts


def show(setting: Setting, grow: int, pasted: Pasted, filled: Picture) -> Row:
    name = f"{pasted.shape}, {setting}, grow {grow}: {halo_left(pasted, filled):.0%} left"
    pictures = {"hole": pasted.shown, "truth": pasted.truth, "as it was": pasted.shown}
    return row_of(name, pasted.mask, {**pictures, "Lacuna": filled})


if __name__ == "__main__":
    main()
