"""The scans of a stream, made ready for the compiled loops."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import scan_state
from .blocks import BlockPlane, planes_of
from .huffman import STANDARD, HuffmanTable, read_tables, row_of
from .stream import DHT, DRI, SOS, JpegFrame, Part, frame_of

_BLOCK_BYTES = 128  # 64 coefficients of 16 bits


class Scan(NamedTuple):
    """A scan, ready to be decoded and encoded.

    Attributes:
        part: Where it stands in the stream.
        units: The blocks of an MCU, as the kernels take them.
        kind: As the kernels take it: kind, first and last coefficient, lowest bit.
        columns: MCUs in a row.
        rows: Rows of MCUs.
        interval: MCUs between two restarts, or 0.
        tables: Huffman tables that are known to it, by class << 4 | number.
        used: Those that it uses.
    """

    part: Part
    units: NDArray[np.int64]
    kind: tuple[int, int, int, int]
    columns: int
    rows: int
    interval: int
    tables: dict[int, HuffmanTable]
    used: frozenset[int]


def coding_bytes(parts: list[Part]) -> int:
    """Return the memory that coding a stream anew takes: all coefficients, or a band of them.

    Decoders hold them all, too, where they come in several scans.
    """
    planes = planes_of(frame_of(parts))
    blocks = sum(plane.blocks for plane in planes)
    if sum(part.marker == SOS for part in parts) == 1:
        blocks = min(blocks, scan_state.BAND_BLOCKS)
    band_bytes = scan_state.BAND_BLOCKS * scan_state.MOST_BLOCK_BYTES
    return blocks * _BLOCK_BYTES + band_bytes


def scans_of(
    parts: list[Part], known: list[Part], frame: JpegFrame, planes: Sequence[BlockPlane]
) -> list[Scan]:
    tables: dict[int, HuffmanTable] = {} if frame.is_progressive else STANDARD
    interval, scans = 0, []
    for part in [*known, *parts]:
        if part.marker == DHT:
            tables = tables | read_tables(part.data)
        elif part.marker == DRI and len(part.data) >= 2:
            (interval,) = struct.unpack_from(">H", part.data)
        elif part.marker == SOS:
            scans.append(_scan(part, frame, planes, interval, tables))
    return scans


def _scan(
    part: Part,
    frame: JpegFrame,
    planes: Sequence[BlockPlane],
    interval: int,
    tables: dict[int, HuffmanTable],
) -> Scan:
    count = part.data[0] if part.data else 0
    if not 1 <= count <= 4 or len(part.data) < 4 + 2 * count:
        raise ValueError(f"a scan of {count} components")
    first, last, bits = part.data[1 + 2 * count : 4 + 2 * count]
    before, low = bits >> 4, bits & 15
    kind = scan_state.SEQUENTIAL
    if not frame.is_progressive:
        first, last, low = 0, 63, 0
    elif first == 0:
        kind = scan_state.DC_REFINED if before else scan_state.DC_FIRST
    else:
        kind = scan_state.AC_REFINED if before else scan_state.AC_FIRST
    if not first <= last <= 63 or low > 13 or (frame.is_progressive and first and count > 1):
        raise ValueError(f"a scan of coefficients {first} to {last}")
    numbers = [component.number for component in frame.components]
    units: list[list[int]] = []
    used = set()
    columns, rows = 0, 0
    for index in range(count):
        number, chosen = part.data[1 + 2 * index], part.data[2 + 2 * index]
        if number not in numbers or chosen >> 4 > 3 or chosen & 15 > 3:
            raise ValueError(f"a scan of a component {number}")
        place = numbers.index(number)
        plane = planes[place]
        if kind in (scan_state.SEQUENTIAL, scan_state.DC_FIRST):
            used.add(chosen >> 4)
        if kind in (scan_state.SEQUENTIAL, scan_state.AC_FIRST, scan_state.AC_REFINED):
            used.add(0x10 | chosen & 15)
        dc, ac = row_of(chosen >> 4), row_of(0x10 | chosen & 15)
        tall, wide = (1, 1) if count == 1 else (plane.tall, plane.wide)
        columns = plane.real_columns if count == 1 else plane.columns // plane.wide
        rows = plane.real_rows if count == 1 else plane.rows // plane.tall
        units += [
            [place, down, across, tall, wide, plane.base, plane.columns, dc, ac]
            for down in range(tall)
            for across in range(wide)
        ]
    if len({unit[scan_state.COMPONENT] for unit in units}) < count:
        raise ValueError("a scan that has a component twice")
    return Scan(
        part, np.array(units, np.int64), (kind, first, last, low), columns, rows, interval, tables,
        frozenset(used),
    )  # fmt: skip


def band_of(
    planes: Sequence[BlockPlane], scan: Scan, rows: int
) -> tuple[list[BlockPlane], NDArray[np.int64]]:
    """Lay out rows of MCUs of a scan alone, and its units to match."""
    bands, base, units = [], 0, scan.units.copy()
    for number, plane in enumerate(planes):
        own = units[units[:, scan_state.COMPONENT] == number]
        tall = int(own[0, scan_state.TALL]) if len(own) else plane.tall
        band = plane._replace(base=base, rows=rows * tall, tall=tall)
        units[units[:, scan_state.COMPONENT] == number, scan_state.BASE] = base
        bands.append(band)
        base += band.blocks
    return bands, units


def fresh_state(scan: Scan) -> NDArray[np.int64]:
    state = np.zeros(scan_state.STATE_LENGTH, np.int64)
    state[scan_state.UNTIL_RESTART] = scan.interval
    return state
