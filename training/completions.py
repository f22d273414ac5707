"""First fills as the product makes them: the engine's own completions of squares with holes.

`python -m training.completions PICTURES... --out FOLDER [--count 4000] [--workers 2] [--anew]`
keeps squares, their completions and their holes in files of `PER_FILE`, those of the validation set
in a folder of their own. Started again it goes on; `--anew` begins anew, as it must when the engine
has changed. A completion takes seconds, a look into the file none.
"""

import argparse
import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.workbench import CompletionAlone, document_of, engine_digest, fill_document
from lacuna_wire import Options
from training.masks import Mask, draw_mask
from training.pictures import Picture, Source, cut_square, find_pictures, read_picture, split

SIDE = 384  # px; holes of a quarter of it are as large as those of a usual picture
PER_FILE = 32
VALIDATION_FILES = 2
# Wires and dust cover little, objects more.
COVERS = ((0.01, 0.06, "thin"), (0.02, 0.12, ""), (0.1, 0.28, ""))
DRAWN_SHARE = 0.15
ENGINE = "engine.sha256"
# Nothing of it is matched to the rim before the network has seen it.
OPTIONS = Options(result="composite", colour_correction=False)


class Order(NamedTuple):
    """One file to be made.

    Attributes:
        path: Where.
        sources: The pictures.
        seed: Decides everything in it.
    """

    path: Path
    sources: list[Source]
    seed: tuple[int, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="pictures with their LICENSES.txt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=4000, help="squares to train on")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--anew", action="store_true", help="delete what is there")
    arguments = parser.parse_args()
    if arguments.anew:
        shutil.rmtree(arguments.out, ignore_errors=True)
    make_completions(arguments.folders, arguments.out, arguments.count, arguments.workers)


def make_completions(folders: Sequence[Path], out: Path, count: int, workers: int) -> None:
    """Make what is missing of a cache of `count` squares.

    Raises:
        ValueError: If what is there was made by another engine.
    """
    check_engine(out)
    train, held = split(find_pictures(folders))
    orders = [Order(path, held, (1, i)) for i, path in enumerate(_paths(out, "validation"))]
    paths = [out / "train" / f"{i:04d}.npy" for i in range(-(-count // PER_FILE))]
    orders += [Order(path, train, (0, i)) for i, path in enumerate(paths)]
    orders = [order for order in orders if order.sources and not order.path.exists()]
    (out / "validation").mkdir(parents=True, exist_ok=True)
    (out / "train").mkdir(exist_ok=True)
    for done, path in enumerate(_made(orders, workers), 1):
        print(f"{path.parent.name}/{path.name}: {done} of {len(orders)} files", flush=True)


def _made(orders: list[Order], workers: int) -> Iterator[Path]:
    """Make files in this process or in several of their own."""
    if workers == 1:
        yield from map(make_file, orders)
        return
    # Forked, they would wait for ever for the threads that the parent's matrix products had.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(make_file, orders)


def _paths(out: Path, part: str) -> list[Path]:
    return [out / part / f"{i:04d}.npy" for i in range(VALIDATION_FILES)]


def check_engine(out: Path) -> None:
    """Note which engine a cache is made by.

    Raises:
        ValueError: If it was begun by another one.
    """
    out.mkdir(parents=True, exist_ok=True)
    note, digest = out / ENGINE, engine_digest()
    if note.exists() and note.read_text("utf-8") != digest:
        raise ValueError(f"{out} was made by another engine; --anew makes it anew")
    note.write_text(digest, "utf-8")


def make_file(order: Order) -> Path:
    """Cut, cover and complete PER_FILE squares."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(order.seed)
    drawn_share = 0.0 if order.path.parent.name == "validation" else DRAWN_SHARE
    squares = np.empty((PER_FILE, SIDE, SIDE, 7), np.uint8)
    for number in range(PER_FILE):
        # Decoding one picture costs a hundredth of completing a square of it.
        source = order.sources[int(rng.integers(len(order.sources)))]
        square = cut_square([read_picture(source.path)], SIDE, rng, drawn_share)
        least, most, kinds = COVERS[int(rng.integers(len(COVERS)))]
        squares[number] = planes(square, draw_mask(SIDE, rng, least, most, kinds))
    unfinished = order.path.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb") as file:
        np.save(file, squares)
    unfinished.replace(order.path)
    return order.path


def planes(square: Picture, mask: Mask) -> NDArray[np.uint8]:
    """Truth, truth with a completion in its hole, and the hole: uint8 (H, W, 3 + 3 + 1)."""
    return np.concatenate([square, complete(square, mask), mask[..., None]], axis=2)


def complete(square: Picture, mask: Mask) -> Picture:
    """Fill a hole as the engine does before the network sees it."""
    return fill_document(document_of(square, mask * np.uint8(255)), OPTIONS, CompletionAlone())


class Completions:
    """A cache, mapped: what is not looked at takes no memory.

    Args:
        folder: `train` or `validation` of a cache.

    Raises:
        ValueError: If there is nothing in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, NDArray[np.uint8]] = {}
        self.refresh()
        if not self._files:
            raise ValueError(f"there are no completions in {folder}")

    def refresh(self) -> None:
        """Map the files that have come since; those that are there keep their numbers."""
        for path in sorted(self._folder.glob("*.npy")):
            if path not in self._files:
                self._files[path] = np.load(path, mmap_mode="c")

    def __len__(self) -> int:
        return len(self._files) * PER_FILE

    def __getitem__(self, number: int) -> NDArray[np.uint8]:
        """Truth, completion and hole: uint8 (SIDE, SIDE, 7)."""
        return np.asarray(list(self._files.values())[number // PER_FILE][number % PER_FILE])


if __name__ == "__main__":
    main()
