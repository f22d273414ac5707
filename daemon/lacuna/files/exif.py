"""EXIF: what cameras and editors write beside the pixels, as a block or inside a TIFF file.

A block is edited in place, because maker notes point into it by absolute positions. Only when it
moves between a TIFF file (whose own directory it is) and the other formats is it rebuilt.
"""

import io
import struct
from typing import Any, Literal, NamedTuple

from .directories import (
    RATIONAL,
    SHORT,
    Directory,
    Flavour,
    TagEntry,
    number,
    numbers_entry,
    pointer_entry,
    read_directory,
    write_directory,
)

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 274, 282, 283, 296
SHOT, PLACE, INTEROPERABILITY = 34665, 34853, 40965  # pointers to directories
THUMBNAIL_OFFSET, THUMBNAIL_LENGTH = 513, 514
INCH, CENTIMETRE = 2, 3

# Tags of the first directory that tell about the picture; all others tell how it is stored.
# 40091 to 40095 are the title, comment, author, keywords and subject of Windows.
DESCRIPTIVE = {
    269, 270, 271, 272, 285, 305, 306, 315, 316, 18246, 18249, 33432,
    40091, 40092, 40093, 40094, 40095,
}  # fmt: skip


class Tags(NamedTuple):
    """The directories about the picture, about the shot (EXIF) and about the place (GPS)."""

    flavour: Flavour
    main: Directory
    shot: Directory
    place: Directory


def read_tags(file: Any, offset: int, flavour: Flavour) -> Tags:
    """Read the directory at `offset` and the two that belong to it.

    Raises:
        ValueError: If the first one does not lie in the file.
    """
    main, _ = read_directory(file, offset, flavour)
    shot, place = (_sub_directory(file, main, pointer, flavour) for pointer in (SHOT, PLACE))
    return Tags(flavour, main, shot, place)


def parse(block: bytes) -> Tags | None:
    """Read a block; None if it is not one, which is no reason to refuse a picture."""
    try:
        flavour, first = _header(block)
        return read_tags(io.BytesIO(block), first, flavour)
    except ValueError:
        return None


def orientation(block: bytes) -> int:
    """Return the number of the orientation; 1 if the block does not say."""
    tags = parse(block)
    return number(tags.main, ORIENTATION, tags.flavour, 1) if tags else 1


def dpi(tags: Tags | None) -> tuple[float, float] | None:
    """Return pixels per inch, across and down, if the tags are there and mean a length."""
    if tags is None:
        return None
    unit = number(tags.main, RESOLUTION_UNIT, tags.flavour, INCH)
    sides = []
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        entry = tags.main.get(tag)
        if entry is None or entry.type != RATIONAL or unit not in (INCH, CENTIMETRE):
            return None
        above, below = struct.unpack_from(tags.flavour.order + "II", entry.value)
        if not above or not below:
            return None
        sides.append(above / below * (2.54 if unit == CENTIMETRE else 1))
    return sides[0], sides[1]


def with_dpi(block: bytes, dpi_wanted: tuple[float, float] | None) -> bytes:
    """Return a block that says how many pixels an inch has, unless it does already."""
    tags = parse(block) or Tags(Flavour(), {}, {}, {})
    if dpi_wanted is None or dpi(tags) is not None:
        return block
    return build(tags._replace(main=tags.main | dpi_entries(dpi_wanted, tags.flavour)))


def dpi_entries(dpi_wanted: tuple[float, float], flavour: Flavour) -> Directory:
    """Make the three tags of a resolution."""
    across, down = (
        TagEntry(RATIONAL, 1, struct.pack(flavour.order + "II", round(side * 1_000), 1_000))
        for side in dpi_wanted
    )
    unit = numbers_entry(SHORT, [INCH], flavour)
    return {X_RESOLUTION: across, Y_RESOLUTION: down, RESOLUTION_UNIT: unit}


def upright(block: bytes) -> bytes:
    """Return the block with orientation 1, everything else where it was."""
    tags = parse(block)
    entry = tags.main.get(ORIENTATION) if tags else None
    if tags is None or entry is None or entry.type != SHORT:
        return block
    edited = bytearray(block)
    struct.pack_into(tags.flavour.order + "H", edited, entry.at, 1)
    return bytes(edited)


def without_thumbnail(block: bytes) -> bytes:
    """Return the block with its preview unlinked and blanked, everything else where it was."""
    try:
        flavour, first = _header(block)
        file = io.BytesIO(block)
        _, link = read_directory(file, first, flavour)
        (second,) = struct.unpack_from(flavour.pointer, block, link)
        preview, _ = read_directory(file, second, flavour)
    except (ValueError, struct.error):
        return block
    edited = bytearray(block)
    struct.pack_into(flavour.pointer, edited, link, 0)
    start = number(preview, THUMBNAIL_OFFSET, flavour)
    end = min(len(block), start + number(preview, THUMBNAIL_LENGTH, flavour))
    if 8 <= start < end:
        edited[start:end] = bytes(end - start)
    return bytes(edited)


def build(tags: Tags) -> bytes:
    """Write a block of its own: `DESCRIPTIVE` tags, resolution, and the two other directories."""
    flavour = Flavour(tags.flavour.order)
    keep = DESCRIPTIVE | {X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT}
    main = {tag: entry for tag, entry in tags.main.items() if tag in keep}
    if not main and not tags.shot and not tags.place:
        return b""
    head = (b"II" if flavour.order == "<" else b"MM") + struct.pack(flavour.order + "HI", 42, 8)
    return head + write_tags(tags._replace(flavour=flavour, main=main), len(head))


def write_tags(tags: Tags, at: int) -> bytes:
    """Write the three directories to stand at the even byte `at`, the main one first."""
    flavour, main = tags.flavour, dict(tags.main)
    subs = {tag: sub for tag, sub in ((SHOT, tags.shot), (PLACE, tags.place)) if sub}
    # Pointers have a fixed length, so a first pass with zeros tells where the others will stand.
    main |= {tag: pointer_entry(0, flavour) for tag in subs}
    position = at + len(write_directory(main, at, flavour))
    behind = b""
    for tag, sub in subs.items():
        behind += bytes((position + len(behind)) % 2)  # directories begin at even bytes
        main[tag] = pointer_entry(position + len(behind), flavour)
        behind += write_directory(sub, position + len(behind), flavour)
    return write_directory(main, at, flavour) + behind


def _header(block: bytes) -> tuple[Flavour, int]:
    if len(block) < 8 or block[:4] not in (b"II*\0", b"MM\0*"):
        raise ValueError("no TIFF header")
    order: Literal["<", ">"] = "<" if block[:1] == b"I" else ">"
    return Flavour(order), struct.unpack_from(order + "I", block, 4)[0]


def _sub_directory(file: Any, main: Directory, tag: int, flavour: Flavour) -> Directory:
    if tag not in main:
        return {}
    try:
        sub, _ = read_directory(file, number(main, tag, flavour), flavour)
    except ValueError:
        return {}
    # The directory below would dangle after a move; all it says is "R98".
    sub.pop(INTEROPERABILITY, None)
    return sub
