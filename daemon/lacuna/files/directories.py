"""TIFF directories: the numbered tags in which TIFF files and EXIF blocks write what they know.

Values stay the bytes they are, so that a directory can be moved without understanding it.
"""

import io
import struct
from typing import Any, Literal, NamedTuple

SHORT, LONG, RATIONAL, UNDEFINED, LONG8 = 3, 4, 5, 7, 16

_TYPE_BYTES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
    16: 8, 17: 8, 18: 8,
}  # fmt: skip
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_VALUE_BYTES = 2**28  # of one tag; profiles and layers take some megabytes
_MAX_TAGS = 4_096  # real directories have less than a hundred


class Flavour(NamedTuple):
    """How numbers are written: byte order `<` or `>`, and whether in the long form of BigTIFF."""

    order: Literal["<", ">"] = "<"
    big: bool = False

    @property
    def row_count(self) -> str:
        return self.order + ("Q" if self.big else "H")

    @property
    def row(self) -> str:
        return self.order + ("HHQ" if self.big else "HHI")

    @property
    def pointer(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def row_bytes(self) -> int:
        return 20 if self.big else 12

    @property
    def inline_bytes(self) -> int:
        """Values up to this length stand in the row itself, longer ones behind a pointer."""
        return 8 if self.big else 4


class TagEntry(NamedTuple):
    """One tag.

    Attributes:
        type: TIFF's number for the type of its values.
        length: How many values.
        value: The values as they are in the file.
        at: Where they are in the file; 0 if made here.
    """

    type: int
    length: int
    value: bytes
    at: int = 0


Directory = dict[int, TagEntry]


def read_directory(file: Any, offset: int, flavour: Flavour) -> tuple[Directory, int]:
    """Read the directory at `offset`.

    Args:
        file: Anything with `seek`, `tell` and `read` of bytes.
        offset: Where it stands.
        flavour: How its numbers are written.

    Returns:
        Its tags, and the position of the pointer to the next directory.

    Raises:
        ValueError: If the directory does not lie in the file. A single value that does not is
            left out.
    """
    size = file.seek(0, io.SEEK_END)
    if not 0 < offset < size:
        raise ValueError(f"a directory at byte {offset:,} of {size:,}")
    file.seek(offset)
    count_bytes = file.read(struct.calcsize(flavour.row_count))
    if len(count_bytes) != struct.calcsize(flavour.row_count):
        raise ValueError("a directory that ends early")
    (count,) = struct.unpack(flavour.row_count, count_bytes)
    start = file.tell()
    rows = file.read(count * flavour.row_bytes) if count <= _MAX_TAGS else b""
    if len(rows) != count * flavour.row_bytes:
        raise ValueError(f"a directory of {count:,} tags that ends early")
    directory: Directory = {}
    for row in range(0, len(rows), flavour.row_bytes):
        tag, kind, number = struct.unpack_from(flavour.row, rows, row)
        length = _TYPE_BYTES.get(kind, 0) * number
        at = row + flavour.row_bytes - flavour.inline_bytes
        if length > flavour.inline_bytes:
            (at,) = struct.unpack_from(flavour.pointer, rows, at)
        else:
            at += start
        if 0 < length <= min(_MAX_VALUE_BYTES, size - at):
            file.seek(at)
            directory[tag] = TagEntry(kind, number, file.read(length), at)
    return directory, start + len(rows)


def write_directory(directory: Directory, at: int, flavour: Flavour) -> bytes:
    """Write a directory with its values behind it, to stand at the even byte `at` of a file.

    It links to no other; its length depends on the lengths of the values alone.
    """
    inline = flavour.inline_bytes
    behind = at + struct.calcsize(flavour.row_count) + len(directory) * flavour.row_bytes + inline
    table, values = bytearray(struct.pack(flavour.row_count, len(directory))), bytearray()
    for tag, entry in sorted(directory.items()):
        table += struct.pack(flavour.row, tag, entry.type, entry.length)
        if len(entry.value) <= inline:
            table += entry.value.ljust(inline, b"\0")
        else:
            values += bytes((behind + len(values)) % 2)  # values begin at even bytes
            table += struct.pack(flavour.pointer, behind + len(values))
            values += entry.value
    return bytes(table + bytes(inline) + values)


def number(directory: Directory, tag: int, flavour: Flavour, default: int = 0) -> int:
    """Return the first value of a tag of whole numbers; `default` if there is no such tag."""
    entry = directory.get(tag)
    if entry is None or entry.type not in _WHOLE_NUMBERS:
        return default
    return int(struct.unpack_from(flavour.order + _WHOLE_NUMBERS[entry.type], entry.value)[0])


def numbers_entry(kind: int, values: list[int], flavour: Flavour) -> TagEntry:
    """Make a tag of whole numbers of type SHORT, LONG or LONG8."""
    form = f"{flavour.order}{len(values)}{_WHOLE_NUMBERS[kind]}"
    return TagEntry(kind, len(values), struct.pack(form, *values))


def pointer_entry(offset: int, flavour: Flavour) -> TagEntry:
    """Make the tag that points to another directory."""
    return numbers_entry(LONG8 if flavour.big else LONG, [offset], flavour)
