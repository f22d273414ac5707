"""Scans of a JPEG, from quantised coefficients to bits (ITU-T T.81, F.1 and G.1); compiled."""

import functools

import numpy as np
from numpy.typing import NDArray

from lacuna.compiling import compile_cached

from .scan_state import (
    AC_FIRST,
    AC_REFINED,
    AC_TABLE,
    ACROSS,
    BASE,
    BITS,
    BUFFER,
    COMPONENT,
    DC_FIRST,
    DC_REFINED,
    DC_TABLE,
    DOWN,
    ERROR,
    MOST_PENDING,
    PENDING,
    POSITION,
    PREDICTED,
    RESTARTS,
    RUN,
    SEQUENTIAL,
    STRIDE,
    TALL,
    UNTIL_RESTART,
    WIDE,
)

_LONGEST_RUN = 0x7FFF

_inlined = functools.partial(compile_cached, forceinline=True)


@compile_cached
def _put(out: NDArray[np.uint8], state: NDArray[np.int64], value: int, length: int) -> None:
    word, bits, position = (state[BUFFER] << length) | value, state[BITS] + length, state[POSITION]
    while bits >= 8:
        bits -= 8
        byte = (word >> bits) & 0xFF
        out[position] = byte
        position += 1
        if byte == 0xFF:
            out[position] = 0
            position += 1
    state[BUFFER], state[BITS], state[POSITION] = word & ((1 << bits) - 1), bits, position


@_inlined
def _put_symbol(
    out: NDArray[np.uint8],
    state: NDArray[np.int64],
    counts: NDArray[np.int64],
    codes: NDArray[np.int64],
    table: int,
    symbol: int,
) -> None:
    """Write a symbol, or without `out` count it."""
    counts[table, symbol] += 1
    if len(out):
        if codes[table, symbol] == 0:
            state[ERROR] = 1
        _put(out, state, codes[table, symbol] >> 8, codes[table, symbol] & 0xFF)


@_inlined
def _put_bits(out: NDArray[np.uint8], state: NDArray[np.int64], value: int, length: int) -> None:
    if len(out):
        _put(out, state, value & ((1 << length) - 1), length)


@_inlined
def _bits_of(value: int) -> int:
    bits = 0
    while value:
        value >>= 1
        bits += 1
    return bits


@compile_cached
def _put_run(
    out: NDArray[np.uint8],
    state: NDArray[np.int64],
    counts: NDArray[np.int64],
    codes: NDArray[np.int64],
    table: int,
    pending: NDArray[np.uint8],
) -> None:
    """Write that the blocks of a run have ended, and the corrections that waited behind it."""
    if state[RUN]:
        length = _bits_of(state[RUN]) - 1
        _put_symbol(out, state, counts, codes, table, length << 4)
        _put_bits(out, state, state[RUN], length)
        state[RUN] = 0
    for bit in range(state[PENDING]):
        _put_bits(out, state, pending[bit], 1)
    state[PENDING] = 0


@compile_cached
def _put_end(out: NDArray[np.uint8], state: NDArray[np.int64]) -> None:
    """Fill the last byte with ones."""
    if state[BITS]:
        _put_bits(out, state, 0x7F, 8 - state[BITS])


@compile_cached
def encode_rows(
    out: NDArray[np.uint8],
    state: NDArray[np.int64],
    coefficients: NDArray[np.int16],
    units: NDArray[np.int64],
    counts: NDArray[np.int64],
    codes: NDArray[np.int64],
    pending: NDArray[np.uint8],
    scan: tuple[int, int, int, int],
    grid: tuple[int, int, int, int, int],
    is_end: bool,
) -> None:
    """Encode rows of MCUs of a scan into `out` from state[POSITION] on; without `out` count only.

    Args:
        out: Long enough: MOST_BLOCK_BYTES for each block, and SLACK_BYTES.
        state: As in `decode_rows`. An ERROR says that a symbol has no code.
        coefficients: As in `decode_rows`.
        units: As in `decode_rows`.
        counts: (tables, 256), how often each symbol was there, is added to.
        codes: (tables, 256): code << 8 | its length, or 0.
        pending: MOST_PENDING + 64, the corrections that wait.
        scan: As in `decode_rows`.
        grid: As in `decode_rows`.
        is_end: Whether the scan ends with these rows.
    """
    kind, first, last, low = scan
    columns, top, bottom, origin, interval = grid
    ac_table = units[0, AC_TABLE]  # scans with runs have one component
    for row in range(top, bottom):
        for column in range(columns):
            if interval and state[UNTIL_RESTART] == 0:
                _put_run(out, state, counts, codes, ac_table, pending)
                _put_end(out, state)
                if len(out):
                    out[state[POSITION]] = 0xFF
                    out[state[POSITION] + 1] = 0xD0 + (state[RESTARTS] & 7)
                    state[POSITION] += 2
                state[PREDICTED : PREDICTED + 4] = 0
                state[RESTARTS] += 1
                state[UNTIL_RESTART] = interval
            state[UNTIL_RESTART] -= 1
            for unit in units:
                down = (row - origin) * unit[TALL] + unit[DOWN]
                across = column * unit[WIDE] + unit[ACROSS]
                block = coefficients[unit[BASE] + down * unit[STRIDE] + across]
                if kind in (SEQUENTIAL, DC_FIRST):
                    value = int(block[0]) >> low
                    number = value - state[PREDICTED + unit[COMPONENT]]
                    state[PREDICTED + unit[COMPONENT]] = value
                    length = _bits_of(abs(number))
                    _put_symbol(out, state, counts, codes, unit[DC_TABLE], length)
                    _put_bits(out, state, number if number > 0 else number - 1, length)
                if kind == DC_REFINED:
                    _put_bits(out, state, int(block[0]) >> low, 1)
                if kind in (SEQUENTIAL, AC_FIRST):
                    zeros = 0
                    for k in range(max(first, 1), last + 1):
                        size = abs(int(block[k])) >> low
                        if size == 0:
                            zeros += 1
                            continue
                        _put_run(out, state, counts, codes, ac_table, pending)
                        while zeros > 15:
                            _put_symbol(out, state, counts, codes, unit[AC_TABLE], 0xF0)
                            zeros -= 16
                        length = _bits_of(size)
                        symbol = (zeros << 4) | length
                        _put_symbol(out, state, counts, codes, unit[AC_TABLE], symbol)
                        _put_bits(out, state, size if block[k] > 0 else ~size, length)
                        zeros = 0
                    if zeros and kind == SEQUENTIAL:
                        _put_symbol(out, state, counts, codes, unit[AC_TABLE], 0)
                    elif zeros:
                        state[RUN] += 1
                        if state[RUN] == _LONGEST_RUN:
                            _put_run(out, state, counts, codes, ac_table, pending)
                if kind == AC_REFINED:
                    newest = 0  # the last one that becomes something in this scan
                    for k in range(first, last + 1):
                        if abs(int(block[k])) >> low == 1:
                            newest = k
                    zeros, own = 0, state[PENDING]  # corrections of this block begin at `own`
                    end = own
                    for k in range(first, last + 1):
                        size = abs(int(block[k])) >> low
                        if size == 0:
                            zeros += 1
                            continue
                        while zeros > 15 and k <= newest:
                            _put_run(out, state, counts, codes, ac_table, pending)
                            _put_symbol(out, state, counts, codes, ac_table, 0xF0)
                            zeros -= 16
                            for bit in range(own, end):
                                _put_bits(out, state, pending[bit], 1)
                            own = end = 0
                        if size > 1:
                            pending[end] = size & 1
                            end += 1
                            continue
                        _put_run(out, state, counts, codes, ac_table, pending)
                        _put_symbol(out, state, counts, codes, ac_table, (zeros << 4) | 1)
                        _put_bits(out, state, 1 if block[k] > 0 else 0, 1)
                        for bit in range(own, end):
                            _put_bits(out, state, pending[bit], 1)
                        own = end = zeros = 0
                    if zeros or end > own:
                        state[RUN] += 1
                        state[PENDING] = end
                        if state[RUN] == _LONGEST_RUN or end > MOST_PENDING - 63:
                            _put_run(out, state, counts, codes, ac_table, pending)
    if is_end:
        _put_run(out, state, counts, codes, ac_table, pending)
        _put_end(out, state)
