"""What the module of a file format declares about it, so that the table in `formats` has one line.

Everything outside that module asks the declaration: how its files begin, what they can hold, how
one is opened, how one is written.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from numpy.typing import NDArray

from lacuna_wire.layout import PixelLayout
from lacuna_wire.rect import Rect

from .metadata import Metadata
from .picture import Picture, Pixels

Piece = tuple[Rect, NDArray[Any]]  # pixels as displayed: (h, w, 1 to 4) of any type, white is high


class Pieces(NamedTuple):
    """A picture of a mask, piece by piece.

    Attributes:
        width: Columns as displayed.
        height: Rows as displayed.
        is_lossy: Whether it is JPEG or a lossy WebP.
        pieces: Its pixels, each of them once.
    """

    width: int
    height: int
    is_lossy: bool
    pieces: Iterator[Piece]


class Format(NamedTuple):
    """A file format.

    Attributes:
        name: For sentences.
        suffixes: Of its files, in lower case, the usual one first.
        signature: Matches the first bytes of its files.
        channels: Keys of `lacuna_wire.messages.CHANNELS`.
        samples: Keys of `lacuna_wire.messages.SAMPLE_BYTES`.
        max_side: Most pixels in a row or column.
        max_pixels: Most pixels in all.
        open: Opens a picture that can be edited; raises what `open_picture` raises.
        open_mask: Lends a picture of a mask; raises what `read_mask` raises.
        write: Writes pixels as displayed (h, w, channels), and metadata that says so, into an empty
            file.
        held: Fields of `Metadata` that it has a place for, of those that not every format has.
        max_exif_bytes: Of an EXIF block; None if there is no limit that anybody meets.
        max_xmp_bytes: Of an XMP packet.
        is_lossy: Whether writing changes pixels that nobody edited.
        is_streamed: Whether neither reading a window nor an edited copy of the same format holds
            the whole picture in memory.
    """

    name: str
    suffixes: tuple[str, ...]
    signature: re.Pattern[bytes]
    channels: frozenset[str]
    samples: frozenset[str]
    max_side: int
    max_pixels: int
    open: Callable[[Path], Picture]
    open_mask: Callable[[Path], AbstractContextManager[Pieces]]
    write: Callable[[BinaryIO, Pixels, Metadata], None]
    held: frozenset[str] = frozenset()
    max_exif_bytes: int | None = None
    max_xmp_bytes: int | None = None
    is_lossy: bool = False
    is_streamed: bool = False

    def holds(self, layout: PixelLayout) -> bool:
        return layout.channels in self.channels and layout.sample in self.samples
