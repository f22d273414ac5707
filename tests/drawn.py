"""Pictures, holes and problems that tests draw, and the fill of a document in memory."""

import cv2
import numpy as np

from lacuna.engine.completion.complete import refine_here
from lacuna.engine.completion.problem import pose_problem
from lacuna.engine.inpaint import fill
from lacuna.engine.pixels.composite import collect_into
from lacuna.engine.pixels.document import Document, premultiply
from lacuna.engine.plan import plan_fill, regions_of
from lacuna_wire import PixelLayout

RGB = PixelLayout("RGB")


def noise(height, width, channels=3, seed=11):
    """Draw samples uint8 (height, width, channels), every one of them another."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, channels)).astype(np.uint8)


def select(height, width, *rects):
    """Draw a selection uint8 (height, width): 255 in the rectangles."""
    selection = np.zeros((height, width), np.uint8)
    for rect in rects:
        selection[rect.slices] = 255
    return selection


def stripes(height, width, period=8):
    """Draw black and white columns: what a membrane turns gray and a patch keeps."""
    row = (np.arange(width) // (period // 2) % 2).astype(np.float32)
    return np.broadcast_to(row[None, :, None], (height, width, 3)).copy()


def shaded_ink(height, width):
    """Draw lines on white paper that is a little gray in few places: float32 (height, width, 3)."""
    rows, columns = np.mgrid[:height, :width]
    image = np.where(columns % 13 < 2, 0.05, 0.98)
    image -= np.where((columns % 13 > 6) & (rows == height // 4), 0.08, 0)
    return np.repeat(image[..., None], 3, axis=2).astype(np.float32)


def document_of(image, *rects):
    """Take float32 (H, W, 3) as a document in which rectangles are selected and painted over."""
    selection = select(*image.shape[:2], *rects)
    samples = np.rint(image * 255).astype(np.uint8)
    samples[selection > 0] = 77  # what is to be removed
    return Document(samples, selection, RGB)


def problem_of(image=None, hole=np.s_[20:38, 20:45], channels=3, alpha=False):
    """Pose a problem: float32 (H, W, channels), noise if there is none, and the slices missing.

    With `alpha` the fourth channel is that, and the colours before it are multiplied by it.
    """
    if image is None:
        image = np.random.default_rng(4).random((60, 70, channels)).astype(np.float32)
    missing = np.zeros(image.shape[:2], bool)
    missing[hole] = True
    shown = 4 if alpha else 3
    texture = image[..., shown:channels] if channels > shown else None
    image = image[..., :shown]
    if alpha:
        image = premultiply(image[..., :3], image[..., 3])
    return pose_problem(image, missing, texture)


def draw_sources(problem, seed=1):
    """Choose a source for every target at random."""
    return np.random.default_rng(seed).choice(problem.find_sources(), len(problem.targets))


def fill_whole(
    document, options, network, report=lambda _: None, should_stop=lambda: False, refine=refine_here
):
    """Fill a document in arrays and return all of its samples, the fill laid in."""
    plan = plan_of(document, options, network)
    size, samples = (plan.rect.height, plan.rect.width), document.samples
    result = np.zeros((*size, samples.shape[2]), samples.dtype)
    take = collect_into(result, plan.rect, document, plan.options)
    fill(document, plan, network, take, report, should_stop, refine)
    whole = samples.copy()
    whole[plan.rect.slices] = result
    return whole


def plan_of(document, options, network):
    """Plan the fill of a document."""
    return plan_fill(document, regions_of(document, options, network.role), options, network)


def ink(height, width, *distances, thick=3.0):
    """Draw black lines on nothing: float32 alpha (height, width), smooth at their edges.

    Args:
        distances: Functions of (rows, columns) of pixels to their distance from a line.
        thick: How wide the lines are, in pixels.
    """
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    nearest = np.min([distance(rows, columns) for distance in distances], axis=0)
    return np.clip(thick / 2 + 0.5 - nearest, 0, 1).astype(np.float32)


def line(top, left, bottom, right):
    """Tell how far pixels are from the line between two points."""

    def distance(rows, columns):
        down, across = bottom - top, right - left
        along = ((rows - top) * down + (columns - left) * across) / (down**2 + across**2)
        along = np.clip(along, 0, 1)
        return np.hypot(rows - top - along * down, columns - left - along * across)

    return distance


def circle(row, column, radius):
    """Tell how far pixels are from a circle."""
    return lambda rows, columns: np.abs(np.hypot(rows - row, columns - column) - radius)


def rgba(alpha, colour=(0, 0, 0), top=255):
    """Make samples (H, W, 4) of one colour: uint8, or uint16 for a `top` of 65,535."""
    dtype = np.uint8 if top == 255 else np.uint16
    samples = np.empty((*alpha.shape, 4), dtype)
    samples[..., :3] = np.rint(np.float64(colour) * top)
    samples[..., 3] = np.rint(alpha * top)
    return samples


def disc(height, width, radius):
    """Draw a round hole in the middle: uint8 (height, width), 1 = missing."""
    rows, columns = np.indices((height, width))
    inside = np.hypot(rows - height // 2, columns - width // 2) < radius
    return inside.astype(np.uint8)


def leaves(height, width, seed=5):
    """Draw dead leaves, discs of any size over each other: float32 (height, width, 3).

    Their edges are smooth and their sizes as in photographs, so there is detail on every level.
    """
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 0.5, np.float32)
    for _ in range(height * width // 30):
        radius = 2 / rng.uniform(0.06, 1)
        centre = rng.uniform(-radius, width + radius), rng.uniform(-radius, height + radius)
        x, y = (round(16 * each) for each in centre)
        colour = rng.uniform(0.1, 0.9, 3).tolist()
        cv2.circle(image, (x, y), round(16 * radius), colour, -1, cv2.LINE_8, 4)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.6), np.float32)
