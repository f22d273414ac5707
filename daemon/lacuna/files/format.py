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


class Size(NamedTuple):
    """What a file declares, found without decoding it.

    Attributes:
        width: Columns as stored.
        height: Rows as stored.
        pixel_bytes: Of a decoded pixel, at most; 0 if only windows are ever decoded.
    """

    width: int
    height: int
    pixel_bytes: int = 0

    @property
    def byte_count(self) -> int:
        """Memory that the decoded picture takes."""
        return self.width * self.height * self.pixel_bytes


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
        measure: Finds the size that a file declares; raises what `open_picture` raises.
        open: Opens a picture that can be edited; raises what `open_picture` raises.
        open_mask: Lends a picture of a mask; raises what `read_mask` raises.
        write: Writes pixels as displayed (h, w, channels), and metadata that says so, into an empty
            file; None for a format that is only read.
        held: Fields of `Metadata` that it has a place for, of those that not every format has.
        max_exif_bytes: Of an EXIF block; None if there is no limit that anybody meets.
        max_xmp_bytes: Of an XMP packet.
        holds_profiles: Whether it holds colour profiles; if not, its pixels are sRGB.
        leaves_out: What it does not hold of `EXIF` and `XMP`.
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
    measure: Callable[[Path], Size]
    open: Callable[[Path], Picture]
    open_mask: Callable[[Path], AbstractContextManager[Pieces]]
    write: Callable[[BinaryIO, Pixels, Metadata], None] | None
    held: frozenset[str] = frozenset()
    max_exif_bytes: int | None = None
    max_xmp_bytes: int | None = None
    holds_profiles: bool = True
    leaves_out: frozenset[str] = frozenset()
    is_lossy: bool = False
    is_streamed: bool = False

    def holds(self, layout: PixelLayout) -> bool:
        return layout.channels in self.channels and layout.sample in self.samples
