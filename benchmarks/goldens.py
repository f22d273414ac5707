"""Do two versions fill to the same bytes? Drawn pictures through the command line, as digests.

    python -m benchmarks.goldens before.json --weights published.safetensors
    (another version)
    python -m benchmarks.goldens after.json --weights published.safetensors --compare before.json

Digests are those of one computer: another processor adds in another order.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray

Picture = tuple[NDArray[Any], NDArray[np.uint8]]  # samples, and the mask over them


class Golden(NamedTuple):
    """One call of `lacuna inpaint` over all pictures of a size.

    Attributes:
        name: Of the call.
        size: `small` or `large`.
        options: Of the command.
        published: Whether the weights are those given by `--weights`, else the default.
    """

    name: str
    size: str
    options: tuple[str, ...]
    published: bool = False


STRATEGIES = ("auto", "pyramid", "native", "tiles")
GOLDENS = [
    *(Golden(f"small-{name}", "small", ("--strategy", name)) for name in STRATEGIES),
    *(
        Golden(f"small-published-{name}", "small", ("--strategy", name), True)
        for name in STRATEGIES
    ),
    Golden("small-options", "small", ("--grow", "3", "--feather", "4", "--tile", "128")),
    Golden("small-plain", "small", ("--no-colour-correction", "--overlap", "8", "--tile", "96")),
    Golden("small-across", "small", ("--copy-direction", "horizontal")),
    Golden("large-across", "large", ("--copy-direction", "horizontal")),
    Golden("large-auto", "large", ()),
    Golden("large-published", "large", (), published=True),
    Golden("large-tiles", "large", ("--strategy", "tiles", "--tile", "256")),
]


def draw_pictures(size: str) -> dict[str, Picture]:
    """Draw what is filled: samples of several depths and layouts, with holes of several shapes."""
    height, width = (240, 300) if size == "small" else (1000, 1300)
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:height, :width]
    stripes = np.where((rows + 2 * columns) // 9 % 2, 200, 40)[..., None] + rng.normal(
        0, 6, (height, width, 3)
    )
    sky = np.stack([90 + columns / 9, 120 + rows / 9, 200 - rows / 12], axis=2)
    ink = np.full((height, width), 245.0)
    ink[np.abs((rows - height // 2) - columns // 3 + 50) < 3] = 10
    ink[np.hypot(rows - height / 2, columns - width / 2) // 14 % 3 == 0] = 20
    alpha = np.where(columns < width // 5, 0, 255)
    colours = {
        "stripes": np.clip(np.rint(stripes), 0, 255).astype(np.uint8),
        "sky": np.rint(sky * 257).clip(0, 65535).astype(np.uint16),
        "ink": np.rint(ink).astype(np.uint8),
        "cut-out": np.dstack([np.clip(stripes, 0, 255), alpha]).astype(np.uint8),
        "light": (sky / 255).astype(np.float32),
    }
    mask = np.zeros((height, width), np.uint8)
    mask[height // 3 : height * 2 // 3, width // 3 : width * 3 // 5] = 255
    thin = np.zeros_like(mask)
    thin[np.abs(rows - columns * height // width) < 4] = 255
    specks = np.zeros_like(mask)
    specks[tuple(rng.integers(4, height, (2, 12)))] = 255
    soft = np.clip(300 - 4 * np.hypot(rows - height / 2, columns - width / 2), 0, 255)
    masks = {
        "stripes": mask,
        "sky": soft.astype(np.uint8),
        "ink": thin if size == "small" else mask,
        "cut-out": mask,
        "light": specks | mask,
    }
    chosen = colours if size == "small" else {key: colours[key] for key in ("stripes", "ink")}
    return {name: (colour, masks[name]) for name, colour in chosen.items()}


def digests(published: Path) -> dict[str, str]:
    """Fill everything and return a digest of each result."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in ("small", "large"):
            place = Path(folder, size)
            place.mkdir()
            paths = []
            for name, (samples, mask) in draw_pictures(size).items():
                extra = {"extrasamples": ["unassalpha"]} if samples.shape[2:] == (4,) else {}
                photometric = "minisblack" if samples.ndim == 2 else "rgb"
                paths.append(place / f"{name}.tif")
                tifffile.imwrite(paths[-1], samples, photometric=photometric, **extra)
                tifffile.imwrite(place / f"{name}_mask.tif", mask)
            for golden in (each for each in GOLDENS if each.size == size):
                out = place / golden.name
                out.mkdir()
                weights = ("--weights", str(published)) if golden.published else ()
                subprocess.run(
                    [
                        sys.executable, "-m", "lacuna", "inpaint", *paths, "--mask-suffix", "_mask",
                        "-o", out, "--local", "--device", "cpu", *golden.options, *weights,
                    ],
                    check=True,
                )  # fmt: skip
                for path in paths:
                    samples = tifffile.imread(out / path.name)
                    digest = hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()
                    found[f"{golden.name}/{path.stem}"] = digest
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="weights that propose")
    parser.add_argument("--compare", type=Path, help="digests of another version")
    arguments = parser.parse_args()
    found = digests(arguments.weights)
    arguments.out.write_text(json.dumps(found, indent=1) + "\n")
    if not arguments.compare:
        return 0
    before = json.loads(arguments.compare.read_text())
    different = [name for name in found if found[name] != before[name]]
    print(f"{len(found) - len(different)} of {len(found)} are the same; others: {different}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
