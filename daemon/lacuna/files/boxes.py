"""Boxes of the ISO base media format: AVIF, HEIC, JPEG 2000 and JPEG XL are made of them."""

import struct
from collections.abc import Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """A piece of a file: a length, four letters, and what it holds."""

    kind: bytes
    data: memoryview


def boxes_of(data: bytes | memoryview) -> Iterator[Box]:
    """Yield the boxes in `data`, one behind the other, up to the first that does not fit."""
    view, at = memoryview(data), 0
    while at + 8 <= len(view):
        length, kind = struct.unpack_from(">I4s", view, at)
        head = 8
        if length == 1 and at + 16 <= len(view):
            (length,) = struct.unpack_from(">Q", view, at + 8)
            head = 16
        if length == 0:  # up to the end of the file
            length = len(view) - at
        if length < head or at + length > len(view):
            return
        yield Box(kind, view[at + head : at + length])
        at += length


def box(kind: bytes, data: bytes) -> bytes:
    """Make a box."""
    return struct.pack(">I4s", 8 + len(data), kind) + data
