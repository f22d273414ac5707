"""The parts of a JPEG stream: segments and scans in their order, and what its header says."""

import re
import struct
from typing import NamedTuple

SOI, EOI, SOS, DQT, DHT, DRI = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD
APP0, APP14, COM = 0xE0, 0xEE, 0xFE
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_HUFFMAN_DCT = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive
_PROGRESSIVE = 0xC2
# In a scan, FF 00 is a data byte and FF D0 to FF D7 are restarts; anything else ends it.
_END_OF_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")


class Part(NamedTuple):
    """A segment, and behind a header of a scan the scan itself.

    Attributes:
        marker: Its second byte.
        data: What the segment says, without its length.
        scan: Coded bits, or empty.
    """

    marker: int
    data: bytes
    scan: memoryview


class Component(NamedTuple):
    """One of the colours of a frame: its number, sampling factors, and quantisation table."""

    number: int
    across: int
    down: int
    table: int


class JpegFrame(NamedTuple):
    """What the header of the picture says."""

    marker: int
    bits: int
    width: int
    height: int
    components: tuple[Component, ...]

    @property
    def is_progressive(self) -> bool:
        return self.marker == _PROGRESSIVE

    @property
    def is_common(self) -> bool:
        """Whether it is of a kind that everybody reads: 8 bits, cosines, Huffman's codes."""
        return self.marker in _HUFFMAN_DCT and self.bits == 8

    @property
    def mcu_size(self) -> tuple[int, int]:
        """Pixels across and down that are coded together."""
        return (
            8 * max(component.across for component in self.components),
            8 * max(component.down for component in self.components),
        )


class Parts(NamedTuple):
    """A stream that was cut up.

    Attributes:
        parts: All up to the end of the picture.
        has_end: Whether the end is marked; a file that was cut off has none.
        behind: Bytes behind the end, without zeros at their own: further pictures, or a film.
    """

    parts: list[Part]
    has_end: bool
    behind: int = 0


def cut(data: bytes | memoryview) -> Parts:
    """Cut a stream into its parts.

    What comes after the end (further pictures, of which MPF tells) is left out.

    Raises:
        ValueError: If it ends within a segment, or before any scan.
    """
    view = memoryview(data)
    parts: list[Part] = []
    at = 2
    while True:
        at = _next_marker(data, at)
        if at < 0 or at + 4 > len(data):
            if at >= 0 and data[at + 1] == EOI:
                return Parts(parts, True)
            if parts and parts[-1].marker == SOS:
                return Parts(parts, False)
            raise ValueError(f"it ends after {len(data):,} bytes, in the middle of the picture")
        marker = data[at + 1]
        if marker == EOI:
            return Parts(parts, True, len(bytes(view[at + 2 :]).rstrip(b"\0")))
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(data):
            raise ValueError(f"it ends after {len(data):,} bytes, in the middle of the picture")
        scan_end = end
        if marker == SOS:
            match = _END_OF_SCAN.search(data, end)
            scan_end = match.start() if match else len(data)
        parts.append(Part(marker, bytes(view[at + 4 : end]), view[end:scan_end]))
        at = scan_end


def _next_marker(data: bytes | memoryview, at: int) -> int:
    """Find the last FF before a marker; any number of them may stand there. -1 without one."""
    while at < len(data) - 1 and not (data[at] == 0xFF and data[at + 1] not in (0, 0xFF)):
        at += 1
    return at if at < len(data) - 1 else -1


def frame_of(parts: list[Part]) -> JpegFrame:
    """Read the header of the picture.

    Raises:
        ValueError: If there is none.
    """
    for marker, data, _ in parts:
        if marker in _FRAMES and len(data) >= 6:
            bits, height, width, count = struct.unpack_from(">BHHB", data)
            rows = [data[6 + 3 * n : 9 + 3 * n] for n in range(count)]
            if all(len(row) == 3 for row in rows):
                components = (Component(row[0], row[1] >> 4, row[1] & 15, row[2]) for row in rows)
                return JpegFrame(marker, bits, width, height, tuple(components))
    raise ValueError("it has no header of a picture")


def quantisation_of(parts: list[Part]) -> dict[int, tuple[int, ...]]:
    """Read the tables of quantisation, each of 64 numbers in the order of the file."""
    tables = {}
    for marker, data, _ in parts:
        while marker == DQT and data:
            form = ">64H" if data[0] >> 4 else ">64B"
            length = struct.calcsize(form)
            if len(data) > length:
                tables[data[0] & 15] = struct.unpack_from(form, data, 1)
            data = data[1 + length :]
    return tables


def has_brightness(parts: list[Part]) -> bool:
    """Tell whether components are brightness and two colours, as libjpeg guesses it.

    Of four only Adobe's segment says so (YCCK); the last one is black ink either way.
    """
    numbers = tuple(component.number for component in frame_of(parts).components)
    for marker, data, _ in parts:
        if marker == APP0 and data.startswith(b"JFIF\0") and len(numbers) < 4:
            return True
        if _is_adobe(marker, data):
            return data[11] != 0
    return len(numbers) < 4 and numbers != tuple(b"RGB")


def is_of_adobe(parts: list[Part]) -> bool:
    """Tell whether inks are inverted: Adobe's programs do so, and name themselves."""
    return any(_is_adobe(marker, data) for marker, data, _ in parts)


def _is_adobe(marker: int, data: bytes) -> bool:
    return marker == APP14 and data.startswith(b"Adobe") and len(data) >= 12
