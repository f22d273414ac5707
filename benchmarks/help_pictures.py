"""The photographs and fills on the help page of the plug-ins, with no words in them.

`python -m benchmarks.help_pictures` draws them into `shared/lacuna_wire/help/pictures`, from a
photograph that comes with scikit-image (`rocket`, SpaceX, CC0) and drawings by code, filled by
`lacuna inpaint` as it is in this checkout. The schemes beside them, `.svg`, are drawn by hand.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from skimage import data

import lacuna_wire.help
from lacuna.commands.demo import TOWERS

from .cases import Mask, Picture

FOLDER = lacuna_wire.help.FOLDER / "pictures"
GAP_PX = 8
DASH_PX = 4
QUALITY = 84
RED = (215, 40, 40)


def main() -> None:
    """Draw all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, panels in {
        "remove.jpg": removed_tower(),
        "strokes.jpg": painted_tower(),
        "grow.jpg": grown_selection(),
        "tries.jpg": other_tries(),
    }.items():
        gap = np.full((len(panels[0]), GAP_PX, 3), 255, np.uint8)
        row = np.hstack([part for panel in panels for part in (gap, panel)][1:])
        path = FOLDER / name
        cv2.imwrite(str(path), row[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        print(f"{path.name}: {row.shape[1]} x {row.shape[0]} px, {path.stat().st_size:,} bytes")


def removed_tower() -> list[Picture]:
    """Select, and what is left."""
    picture, mask = data.rocket(), tower(0)
    around = (slice(110, 380), slice(110, 330))
    filled = fill(picture, mask)
    return [with_ants(picture, mask)[around], filled[around]]


def painted_tower() -> list[Picture]:
    """Strokes of a brush, and what is left."""
    picture = data.rocket()
    mask = np.zeros(picture.shape[:2], np.uint8)
    for points, width in (
        ([(447, 112), (450, 190), (452, 300), (458, 425)], 24),
        ([(440, 240), (428, 330), (422, 420)], 34),
        ([(462, 280), (472, 420)], 22),
    ):
        cv2.polylines(mask, [np.array(points, np.int32)], False, 255, width, cv2.LINE_AA)
    around = (slice(110, 380), slice(340, 560))
    share = mask[..., None] / 255 * 0.8
    painted = (picture * (1 - share) + np.array(RED) * share).round().astype(np.uint8)
    return [painted[around], fill(picture, mask)[around]]


def grown_selection() -> list[Picture]:
    """Selected too tightly: a rim is left, and what a grown selection does about it."""
    ground = np.repeat(data.grass()[100:300, 100:300, None], 3, axis=2)
    ball = np.zeros(ground.shape[:2], np.float32)
    cv2.circle(ball, (100, 100), 40, 1, -1, cv2.LINE_AA)
    share = cv2.GaussianBlur(ball, (0, 0), 3)[..., None]
    picture = (ground * (1 - share) + np.array(RED) * share).round().astype(np.uint8)
    mask = (cv2.erode(ball, np.ones((3, 3))) > 0.5).astype(np.uint8) * 255
    return [with_ants(picture, mask), fill(picture, mask), fill(picture, mask, "--grow", "10")]


def other_tries() -> list[Picture]:
    """The same hole, filled three times."""
    picture = np.ascontiguousarray(data.rocket()[230:, 60:260])
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.ellipse(mask, (95, 120), (50, 40), 0, 0, 360, 255, -1)
    tries = [fill(picture, mask, "--variation", str(number)) for number in range(3)]
    return [with_ants(picture, mask), *tries]


def tower(number: int) -> Mask:
    mask = np.zeros(data.rocket().shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array(TOWERS[number], np.int32)], 255)
    return mask


def fill(picture: Picture, mask: Mask, *options: str) -> Picture:
    """Remove what the mask covers, as a user of the command line does."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{name}.png") for name in ("picture", "mask", "out")]
        cv2.imwrite(paths[0], picture[..., ::-1])
        cv2.imwrite(paths[1], mask)
        command = [sys.executable, "-m", "lacuna", "inpaint", "--local", *paths[:2]]
        subprocess.run([*command, "-o", paths[2], *options], check=True)
        return np.asarray(cv2.imread(paths[2]), np.uint8)[..., ::-1]


def with_ants(picture: Picture, mask: Mask) -> Picture:
    """Draw the edge of a selection as editors do: dashes of black and white."""
    seen = picture.copy()
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        for at, (x, y) in enumerate(outline[:, 0]):
            seen[y, x] = 255 * (at // DASH_PX % 2)
    return seen


if __name__ == "__main__":
    main()
