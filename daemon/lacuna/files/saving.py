"""An edited copy of a picture, in its own format or in another one."""

from collections.abc import Sequence
from pathlib import Path

from .format import Format
from .metadata import left_out, upright
from .output import check_holds, check_holds_pages, output_format, replacing
from .picture import Edit, Picture, check_edits
from .tiff import TiffPicture, write_pages


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
        What the user should know: sentences on what is not as in the picture, and on what was
        left out.

    Raises:
        ValueError: If an edit does not fit the picture.
        LacunaError: If the format cannot hold the picture or the file cannot be written.
    """
    check_edits(picture, edits)
    target, beside = output_format(out), _stale_beside(out)
    if target.name == picture.format:
        with replacing(out, picture.path) as file:
            remarks = picture.write_copy(file, edits)
        return [*remarks, *_without(target, _not_held(picture, target)), *beside]
    check_holds(out, target, picture)
    assert target.write is not None, "output_format gives none that is not"
    with replacing(out, picture.path) as file, picture.edited(edits) as pixels:
        target.write(file, pixels, upright(picture.metadata))
    remarks = []
    if target.is_lossy:
        remarks.append(f"{target.name} is lossy: pixels outside the mask may differ by rounding.")
    missing = [*_not_held(picture, target), *left_out(picture.metadata, target.held)]
    return [*remarks, *_without(target, missing), *beside]


def _not_held(picture: Picture, target: Format) -> list[str]:
    there = {"EXIF": picture.metadata.exif, "XMP": picture.metadata.xmp}
    return [what for what in sorted(target.leaves_out) if there[what]]


def _without(target: Format, missing: list[str]) -> list[str]:
    if not missing:
        return []
    what = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
    return [f"Left out, because {target.name} has no place for it: {what}."]


def save_pages(out: Path, pages: Sequence[tuple[Picture, Sequence[Edit]]]) -> list[str]:
    """Write a copy of a TIFF in which several of its pages are edited, as `save_picture` does.

    Raises:
        ValueError: If an edit does not fit its page.
        LacunaError: If `out` is no TIFF or cannot be written.
    """
    opened = []
    for picture, edits in pages:
        check_edits(picture, edits)
        assert isinstance(picture, TiffPicture), "no other format has pages"
        opened.append((picture, edits))
    check_holds_pages(out, opened[0][0], len(opened))
    beside = _stale_beside(out)
    with replacing(out, opened[0][0].path) as file:
        return [*write_pages(file, opened), *beside]


def _stale_beside(out: Path) -> list[str]:
    """Name the files beside one that is overwritten that tell of what it was."""
    names = [f"{out.name}{suffix}" for suffix in (".ovr", ".aux.xml", ".msk")]
    stale = [name for name in names if out.exists() and out.with_name(name).exists()]
    if not stale:
        return []
    tell = "tells" if len(stale) == 1 else "tell"
    return [f"{' and '.join(stale)} beside it still {tell} of the picture before the fill."]
