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
from numpy.typing import NDArray
from skimage import data

import lacuna_wire.help
from lacuna.commands.demo import TOWERS

from .cases import Mask, Picture

FOLDER = lacuna_wire.help.FOLDER / "pictures"
GAP_PX = 8
DASH_PX = 4
QUALITY = 84
CHECK_PX, LIGHT, DARK = 8, 255, 214  # of the board under what is transparent
RED = (215, 40, 40)


def main() -> None:
    """Draw all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, panels in {
        "remove.jpg": removed_tower(),
        "strokes.jpg": painted_tower(),
        "grow.jpg": grown_selection(),
        "transparency.jpg": ink_on_nothing(),
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


def ink_on_nothing() -> list[Picture]:
    """A line and a blot on a transparent layer; the blot goes, the line goes on."""
    ink = np.zeros((200, 220), np.uint8)
    across = np.arange(-10, 231, 4)
    line = np.stack([across, 110 + 40 * np.sin(across / 38)], axis=1).astype(np.int32)
    cv2.polylines(ink, [line], False, 255, 5, cv2.LINE_AA)
    second = line + np.array([0, 52])
    cv2.polylines(ink, [second], False, 255, 3, cv2.LINE_AA)
    cv2.ellipse(ink, (118, 92), (30, 24), 20, 0, 360, 255, -1, cv2.LINE_AA)
    mask = np.zeros_like(ink)
    cv2.ellipse(mask, (118, 92), (38, 32), 20, 0, 360, 255, -1)
    layer = np.dstack([np.full((*ink.shape, 3), 30, np.uint8), ink])
    return [with_ants(over_board(layer), mask), over_board(fill(layer, mask))]


def other_tries() -> list[Picture]:
    """The same hole, filled three times."""
    picture = data.chelsea()[60:260, 20:220].copy()
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.ellipse(mask, (110, 110), (44, 36), 0, 0, 360, 255, -1)
    tries = [fill(picture, mask, "--variation", str(number)) for number in range(3)]
    return [with_ants(picture, mask), *tries]


def tower(number: int) -> Mask:
    mask = np.zeros(data.rocket().shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array(TOWERS[number], np.int32)], 255)
    return mask


def fill(picture: NDArray[np.uint8], mask: Mask, *options: str) -> Picture:
    """Remove what the mask covers, as a user of the command line does."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{name}.png") for name in ("picture", "mask", "out")]
        colours = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
        cv2.imwrite(paths[0], cv2.cvtColor(picture, colours))
        cv2.imwrite(paths[1], mask)
        command = [sys.executable, "-m", "lacuna", "inpaint", "--local", *paths[:2]]
        subprocess.run([*command, "-o", paths[2], *options], check=True)
        back = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB
        return cv2.cvtColor(cv2.imread(paths[2], cv2.IMREAD_UNCHANGED), back)


def with_ants(picture: Picture, mask: Mask) -> Picture:
    """Draw the edge of a selection as editors do: dashes of black and white."""
    seen = picture.copy()
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        for at, (x, y) in enumerate(outline[:, 0]):
            seen[y, x] = 255 * (at // DASH_PX % 2)
    return seen


def over_board(layer: NDArray[np.uint8]) -> Picture:
    """Show a layer as editors do, over light and dark squares where it is transparent."""
    y, x = np.indices(layer.shape[:2]) // CHECK_PX
    board = np.where((x + y) % 2 == 0, LIGHT, DARK)[..., None]
    share = layer[..., 3:] / 255
    return (layer[..., :3] * share + board * (1 - share)).round().astype(np.uint8)


if __name__ == "__main__":
    main()
