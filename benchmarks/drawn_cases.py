"""What people complain of, drawn by code: the picture that is filled, its hole and its truth.

Screentone that loses its phase, windows out of their rows, ghosts of words in a speech bubble, a
ring around what was selected too tightly: each is as large as it occurs, the same for everybody,
and its truth is known. Photographs under scratches come with scikit-image.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from .cases import Case, Mask, Picture

KIND = "drawn"
FINE = 3  # drawings are drawn this much larger, then reduced: edges are as soft as in a scan
OPAQUE = 128  # of 255: what is painted at least so much is painted over
BUBBLE_QUALITY = 75  # of JPEG: what a scan is often saved with

Colours = NDArray[np.float32]
Drawing = tuple[Picture, Picture, Mask]  # what is filled, its truth, what is missing


def drawn_cases(names: Sequence[str] = ()) -> Iterator[Case]:
    """Yield the drawings of these names; all, if there are none."""
    for name in names or DRAWINGS:
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        shown, truth, mask = DRAWINGS[name](rng)
        yield Case(name, max(mask.shape), KIND, truth, mask, shown)


def finish(picture: NDArray[np.floating]) -> Picture:
    """Round to uint8 (H, W, 3)."""
    return np.ascontiguousarray(np.clip(np.rint(picture), 0, 255), np.uint8)


def plain(height: int, width: int, colour: Sequence[float]) -> Colours:
    return np.full((height, width, 3), colour, np.float32)


def reduce_fine(picture: Colours) -> Colours:
    size = (picture.shape[1] // FINE, picture.shape[0] // FINE)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def painted(truth: Picture, cover: NDArray[np.uint8], colour: Sequence[float]) -> Picture:
    """Paint a colour over a picture as far as `cover` (uint8, 255 = opaque) says."""
    share = cover[..., None].astype(np.float32) / 255
    return finish(truth * (1 - share) + np.float32(colour) * share)


def disc(
    height: int, width: int, centre: tuple[int, int], axes: tuple[int, int], angle: float = 0
) -> Mask:
    """Draw an ellipse, 255 inside."""
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, centre, axes, angle, 0, 360, 255, -1, cv2.LINE_8)
    return mask


def text(
    shape: tuple[int, int], lines: Sequence[str], left: int, top: int, size: float, thick: int
) -> Mask:
    """Write lines, each so much lower that it does not touch the one above."""
    cover = np.zeros(shape, np.uint8)
    for number, line in enumerate(lines):
        place = (left, top + round(number * 40 * size))
        cv2.putText(cover, line, place, cv2.FONT_HERSHEY_TRIPLEX, size, 255, thick, cv2.LINE_AA)
    return cover


def grown(cover: NDArray[np.uint8], by: int) -> Mask:
    """Select what is painted at all, and so many pixels around it."""
    return np.asarray(
        cv2.dilate((cover > 0).astype(np.uint8) * 255, np.ones((2 * by + 1, 2 * by + 1), np.uint8))
    )


def hidden(truth: Picture, mask: Mask, colour: Sequence[float]) -> Drawing:
    """Lay something of one colour exactly over the hole."""
    return painted(truth, mask, colour), truth, mask


def halftone(height: int, width: int, period: float, degrees: float, light: Colours) -> Picture:
    """Draw black dots on white in a grid at an angle, the larger the darker it is."""
    angle = np.radians(degrees)
    y, x = np.mgrid[: height * FINE, : width * FINE].astype(np.float32) / FINE
    across = (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period
    down = (y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / period
    wave = (np.cos(across) + np.cos(down)) / 4 + 0.5
    size = (width * FINE, height * FINE)
    dots = np.where(wave < cv2.resize(light, size), 255, 0).astype(np.float32)
    return finish(np.repeat(reduce_fine(dots)[..., None], 3, axis=2))


def screentone(rng: np.random.Generator, period: float = 7.3, degrees: float = 45) -> Drawing:
    """Halftone under a slow gradient, with large letters over it."""
    side = 700
    light = np.tile(np.linspace(0.25, 0.75, side, dtype=np.float32), (side, 1))
    truth = halftone(side, side, period, degrees, light)
    cover = text((side, side), ("BOOM", "CRASH", "BANG!"), 110, 190, 3.2, 14)
    return painted(truth, cover, (0, 0, 0)), truth, grown(cover, 3)


def screentone_fine(rng: np.random.Generator) -> Drawing:
    return screentone(rng, 5.1, 15)


def bubble(rng: np.random.Generator) -> Drawing:
    """A speech bubble whose words rang when it was saved as JPEG, selected closely."""
    height, width = 600, 800
    picture = plain(height * FINE, width * FINE, (150, 150, 150))
    centre, axes = (width * FINE // 2, height * FINE // 2), (300 * FINE, 200 * FINE)
    cv2.ellipse(picture, centre, axes, 0, 0, 360, (255, 255, 255), -1)
    cv2.ellipse(picture, centre, axes, 0, 0, 360, (0, 0, 0), 4 * FINE)
    truth = finish(reduce_fine(picture))
    cover = text((height, width), ("What do you", "mean, gone?"), 195, 275, 1.7, 4)
    with_words = painted(truth, cover, (0, 0, 0))
    quality = [cv2.IMWRITE_JPEG_QUALITY, BUBBLE_QUALITY]
    shown = np.asarray(cv2.imdecode(cv2.imencode(".jpg", with_words, quality)[1], cv2.IMREAD_COLOR))
    return np.asarray(shown, np.uint8), truth, grown(cover, 2)


def tight(rng: np.random.Generator) -> Drawing:
    """A red disc with a soft edge on grass, selected at half of that edge."""
    side = 800
    gray = cv2.resize(
        np.asarray(data.grass(), np.uint8), (side, side), interpolation=cv2.INTER_AREA
    )
    truth = np.repeat(gray[..., None], 3, axis=2)
    soft = cv2.GaussianBlur(disc(side, side, (400, 400), (60, 60)), (0, 0), 2.5)
    return (
        painted(truth, soft, (200, 30, 30)),
        truth,
        np.where(soft >= OPAQUE, 255, 0).astype(np.uint8),
    )


def facade(rng: np.random.Generator) -> Drawing:
    """Windows in rows and columns on a rough wall, a tree before the corner."""
    height, width = 900, 1200
    wall = plain(height, width, (190, 170, 150))
    for top in range(60, height - 40, 140):
        for left in range(50, width - 50, 130):
            corners = (left, top), (left + 70, top + 95)
            cv2.rectangle(wall, *corners, (50, 60, 70), -1)
            cv2.rectangle(wall, *corners, (230, 230, 230), 4)
            cv2.line(wall, (left + 35, top), (left + 35, top + 95), (230, 230, 230), 3)
    truth = finish(wall + rng.normal(0, 5, (height, width, 3)))
    return hidden(truth, disc(height, width, (1120, 700), (190, 230)), (30, 90, 30))


def floor(rng: np.random.Generator) -> Drawing:
    """A tiled floor in perspective, with somebody standing on it."""
    height, width, tiles, pitch = 900, 1000, 16, 64
    end = tiles * pitch
    squares = (
        np.kron(np.indices((tiles, tiles)).sum(axis=0) % 2, np.ones((pitch, pitch))) * 110 + 90
    )
    ground = squares[..., None] * np.array([1, 0.95, 0.9]) + rng.normal(0, 4, (end, end, 3))
    seen = np.array([[0, 0], [end, 0], [end, end], [0, end]], np.float32)
    onto = np.array([[300, 0], [700, 0], [1300, height], [-300, height]], np.float32)
    view = cv2.getPerspectiveTransform(seen, onto)
    truth = finish(cv2.warpPerspective(ground.astype(np.float32), view, (width, height)))
    return hidden(truth, disc(height, width, (480, 480), (70, 190)), (40, 40, 40))


def notebook(rng: np.random.Generator) -> Drawing:
    """Ruled paper with a margin, and a stain over it."""
    height, width = 800, 1000
    paper = plain(height, width, (250, 248, 240))
    for y in range(40, height, 36):
        cv2.line(paper, (0, y), (width - 1, y), (120, 150, 200), 1)
    cv2.line(paper, (120, 0), (120, height - 1), (230, 120, 120), 2)
    truth = finish(paper + rng.normal(0, 2, (height, width, 3)))
    return hidden(truth, disc(height, width, (330, 400), (240, 150), 20), (160, 120, 90))


def ink(rng: np.random.Generator) -> Drawing:
    """Ink on white paper: outlines, hatching and bare ground under one hole."""
    height, width = 800, 1000
    paper = plain(height * FINE, width * FINE, (252, 252, 250))
    x = np.arange(0, width + 1, 4)
    for start, swing, phase in ((180, 70, 0.4), (420, 50, 2.2), (640, 60, 4.0)):
        line = np.stack([x, start + swing * np.sin(x / 120 + phase)], axis=1) * FINE
        cv2.polylines(paper, [line.astype(np.int32)], False, (14, 12, 18), 4 * FINE)
    for left in range(520, 980, 14):
        lean = rng.integers(-3, 4)
        ends = ((left + lean) * FINE, 520 * FINE), ((left - 60 + lean) * FINE, 610 * FINE)
        cv2.line(paper, *ends, (14, 12, 18), 2 * FINE)
    truth = finish(reduce_fine(paper))
    return hidden(truth, disc(height, width, (540, 470), (130, 110), 15), (128, 128, 128))


def horizon(rng: np.random.Generator) -> Drawing:
    """Sea under a sky, the line between them thin and sharp, behind a boat."""
    height, width, line = 900, 1200, 430
    picture = np.zeros((height, width, 3), np.float32)
    picture[:line] = np.linspace([140, 190, 235], [200, 215, 225], line)[:, None]
    picture[line:] = np.linspace([40, 90, 120], [20, 50, 70], height - line)[:, None]
    waves = rng.normal(0, 1, (height - line, width)).astype(np.float32)
    picture[line:] += cv2.GaussianBlur(waves, (0, 0), 8, sigmaY=1.2)[..., None] * 90
    truth = finish(picture + rng.normal(0, 2, picture.shape))
    return hidden(truth, disc(height, width, (600, 440), (170, 110)), (60, 60, 60))


def grain(rng: np.random.Generator) -> Drawing:
    """A sky as a film sees it: nothing but a gradient and grain."""
    side = 800
    sky = np.array([110, 150, 200]) + np.linspace(0, 30, side)[:, None, None]
    truth = finish(sky + rng.normal(0, 6, (side, side, 3)))
    return hidden(truth, disc(side, side, (400, 400), (90, 90)), (0, 0, 0))


def portrait(side: int) -> Picture:
    whole = np.asarray(data.astronaut(), np.uint8)
    return np.asarray(cv2.resize(whole, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def scratch(rng: np.random.Generator) -> Drawing:
    """A white scratch of 3 px from the top of a film to its bottom."""
    side = 1024
    mask = np.zeros((side, side), np.uint8)
    cv2.line(mask, (466, 0), (482, side - 1), 255, 3)
    return hidden(portrait(side), mask, (255, 255, 255))


def hair(rng: np.random.Generator) -> Drawing:
    """A dark hair of 7 px over edges and skin."""
    side = 1024
    along = np.linspace(0, 1, 80)
    points = np.stack([200 + 470 * along, 330 + 200 * np.sin(5 * along)], axis=1).astype(np.int32)
    mask = np.zeros((side, side), np.uint8)
    cv2.polylines(mask, [points], False, 255, 7)
    return hidden(portrait(side), mask, (20, 20, 20))


def wire(rng: np.random.Generator) -> Drawing:
    """A cable of 6 px across an evening sky and two towers."""
    truth = np.ascontiguousarray(data.rocket(), np.uint8)
    height, width = truth.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.line(mask, (0, 150), (width - 1, 230), 255, 6)
    return hidden(truth, mask, (10, 10, 10))


def brick(rng: np.random.Generator, axes: tuple[int, int] = (44, 38)) -> Drawing:
    """A photograph of bricks."""
    truth = np.repeat(np.asarray(data.brick(), np.uint8)[..., None], 3, axis=2)
    return hidden(truth, disc(*truth.shape[:2], (260, 250), axes), (90, 60, 40))


def brick_large(rng: np.random.Generator) -> Drawing:
    return brick(rng, (110, 92))


DRAWINGS: dict[str, Callable[[np.random.Generator], Drawing]] = {
    "screentone": screentone,
    "screentone-fine": screentone_fine,
    "facade": facade,
    "floor": floor,
    "brick": brick,
    "brick-large": brick_large,
    "bubble": bubble,
    "tight": tight,
    "ink": ink,
    "notebook": notebook,
    "horizon": horizon,
    "grain": grain,
    "wire": wire,
    "hair": hair,
    "scratch": scratch,
}
