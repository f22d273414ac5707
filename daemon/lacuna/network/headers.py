"""The header of a safetensors file: names, shapes, types and metadata, read without torch.

Everything is checked against the size of the file before anything else believes it, so that the
daemon's front can list weights and no loader allocates what a hostile header only claims.
"""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lacuna_wire.errors import Unprocessable

MAX_HEADER_BYTES = 4 * 2**20  # big-lama needs 100 kB
MAX_FILE_BYTES = 4 * 2**30  # a training state of big-lama has 0.4 GB
ITEM_BYTES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8, "I64": 8, "I32": 4, "I16": 2, "I8": 1}

Shape = tuple[int, ...]


class Header(NamedTuple):
    """What a safetensors file says about itself.

    Attributes:
        shapes: Shape of every tensor by name.
        types: Type of every tensor by name, a key of `ITEM_BYTES`.
        metadata: Free text from whoever wrote the file.
        size_bytes: Size of the whole file.
    """

    shapes: dict[str, Shape]
    types: dict[str, str]
    metadata: dict[str, str]
    size_bytes: int


def bad_weights(path: Path, reason: str) -> Unprocessable:
    """Build the one error for every file that is refused: its name, and the end of a sentence."""
    return Unprocessable(
        f"{path.name} cannot be used as weights: {reason}.",
        code="bad_weights",
        values={"name": path.stem},
    )


def file_size(path: Path) -> int:
    """Return the bytes of a regular file.

    Raises:
        Unprocessable: If there is no such file, or it is a folder, a pipe, empty or too large.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise bad_weights(path, f"it cannot be read ({error.strerror})") from None
    if not path.is_file():
        raise bad_weights(path, "it is not a regular file")
    if not size:
        raise bad_weights(path, "it is empty")
    if size > MAX_FILE_BYTES:
        raise bad_weights(path, f"it has {size:,} bytes, and at most {MAX_FILE_BYTES:,} are read")
    return size


def read_header(path: Path) -> Header:
    """Read and check the header of a safetensors file.

    Raises:
        Unprocessable: If the file is not safetensors or incomplete, or its header does not match
            its size.
    """
    size = file_size(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MAX_HEADER_BYTES, size - 8):
            raise bad_weights(
                path, "it is neither safetensors nor a PyTorch archive, or it is incomplete"
            )
        text = file.read(length)
    try:
        head = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise bad_weights(path, "its safetensors header is not valid JSON") from None
    if not isinstance(head, dict):
        raise bad_weights(path, "its safetensors header is not a JSON object")
    metadata = head.pop("__metadata__", {})
    if not _is_text_by_text(metadata):
        raise bad_weights(path, "its metadata is not text")
    shapes, types, ends = {}, {}, [0]
    for name, entry in sorted(head.items(), key=lambda item: _start(path, *item)):
        kind, shape, (start, end) = _entry(path, name, entry)
        if start != ends[-1] or end - start != math.prod(shape) * ITEM_BYTES[kind]:
            raise bad_weights(path, f"the bytes of {_short(name)} do not match its shape")
        shapes[name], types[name] = shape, kind
        ends.append(end)
    if ends[-1] != size - 8 - length:
        raise bad_weights(
            path,
            f"it has {size:,} bytes instead of {8 + length + ends[-1]:,}; it may be incomplete",
        )
    return Header(shapes, types, metadata, size)


def header_bytes(
    types: Mapping[str, str], shapes: Mapping[str, Shape], metadata: Mapping[str, str]
) -> bytes:
    """Build the length and the header of a safetensors file: the same bytes for the same content.

    Args:
        types: Of every tensor, in the order in which the numbers follow.
        shapes: By the same names.
        metadata: Free text.
    """
    head: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    end = 0
    for name, kind in types.items():
        begin, end = end, end + math.prod(shapes[name]) * ITEM_BYTES[kind]
        head[name] = {"dtype": kind, "shape": shapes[name], "data_offsets": (begin, end)}
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    return len(text).to_bytes(8, "little") + text


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a key is there twice")
    return unique


def _start(path: Path, name: str, entry: Any) -> tuple[int, int]:
    return _entry(path, name, entry)[2]


def _entry(path: Path, name: str, entry: Any) -> tuple[str, Shape, tuple[int, int]]:
    """Return type, shape and (start, end) in bytes of one tensor, none of them negative."""
    try:
        kind, shape, (start, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (KeyError, TypeError, ValueError):
        raise bad_weights(path, f"its header describes {_short(name)} wrongly") from None
    numbers = (*shape, start, end)
    if any(type(number) is not int or number < 0 for number in numbers) or len(shape) > 8:
        raise bad_weights(path, f"its header describes {_short(name)} wrongly")
    if not isinstance(kind, str) or kind not in ITEM_BYTES:
        raise bad_weights(path, f"{_short(name)} has the unknown type {_short(kind)}")
    return kind, shape, (start, end)


def _is_text_by_text(metadata: Any) -> bool:
    return isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())


def _short(value: Any) -> str:
    text = ascii(value).strip("'")
    return text if len(text) <= 80 else text[:77] + "..."
