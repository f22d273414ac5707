"""Pictures decoded in a process of their own: a codec that crashes or grows takes nothing along.

What a file declares is checked here, before such a process is started. It gets the file's path,
and answers with one line of JSON and the raw samples.
"""

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lacuna.system.limits import memory_limited
from lacuna.system.peak import peak_bytes
from lacuna_wire.errors import TooLarge

from .format import Format, Pieces, Size
from .metadata import Metadata
from .picture import Pixels
from .raster import Buffer, Decoded, RasterPicture, open_raster, open_raster_mask
from .refusals import check_pixels, corrupt, unsupported

# Decoders hold a picture a few times; what Python and its libraries take comes on top.
_COPIES, _OWN_BYTES = 6, 3 << 30
_LEAST_S, _PIXELS_PER_S = 60, 1_000_000
_ENDED_BY_MEMORY = "MemoryError"


class Foreign(NamedTuple):
    """What a codec finds in a file.

    Attributes:
        pixels: (h, w, 1 to 4) u8, u16, f16 or f32, as stored.
        metadata: What the file says besides.
        lossy: Whether the pixels went through a lossy compression.
        bits: Of a sample in the file.
    """

    pixels: Pixels
    metadata: Metadata = Metadata()
    lossy: bool = False
    bits: int = 8


Measure = Callable[[bytes, Path], Size]
# From pixels, what the file said, and the bits of a sample to a new file.
EncodeForeign = Callable[[Pixels, Metadata, int], Iterable[Buffer]]


class _Said(NamedTuple):
    """The line of JSON.

    Attributes:
        peak_bytes: The most memory that the child held.
    """

    shape: tuple[int, ...]
    dtype: str
    lossy: bool
    bits: int
    peak_bytes: int
    metadata: Metadata


def opener(
    name: str, measure: Measure, encode: EncodeForeign | None = None
) -> Callable[[Path], RasterPicture]:
    """Return what opens pictures of a format that is decoded apart."""
    return partial(open_raster, name, partial(_decode, name, measure, encode))


@contextmanager
def _open_mask(name: str, measure: Measure, path: Path) -> Iterator[Pieces]:
    with open_raster_mask(partial(_decode, name, measure, None), path) as pieces:
        yield pieces


def read_only(
    name: str, suffixes: tuple[str, ...], signature: Any, measure: Measure, **more: Any
) -> Format:
    """Declare a format that is read and not written, unless `more` says otherwise."""
    encode = more.pop("encode", None)
    declared: dict[str, Any] = {
        "channels": frozenset(), "samples": frozenset(), "max_side": 0, "max_pixels": 0,
        "write": None, **more,
    }  # fmt: skip
    return Format(
        name=name,
        suffixes=suffixes,
        signature=signature,
        measure=lambda path: measure(path.read_bytes(), path),
        open=opener(name, measure, encode),
        open_mask=partial(_open_mask, name, measure),
        **declared,
    )


def _decode(
    name: str,
    measure: Measure,
    encode: EncodeForeign | None,
    data: bytes,
    path: Path,
    _as_mask: bool,
) -> Decoded:
    size = measure(data, path)
    check_pixels(path, size.width, size.height)
    pixels, said = _ask(name, path, size)
    if pixels.shape[0] * pixels.shape[1] > size.width * size.height:
        raise corrupt(path, "it holds another size than it declares")

    def packed(new: Pixels) -> Iterable[Buffer]:
        assert encode is not None, f"{name} is not written"
        return encode(new, said.metadata, said.bits)

    return Decoded(pixels, said.metadata, said.lossy, packed, working_bytes=said.peak_bytes)


def _ask(name: str, path: Path, size: Size) -> tuple[Pixels, _Said]:
    """Let a child decode the file.

    Raises:
        LacunaError: `corrupt_picture`, also if the codec crashed or did not come to an end;
            `unsupported_layout`; `too_large`.
    """
    limit = _COPIES * size.byte_count + _OWN_BYTES
    seconds = _LEAST_S + size.width * size.height // _PIXELS_PER_S
    command = [sys.executable, "-m", "lacuna.files.codec_child", name, str(path.resolve())]
    with tempfile.TemporaryFile() as answer:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            **memory_limited(limit),
        )
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise corrupt(path, f"its {name} decoder came to no end in {seconds} s") from None
        finally:
            child.kill()
            child.wait()
        answer.seek(0)
        said = json.loads(answer.readline() or b"{}")
        if said.get("unsupported"):
            raise unsupported(path, *said["unsupported"])
        if said.get("error") == _ENDED_BY_MEMORY:
            raise TooLarge(
                f"{path} asks for more than {limit >> 20:,} MiB of memory while it is decoded. "
                "Save it as TIFF, which is read in pieces."
            )
        if "error" in said:
            raise corrupt(path, said["error"])
        if code or not said:
            raise corrupt(path, f"its {name} decoder has crashed")
        facts = _facts(said)
        shape = facts.shape
        if len(shape) != 3 or not all(shape) or shape[2] > 4:
            raise unsupported(path, f"samples of shape {shape}", "Save it as grey or RGB")
        expected = int(np.prod(shape)) * np.dtype(facts.dtype).itemsize
        pixels = np.frombuffer(answer.read(), facts.dtype)
        if pixels.nbytes != expected:
            raise corrupt(path, f"its {name} decoder has crashed")
    return pixels.reshape(shape).copy(), facts


def _facts(said: dict[str, Any]) -> _Said:
    icc, exif, xmp = (base64.b64decode(said[key]) for key in ("icc", "exif", "xmp"))
    dpi = (said["dpi"][0], said["dpi"][1]) if said["dpi"] else None
    return _Said(
        tuple(said["shape"]),
        said["dtype"],
        said["lossy"],
        said["bits"],
        said["peak_bytes"],
        Metadata(icc=icc, exif=exif, xmp=xmp, dpi=dpi),
    )


def answer_of(found: Foreign) -> Iterator[Buffer]:
    """Write what the child says: the line, and the samples."""
    pixels = np.ascontiguousarray(found.pixels)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    meta = found.metadata
    line = {
        "shape": pixels.shape,
        "dtype": pixels.dtype.newbyteorder("<").str,
        "lossy": found.lossy,
        "bits": found.bits,
        "peak_bytes": peak_bytes(),
        "icc": base64.b64encode(meta.icc).decode(),
        "exif": base64.b64encode(meta.exif).decode(),
        "xmp": base64.b64encode(meta.xmp).decode(),
        "dpi": meta.dpi,
    }
    yield json.dumps(line).encode() + b"\n"
    yield pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).reshape(-1).view(np.uint8).data


def full_range(pixels: Pixels, bits: int) -> Pixels:
    """Stretch u16 samples of `bits` bits over all 16, so that the upper ones are what they were."""
    if pixels.dtype != np.uint16 or bits >= 16:
        return pixels
    wide = pixels.astype(np.uint32)
    return ((wide << (16 - bits)) | (wide >> max(0, 2 * bits - 16))).astype(np.uint16)
