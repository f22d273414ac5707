"""PNG of less than 8 bits, and with a palette: written as they were, where the colours allow it."""

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .metadata import Chunk
from .picture import Pixels
from .tiff_packed import pack

_GRAY, _PALETTE = 0, 3
_LEVEL = 6  # of zlib: these are drawings and scans, which pack well
_NO_FILTER = b"\0"


class Packing(NamedTuple):
    """How a PNG stores samples that are handed out as 8 bits.

    Attributes:
        bits: 1, 2, 4 or 8.
        palette: (N, 3 or 4) u8; None for greys.
        chunks: The palette's own.
    """

    bits: int
    palette: NDArray[np.uint8] | None
    chunks: tuple[Chunk, ...] = ()

    def packed(self, pixels: Pixels) -> tuple[bytes, bytes] | None:
        """Return header and compressed samples of pixels (h, w, channels) u8.

        Greys become the nearest that there is. None if a colour is not in the palette.
        """
        if self.palette is None:
            top = 2**self.bits - 1
            stored = ((pixels.astype(np.uint16) * top + 127) // 255).astype(np.uint8)
        else:
            found = _indices(pixels, self.palette)
            if found is None:
                return None
            stored = found
        height, width = pixels.shape[:2]
        rows = pack(stored, self.bits)[..., 0] if self.bits < 8 else stored[..., 0]
        filtered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
        colour = _GRAY if self.palette is None else _PALETTE
        header = struct.pack(">IIBBBBB", width, height, self.bits, colour, 0, 0, 0)
        return header, zlib.compress(filtered.tobytes(), _LEVEL)

    def remarks(self, is_kept: bool) -> list[str]:
        """Say what became of the samples."""
        if self.palette is None:
            return [f"It still has {2**self.bits} greys: filled pixels have the nearest."]
        if is_kept:
            return []
        return [
            f"Its palette of {len(self.palette)} colours lacks some that were filled in, so it was "
            "written with 8 bits a channel."
        ]


def packing_of(bits: int, colour: int, chunks: Sequence[Chunk]) -> Packing | None:
    """Find how the samples of a file are packed; None for those that are not."""
    found = {chunk.kind: chunk.data for chunk in chunks}
    if colour == _PALETTE:
        table = found.get(b"PLTE", b"")
        palette = np.frombuffer(table[: len(table) // 3 * 3], np.uint8).reshape(-1, 3)
        kept = [Chunk(b"PLTE", table)]
        if b"tRNS" in found:
            alphas = np.full((len(palette), 1), 255, np.uint8)
            own = np.frombuffer(found[b"tRNS"], np.uint8)[: len(palette)]
            alphas[: len(own), 0] = own
            palette = np.concatenate([palette, alphas], axis=1)
            kept.append(Chunk(b"tRNS", found[b"tRNS"]))
        return Packing(bits, palette, tuple(kept))
    if bits < 8 and b"tRNS" not in found:
        return Packing(bits, None)
    return None


def _indices(pixels: Pixels, palette: NDArray[np.uint8]) -> Pixels | None:
    """Find each colour in a palette: (h, w, 1) u8; None if one is not in it."""
    as_one, table = _as_one(pixels), _as_one(palette[None])[0]
    order = np.argsort(table, kind="stable")
    places = np.searchsorted(table[order], as_one)
    found = order[np.minimum(places, len(order) - 1)]
    if (table[found] != as_one).any():
        return None
    return found.astype(np.uint8)[..., None]


def _as_one(colours: Pixels) -> NDArray[np.uint32]:
    one = np.zeros(colours.shape[:2], np.uint32)
    for channel in range(colours.shape[2]):
        one = one << np.uint32(8) | colours[..., channel]
    return one


def bytes_of_chunk(chunk: Chunk) -> bytes:
    """Return a chunk as it stands in a file."""
    return struct.pack(">I", len(chunk.data)) + chunk.kind + chunk.data + checksum(chunk)


def checksum(chunk: Chunk) -> bytes:
    return struct.pack(">I", zlib.crc32(chunk.data, zlib.crc32(chunk.kind)))
