"""An edited copy of a picture, in its own format or in another one."""

from collections.abc import Sequence
from pathlib import Path

from .metadata import left_out, upright
from .output import check_holds, output_format, replacing
from .picture import Edit, Picture, check_edits


def save_picture(picture: Picture, out: Path, edits: Sequence[Edit]) -> list[str]:
    """Write a copy in which each edit replaces what is under its rectangle.

    Every other pixel stays as it is, bit for bit. In a JPEG, and in a TIFF with JPEG inside, these
    are the pixels of blocks that no edit changes; another format that becomes a JPEG is coded anew.
    `out` may be the picture itself. The suffix of `out` says the format; the file appears complete
    or not at all.

    A copy in another format is stored as it is displayed, with orientation 1: few programs look for
    an orientation outside JPEG, and all of them show this copy the right way up.

    Args:
        picture: What `open_picture` returned.
        out: The file to make or to replace.
        edits: Rectangles in displayed pixels, with pixels in the picture's own layout. Where two of
            them meet, the later one wins.

    Returns:
        What the user should know: sentences on pixels beside the edits, and on what was left out.

    Raises:
        ValueError: If an edit does not fit the picture.
        LacunaError: If the format cannot hold the picture or the file cannot be written.
    """
    check_edits(picture, edits)
    target = output_format(out)
    if target.name == picture.format:
        with replacing(out, picture.path) as file:
            return picture.write_copy(file, edits)
    check_holds(out, target, picture)
    with replacing(out, picture.path) as file, picture.edited(edits) as pixels:
        target.write(file, pixels, upright(picture.metadata))
    remarks = []
    if target.is_lossy:
        remarks.append(f"{target.name} is lossy: pixels outside the mask may differ by rounding.")
    missing = left_out(picture.metadata, target.held)
    if missing:
        what = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
        remarks.append(f"Left out, because {target.name} has no place for it: {what}.")
    return remarks
