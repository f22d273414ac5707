"""An edited copy of a picture, in its own format or in another one."""

from collections.abc import Sequence
from pathlib import Path

from .metadata import upright
from .output import check_holds, output_format, replacing
from .picture import Edit, Picture, check_edits


def save_picture(picture: Picture, out: Path, edits: Sequence[Edit]) -> None:
    """Write a copy in which each edit replaces what is under its rectangle.

    Every other pixel stays as it is, bit for bit, unless the copy is a JPEG or the picture a TIFF
    with JPEG inside. `out` may be the picture itself. The suffix of `out` says the format; the file
    appears complete or not at all.

    A copy in another format is stored as it is displayed, with orientation 1: few programs look for
    an orientation outside JPEG, and all of them show this copy the right way up.

    Args:
        picture: What `open_picture` returned.
        out: The file to make or to replace.
        edits: Rectangles in displayed pixels, with pixels in the picture's own layout. Where two of
            them meet, the later one wins.

    Raises:
        ValueError: If an edit does not fit the picture.
        LacunaError: If the format cannot hold the picture or the file cannot be written.
    """
    check_edits(picture, edits)
    target = output_format(out)
    if target.name == picture.format:
        with replacing(out, picture.path) as file:
            picture.write_copy(file, edits)
        return
    check_holds(out, target, picture)
    with replacing(out, picture.path) as file, picture.edited(edits) as pixels:
        target.write(file, pixels, upright(picture.metadata))
