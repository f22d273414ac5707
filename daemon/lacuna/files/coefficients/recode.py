"""A JPEG stream in which the blocks with changed pixels are coded anew.

All other blocks keep their coefficients, and the stream its tables of quantisation, its kind
(progressive or not), its scans and its restarts.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lacuna_wire.rect import Rect

from . import scan_state
from .blocks import BlockPlane, changed_blocks, new_coefficients, planes_of
from .encoding import encode_rows
from .huffman import HuffmanTable, codes_of, lookup_of, packed
from .passes import (
    NO_BYTES,
    band_rows_of,
    best_tables,
    decode_band,
    encoded,
    own_tables,
    room_for,
)
from .scans import Scan, band_of, fresh_state, scans_of
from .stream import DHT, SOS, Part, frame_of, quantisation_of

Changes = Sequence[tuple[Rect, NDArray[np.bool_]]]


class Recoded(NamedTuple):
    """A stream that was coded anew in part.

    Attributes:
        parts: Of the new stream.
        changed: Share of its blocks that are new.
    """

    parts: list[tuple[int, bytes, list[bytes]]]
    changed: float


def recode(
    parts: list[Part],
    pixels: NDArray[np.uint8],
    changes: Changes | None,
    has_brightness: bool,
    known: Iterable[Part] = (),
    with_own_tables: bool = True,
) -> Recoded:
    """Code the blocks with changed pixels anew.

    Args:
        parts: Of the stream.
        pixels: (h, w, channels) u8, what the picture is to show.
        changes: Rectangles, and which of their pixels changed; None codes every block anew, and
            reads none.
        has_brightness: Whether the components are brightness and colours, and maybe black ink.
        known: Tables that stand outside of the stream (as in TIFF).
        with_own_tables: Keep the Huffman tables if they have all codes; else the best are made.

    Returns:
        The parts as (marker, data, pieces of a scan).

    Raises:
        DamagedScan: If the coefficients cannot be read; not with None.
        ValueError: If the stream is not what can be coded anew.
    """
    stream = _Stream(parts, list(known), pixels, changes, has_brightness, with_own_tables)
    if len(stream.scans) == 1 and not stream.frame.is_progressive:
        coded = [stream.in_bands(stream.scans[0])]
    else:
        coded = stream.as_a_whole()
    new_tables = any(tables for tables, _ in coded)
    found: list[tuple[int, bytes, list[bytes]]] = []
    scans = iter(coded)
    for part in parts:
        if part.marker == DHT and new_tables:
            continue
        if part.marker == SOS:
            tables, pieces = next(scans)
            if tables:
                found.append((DHT, packed(tables), []))
            found.append((SOS, part.data, pieces))
        else:
            found.append((part.marker, part.data, []))
    new, blocks = (
        sum(int(mask.sum()) for mask in stream.masks),
        sum(p.blocks for p in stream.planes),
    )
    return Recoded(found, new / blocks)


def check_complete(parts: list[Part]) -> None:
    """Decode all scans, and keep nothing.

    Raises:
        DamagedScan: If bits of one are missing, or do not mean coefficients.
        ValueError: If the stream cannot be read at all.
    """
    _Stream(parts, [], np.empty((0, 0, 1), np.uint8), [], False).decoded()


class _Stream:
    """The frame, scans and changes of a stream, while it is coded."""

    def __init__(
        self,
        parts: list[Part],
        known: list[Part],
        pixels: NDArray[np.uint8],
        changes: Changes | None,
        has_brightness: bool,
        with_own_tables: bool = True,
    ) -> None:
        self.frame = frame_of(parts)
        self.planes = planes_of(self.frame)
        self.scans = scans_of(parts, known, self.frame, self.planes)
        if not self.scans:
            raise ValueError("it has no scan")
        self.steps = quantisation_of([*known, *parts])
        self.pixels, self.has_brightness = pixels, has_brightness
        self.is_read = changes is not None
        self.keeps_tables = with_own_tables and not self.frame.is_progressive
        self.masks = changed_blocks(self.planes, changes or [])
        if changes is None:
            self.masks = [np.ones_like(mask) for mask in self.masks]

    def in_bands(self, scan: Scan) -> tuple[dict[int, HuffmanTable], list[bytes]]:
        """Code the one scan of a sequential stream, a band of rows at a time."""
        own = own_tables(scan) if self.keeps_tables else {}
        pieces = self._pass(scan, own) if own else None
        if pieces is not None:
            return {}, pieces
        # The file's own tables lack a code that the new blocks need.
        counts = np.zeros((8, 256), np.int64)
        self._pass(scan, None, counts)
        best = best_tables(scan, counts)
        pieces = self._pass(scan, best)
        assert pieces is not None
        return best, pieces

    def as_a_whole(self) -> list[tuple[dict[int, HuffmanTable], list[bytes]]]:
        """Code all scans of a stream whose coefficients come in parts."""
        coefficients = self.decoded() if self.is_read else self._zeros()
        self._renew(coefficients, 0, None, self.planes)
        kept = self._with_own_tables(coefficients) if self.keeps_tables else None
        if kept is not None:
            return [({}, pieces) for pieces in kept]
        coded = []
        for scan in self.scans:
            counts = np.zeros((8, 256), np.int64)
            encoded(scan, coefficients, counts, None)
            best = best_tables(scan, counts)
            coded.append((best, encoded(scan, coefficients, counts, codes_of(best)) or []))
        return coded

    def _with_own_tables(self, coefficients: NDArray[np.int16]) -> list[list[bytes]] | None:
        """Encode all scans with the tables of the file; None if they lack a code."""
        counts = np.zeros((8, 256), np.int64)
        found = []
        for scan in self.scans:
            own = own_tables(scan)
            pieces = encoded(scan, coefficients, counts, codes_of(own)) if own else None
            if pieces is None:
                return None
            found.append(pieces)
        return found

    def decoded(self) -> NDArray[np.int16]:
        """Decode all scans: (blocks, 64)."""
        coefficients = self._zeros()
        for scan in self.scans:
            state, lookup = fresh_state(scan), lookup_of(scan.tables)
            grid = scan.columns, 0, scan.rows, 0, scan.interval
            decode_band(scan, state, coefficients, scan.units, lookup, grid)
        return coefficients

    def _zeros(self) -> NDArray[np.int16]:
        return np.zeros((sum(plane.blocks for plane in self.planes), 64), np.int16)

    def _pass(
        self,
        scan: Scan,
        tables: dict[int, HuffmanTable] | None,
        counts: NDArray[np.int64] | None = None,
    ) -> list[bytes] | None:
        """Go through a scan in bands; without tables count its symbols, else encode it.

        Returns:
            Pieces, or None if a symbol has no code.
        """
        counts = np.zeros((8, 256), np.int64) if counts is None else counts
        codes = codes_of(tables or {})
        lookup = lookup_of(scan.tables)
        reading, writing = fresh_state(scan), fresh_state(scan)
        pending = np.zeros(scan_state.MOST_PENDING + 64, np.uint8)
        band_rows = band_rows_of(scan)
        bands, units = band_of(self.planes, scan, band_rows)
        coefficients = np.zeros((sum(plane.blocks for plane in bands), 64), np.int16)
        out = room_for(scan, band_rows) if tables else NO_BYTES
        pieces: list[bytes] = []
        for top in range(0, scan.rows, band_rows):
            bottom = min(scan.rows, top + band_rows)
            grid = scan.columns, top, bottom, top, scan.interval
            coefficients[:] = 0
            if self.is_read:
                decode_band(scan, reading, coefficients, units, lookup, grid)
            self._renew(coefficients, top, bottom, bands)
            writing[scan_state.POSITION] = 0
            encode_rows(
                out, writing, coefficients, units, counts, codes, pending, scan.kind, grid,
                bottom == scan.rows,
            )  # fmt: skip
            if writing[scan_state.ERROR]:
                return None
            pieces.append(out[: writing[scan_state.POSITION]].tobytes())
        return pieces

    def _renew(
        self,
        coefficients: NDArray[np.int16],
        top: int,
        bottom: int | None,
        bands: Sequence[BlockPlane],
    ) -> None:
        """Put the coefficients of changed blocks in, of rows of MCUs (all of them without an end).

        Where a scan has one component, a row of it is a row of blocks.
        """
        for number, (plane, band) in enumerate(zip(self.planes, bands, strict=True)):
            first = top * band.tall
            end = plane.rows if bottom is None else min(plane.rows, bottom * band.tall)
            places = np.argwhere(self.masks[number][first:end])
            if not len(places):
                continue
            places[:, 0] += first
            table = self.steps.get(self.frame.components[number].table)
            if table is None:
                raise ValueError("it has no table of quantisation")
            for some, new in new_coefficients(
                self.pixels, self.frame, number, places, table, self.has_brightness
            ):
                at = band.base + (some[:, 0] - first) * band.columns + some[:, 1]
                coefficients[at] = new


def joined(
    recoded: Recoded, keep: Callable[[int, bytes], Iterable[tuple[bytes, bytes]]]
) -> Iterator[bytes]:
    """Write a stream.

    Args:
        recoded: Its parts.
        keep: Returns what is written for a segment, as (marker, data): itself, less, or nothing.
    """
    yield b"\xff\xd8"
    for marker, data, pieces in recoded.parts:
        for kind, kept in keep(marker, data):
            yield b"\xff" + kind + struct.pack(">H", len(kept) + 2) + kept
        yield from pieces
    yield b"\xff\xd9"
