"""Pictures that are decoded as a whole, once, in their own depth: PNG, JPEG and WebP.

Their compression runs through the whole file, so a window cannot be read alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from lacuna_wire.layout import PixelLayout
from lacuna_wire.rect import Rect

from . import exif
from .format import Pieces
from .inks import SHOWN_AS, Inks
from .metadata import Chunk, Metadata
from .orientation import Turn, displayed, stored, stored_rect, turn_of
from .picture import Edit, Pixels, check_rect, layout_of
from .refusals import reading

_BAND_ROWS = 256  # of a mask at a time, so that no second copy of a large one is needed

Buffer = bytes | memoryview


class RecodedFile(NamedTuple):
    """A copy that keeps what it can of the coded file.

    Attributes:
        pieces: The new file, piece by piece.
        remarks: Sentences for the user on what differs beside the changes.
    """

    pieces: Iterable[Buffer]
    remarks: list[str]


class Decoded(NamedTuple):
    """A picture file that is decoded as a whole.

    Attributes:
        pixels: As stored, before any turning.
        metadata: What other formats can hold too.
        lossy: Whether the pixels went through a lossy compression.
        encode: Encodes pixels of the same layout with all that this file says besides them, and
            yields the new file piece by piece.
        recode: The same from the pixels and what stood there before, where something may have
            changed, both as stored; None if `encode` loses nothing.
        working_bytes: Memory beside the pixels that opening and saving take at most, where that is
            worth speaking of.
        inks: What four channels mean that are CMYK inks, which are handed out as a wide RGB; None
            for pixels that are handed out as they are.
    """

    pixels: Pixels
    metadata: Metadata
    lossy: bool
    encode: Callable[[Pixels], Iterable[Buffer]]
    recode: Callable[[Pixels, Sequence[Edit]], RecodedFile] | None = None
    working_bytes: int = 0
    inks: Inks | None = None


# From the bytes of a file, its name for sentences, and whether it is a mask: then layouts that no
# picture may have are allowed.
Decode = Callable[[bytes, Path, bool], Decoded]
# From pixels (h, w, channels) and the chunks around them to a new file, piece by piece.
Encode = Callable[[Pixels, Iterable[Chunk]], Iterable[Buffer]]


@dataclass(frozen=True)
class RasterPicture:
    """A `Picture` whose pixels are in memory, once.

    Not for several threads: while it is saved, the edits stand in its pixels.
    """

    path: Path
    format: str
    decoded: Decoded

    @property
    def turn(self) -> Turn:
        return turn_of(exif.orientation(self.metadata.exif))

    @property
    def width(self) -> int:
        return int(displayed(self.decoded.pixels, self.turn).shape[1])

    @property
    def height(self) -> int:
        return int(displayed(self.decoded.pixels, self.turn).shape[0])

    @property
    def layout(self) -> PixelLayout:
        if self.decoded.inks is not None:
            return SHOWN_AS
        return layout_of(self.decoded.pixels.shape[2], self.decoded.pixels.dtype)

    @property
    def lossy(self) -> bool:
        return self.decoded.lossy

    @property
    def alpha_is_unknown(self) -> bool:
        return False

    @property
    def metadata(self) -> Metadata:
        return self.decoded.metadata

    @property
    def working_bytes(self) -> int:
        return self.decoded.working_bytes

    def read(self, rect: Rect) -> Pixels:
        check_rect(self, rect)
        pixels = displayed(self.decoded.pixels, self.turn)[rect.slices]
        if self.decoded.inks is not None:
            return self.decoded.inks.colours_of(pixels)
        return pixels.copy(order="C")

    def write_copy(self, file: BinaryIO, edits: Sequence[Edit]) -> list[str]:
        with self._edited_as_stored(edits) as (pixels, before):
            if self.decoded.recode is None:
                file.writelines(self.decoded.encode(pixels))
                return []
            recoded = self.decoded.recode(pixels, before)
            file.writelines(recoded.pieces)
            return recoded.remarks

    @contextmanager
    def edited(self, edits: Sequence[Edit]) -> Iterator[Pixels]:
        with self._edited_as_stored(edits) as (pixels, _before):
            shown = displayed(pixels, self.turn)
            yield shown if self.decoded.inks is None else self.decoded.inks.colours_of(shown)

    @contextmanager
    def _edited_as_stored(self, edits: Sequence[Edit]) -> Iterator[tuple[Pixels, list[Edit]]]:
        """Lend the stored pixels with the edits in them, for a second copy could be gigabytes.

        With them comes what stood there before.
        """
        pixels, inks = self.decoded.pixels, self.decoded.inks
        places = [stored_rect(rect, self.width, self.height, self.turn) for rect, _ in edits]
        before = [(place, pixels[place.slices].copy()) for place in places]
        try:
            for (place, original), (_, new) in zip(before, edits, strict=True):
                turned = stored(new, self.turn)
                pixels[place.slices] = turned if inks is None else inks.taken_back(turned, original)
            yield pixels, before
        finally:
            for place, original in before:
                pixels[place.slices] = original


def open_raster(name: str, decode: Decode, path: Path) -> RasterPicture:
    """Read and decode a whole file.

    Args:
        name: Of the format.
        decode: Of the format.
        path: The file.

    Raises:
        LacunaError: If it is damaged, too large, or of a layout that cannot be edited.
    """
    return RasterPicture(path, name, _decoded(decode, path, False))


@contextmanager
def open_raster_mask(decode: Decode, path: Path) -> Iterator[Pieces]:
    """Decode a picture of a mask as a whole, and lend it in bands.

    Raises:
        LacunaError: If it is damaged, too large, or of a layout that does not make a mask.
    """
    decoded = _decoded(decode, path, True)
    whole = displayed(decoded.pixels, turn_of(exif.orientation(decoded.metadata.exif)))
    height, width = whole.shape[:2]
    bands = (
        (Rect(0, top, width, min(_BAND_ROWS, height - top)), whole[top : top + _BAND_ROWS])
        for top in range(0, height, _BAND_ROWS)
    )
    yield Pieces(width, height, decoded.lossy, bands)


def write_raster(
    encode: Encode,
    chunks_from: Callable[[Metadata], list[Chunk]],
    file: BinaryIO,
    pixels: Pixels,
    metadata: Metadata,
) -> None:
    """Write a new file.

    Args:
        encode: Of the format.
        chunks_from: Of the format: metadata as the chunks that it has for it.
        file: An empty file.
        pixels: As displayed, (h, w, channels).
        metadata: What the file says besides.
    """
    file.writelines(encode(pixels, chunks_from(metadata)))


def _decoded(decode: Decode, path: Path, as_mask: bool) -> Decoded:
    with reading(path):
        decoded = decode(path.read_bytes(), path, as_mask)
        # Libraries may hand out memory that is theirs; the edits are written into it later.
        pixels = np.require(decoded.pixels, requirements=["C", "W"])
    return decoded._replace(pixels=pixels)
