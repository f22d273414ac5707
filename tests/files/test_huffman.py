"""Huffman tables of JPEG: the best are as good as can be, within what the format allows."""

import heapq
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.files.coefficients.huffman import (
    STANDARD,
    best_table,
    codes_of,
    lookup_of,
    packed,
    read_tables,
)

COUNTS = st.dictionaries(st.integers(0, 255), st.integers(1, 10**6), min_size=1)


def least_bits(counts):
    """By the textbook: with one symbol more, that never occurs and takes the code of ones."""
    heap = [0, *counts]
    heapq.heapify(heap)
    bits = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        bits += both
        heapq.heappush(heap, both)
    return bits


@given(COUNTS)
def test_best_table_takes_the_fewest_bits(counted):
    counts = np.zeros(256, np.int64)
    counts[list(counted)] = list(counted.values())

    table = best_table(counts)

    codes = {symbol: (code, length) for code, length, symbol in table.codes()}
    assert set(codes) == set(counted)
    assert all(code < (1 << length) - 1 for code, length in codes.values())  # never ones alone
    texts = sorted(f"{code:0{length}b}" for code, length in codes.values())
    assert not any(b.startswith(a) for a, b in itertools.pairwise(texts))
    spent = sum(counted[symbol] * length for symbol, (_, length) in codes.items())
    if max(len(text) for text in texts) < 16:  # else codes may have been made shorter
        assert spent == least_bits(counted.values())


def test_codes_have_16_bits_at_most_where_the_fewest_bits_would_take_more():
    counts = np.zeros(256, np.int64)
    counts[:30] = [2**n for n in range(30)]

    table = best_table(counts)

    assert len(table.lengths) == 16
    assert sum(table.lengths) == 30
    assert sum(number << (16 - length) for length, number in enumerate(table.lengths, 1)) < 2**16
    assert max(length for _, length, _ in table.codes()) == 16


def test_tables_are_written_as_they_are_read_and_codes_mean_their_symbols():
    assert read_tables(packed(STANDARD)) == STANDARD
    lookup, codes = lookup_of(STANDARD), codes_of(STANDARD)
    for row in range(8):
        for symbol in np.flatnonzero(codes[row]):
            code, length = codes[row, symbol] >> 8, codes[row, symbol] & 255
            assert lookup[row, code << (16 - length)] == length << 8 | symbol
    assert (lookup[0] < 0).any()  # the code of ones means nothing


@pytest.mark.parametrize(
    "data",
    [b"\0", bytes(16), bytes([0]) + bytes([3]) + bytes(15) + b"abc", bytes([0, 1]) + bytes(15),
     bytes([0x24]) + bytes(16), bytes([4]) + bytes(16), bytes([0]) + bytes([0] * 7 + [255] * 9)],
    ids=["short", "no lengths", "too many codes", "no symbols", "class 2", "number 4",
         "far too many"],
)  # fmt: skip
def test_table_that_cannot_be_is_refused(data):
    with pytest.raises(ValueError, match="Huffman"):
        read_tables(data)
