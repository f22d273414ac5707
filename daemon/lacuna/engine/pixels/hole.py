"""One selection, used three ways: the soft mask of the composite, the layer's alpha, the hole."""

import zlib
from typing import NamedTuple

import cv2
import numpy as np

from lacuna_wire import Options, Rect
from lacuna_wire.errors import Unprocessable

from .document import Document, Mask, has_float_samples, opacity, strips
from .transparency import OPAQUE, is_content, steps_of

LONGEST_DISTANCE_SIDE = 2048  # px; distances are measured on a mask no larger than this
PACKING_LEVEL = 1  # of zlib: masks are long runs, and more effort gains nothing


class Hole(NamedTuple):
    """The masks of a window.

    Attributes:
        soft: uint8 (H, W), 0 = the picture's own pixel, 255 = the fill's.
        missing: uint8 (H, W), 1 = unknown: selected, however softly, not a finite number, or fully
            transparent where transparency is no content.
        carries_alpha: Whether transparency is content here, and the fill has an alpha of its own.
        barred: uint8 (H, W), 1 = must not be copied; None if all that is known may be.
    """

    soft: Mask
    missing: Mask
    carries_alpha: bool = False
    barred: Mask | None = None


class PackedHole(NamedTuple):
    """A hole that waits for its turn: a hundredth of its size, unless the mask is all specks.

    Attributes:
        size: Rows and columns.
        soft: zlib stream of `Hole.soft`.
        missing: zlib stream of the bits of `Hole.missing`.
        carries_alpha: As in `Hole`.
        barred: zlib stream of the bits of `Hole.barred`, if there is such a mask.
    """

    size: tuple[int, int]
    soft: bytes
    missing: bytes
    carries_alpha: bool
    barred: bytes | None


def find_hole(document: Document, options: Options, window: Rect | None = None) -> Hole:
    """Make the masks of a window of a document, into which what lies outside of it may grow.

    What must not be copied is not among them yet (`lacuna.engine.sources`).

    Args:
        document: Samples and selection.
        options: `grow` and `feather` shape the selection; `transparency` says what is missing.
        window: Pixels of the document; None for all of them.

    Raises:
        Unprocessable: If no known pixel is left in the window (code `no_context`).
    """
    window = document.rect if window is None else window
    seen = window.grow(options.grow).intersect(document.rect)
    soft = soften(document.selection[seen.slices], options.grow, options.feather)
    soft = soft[window.relative_to(seen).slices]
    missing = (soft > 0).astype(np.uint8)
    carries_alpha = False
    # Where all samples are colours, none is read: planning then needs the selection alone.
    if document.layout.has_alpha or has_float_samples(document.layout):
        steps = _read_steps(document, window, missing)
        carries_alpha = is_content(steps, missing, soft, options)
        if not carries_alpha:
            missing |= steps == 0
    if missing.all():
        raise Unprocessable(
            f"Nothing is known around the selection: all {missing.size:,} pixels there are "
            "selected or transparent.",
            code="no_context",
            values={"pixels": int(missing.size)},
        )
    return Hole(soft, missing, carries_alpha)


def _read_steps(document: Document, window: Rect, missing: Mask) -> Mask:
    """Read how opaque the pixels of a window are, as `steps_of` says; none is more than OPAQUE.

    Pixels that are not a finite number are added to `missing`.
    """
    steps = np.full_like(missing, OPAQUE)
    for strip in strips(window):
        samples, place = document.samples[strip.slices], strip.relative_to(window).slices
        if has_float_samples(document.layout):
            missing[place] |= ~np.isfinite(samples).all(axis=2)
        if document.layout.has_alpha:
            steps[place] = steps_of(opacity(samples, document.layout))
    return steps


def pack_hole(hole: Hole) -> PackedHole:
    """Pack a hole, so that the plans of many regions can be held at a time."""
    height, width = hole.missing.shape
    soft = zlib.compress(hole.soft.tobytes(), PACKING_LEVEL)
    barred = None if hole.barred is None else _pack_bits(hole.barred)
    return PackedHole((height, width), soft, _pack_bits(hole.missing), hole.carries_alpha, barred)


def unpack_hole(packed: PackedHole) -> Hole:
    """Undo `pack_hole`; all masks are only to be read."""
    soft = np.frombuffer(zlib.decompress(packed.soft), np.uint8).reshape(packed.size)
    barred = None if packed.barred is None else _unpack_bits(packed.barred, packed.size)
    return Hole(soft, _unpack_bits(packed.missing, packed.size), packed.carries_alpha, barred)


def _pack_bits(mask: Mask) -> bytes:
    return zlib.compress(np.packbits(mask).tobytes(), PACKING_LEVEL)


def _unpack_bits(packed: bytes, size: tuple[int, int]) -> Mask:
    bits = np.frombuffer(zlib.decompress(packed), np.uint8)
    return np.unpackbits(bits, count=size[0] * size[1]).reshape(size)


def soften(selection: Mask, grow: int, feather: int) -> Mask:
    """Turn a selection into the soft mask of the composite.

    Args:
        selection: uint8 (H, W), 0 = keep, 255 = replace, soft values between.
        grow: Pixels by which the selection is enlarged, soft values and all.
        feather: Pixels over which it fades towards its inside, so that nothing outside of the
            grown selection changes. The border of the picture is no edge to fade at.

    Returns:
        uint8 (H, W), 0 = the picture's own pixel, 255 = the fill's.
    """
    soft = selection
    if grow:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1))
        soft = np.asarray(cv2.dilate(soft, disc), np.uint8)
    if feather and not soft.all():
        inside = cv2.distanceTransform(
            (soft > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
        )
        ramp = np.minimum(np.asarray(inside, np.float32) / (feather + 1), 1)
        # A selected pixel never fades to 0: it is missing, so it must not come back as known.
        soft = np.where(soft > 0, np.maximum(np.rint(soft * ramp), 1), 0).astype(np.uint8)
    return soft


def hole_radius(missing: Mask) -> float:
    """Return the largest distance in pixels from a missing pixel to a known one.

    Args:
        missing: uint8 (H, W), 1 = missing.

    Returns:
        The distance; infinite if nothing is known.
    """
    if missing.all():
        return float("inf")
    factor = 1
    while max(missing.shape) > LONGEST_DISTANCE_SIDE:
        missing, factor = reduce_missing(missing), 2 * factor
    if missing.all():  # what is known is thinner than the reduction shows: far is all we can say
        return float(factor * max(missing.shape))
    distance = cv2.distanceTransform(missing, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(factor * np.max(distance))


def reduce_missing(missing: Mask) -> Mask:
    """Halve a mask (H, W) uint8: a cell is 1 as soon as one of its pixels is."""
    padded = np.pad(missing, ((0, missing.shape[0] % 2), (0, missing.shape[1] % 2)), mode="edge")
    rows = np.maximum(padded[0::2], padded[1::2])
    return np.maximum(rows[:, 0::2], rows[:, 1::2])
