"""Colour profiles, as LittleCMS reads them (through Pillow)."""

import io
from functools import lru_cache
from typing import Any

import numpy as np

from lacuna_wire.layout import PixelLayout

_STEPS = 9  # per channel, at which two profiles are compared
_MOST_OFF = 2  # of 255: rounding of tables


def name_of(icc: bytes) -> str:
    """Return what a profile calls itself."""
    from PIL import ImageCms

    try:
        return ImageCms.getProfileDescription(_read(icc)).strip() or "without a name"
    except (ImageCms.PyCMSError, OSError):
        return "that cannot be read"


def is_srgb(icc: bytes, layout: PixelLayout) -> bool:
    """Tell whether colours mean the same without the profile; always so if there is none."""
    return not icc or _is_srgb(icc, layout.channels in ("GRAY", "GRAYA"))


@lru_cache(maxsize=8)
def _is_srgb(icc: bytes, is_gray: bool) -> bool:
    from PIL import Image, ImageCms

    steps = np.linspace(0, 255, _STEPS).astype(np.uint8)
    if is_gray:
        colours = Image.fromarray(steps[None])
    else:
        grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        colours = Image.fromarray(grid.reshape(_STEPS, -1, 3))
    try:
        seen = ImageCms.profileToProfile(
            colours, _read(icc), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return False
    expected = np.asarray(colours.convert("RGB")).astype(int)
    return bool(np.abs(np.asarray(seen).astype(int) - expected).max() <= _MOST_OFF)


def _read(icc: bytes) -> Any:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(io.BytesIO(icc))
