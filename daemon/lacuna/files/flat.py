"""Pictures that Pillow decodes, without their palettes."""

from typing import Any

import numpy as np

from .apart import Foreign
from .metadata import Metadata

_AS = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA"}


def flat(image: Any) -> Foreign:
    """Decode an open picture of 8 bits: grey or RGB, with alpha if it has transparent colours."""
    mode = _AS.get(image.mode, "RGB")
    if "transparency" in image.info and image.mode in ("P", "L", "RGB"):
        mode = "LA" if image.mode == "L" else "RGBA"
    dpi = image.info.get("dpi")
    metadata = Metadata(icc=image.info.get("icc_profile", b"") or b"")
    if dpi and dpi[0] > 0 and dpi[1] > 0:
        metadata = metadata._replace(dpi=(float(dpi[0]), float(dpi[1])))
    pixels = np.array(image.convert(mode))
    return Foreign(pixels, metadata)
