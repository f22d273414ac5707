"""Pictures drawn by code: what painters make and photographs lack, free of any licence."""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (H, W, 3)
Colour = tuple[int, int, int]

FINE = 2  # everything is drawn this much larger, then reduced: edges are as soft as in a scan
SUBPIXEL = 4  # bits of a coordinate behind the point, for OpenCV


def draw_picture(side: int, rng: np.random.Generator) -> Picture:
    """Draw a square of any kind: uint8 (side, side, 3)."""
    large = KINDS[int(rng.integers(len(KINDS)))](side * FINE, rng)
    small = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small, np.uint8)


def flat_shapes(side: int, rng: np.random.Generator) -> Picture:
    """Shapes of one colour or a gradient, some with an outline, over a gradient."""
    picture = gradient(side, rng)
    for _ in range(int(rng.integers(4, 16))):
        inside = np.zeros((side, side), np.uint8)
        outline = curve(side, rng)
        cv2.fillPoly(inside, [outline], 255, cv2.LINE_AA, SUBPIXEL)
        share = inside[..., None].astype(np.float32) / 255
        paint = gradient(side, rng) if rng.random() < 0.4 else np.full_like(picture, colour(rng))
        picture = (picture * (1 - share) + paint * share).astype(np.uint8)
        if rng.random() < 0.4:
            thick = int(rng.integers(1, 4)) * FINE
            cv2.polylines(picture, [outline], True, colour(rng), thick, cv2.LINE_AA, SUBPIXEL)
    return picture


def line_art(side: int, rng: np.random.Generator) -> Picture:
    """Ink on paper: long curves, some filled, and hatching."""
    paper = int(rng.integers(215, 256))
    picture = np.full((side, side, 3), paper, np.uint8)
    ink = colour(rng, 0, 70)
    for _ in range(int(rng.integers(4, 14))):
        outline = curve(side, rng)
        if rng.random() < 0.3:
            cv2.fillPoly(picture, [outline], colour(rng, 120, 256), cv2.LINE_AA, SUBPIXEL)
        thick = int(rng.integers(1, 5)) * FINE
        cv2.polylines(picture, [outline], True, ink, thick, cv2.LINE_AA, SUBPIXEL)
    for _ in range(int(rng.integers(0, 4))):
        _hatch(picture, ink, rng)
    return picture


def _hatch(picture: Picture, ink: Colour, rng: np.random.Generator) -> None:
    side = len(picture)
    angle, gap = rng.uniform(0, math.pi), rng.uniform(4, 12) * FINE
    x, y = rng.uniform(0, side, 2)
    along = np.array([math.cos(angle), math.sin(angle)])
    length = rng.uniform(0.1, 0.4) * side
    for number in range(int(rng.integers(5, 25))):
        start = np.array([x, y]) + number * gap * np.array([-along[1], along[0]])
        start = start + rng.normal(0, FINE, 2)
        ends = np.stack([start, start + along * length]) * 2**SUBPIXEL
        line = [ends.astype(np.int32)]
        cv2.polylines(picture, line, False, ink, FINE, cv2.LINE_AA, SUBPIXEL)


def letters(side: int, rng: np.random.Generator) -> Picture:
    """Rows of strokes like writing, in one or two sizes."""
    picture = gradient(side, rng) if rng.random() < 0.5 else np.full((side, side, 3), 245, np.uint8)
    ink = colour(rng, 0, 90) if picture.mean() > 128 else colour(rng, 170, 256)
    size = float(rng.uniform(7, 26)) * FINE
    thick = max(1, int(size / rng.uniform(5, 12)))
    baseline = size
    while baseline < side + size:
        x = float(rng.uniform(0, 2) * size)
        while x < side:
            for _ in range(int(rng.integers(1, 4))):
                steps = rng.uniform(-0.5, 0.5, (int(rng.integers(2, 5)), 2)) * size * [0.8, 1.2]
                points = steps + np.array([x, baseline - size / 2])
                line = [(points * 2**SUBPIXEL).astype(np.int32)]
                cv2.polylines(picture, line, False, ink, thick, cv2.LINE_AA, SUBPIXEL)
            x += size * (0.9 if rng.random() < 0.8 else 1.9)
        baseline += size * 1.9
    return picture


def tiling(side: int, rng: np.random.Generator) -> Picture:
    """Bricks, tiles or boards, seen from an angle."""
    plane = 2 * side
    picture = np.full((plane, plane, 3), colour(rng), np.uint8)
    wide, high = (int(value) for value in rng.integers(8, 60, 2) * FINE)
    joint, base = int(rng.integers(1, 4)) * FINE, np.array(colour(rng))
    offset = wide // 2 if rng.random() < 0.5 else 0
    spread = rng.uniform(2, 30)
    for row, top in enumerate(range(0, plane, high)):
        for left in range(-(offset * (row % 2)), plane, wide):
            shade = np.clip(base + rng.normal(0, spread), 0, 255)
            corner = (left + wide - joint, top + high - joint)
            cv2.rectangle(picture, (left, top), corner, tuple(shade.tolist()), -1)
    grain = rng.normal(0, rng.uniform(0, 8), (plane // 4, plane // 4, 1)).astype(np.float32)
    picture = np.clip(picture + cv2.resize(grain, (plane, plane))[..., None], 0, 255)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    seen = (corners * 0.5 + 0.25 + rng.uniform(-0.22, 0.22, (4, 2)).astype(np.float32)) * plane
    view = cv2.getPerspectiveTransform(seen.astype(np.float32), corners * side)
    return np.asarray(cv2.warpPerspective(picture, view, (side, side)), np.uint8)


def halftone(side: int, rng: np.random.Generator) -> Picture:
    """A gradient or a curve printed in dots."""
    tone = gradient(side, rng).astype(np.float32).mean(axis=2) / 255
    pitch, angle = rng.uniform(4, 12) * FINE, rng.uniform(0, math.pi)
    y, x = np.mgrid[:side, :side].astype(np.float32) * np.float32(2 * math.pi / pitch)
    u = x * math.cos(angle) + y * math.sin(angle)
    v = y * math.cos(angle) - x * math.sin(angle)
    screen = (np.cos(u) + np.cos(v)) / 4 + 0.5
    share = np.clip((tone - screen) * 6 + 0.5, 0, 1)[..., None]
    paper, ink = np.array(colour(rng, 180, 256)), np.array(colour(rng, 0, 120))
    return (paper * share + ink * (1 - share)).astype(np.uint8)


def dead_leaves(side: int, rng: np.random.Generator) -> Picture:
    """Discs of all sizes that hide each other: the statistics of natural pictures."""
    picture = np.zeros((side, side, 3), np.uint8)
    first = np.array(colour(rng))
    for radius in np.sort(side * 0.02 * (1 - rng.random(300) * 0.98) ** -0.5)[::-1]:
        centre = tuple(int(value) for value in rng.integers(0, side, 2))
        shade = np.clip(first + rng.normal(0, 60, 3), 0, 255)
        cv2.circle(picture, centre, int(min(radius, side / 4)), tuple(shade.tolist()), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 2) * FINE / 2), np.uint8)


def fractal_noise(side: int, rng: np.random.Generator) -> Picture:
    """Clouds, stone, bark: noise of all scales between two or three colours."""
    total = np.zeros((side, side), np.float32)
    loss, stretch = rng.uniform(0.4, 0.85), int(rng.integers(1, 5))
    cells, weight = 2, 1.0
    while cells * stretch < side:
        noise = rng.standard_normal((cells * stretch, cells)).astype(np.float32)
        total += weight * cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
        cells, weight = cells * 2, weight * loss
    total = (total - total.min()) / max(float(np.ptp(total)), 1e-6)
    if rng.random() < 0.4:
        total = np.abs(np.sin(total * rng.uniform(4, 20)))
    stops = [colour(rng) for _ in range(3)]
    mixed = [np.interp(total, (0, 0.5, 1), [stop[c] for stop in stops]) for c in range(3)]
    return np.stack(mixed, axis=2).astype(np.uint8)


def gradient(side: int, rng: np.random.Generator) -> Picture:
    """Two colours that run into each other, straight or around a point."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * math.pi)
        along = (x - 0.5) * math.cos(angle) + (y - 0.5) * math.sin(angle) + 0.5
    else:
        centre = rng.uniform(-0.2, 1.2, 2)
        along = np.hypot(x - centre[0], y - centre[1])
    along = np.clip(along, 0, 1)[..., None]
    return (np.array(colour(rng)) * (1 - along) + np.array(colour(rng)) * along).astype(np.uint8)


def curve(side: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """A closed curve around a point: (N, 1, 2), with SUBPIXEL bits."""
    angle = np.linspace(0, 2 * math.pi, 64, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(1, int(rng.integers(2, 7))):
        radius += rng.normal(0, 0.5 / wave) * np.cos(wave * angle + rng.uniform(0, 2 * math.pi))
    radius *= side * rng.uniform(0.04, 0.35)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    points = points * rng.uniform(0.4, 1.6, 2) + rng.uniform(0, side, 2)
    return (points[:, None] * 2**SUBPIXEL).astype(np.int32)


def colour(rng: np.random.Generator, least: int = 0, most: int = 256) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(least, most, 3))
    return red, green, blue


KINDS: tuple[Callable[[int, np.random.Generator], Picture], ...] = (
    flat_shapes,
    line_art,
    letters,
    tiling,
    halftone,
    dead_leaves,
    fractal_noise,
)
