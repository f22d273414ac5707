"""How good fills are: photographs with holes whose truth is known.

`python -m benchmarks.quality FOLDER --features FILE [--weights NAME] [--side 1024] [--pictures 8]
[--radius 16,32,64] [--strategies auto,native,tiles]` cuts squares of that side out of photographs,
reduced first so that nothing of their JPEG compression is left, and covers three kinds of holes:
thin strokes, compact objects of 5 % of the side, large ones of 25 %. It prints PSNR inside the hole
and the SqueezeNet feature distance around it for OpenCV's Telea, the guide alone, and the network;
for weights without guidance once for each radius that they are trusted to bridge on one level, and
once for each strategy.
"""

import argparse
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.feature_distance import FeatureDistance
from benchmarks.record import record
from lacuna.engine.fill import Network
from lacuna.engine.inpaint import changed_rect, inpaint
from lacuna.engine.planes import Document
from lacuna.network.catalogue import find_weights
from lacuna.network.tile_network import load_network
from lacuna_wire import Options, PixelLayout

Picture = NDArray[np.uint8]
Fill = Callable[[Picture, Picture], Picture]

CONTEXT_PX = 32  # around the hole, for the feature distance
KINDS = ("strokes", "object", "large")


class Guide:
    """A network that answers with its guide: what there is without one."""

    guided, tile_px, overlap_px, max_hole_radius_px = True, 512, 64, 64

    def fill(self, image: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
        return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--features", type=Path, required=True, help="SqueezeNet 1.1 features")
    parser.add_argument("--weights", default="")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--radius", default="", help="instead of the one in the metadata")
    parser.add_argument("--strategies", default="auto", help="separated by commas")
    arguments = parser.parse_args()
    distance = FeatureDistance(arguments.features)
    network = load_network(find_weights(arguments.weights))
    radii = [int(text) for text in arguments.radius.split(",") if text]

    ways: dict[str, Fill] = {
        "Telea": lambda picture, mask: np.asarray(cv2.inpaint(picture, mask, 5, cv2.INPAINT_TELEA)),
        "guide": lambda picture, mask: fill_with(Guide(), picture, mask),
    }
    strategies = arguments.strategies.split(",")
    for radius, strategy in itertools.product(radii or [network.max_hole_radius_px], strategies):

        def way(
            picture: Picture, mask: Picture, radius: int = radius, strategy: str = strategy
        ) -> Picture:
            network.max_hole_radius_px = radius
            return fill_with(network, picture, mask, strategy)

        suffix = "" if strategy == "auto" else f", {strategy}"
        ways[f"{network.info.name}, {radius} px{suffix}"] = way
    for name, way in ways.items():
        scores = score(way, arguments.folder, arguments.side, arguments.pictures, distance)
        line = "  ".join(f"{kind} {psnr:.2f} dB {far:.3f}" for kind, (psnr, far) in scores.items())
        print(f"{name:24} {line}", flush=True)
        record("quality", way=name, side=arguments.side, pictures=arguments.pictures, scores=scores)


def fill_with(network: Network, picture: Picture, mask: Picture, strategy: str = "auto") -> Picture:
    """Run the engine on (H, W, 3) uint8 with a mask (H, W)."""
    options = Options(result="composite", strategy=strategy)
    rect = changed_rect(mask, options)
    filled = np.zeros((rect.height, rect.width, 3), np.uint8)
    document = Document(picture, mask, PixelLayout("RGB"))
    inpaint(document, options, network, filled, lambda *_: None, lambda: False)
    whole = picture.copy()
    whole[rect.slices] = filled
    return whole


def score(
    way: Fill, folder: Path, side: int, count: int, distance: FeatureDistance
) -> dict[str, tuple[float, float]]:
    """Mean PSNR in dB inside the hole and mean feature distance around it, by kind of hole."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for kind, picture, mask in cases(folder, side, count):
        filled, missing = way(picture, mask), mask > 0
        error = np.square(filled[missing].astype(float) - picture[missing]).mean() / 255**2
        rows, columns = np.where(missing)
        around = np.s_[
            max(0, rows.min() - CONTEXT_PX) : rows.max() + CONTEXT_PX,
            max(0, columns.min() - CONTEXT_PX) : columns.max() + CONTEXT_PX,
        ]
        far = distance(filled[around], picture[around])
        found[kind].append((-10 * math.log10(error + 1e-9), far))
    return {
        kind: (round(float(psnr), 2), round(float(far), 3))
        for kind, rows in found.items()
        for psnr, far in [np.mean(rows, axis=0)]
    }


def cases(folder: Path, side: int, count: int) -> Iterator[tuple[str, Picture, Picture]]:
    """Yield (kind, picture (side, side, 3) RGB, mask (side, side)): the same ones every time."""
    rng = np.random.default_rng(5)
    paths = sorted(folder.glob("*.jpg"))
    for path in paths[:: max(1, len(paths) // count)][:count]:
        photo = np.asarray(cv2.imread(str(path)))[..., ::-1]
        scale = side / min(photo.shape[:2])
        reduced = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture = np.ascontiguousarray(reduced[:side, :side], np.uint8)
        for kind in KINDS:
            yield kind, picture, draw_hole(kind, side, rng)


def draw_hole(kind: str, side: int, rng: np.random.Generator) -> Picture:
    mask = np.zeros((side, side), np.uint8)
    if kind == "strokes":
        for _ in range(4):
            points = np.cumsum(
                [rng.integers(100, side - 100, 2), *rng.integers(-120, 120, (5, 2))], 0
            )
            line = np.clip(points, 10, side - 10).astype(np.int32)
            cv2.polylines(mask, [line], False, 255, int(rng.integers(4, 10)))
        return mask
    radius = int(side * (0.05 if kind == "object" else 0.25) / 2)
    x, y = (int(value) for value in rng.integers(radius + 100, side - radius - 100, 2))
    axes = (radius, int(radius * rng.uniform(0.7, 1.3)))
    cv2.ellipse(mask, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    return mask


if __name__ == "__main__":
    main()
