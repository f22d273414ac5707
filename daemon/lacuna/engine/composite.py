"""The fill, laid into the picture: selected pixels change, all others come back bit for bit."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lacuna.samples import DTYPES, FULL_SCALE
from lacuna_wire import Options, PixelLayout

from .guide import halve, plane, pull_push
from .planes import Mask, Pixels, Samples, has_float_samples, samples_from_image

RING_PX = 16  # known pixels this near to the hole say how far the fill's colours are off
RING_REDUCTION = (
    3  # halvings before the difference is spread: colour casts are smooth, grain is not
)


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


def match_colour(fill: Pixels, image: Pixels, mask: Pixels) -> Pixels:
    """Shift the fill so that it agrees with the known ring around the hole.

    A network also paints the pixels that it was shown; what it got wrong there, it got wrong inside
    as well. That difference is smoothed and spread over the hole as a membrane.

    Args:
        fill: float32 (H, W, 3) in [0, 1], the network's answer: what is missing and RING_PX around.
        image: float32 (H, W, 3), true on known pixels.
        mask: float32 (H, W, 1), 1 = missing.

    Returns:
        float32 (H, W, 3) in [0, 1]; `fill` unchanged if no known pixel is near.
    """
    ring = np.asarray(cv2.dilate(mask, np.ones((2 * RING_PX + 1,) * 2, np.uint8)), np.float32)
    ring = plane(ring) * (1 - mask)
    if not ring.any():
        return fill
    difference, weight = image - fill, ring
    for _ in range(RING_REDUCTION):
        difference, weight = halve(difference, weight)
    spread = pull_push(difference, (weight > 0).astype(np.float32))
    size = (fill.shape[1], fill.shape[0])
    shift = plane(cv2.resize(spread, size, interpolation=cv2.INTER_LINEAR))
    matched: Pixels = np.clip(fill + shift, 0, 1)
    return matched


def composite(
    samples: Samples, fill: Pixels, soft: Mask, layout: PixelLayout, options: Options
) -> Samples:
    """Lay the fill over a window of the document.

    Args:
        samples: (H, W, C), the document's own.
        fill: float32 (H, W, 3) in [0, 1].
        soft: uint8 (H, W), 0 = keep, 255 = replace.
        layout: Of `samples` and of what is returned.
        options: `result` decides: `composite` mixes fill and samples and keeps their alpha,
            `layer` gives the fill alone with `soft` as its alpha, zeros where that is 0.

    Returns:
        (H, W, C) of the same layout. For `composite`, pixels with `soft` 0 are the same bits.
    """
    colour = samples_from_image(fill, layout)
    result = np.zeros_like(samples) if options.result == "layer" else samples.copy()
    where = soft > 0
    share = (soft[where].astype(np.float32) / np.float32(255))[:, None]
    # samples_from_image puts the colour in the document's own channel order.
    own = result[..., : colour.shape[2]]
    if options.result == "layer":
        own[where] = _to_samples(colour[where], layout)
        result[..., -1][where] = _to_samples(share[:, 0] * FULL_SCALE[layout.sample], layout)
    else:
        # A known colour that is no number cannot be mixed: it gives way to the fill.
        below = np.where(np.isfinite(own[where]), own[where], colour[where]).astype(np.float32)
        own[where] = _to_samples(below + (colour[where] - below) * share, layout)
    return result


def _to_samples(values: NDArray[np.float32], layout: PixelLayout) -> Samples:
    if not has_float_samples(layout):
        values = np.clip(np.rint(values), 0, FULL_SCALE[layout.sample])
    return values.astype(DTYPES[layout.sample])
