"""Image resources of Photoshop in JPEG and TIFF files: their previews, and IPTC."""

import struct
from collections.abc import Iterator

_SIGNATURE = b"8BIM"
_THUMBNAILS = {1033, 1036}
_IPTC = 1028


def without_thumbnail(resources: bytes) -> bytes:
    """Return the resources without the preview; what is not understood stays as it is."""
    kept, at = b"", 0
    for number, start, end, _ in _entries(resources):
        kept += b"" if number in _THUMBNAILS else resources[start:end]
        at = end
    return kept + resources[at:]


def iptc_of(resources: bytes) -> bytes:
    """Return the records of IPTC; empty if there are none."""
    return next((data for number, _, _, data in _entries(resources) if number == _IPTC), b"")


def with_iptc(iptc: bytes) -> bytes:
    """Make resources that hold records of IPTC and nothing else."""
    head = _SIGNATURE + struct.pack(">HHI", _IPTC, 0, len(iptc))
    return head + iptc + bytes(len(iptc) % 2)


def _entries(resources: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield number, start, end and data of each resource, until one is not understood."""
    at = 0
    while resources[at : at + 4] == _SIGNATURE and at + 7 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, at + 4)
        name_bytes = (resources[at + 6] + 2) // 2 * 2  # a length and as many letters, made even
        size_at = at + 6 + name_bytes
        if size_at + 4 > len(resources):
            return
        (size,) = struct.unpack_from(">I", resources, size_at)
        end = size_at + 4 + (size + 1) // 2 * 2
        yield number, at, end, resources[size_at + 4 : size_at + 4 + size]
        at = end
