"""One pass over a scan: coefficients from bits, and bits or counts of symbols from these."""

import numpy as np
from numpy.typing import NDArray

from . import scan_state
from .decoding import decode_rows
from .encoding import encode_rows
from .huffman import HuffmanTable, best_table, row_of
from .scans import Scan, fresh_state

NO_BYTES = np.empty(0, np.uint8)


class DamagedScan(Exception):
    """Bits of a scan are missing, or do not mean coefficients."""


def band_rows_of(scan: Scan) -> int:
    """Return how many rows of MCUs are taken at once."""
    return max(1, min(scan.rows, scan_state.BAND_BLOCKS // (scan.columns * len(scan.units))))


def decode_band(
    scan: Scan,
    state: NDArray[np.int64],
    coefficients: NDArray[np.int16],
    units: NDArray[np.int64],
    lookup: NDArray[np.int16],
    grid: tuple[int, int, int, int, int],
) -> None:
    data = np.frombuffer(scan.part.scan, np.uint8)
    decode_rows(data, state, coefficients, units, lookup, scan.kind, grid)
    if state[scan_state.ERROR]:
        raise DamagedScan(f"a scan of {len(data):,} bytes is damaged")


def encoded(
    scan: Scan,
    coefficients: NDArray[np.int16],
    counts: NDArray[np.int64],
    codes: NDArray[np.int64] | None,
) -> list[bytes] | None:
    """Encode a scan in bands, or without codes count its symbols; None if one has no code."""
    state = fresh_state(scan)
    pending = np.zeros(scan_state.MOST_PENDING + 64, np.uint8)
    band_rows = band_rows_of(scan)
    out = NO_BYTES if codes is None else room_for(scan, band_rows)
    codes = np.zeros((8, 256), np.int64) if codes is None else codes
    pieces = []
    for top in range(0, scan.rows, band_rows):
        bottom = min(scan.rows, top + band_rows)
        grid = scan.columns, top, bottom, 0, scan.interval
        state[scan_state.POSITION] = 0
        encode_rows(
            out, state, coefficients, scan.units, counts, codes, pending, scan.kind, grid,
            bottom == scan.rows,
        )  # fmt: skip
        if state[scan_state.ERROR]:
            return None
        pieces.append(out[: state[scan_state.POSITION]].tobytes())
    return pieces


def own_tables(scan: Scan) -> dict[int, HuffmanTable]:
    """Return those that a scan uses; none if one is missing."""
    own = {number: scan.tables[number] for number in scan.used if number in scan.tables}
    return own if len(own) == len(scan.used) else {}


def room_for(scan: Scan, rows: int) -> NDArray[np.uint8]:
    """Return an array that takes the bits of so many rows of MCUs, whatever they are."""
    blocks = scan.columns * len(scan.units) * rows
    return np.empty(blocks * scan_state.MOST_BLOCK_BYTES + scan_state.SLACK_BYTES, np.uint8)


def best_tables(scan: Scan, counts: NDArray[np.int64]) -> dict[int, HuffmanTable]:
    return {number: best_table(counts[row_of(number)]) for number in sorted(scan.used)}
