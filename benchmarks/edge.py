"""How far objects bleed over their selections, and how much of that `grow: auto` finds.

`python -m benchmarks.edge PICTURES...` pastes a blob, a stroke and a word on every photograph, with
edges of several softness, and prints how much of their halo's energy within 16 px is left; then how
often a selection grows that holds all of its object, or lies over ordinary content. Every second
picture by name (`--part tuned`) set the thresholds; the others (`--part held-out`) are the check.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lacuna_wire import Options
from lacuna_wire.options import AUTO_GROW

from .cases import SUFFIXES, Mask, Picture, reduce_picture
from .edge_cases import KINDS, Pasted, Setting, halo_energy, paste, punch
from .record import record
from .workbench import document_of, find_edge

SOFT = [
    Setting(0.5), Setting(1), Setting(2), Setting(4), Setting(2, 0, -1), Setting(2, 0, -2),
    Setting(1, 80), Setting(1, 80, -1), Setting(2, 0, 2), Setting(4, 0, 2),
]  # fmt: skip
CLEAN = {"exact": Setting(0), "generous by 2 px": Setting(0, 0, 2)}
PUNCHED = 4  # of every kind in a picture
PARTS = {"all": slice(None), "tuned": slice(0, None, 2), "held-out": slice(1, None, 2)}

Pictures = Sequence[tuple[str, Picture]]
Draw = Callable[[str, Picture, Picture], Pasted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path, help="Files, or folders of them.")
    parser.add_argument("--side", type=int, default=1024, help="Longer side, in pixels.")
    parser.add_argument("--part", choices=PARTS, default="all")
    arguments = parser.parse_args()
    pictures = read_pictures(arguments.pictures, arguments.side)[PARTS[arguments.part]]
    figures: dict[str, object] = {}
    print(f"{len(pictures)} pictures; halo left, in % (mean of the pictures, worst)")
    for setting in SOFT:
        name = f"sigma {setting.sigma:g}, quality {setting.quality or '-'}, {setting.shift:+} px"
        figures[name] = {kind: halo_left(pictures, kind, setting) for kind in KINDS}
        print(f"{name:32}", *(f"{a:5.1f} {b:5.1f}" for a, b in figures[name].values()), sep=" | ")
    print("grown though nothing bleeds, and of how many")
    for name, setting in CLEAN.items():
        figures[name] = {kind: count_grown(pictures, pasting(kind, setting)) for kind in KINDS}
        print(f"{name:32}", *(f"{a} {b}" for a, b in figures[name].values()), sep=" | ")
    figures["punched"] = {kind: count_grown(pictures, punching(kind), PUNCHED) for kind in KINDS}
    print(f"{'punched':32}", *(f"{a} {b}" for a, b in figures["punched"].values()), sep=" | ")
    record("edge", part=arguments.part, side=arguments.side, count=len(pictures), **figures)


def read_pictures(paths: Sequence[Path], side: int) -> list[tuple[str, Picture]]:
    """Read pictures by name, all that are large enough."""
    files = [file for path in paths for file in (path.iterdir() if path.is_dir() else [path])]
    files = sorted((file for file in files if file.suffix in SUFFIXES), key=lambda file: file.name)
    read = ((file.stem, reduce_picture(file, side)) for file in files)
    return [(name, picture) for name, picture in read if picture is not None]


def pasting(kind: str, setting: Setting) -> Draw:
    return lambda name, ground, other: paste(name, ground, other, kind, setting)


def punching(kind: str) -> Draw:
    return lambda name, ground, _other: punch(name, ground, kind)


def halo_left(pictures: Pictures, kind: str, setting: Setting) -> tuple[float, float]:
    """Return the mean and the largest part of a halo that is left, in percent."""
    left = []
    for number, (name, ground) in enumerate(pictures):
        case = paste(name, ground, pictures[number - 1][1], kind, setting)
        halo, kept = halo_energy(case, grow(case.picture, case.mask))
        left.append(100 * kept / max(halo, 1))
    return round(float(np.mean(left)), 2), round(max(left), 2)


def count_grown(pictures: Pictures, draw: Draw, times: int = 1) -> tuple[int, int]:
    """Return how many selections grow, and how many there are."""
    wrong = [
        bool((grow(case.picture, case.mask) > case.mask).any())
        for number, (name, ground) in enumerate(pictures)
        for case in (
            draw(f"{name}{i or ''}", ground, pictures[number - 1][1]) for i in range(times)
        )
    ]
    return sum(wrong), len(wrong)


def grow(picture: Picture, mask: Mask) -> Mask:
    """Let a selection find its edge: uint8 (H, W)."""
    edge = find_edge(document_of(picture, mask), Options(grow=AUTO_GROW))
    return np.asarray(edge.document.selection[edge.document.rect.slices])


def seconds(side: int, shape: str = "disc") -> float:
    """Time the search around a selection that nearly fills a square of noise."""
    import cv2

    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    mask = np.zeros((side, side), np.uint8)
    if shape == "disc":
        cv2.circle(mask, (side // 2, side // 2), side // 2 - 70, 255, -1)
    else:
        for row in range(80, side - 60, 50):
            cv2.putText(mask, "words " * (side // 130), (70, row), 0, 1.2, 255, 4)
    begun = time.process_time()
    grow(picture, mask)
    return time.process_time() - begun


if __name__ == "__main__":
    main()
