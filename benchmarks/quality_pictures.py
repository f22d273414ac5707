"""Pictures side by side for docs/quality-pictures.md: hole, every way to fill it, truth.

`python -m benchmarks.quality --page docs/pictures` draws them from photographs that come with
scikit-image and from drawings by code, all of 512 px or less, none of them ever trained on.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from .cases import Mask, Picture
from .drawn_cases import drawn_cases
from .ways import find_ways
from .workbench import Network

SIDE = 512
TILE_PX = 256  # so that pictures this small have borders of tiles in their holes
CONTEXT_PX = 56
MARGIN_PX, TITLE_PX, ACROSS = 4, 20, 4
MOST_BYTES = 150_000
HOLE = (255, 0, 255)
FINE = 2  # drawings are drawn this much larger, then reduced: edges are as soft as in a scan
# In the order of the panels, after the hole and before the truth.
WAYS = ("telea", "matchpatch", "pypatchmatch", "resynthesizer", "native", "auto")
TITLES = {
    "hole": "hole",
    "telea": "OpenCV Telea",
    "matchpatch": "G'MIC matchpatch",
    "pypatchmatch": "pypatchmatch",
    "resynthesizer": "Resynthesizer",
    "native": "our network alone",
    "auto": "Lacuna",
    "truth": "truth",
}

Colours = NDArray[np.float32]


class Subject(NamedTuple):
    """A picture of the page and its hole.

    Attributes:
        name: Of its file.
        picture: Makes it: uint8 (H, W, 3) RGB.
        centre: Of the hole: x and y in pixels.
        axes: Of the hole, half of each, in pixels.
        angle: Of the hole, in degrees.
    """

    name: str
    picture: Callable[[], Picture]
    centre: tuple[int, int]
    axes: tuple[int, int]
    angle: float = 0


def draw_page(folder: Path, network: Network, peers: str) -> None:
    """Write `quality-NAME.jpg` of every subject, each of at most MOST_BYTES.

    Args:
        folder: It is made if it is not there.
        network: Lacuna's own.
        peers: As in `find_ways`.
    """
    ways = find_ways(WAYS, network, TILE_PX, peers)
    folder.mkdir(parents=True, exist_ok=True)
    for subject in SUBJECTS:
        picture = subject.picture()
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.ellipse(mask, subject.centre, subject.axes, subject.angle, 0, 360, 255, -1)
        covered = np.where(mask[..., None] > 0, np.uint8(HOLE), picture)
        fills = {name: way(picture, mask) for name, way in ways.items()}
        shown = {"hole": covered, **fills, "truth": picture}
        path = folder / f"quality-{subject.name}.jpg"
        path.write_bytes(compress(sheet(shown, mask)))
        print(f"{path}: {path.stat().st_size:,} bytes", flush=True)


def sheet(shown: dict[str, Picture], mask: Mask) -> Picture:
    """Lay out what surrounds the hole, titled, ACROSS to a row, pixel for pixel."""
    rows, columns = np.where(mask > 0)
    around = (
        slice(max(0, rows.min() - CONTEXT_PX), rows.max() + CONTEXT_PX),
        slice(max(0, columns.min() - CONTEXT_PX), columns.max() + CONTEXT_PX),
    )
    panels = [titled(TITLES[name], picture[around]) for name, picture in shown.items()]
    empty = np.full_like(panels[0], 255)
    panels += [empty] * (-len(panels) % ACROSS)
    return np.vstack([np.hstack(panels[i : i + ACROSS]) for i in range(0, len(panels), ACROSS)])


def titled(title: str, picture: Picture) -> Picture:
    edge = ((TITLE_PX, MARGIN_PX), (MARGIN_PX, MARGIN_PX), (0, 0))
    panel = np.pad(picture, edge, constant_values=255)
    place = (MARGIN_PX, TITLE_PX - 6)
    cv2.putText(panel, title, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return panel


def compress(picture: Picture) -> bytes:
    """Encode as JPEG, as well as MOST_BYTES allow.

    Raises:
        ValueError: If no quality makes it small enough.
    """
    for quality in range(92, 30, -4):
        how = [cv2.IMWRITE_JPEG_QUALITY, quality]
        encoded = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), how)[1].tobytes()
        if len(encoded) <= MOST_BYTES:
            return encoded
    raise ValueError(f"a sheet of {picture.shape} does not fit into {MOST_BYTES:,} bytes")


def photograph(name: str) -> Callable[[], Picture]:
    """Look up a photograph that comes with scikit-image: uint8 (H, W, 3), at most SIDE each."""

    def read() -> Picture:
        whole = np.asarray(getattr(data, name)(), np.uint8)
        if whole.ndim == 2:
            whole = np.repeat(whole[..., None], 3, axis=2)
        return np.ascontiguousarray(whole[:SIDE, :SIDE])

    return read


def sky() -> Picture:
    """Draw a gradient from blue to haze, with clouds of noise in many sizes."""
    rng = np.random.default_rng(3)
    down = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    blue = np.array([70, 125, 205], np.float32) * (1 - down) + np.array([205, 222, 238]) * down
    clouds = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(2, 8):
        cells = rng.random((2**octave + 1, 2 ** (octave - 1) + 1)).astype(np.float32)
        clouds += cv2.resize(cells, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) / 2 ** (octave - 2)
    cover = np.clip((clouds - clouds.mean()) / clouds.std() - 0.2, 0, 1.4)[..., None] / 1.6
    return finish(blue * (1 - cover) + np.float32(248) * cover + rng.normal(0, 1, (SIDE, SIDE, 1)))


def tiles() -> Picture:
    """Draw tiles that are seen from the side."""
    (case,) = drawn_cases(("floor",))
    height, width = case.picture.shape[:2]
    reduced = cv2.resize(case.picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.uint8)


def facade() -> Picture:
    """Draw a wall with rows of windows, seen from an angle."""
    rng = np.random.default_rng(4)
    side, pitch = 2 * SIDE * FINE, 120 * FINE
    wall = np.full((side, side, 3), (186, 158, 132), np.float32)
    for top in range(0, side, pitch):
        cv2.rectangle(wall, (0, top), (side, top + 5 * FINE), (160, 134, 110), -1)
        for left in range(0, side, pitch):
            x, y = left + 30 * FINE, top + 25 * FINE
            wide, high = 56 * FINE, 76 * FINE
            frame, glass = (228, 222, 210), float(rng.uniform(0.7, 1.2))
            cv2.rectangle(wall, (x - 8, y - 8), (x + wide + 8, y + high + 8), frame, -1)
            colour = tuple(glass * value for value in (62, 82, 104))
            cv2.rectangle(wall, (x, y), (x + wide, y + high), colour, -1)
            cv2.line(wall, (x + wide // 2, y), (x + wide // 2, y + high), frame, 4 * FINE)
            cv2.line(wall, (x, y + high // 3), (x + wide, y + high // 3), frame, 4 * FINE)
    wall += rng.normal(0, 5, (side, side, 1)).astype(np.float32)
    seen = np.array([[80, 260], [1700, 60], [1650, 1900], [120, 1500]], np.float32)
    end = SIDE * FINE
    onto = np.array([[0, 0], [end, 0], [end, end], [0, end]], np.float32)
    view = cv2.getPerspectiveTransform(seen, onto)
    return finish(cv2.warpPerspective(wall, view, (end, end), flags=cv2.INTER_AREA))


def line_art() -> Picture:
    """Draw hills, a road, a house and a sun in flat colours with ink lines around them."""
    side, ink = SIDE * FINE, (30, 26, 34)
    picture = np.full((side, side, 3), (178, 216, 235), np.float32)
    x = np.arange(0, side + 1, 8)

    def area(outline: NDArray[np.floating], colour: tuple[int, int, int]) -> None:
        points = [outline.astype(np.int32)]
        cv2.fillPoly(picture, points, colour, cv2.LINE_AA)
        cv2.polylines(picture, points, True, ink, 3 * FINE, cv2.LINE_AA)

    cv2.circle(picture, (780, 210), 96, (250, 214, 90), -1, cv2.LINE_AA)
    cv2.circle(picture, (780, 210), 96, ink, 3 * FINE, cv2.LINE_AA)
    for height, swing, phase, colour in (
        (440, 70, 0.6, (142, 176, 132)),
        (610, 60, 2.4, (104, 150, 98)),
        (760, 40, 4.4, (72, 122, 76)),
    ):
        hill = height + swing * np.sin(x / 130 + phase)
        area(np.vstack([np.stack([x, hill], 1), [[side, side], [0, side]]]), colour)
    area(np.array([[430, side], [500, 760], [540, 760], [700, side]]), (214, 190, 150))
    area(np.array([[180, 560], [400, 560], [400, 740], [180, 740]]), (226, 206, 182))
    area(np.array([[150, 565], [290, 440], [430, 565]]), (172, 74, 62))
    for left in (212, 318):
        area(
            np.array([[left, 610], [left + 54, 610], [left + 54, 672], [left, 672]]), (98, 130, 168)
        )
    return finish(picture)


def finish(picture: NDArray[np.floating]) -> Picture:
    """Round to uint8 (SIDE, SIDE, 3), reduced if it was drawn larger."""
    sized = picture.astype(np.float32)
    if len(picture) != SIDE:
        sized = np.asarray(cv2.resize(sized, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return np.ascontiguousarray(np.clip(sized.round(), 0, 255), np.uint8)


SUBJECTS = (
    Subject("sky", sky, (270, 230), (92, 70), 20),
    Subject("rocket", photograph("rocket"), (150, 190), (72, 72)),
    Subject("brick", photograph("brick"), (260, 250), (76, 64)),
    Subject("facade", facade, (250, 250), (84, 70), 30),
    Subject("tiles", tiles, (250, 200), (40, 80)),
    Subject("grass", photograph("grass"), (250, 260), (78, 70)),
    Subject("gravel", photograph("gravel"), (262, 250), (76, 66)),
    Subject("line-art", line_art, (330, 290), (84, 60), 60),
    Subject("coffee", photograph("coffee"), (390, 200), (70, 60)),
    Subject("cat", photograph("chelsea"), (300, 150), (60, 60)),
)
