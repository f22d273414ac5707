"""A picture saved in another format than its own: upright, with what both formats can hold."""

from pathlib import Path
from typing import Any

from . import jpeg, png, webp
from .formats import JPEG, PNG, TIFF, WEBP
from .metadata import upright
from .output import check_holds, output_format, replacing, write_pieces
from .picture import Picture, Pixels
from .tiff_new import write_tiff

_CONTAINERS: dict[str, Any] = {PNG.name: png, JPEG.name: jpeg, WEBP.name: webp}


def save_converted(out: Path, picture: Picture, pixels: Pixels) -> None:
    """Write `pixels` to `out` in the format of its suffix, with the metadata of `picture`.

    The pixels are stored as they are displayed and the orientation is set to 1: few programs look
    for an orientation outside JPEG, and all of them show this copy the right way up.

    Args:
        out: The file to make or to replace.
        picture: Where the pixels come from.
        pixels: The whole picture as displayed, patches included.

    Raises:
        LacunaError: If the format cannot hold the picture or the file cannot be written.
    """
    target = output_format(out)
    check_holds(out, target, picture)
    metadata = upright(picture.metadata)
    with replacing(out) as part:
        if target is TIFF:
            write_tiff(part, pixels, metadata)
        else:
            container = _CONTAINERS[target.name]
            write_pieces(part, container.encode(pixels, container.chunks_from(metadata)))
