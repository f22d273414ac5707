"""Objects that code pastes into photographs: what they bleed over their selection is known."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .cases import Mask, Picture, reduce_picture

SHAPES = ("blob", "stroke", "text")
SIDE_PX, CUT_PX = 1024, 384  # a photograph is reduced to one and cut to the other
FINE = 4  # shapes are drawn this much larger
ANTIALIASED = 0.3  # width of the edge of a shape that nothing has blurred, in pixels
LEAST_CONTRAST = 60  # of 255, root mean square over the channels, between object and ground
TRACE = 0.001  # of an object's share of a pixel, that is selected with the whole
TEXTURE = 4  # of 255: an object is not quite flat
WORDS = ("Ga7", "mEx", "Rk&", "2qS")


class Setting(NamedTuple):
    """How an object was pasted and selected.

    Attributes:
        sigma: Blur of its edge in pixels.
        quality: Of the JPEG that it was saved as; 0 for none.
        grown: Of the selection against half of the edge, in pixels; negative is inside.
        whole: Whether all that the object covers at all is selected, before `grown`.
    """

    sigma: float
    quality: int = 0
    grown: int = 0
    whole: bool = False

    def __str__(self) -> str:
        parts = [f"sigma {self.sigma:g}"]
        parts += [f"JPEG {self.quality}"] if self.quality else []
        parts += ["selected as a whole"] if self.whole else []
        parts += [f"{'grown' if self.grown > 0 else 'eroded'} {abs(self.grown)} px"] * bool(
            self.grown
        )
        return ", ".join(parts)


BLEEDING = (
    *(Setting(sigma) for sigma in (0.5, 1, 2, 4)),
    Setting(2, grown=-2),
    Setting(1, quality=80, grown=-1),
)
CLEAN = (Setting(ANTIALIASED, whole=True), Setting(ANTIALIASED, whole=True, grown=2))


class Pasted(NamedTuple):
    """A photograph with an object in it.

    Attributes:
        name: Of the photograph.
        shape: Of the object, one of SHAPES; `hole` if there is none.
        shown: uint8 (H, W, 3) RGB.
        truth: The same without the object, saved in the same way.
        mask: uint8 (H, W), 255 = selected.
    """

    name: str
    shape: str
    shown: Picture
    truth: Picture
    mask: Mask


def paste(
    paths: Sequence[Path], setting: Setting, shapes: Sequence[str] = SHAPES
) -> Iterator[Pasted]:
    """Yield every shape in a piece of every photograph that is large enough.

    Piece, shape and colour depend on the photograph's name alone, so settings compare.
    """
    for path, shape, rng, truth in pieces(paths, shapes):
        cover = draw_shape(shape, rng)
        colour = contrasting(truth, rng)
        texture = cv2.GaussianBlur(rng.normal(0, 1, truth.shape).astype(np.float32), (0, 0), 2)
        texture *= TEXTURE / texture.std()
        soft = cv2.GaussianBlur(cover, (0, 0), setting.sigma)
        share = soft[..., None]
        mixed = truth * (1 - share) + (np.float32(colour) + texture) * share
        shown = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
        selected = (soft > TRACE if setting.whole else cover > 0.5).astype(np.uint8)
        reach = abs(setting.grown)
        kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        selected = (cv2.dilate if setting.grown > 0 else cv2.erode)(selected, kernel)
        if selected.any():
            saved, plain = save(shown, setting.quality), save(truth, setting.quality)
            yield Pasted(path.name, shape, saved, plain, np.asarray(selected * 255, np.uint8))


def punch(paths: Sequence[Path], count: int) -> Iterator[Pasted]:
    """Yield so many holes per photograph in which nothing was pasted: ordinary content."""
    for path, name, rng, truth in pieces(paths, [f"hole {number}" for number in range(count)]):
        shape = SHAPES[int(name.split()[1]) % len(SHAPES)]
        mask = np.where(draw_shape(shape, rng) > 0.5, 255, 0).astype(np.uint8)
        yield Pasted(path.name, "hole", truth, truth, mask)


def pieces(
    paths: Sequence[Path], names: Sequence[str]
) -> Iterator[tuple[Path, str, np.random.Generator, Picture]]:
    """Cut a piece of CUT_PX out of every photograph for each name, with its own dice."""
    for path in paths:
        picture = reduce_picture(path, SIDE_PX)
        if picture is None or min(picture.shape[:2]) < CUT_PX:
            continue
        for name in names:
            rng = np.random.default_rng(zlib.crc32(f"{path.name} {name}".encode()))
            top, left = (int(rng.integers(0, size - CUT_PX + 1)) for size in picture.shape[:2])
            yield path, name, rng, picture[top : top + CUT_PX, left : left + CUT_PX]


def draw_shape(shape: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw how far a shape in the middle covers each pixel: float32 (CUT_PX, CUT_PX), 0 to 1."""
    side = CUT_PX * FINE
    cover = np.zeros((side, side), np.uint8)
    if shape == "text":
        word, size = str(rng.choice(WORDS)), float(rng.uniform(1.6, 2.6)) * FINE
        font, thick = cv2.FONT_HERSHEY_DUPLEX, round(float(rng.uniform(4, 7)) * FINE)
        (width, height), _ = cv2.getTextSize(word, font, size, thick)
        place = ((side - width) // 2, (side + height) // 2)
        cv2.putText(cover, word, place, font, size, 255, thick)
    elif shape == "stroke":
        x = np.linspace(-1, 1, 60)
        y = (
            0.3 * rng.uniform(-1, 1) * np.sin(3 * x + rng.uniform(0, 6))
            + rng.uniform(-0.5, 0.5) * x
        )
        points = ((np.stack([x, y], axis=1) * 0.36 + 0.5) * side).astype(np.int32)
        cv2.polylines(cover, [points], False, 255, round(float(rng.uniform(8, 14)) * FINE))
    else:
        angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
        radius = 48 + sum(
            rng.uniform(-7, 7) * np.cos(number * angle + rng.uniform(0, 6)) for number in (2, 3, 5)
        )
        points = (
            np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.reshape(radius, (-1, 1)) * FINE
        )
        cv2.fillPoly(cover, [(points + side / 2).astype(np.int32)], 255)
    reduced = cv2.resize(cover, (CUT_PX, CUT_PX), interpolation=cv2.INTER_AREA)
    return reduced.astype(np.float32) / 255


def contrasting(ground: Picture, rng: np.random.Generator) -> NDArray[np.float64]:
    """Roll a colour that is told from the ground around the middle."""
    middle = ground[CUT_PX // 4 : -CUT_PX // 4, CUT_PX // 4 : -CUT_PX // 4].reshape(-1, 3)
    mean = middle.mean(axis=0)
    while True:
        colour = rng.uniform(0, 255, 3)
        if np.sqrt(np.square(colour - mean).mean()) >= LEAST_CONTRAST:
            return colour


def save(picture: Picture, quality: int) -> Picture:
    """Return what is left of a picture that was saved as JPEG, or itself for a quality of 0."""
    if not quality:
        return picture
    encoded = cv2.imencode(".jpg", picture[..., ::-1].copy(), [cv2.IMWRITE_JPEG_QUALITY, quality])[
        1
    ]
    return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)
