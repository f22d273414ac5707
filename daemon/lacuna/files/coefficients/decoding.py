"""Scans of a JPEG, from bits to quantised coefficients (ITU-T T.81, F.2 and G.2); compiled.

No loop is longer than the blocks there are, whatever the bits say.
"""

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
    PADDING,
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

_WORD = (1 << 48) - 1

_inlined = functools.partial(compile_cached, forceinline=True)


@compile_cached
def _fill(data: NDArray[np.uint8], state: NDArray[np.int64]) -> None:
    """Have more than 40 bits ready; behind the data, and before a marker, they are zeros."""
    position, word, bits = state[POSITION], state[BUFFER], state[BITS]
    while bits <= 40:
        byte, length = 0, 0
        if position < len(data):
            byte, length = int(data[position]), 1
            if byte == 0xFF:
                is_data = position + 1 < len(data) and data[position + 1] == 0
                byte, length = (0xFF, 2) if is_data else (0, 0)
        if length == 0:
            state[PADDING] += 8
        position += length
        word = ((word << 8) | byte) & _WORD
        bits += 8
    state[POSITION], state[BUFFER], state[BITS] = position, word, bits


@_inlined
def _symbol(
    data: NDArray[np.uint8], state: NDArray[np.int64], lookup: NDArray[np.int16], table: int
) -> int:
    """Read a symbol; at least 24 bits are ready behind it."""
    if state[BITS] <= 40:
        _fill(data, state)
    entry = lookup[table, (state[BUFFER] >> (state[BITS] - 16)) & 0xFFFF]
    if entry < 0:
        state[ERROR] = 1
        return 0
    state[BITS] -= entry >> 8
    return int(entry & 0xFF)


@_inlined
def _read(state: NDArray[np.int64], length: int) -> int:
    state[BITS] -= length
    return int((state[BUFFER] >> state[BITS]) & ((1 << length) - 1))


@_inlined
def _read_bit(data: NDArray[np.uint8], state: NDArray[np.int64]) -> int:
    if state[BITS] < 1:
        _fill(data, state)
    return _read(state, 1)


@_inlined
def _read_number(state: NDArray[np.int64], length: int) -> int:
    if length == 0:
        return 0
    value = _read(state, length)
    return value if value >> (length - 1) else value - (1 << length) + 1


@compile_cached
def _restart(data: NDArray[np.uint8], state: NDArray[np.int64]) -> None:
    """Pass the marker that has to stand here."""
    if state[PADDING] > state[BITS] or state[BITS] - state[PADDING] >= 8:
        state[ERROR] = 1
        return
    position = state[POSITION]
    while position + 1 < len(data) and data[position] == 0xFF and data[position + 1] == 0xFF:
        position += 1
    if position + 1 >= len(data) or data[position + 1] != 0xD0 + (state[RESTARTS] & 7):
        state[ERROR] = 1
        return
    state[POSITION] = position + 2
    state[BUFFER] = state[BITS] = state[PADDING] = state[RUN] = 0
    state[PREDICTED : PREDICTED + 4] = 0
    state[RESTARTS] += 1


@_inlined
def _refine(
    data: NDArray[np.uint8], state: NDArray[np.int64], block: NDArray[np.int16], k: int, low: int
) -> None:
    if _read_bit(data, state):
        block[k] += (1 << low) if block[k] > 0 else -(1 << low)


@compile_cached
def decode_rows(
    data: NDArray[np.uint8],
    state: NDArray[np.int64],
    coefficients: NDArray[np.int16],
    units: NDArray[np.int64],
    lookup: NDArray[np.int16],
    scan: tuple[int, int, int, int],
    grid: tuple[int, int, int, int, int],
) -> None:
    """Decode rows of MCUs of a scan into `coefficients`, until an error.

    Args:
        data: All of the scan.
        state: See above; begins as zeros but for UNTIL_RESTART.
        coefficients: (blocks, 64); zeros, or what earlier scans left there.
        units: The blocks of an MCU.
        lookup: (tables, 65,536): length of a code << 8 | symbol for each 16 bits, or -1.
        scan: Its kind, first and last coefficient, and the position of its lowest bit.
        grid: MCUs in a row, first and last row (outside), row at which `coefficients` begin,
            MCUs between restarts or 0.
    """
    kind, first, last, low = scan
    columns, top, bottom, origin, interval = grid
    for row in range(top, bottom):
        for column in range(columns):
            if interval and state[UNTIL_RESTART] == 0:
                _restart(data, state)
                state[UNTIL_RESTART] = interval
            state[UNTIL_RESTART] -= 1
            for unit in units:
                if state[ERROR]:
                    return
                down = (row - origin) * unit[TALL] + unit[DOWN]
                across = column * unit[WIDE] + unit[ACROSS]
                block = coefficients[unit[BASE] + down * unit[STRIDE] + across]
                if kind in (SEQUENTIAL, DC_FIRST):
                    length = _symbol(data, state, lookup, unit[DC_TABLE])
                    predicted = state[PREDICTED + unit[COMPONENT]]
                    predicted += _read_number(state, min(length, 16))
                    state[PREDICTED + unit[COMPONENT]] = predicted
                    if length > 11 or not -32768 <= predicted << low <= 32767:
                        state[ERROR] = 1
                        return
                    block[0] = predicted << low
                if kind == DC_REFINED:
                    block[0] |= _read_bit(data, state) << low
                if kind in (SEQUENTIAL, AC_FIRST):
                    if state[RUN]:
                        state[RUN] -= 1
                        continue
                    k = max(first, 1)
                    while k <= last:
                        symbol = _symbol(data, state, lookup, unit[AC_TABLE])
                        zeros, length = symbol >> 4, symbol & 15
                        if length == 0:
                            if zeros == 15:
                                k += 16
                                continue
                            if kind == AC_FIRST:
                                state[RUN] = (1 << zeros) - 1 + _read(state, zeros)
                            elif zeros:
                                state[ERROR] = 1
                            break
                        k += zeros
                        number = _read_number(state, length) << low
                        if k > last or not -32768 <= number <= 32767:
                            state[ERROR] = 1
                            break
                        block[k] = number
                        k += 1
                    if k > last + 1:
                        state[ERROR] = 1
                if kind == AC_REFINED:
                    k = first
                    if state[RUN] == 0:
                        while k <= last:
                            symbol = _symbol(data, state, lookup, unit[AC_TABLE])
                            zeros, length = symbol >> 4, symbol & 15
                            number = 0
                            if length == 1:
                                number = 1 if _read_bit(data, state) else -1
                            elif length:
                                state[ERROR] = 1
                            elif zeros < 15:
                                state[RUN] = (1 << zeros) + _read(state, zeros)
                                break
                            while k <= last:
                                if block[k]:
                                    _refine(data, state, block, k, low)
                                elif zeros == 0:
                                    break
                                else:
                                    zeros -= 1
                                k += 1
                            if number:
                                if k > last:
                                    state[ERROR] = 1
                                    break
                                block[k] = number << low
                            k += 1
                    if state[RUN]:
                        while k <= last:
                            if block[k]:
                                _refine(data, state, block, k, low)
                            k += 1
                        state[RUN] -= 1
    if state[PADDING] > state[BITS]:
        state[ERROR] = 1
