"""Pictures for the tests, written and read by other libraries than the code under test."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from lacuna.files import WHITE_IS_MISSING, MaskMeaning, open_picture, read_mask
from lacuna_wire.errors import LacunaError

CHANNELS = {"GRAY": 1, "GRAYA": 2, "RGB": 3, "RGBA": 4}
DTYPES = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}
PNG_LAYOUTS = [(channels, sample) for channels in CHANNELS for sample in ("u8", "u16")]

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LONG_ICC = ICC + bytes(range(256)) * 400  # needs two segments in a JPEG
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def whole_mask(path: Path, meaning: MaskMeaning = WHITE_IS_MISSING):
    """Read a mask as one array."""
    mask = read_mask(path, meaning)
    return mask[mask.rect.slices]


def noise_of(channels: str, sample: str, height: int = 37, width: int = 53, seed: int = 1):
    """Every pixel differs, over the whole range of the type; floats also above 1."""
    rng = np.random.default_rng(seed)
    shape = (height, width, CHANNELS[channels])
    if sample[0] == "u":
        return rng.integers(0, 2 ** int(sample[1:]), shape, dtype=DTYPES[sample], endpoint=False)
    return rng.uniform(0, 4, shape).astype(DTYPES[sample])


def smooth(height: int = 96, width: int = 128, channels: int = 3):
    """A picture that JPEG compresses well: (height, width, channels) u8."""
    coarse = np.random.default_rng(2).integers(40, 200, (5, 7, channels), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).reshape(
        height, width, channels
    )


def write_png(path: Path, pixels, **info) -> None:
    """Write by Pillow, or by OpenCV for more than 8 bits, or (grey with alpha) libspng."""
    channels = pixels.shape[2]
    if pixels.dtype == np.uint8:
        pillow(pixels).save(path, **info)
    elif channels == 2:
        path.write_bytes(imagecodecs.spng_encode(pixels))
    else:
        order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
        assert cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., order]))


def read_png(path: Path):
    """Read by Pillow, or by OpenCV for more than 8 bits: (h, w, channels)."""
    bits, colour = path.read_bytes()[24:26]
    if bits == 8:
        return read_by_pillow(path)
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    order = {0: [0], 2: [2, 1, 0], 4: [0, 3], 6: [2, 1, 0, 3]}[colour]  # OpenCV has no GRAYA
    return pixels.reshape(*pixels.shape[:2], -1)[..., order]


def pillow(pixels) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def load(path: Path) -> Image.Image:
    """Open by Pillow, without leaving the file open."""
    return Image.open(io.BytesIO(path.read_bytes()))


def read_by_pillow(path: Path):
    pixels = np.array(load(path))
    return pixels.reshape(*pixels.shape[:2], -1)


def exif_block(orientation: int = 1, order: str = "<", thumbnail: bytes = b"") -> bytes:
    """Make an EXIF block by hand: maker, orientation, 300 dpi, exposure time, maker note, GPS."""
    mark = b"II" if order == "<" else b"MM"
    at_values = 400

    def row(tag: int, kind: int, count: int, value: int) -> bytes:
        packed = (
            struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        )
        return struct.pack(order + "HHI", tag, kind, count) + packed

    rows = [
        row(271, 2, 8, at_values),  # maker
        row(274, 3, 1, orientation),
        row(282, 5, 1, at_values + 8),
        row(283, 5, 1, at_values + 8),
        row(296, 3, 1, 2),
        row(34665, 4, 1, 150),
        row(34853, 4, 1, 250),
    ]
    block = mark + struct.pack(order + "HI", 42, 8)
    block += struct.pack(order + "H", len(rows)) + b"".join(rows)
    block += struct.pack(order + "I", 300 if thumbnail else 0)
    shot = [row(33434, 5, 1, at_values + 16), row(37500, 7, 12, at_values + 24)]
    block = block.ljust(150, b"\0") + struct.pack(order + "H", 2) + b"".join(shot) + bytes(4)
    place = [struct.pack(order + "HHI", 1, 2, 2) + b"N\0\0\0", row(2, 5, 3, at_values + 36)]
    block = block.ljust(250, b"\0") + struct.pack(order + "H", 2) + b"".join(place) + bytes(4)
    preview = [row(513, 4, 1, at_values + 60), row(514, 4, 1, len(thumbnail))]
    if thumbnail:
        block = block.ljust(300, b"\0") + struct.pack(order + "H", 2) + b"".join(preview) + bytes(4)
    block = block.ljust(at_values, b"\0") + b"Lacuna!\0"
    block += struct.pack(order + "IIII", 300, 1, 1, 250) + b"\x07maker note\xff"
    block += struct.pack(order + "6I", 47, 1, 22, 1, 5, 1)
    return block + thumbnail


def resources_of_photoshop(thumbnail: bytes) -> bytes:
    """Make image resources: a resolution, a preview, a caption digest."""

    def resource(number: int, data: bytes) -> bytes:
        return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)

    return (
        resource(1005, struct.pack(">iHHiHH", 300 << 16, 1, 1, 300 << 16, 1, 1))
        + resource(1036, bytes(28) + thumbnail)
        + resource(1061, bytes(range(16)))
    )


def png_chunks(path: Path) -> list[tuple[bytes, bytes]]:
    data, at, chunks = path.read_bytes(), 8, []
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunks.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def with_png_chunks(path: Path, *chunks: tuple[bytes, bytes]) -> None:
    """Put chunks right behind the header."""
    packed = b"".join(png_chunk(*chunk) for chunk in chunks)
    data = path.read_bytes()
    path.write_bytes(data[:33] + packed + data[33:])


def jpeg_segments(path: Path) -> list[tuple[int, bytes]]:
    """List the segments before the first scan."""
    data, at, segments = path.read_bytes(), 2, []
    while data[at + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, at + 2)
        segments.append((data[at + 1], data[at + 4 : at + 2 + length]))
        at += 2 + length
    return segments


def with_jpeg_segments(path: Path, *segments: tuple[int, bytes]) -> None:
    """Put segments right behind the start."""
    packed = b"".join(
        bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data for marker, data in segments
    )
    data = path.read_bytes()
    path.write_bytes(data[:2] + packed + data[2:])


def edited(pixels, *edits):
    """The picture that a copy should show."""
    expected = pixels.copy()
    for rect, new in edits:
        expected[rect.slices] = new
    return expected


def refusal_of(path: Path) -> LacunaError:
    """Open what cannot be opened, and return why: one line that names the file."""
    with pytest.raises(LacunaError) as refusal:
        open_picture(path)
    assert str(path) in str(refusal.value)
    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)
    return refusal.value
