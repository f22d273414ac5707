"""The messages between the front and its worker: JSON, one message per line, no pixels.

`job` and `cancel` go to the worker. `ready`, `progress` and, for every job, exactly one of `done`,
`failed` and `cancelled` come back.
"""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from lacuna_wire import JobRequest, LacunaError, Rect
from lacuna_wire.messages import Progress

from .spool import SpoolFiles


class Order(NamedTuple):
    """One job, as the worker gets it.

    Attributes:
        id: The client's UUID.
        input: An existing file: the planes of `window`, in the order of the request, row after row
            without padding.
        output: A file that does not exist: the worker makes it, with the pixels of the rectangle
            that it returns, in the layout of the request.
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
        result: What the output is: `layer` or `composite`.
        grown_px: Pixels that were added to the selection at most, because it was left to us.
        weights: Name of those that filled; empty if patches alone were enough.
    """

    rect: Rect
    tiles: int
    device: str
    result: str
    grown_px: int = 0
    weights: str = ""


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


def progress_message(job_id: str, progress: Progress) -> dict[str, object]:
    """Return the message that tells the front how far a job is."""
    return {"type": "progress", "id": job_id, **progress._asdict()}


def check_filled(filled: Filled, request: JobRequest, window: Rect, files: SpoolFiles) -> None:
    """Return if the output has the size that the worker says: no client may get a torn picture.

    Raises:
        LacunaError: If it has another size, lies outside the window or is no file (`internal`).
        OSError: If it cannot be looked at.
    """
    expected = filled.rect.area * request.layout.pixel_bytes
    try:
        facts = os.lstat(files.output)
        found = facts.st_size if stat.S_ISREG(facts.st_mode) else 0
    except FileNotFoundError:
        found = 0
    if not window.contains(filled.rect) or found != expected:
        raise LacunaError(
            f"The worker wrote {found:,} bytes for {tuple(filled.rect)}; {expected:,} were due.",
            code="internal",
        )


def write_line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
