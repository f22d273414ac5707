"""Objects pasted on photographs: what they bleed over their selection is known to the pixel."""

import zlib
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .cases import Mask, Picture

KINDS = ("blob", "stroke", "text")
LEAST_SIDE_PX = 1000
NEAR_PX = 16  # from the selection, that halos are looked for in
WORDS = ("Lorem ipsum", "SALE -50 %", "12:45:07", "draft copy")
LEAST_CONTRAST = 0.1  # root mean square, between an object and the ground that it lies on
OWN_NOISE = 2.0  # levels, of an object of one colour


class Setting(NamedTuple):
    """How an object is pasted and selected.

    Attributes:
        sigma: Of the blur of its edge, in pixels; 0 for a hard one.
        quality: Of JPEG, in which object and ground are saved together; 0 for none.
        shift: Pixels by which the selection is larger than the object; negative: smaller.
    """

    sigma: float
    quality: int = 0
    shift: int = 0

    def __str__(self) -> str:
        return f"sigma {self.sigma:g}, quality {self.quality or '-'}, {self.shift:+} px"


class Pasted(NamedTuple):
    """An object on a ground.

    Attributes:
        picture: uint8 (H, W, 3) RGB, with the object.
        ground: The same without it, saved in the same way.
        mask: uint8 (H, W), 255 = selected.
    """

    picture: Picture
    ground: Picture
    mask: Mask


def paste(name: str, ground: Picture, other: Picture, kind: str, setting: Setting) -> Pasted:
    """Paste an object of one of KINDS.

    Args:
        name: Of the ground; it and the kind alone decide on the object.
        ground: uint8 (H, W, 3) RGB.
        other: Where blobs of odd names take their texture.
        kind: Of the object.
        setting: How.
    """
    rng = np.random.default_rng(zlib.crc32(f"{name} {kind}".encode()))
    shape = draw_shape(kind, *ground.shape[:2], rng)
    colours = _colours(kind, ground, other, shape, rng)
    alpha = (shape > 0).astype(np.float32)
    if setting.sigma:
        alpha = cv2.GaussianBlur(alpha, (0, 0), setting.sigma)
    share = alpha[..., None]
    both = np.rint(ground * (1 - share) + colours * share).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(setting.shift) + 1,) * 2)
    change = cv2.dilate if setting.shift > 0 else cv2.erode
    mask = np.asarray(change(shape, disc), np.uint8)
    return Pasted(_saved(both, setting.quality), _saved(ground, setting.quality), mask)


def draw_shape(kind: str, height: int, width: int, rng: np.random.Generator) -> Mask:
    """Draw an object with a hard edge: uint8 (height, width), 255 = object."""
    # Lengths are shares of the longer side, but objects in small pictures are no specks.
    shape, side = np.zeros((height, width), np.uint8), max(height, width, LEAST_SIDE_PX)
    size = np.array([width, height])
    if kind == "blob":
        middle = (0.25 + 0.5 * rng.random(2)) * size
        angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
        radius = np.full(len(angles), 1.0)
        for wave in range(2, 6):
            radius += rng.normal(0, 0.25 / wave) * np.cos(wave * angles + rng.uniform(0, 7))
        radius = np.maximum(radius, 0.4) * rng.uniform(0.04, 0.09) * side
        points = middle + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(shape, [np.rint(points).astype(np.int32)], 255)
    elif kind == "stroke":
        steps = rng.uniform(-0.12, 0.12, (5, 2)) * side
        points = np.cumsum([(0.3 + 0.4 * rng.random(2)) * size, *steps], axis=0)
        points = points.clip(0.03 * size, 0.97 * size)
        thick = round(rng.uniform(0.007, 0.014) * side)
        cv2.polylines(shape, [points.astype(np.int32)], False, 255, thick)
    else:
        scale = rng.uniform(1.2, 2.6) * side / 1024
        thick = max(5, round(3.2 * scale))
        place = (0.05 + [0.3, 0.8] * rng.random(2)) * size + [0, 0.06 * side]
        word = WORDS[int(rng.integers(len(WORDS)))]
        cv2.putText(shape, word, tuple(map(int, place)), cv2.FONT_HERSHEY_DUPLEX, scale, 255, thick)
    return shape


def punch(name: str, picture: Picture, kind: str) -> Pasted:
    """Select a shape in a picture in which nothing is pasted."""
    rng = np.random.default_rng(zlib.crc32(f"{name} {kind} punched".encode()))
    return Pasted(picture, picture, draw_shape(kind, *picture.shape[:2], rng))


def halo_energy(pasted: Pasted, soft: Mask) -> tuple[float, float]:
    """Measure what an object left beside its selection, and what of it remains after growing.

    Args:
        pasted: The object.
        soft: uint8 (H, W), the grown selection.

    Returns:
        Sums of squares within NEAR_PX of the selection; what is replaced in part counts in part.
    """
    apart = pasted.picture.astype(np.float64) - pasted.ground
    outside = (pasted.mask == 0).astype(np.uint8)
    away = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = (outside > 0) & (np.asarray(away) <= NEAR_PX)
    energy = (apart**2).sum(axis=2)[near]
    kept = 1 - soft[near] / 255
    return float(energy.sum()), float((energy * kept**2).sum())


def _colours(
    kind: str, ground: Picture, other: Picture, shape: Mask, rng: np.random.Generator
) -> NDArray[np.float64]:
    height, width = shape.shape
    if kind == "blob" and rng.random() < 0.5:
        texture = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
        return texture[:, ::-1].astype(np.float64)
    rim = cv2.dilate(shape, np.ones((31, 31), np.uint8)) > shape
    around = ground[rim].mean(axis=0)
    while True:
        colour = rng.uniform(0, 255, 3)
        if np.sqrt(((colour - around) ** 2).mean()) > LEAST_CONTRAST * 255:
            return (colour + rng.normal(0, OWN_NOISE, (height, width, 3))).clip(0, 255)


def _saved(picture: NDArray[np.uint8], quality: int) -> Picture:
    if not quality:
        return picture
    coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])
