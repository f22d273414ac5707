"""What the front and its worker say to each other: JSON, one message per line, no pixels.

To the worker go `job` and `cancel`; back come `ready`, `progress`, and for every job exactly one of
`done`, `failed` and `cancelled`.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from lacuna_wire import JobRequest, LacunaError, Rect

from .spool import SpoolFiles


class Order(NamedTuple):
    """One job, as the worker gets it.

    Attributes:
        id: The client's UUID.
        input: Exists: the pixels of `window` in the layout of the request, row after row without
            padding, then one byte of mask per pixel.
        output: Does not exist: the worker makes it, with the pixels of the rectangle that it
            returns in the same layout.
        window: Pixels of the image that were uploaded.
        request: What the client asked for.
        smaller_tiles: Whether to halve the tiles, because one of the usual size hung.
    """

    id: str
    input: Path
    output: Path
    window: Rect
    request: JobRequest
    smaller_tiles: bool


class Filled(NamedTuple):
    """What the worker made.

    Attributes:
        rect: Pixels of the image that the output covers.
        tiles: Tiles that were filled.
        device: Where, for people: `cpu`, `cuda:0`.
    """

    rect: Rect
    tiles: int
    device: str


def order_message(
    request: JobRequest,
    window: Rect,
    files: SpoolFiles,
    default_device: str,
    smaller_tiles: bool,
) -> dict[str, object]:
    """Return the message that orders a job; `default_device` is for a request that says `auto`."""
    if request.options.device == "auto":
        request = request._replace(options=replace(request.options, device=default_device))
    return {
        "type": "job",
        "id": request.id,
        "input": str(files.input),
        "output": str(files.output),
        "window": list(window),
        "request": request.as_dict(),
        "smaller_tiles": smaller_tiles,
    }


def read_order(message: dict[str, Any]) -> Order:
    """Return the order of such a message."""
    return Order(
        id=message["id"],
        input=Path(message["input"]),
        output=Path(message["output"]),
        window=Rect(*message["window"]),
        request=JobRequest.from_dict(message["request"]),
        smaller_tiles=message["smaller_tiles"],
    )


def check_filled(filled: Filled, request: JobRequest, files: SpoolFiles) -> None:
    """Return if the output has the size that the worker says; no client may get a torn picture.

    Raises:
        LacunaError: If it has not, or lies outside of the image (`internal`).
    """
    expected = filled.rect.area * request.layout.pixel_bytes
    found = files.output.stat().st_size if files.output.exists() else 0
    if not request.image.contains(filled.rect) or found != expected:
        raise LacunaError(
            f"the worker wrote {found:,} bytes for {tuple(filled.rect)}, {expected:,} were due",
            code="internal",
        )


def write_line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
