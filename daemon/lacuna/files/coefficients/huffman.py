"""Huffman tables of JPEG: as a file has them, to look up, and the best for given counts."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_LONGEST = 16  # bits of a code
_TABLES = 4  # of each class


class HuffmanTable(NamedTuple):
    """How many codes there are of 1 to 16 bits, and the symbols that they stand for, in order."""

    lengths: bytes
    symbols: bytes

    def codes(self) -> Iterator[tuple[int, int, int]]:
        """Yield (code, its length, symbol)."""
        code, symbols = 0, iter(self.symbols)
        for length, count in enumerate(self.lengths, 1):
            for symbol in (next(symbols) for _ in range(count)):
                yield code, length, symbol
                code += 1
            code <<= 1


def _standard(text: str) -> HuffmanTable:
    return HuffmanTable(bytes.fromhex(text)[:_LONGEST], bytes.fromhex(text)[_LONGEST:])


# Frames of a film often come without tables, and mean these (T.81, K.3).
STANDARD = {
    0x00: _standard(
        "00010501010101010100000000000000000102030405060708090a0b"
    ),
    0x01: _standard(
        "00030101010101010101010000000000000102030405060708090a0b"
    ),
    0x10: _standard(
        "0002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c1"
        "1552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a53545556575859"
        "5a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2"
        "b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8"
        "f9fa"
    ),
    0x11: _standard(
        "00020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109"
        "233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758"
        "595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9"
        "aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8"
        "f9fa"
    ),
}  # fmt: skip


def read_tables(data: bytes) -> dict[int, HuffmanTable]:
    """Read a DHT segment: tables by class << 4 | number (class 0 for DC, 1 for AC).

    Raises:
        ValueError: If it ends early or has more codes than bits allow.
    """
    tables = {}
    while data:
        lengths = data[1:17]
        count = sum(lengths)
        symbols = data[17 : 17 + count]
        used = sum(number << (_LONGEST - length) for length, number in enumerate(lengths, 1))
        if len(lengths) < _LONGEST or len(symbols) < count or count > 256 or used > 1 << _LONGEST:
            raise ValueError("a Huffman table that cannot be")
        if data[0] >> 4 > 1 or data[0] & 15 >= _TABLES:
            raise ValueError(f"a Huffman table with number {data[0]}")
        tables[data[0]] = HuffmanTable(lengths, symbols)
        data = data[17 + count :]
    return tables


def packed(tables: dict[int, HuffmanTable]) -> bytes:
    """Write the contents of a DHT segment."""
    return b"".join(
        bytes([number]) + table.lengths + table.symbols for number, table in tables.items()
    )


def lookup_of(tables: dict[int, HuffmanTable]) -> NDArray[np.int16]:
    """Return (8, 65,536): by class * 4 + number and 16 bits, length << 8 | symbol, or -1."""
    lookup = np.full((2 * _TABLES, 1 << _LONGEST), -1, np.int16)
    for number, table in tables.items():
        for code, length, symbol in table.codes():
            first = code << (_LONGEST - length)
            lookup[row_of(number), first : first + (1 << (_LONGEST - length))] = (
                length << 8 | symbol
            )
    return lookup


def codes_of(tables: dict[int, HuffmanTable]) -> NDArray[np.int64]:
    """Return (8, 256): by class * 4 + number and symbol, code << 8 | length, or 0."""
    codes = np.zeros((2 * _TABLES, 256), np.int64)
    for number, table in tables.items():
        for code, length, symbol in table.codes():
            codes[row_of(number), symbol] = code << 8 | length
    return codes


def row_of(number: int) -> int:
    """Return the row of a table, by class << 4 | number, in the arrays of all."""
    return (number >> 4) * _TABLES + (number & 15)


def best_table(counts: NDArray[np.int64]) -> HuffmanTable:
    """Make the table that takes the fewest bits for symbols that occur so often: (256,).

    No code has more than 16 bits and none has ones alone (T.81, K.2).
    """
    # (how often, with ties towards later ones; the symbols in it). One that never occurs takes the
    # code of ones.
    trees = [(int(count), symbol, [symbol]) for symbol, count in enumerate(counts) if count]
    trees.append((0, 256, [256]))
    depths = dict.fromkeys([symbol for _, symbol, _ in trees], 0)
    while len(trees) > 1:
        trees.sort(key=lambda tree: (-tree[0], tree[1]))
        (rare, _, some), (often, last, others) = trees.pop(), trees.pop()
        for symbol in some + others:
            depths[symbol] += 1
        trees.append((rare + often, last, some + others))
    numbers = [0] * (max(*depths.values(), _LONGEST) + 1)
    for depth in depths.values():
        numbers[depth] += 1
    # Codes that are too long: a pair goes up, and a shorter one makes room for one of it.
    for length in range(len(numbers) - 1, _LONGEST, -1):
        while numbers[length]:
            shorter = length - 2
            while not numbers[shorter]:
                shorter -= 1
            numbers[length] -= 2
            numbers[length - 1] += 1
            numbers[shorter + 1] += 2
            numbers[shorter] -= 1
    longest = max(length for length, number in enumerate(numbers) if number)
    numbers[longest] -= 1  # the code of ones
    ordered = sorted((depth, symbol) for symbol, depth in depths.items() if symbol != 256)
    symbols = bytes(symbol for _, symbol in ordered)
    return HuffmanTable(bytes(numbers[1 : _LONGEST + 1]), symbols)
