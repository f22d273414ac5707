"""Photoshop's image resources, which JPEG and TIFF files carry: only to leave out the preview."""

import struct

_SIGNATURE = b"8BIM"
_THUMBNAILS = {1033, 1036}


def without_thumbnail(resources: bytes) -> bytes:
    """Return the resources without the preview; what is not understood stays as it is."""
    kept, at = b"", 0
    while resources[at : at + 4] == _SIGNATURE and at + 7 <= len(resources):
        (resource,) = struct.unpack_from(">H", resources, at + 4)
        name_bytes = (resources[at + 6] + 2) // 2 * 2  # a length and as many letters, made even
        size_at = at + 6 + name_bytes
        if size_at + 4 > len(resources):
            break
        (size,) = struct.unpack_from(">I", resources, size_at)
        end = size_at + 4 + (size + 1) // 2 * 2
        if resource not in _THUMBNAILS:
            kept += resources[at:end]
        at = end
    return kept + resources[at:]
