"""CMYK inks as printers' files have them."""

import io
import subprocess
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.files.pictures import smooth

PROFILE = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")


def ink_profile():
    if not PROFILE.exists():
        pytest.skip("there is no CMYK profile on this computer (libgs-common)")
    return PROFILE.read_bytes()


def inks_of_light(light):
    """Inks of a printed photograph (h, w, 3) u8: no more than 300 % in all."""
    light = light.astype(int)
    black = 255 - light.max(axis=2, keepdims=True)
    return np.concatenate([255 - light - black, black], axis=2).clip(0, 255).astype(np.uint8)


def inks(height=37, width=53):
    return inks_of_light(smooth(height, width))


def shown(stored, profile, target=None, depth="u1"):
    """Convert inks to sRGB, or to another profile."""
    return imagecodecs.cms_transform(
        np.ascontiguousarray(stored), profile, target or imagecodecs.cms_profile("srgb"),
        colorspace="cmyk", outcolorspace="rgb", outdtype=depth, intent=1,
    ).astype(int)  # fmt: skip


def jpeg_of_inks(pixels, **options):
    """Write CMYK with its profile, as Pillow does: inverted, with Adobe's segment."""
    file = io.BytesIO()
    image = Image.fromarray(pixels, "CMYK")
    image.save(file, "JPEG", quality=90, icc_profile=ink_profile(), **options)
    return file.getvalue()


def jpeg_by_imagemagick(folder, pixels, *options):
    """Write YCCK, as ImageMagick does."""
    Image.fromarray(pixels, "CMYK").save(folder / "source.tif", icc_profile=ink_profile())
    command = ["convert", folder / "source.tif", "-quality", "90", *options, folder / "im.jpg"]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "im.jpg").read_bytes()
