"""The report of a batch for programs: a file of JSON lines, one for each picture, as it ends.

Each line is written in one piece and is on the disk before the next picture begins. What a cut
line leaves, of a full disk or a power cut, is taken away before the next run adds its own lines;
docs/batches.md lists the fields.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from lacuna.files.refusals import writing
from lacuna_wire.errors import Conflict

from .items import Ended

FIRST_BYTES = 1 << 16  # that tell a report from another file
LOOKED_AT_BYTES = 1 << 16  # for the end of the last whole line, at a time


class Report:
    """An open report.

    Args:
        path: For sentences.
        file: Open at its end, without a buffer.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._run = _now()

    def add(self, ended: Ended) -> None:
        """Write the line of a picture.

        Raises:
            LacunaError: `no_space` or `not_writable`; the pictures that are written stay.
        """
        line = json.dumps(fields(ended, self._run), ensure_ascii=False) + "\n"
        data = memoryview(line.encode("utf-8", "surrogateescape"))
        with writing(self._path):
            while data:  # a full disk may take a part
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())


def fields(ended: Ended, run: str) -> dict[str, Any]:
    """Return what the report says of a picture; `docs/batches.md` explains it."""
    item = ended.item
    return {
        "run": run,
        "time": _now(),
        "picture": str(item.image),
        "mask": None if item.mask is None else str(item.mask),
        "output": str(item.out),
        "state": ended.state,
        "code": ended.code,
        "reason": ended.reason,
        "seconds": round(ended.seconds, 3),
        "width": ended.width,
        "height": ended.height,
        "grown_px": ended.grown_px,
        "remarks": list(ended.remarks),
    }


@contextmanager
def report_at(path: Path) -> Iterator[Report]:
    """Lend a report that is begun, or continued if there is one.

    Raises:
        LacunaError: `output_exists` if the file there is no report; `not_writable`.
    """
    with writing(path):
        file = open(path, "a+b", buffering=0)  # noqa: SIM115  (closed below)
    with file:
        with writing(path):
            _cut_half_line(path, file)
        yield Report(path, file)


def whole_lines(path: Path) -> list[dict[str, Any]]:
    """Read a report, but for what a cut line leaves at its end."""
    text = path.read_bytes()
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]


def _cut_half_line(path: Path, file: BinaryIO) -> None:
    """Take a half line off the end, if what is there is a report; other files stay as they are."""
    size = file.seek(0, os.SEEK_END)
    if not size:
        return
    file.seek(0)
    head = file.read(FIRST_BYTES)
    first, newline, _rest = head.partition(b"\n")
    if not first.startswith(b'{"run": "') or (newline and not _is_line(first)):
        raise Conflict(
            f"{path} is there already, and is not a report of Lacuna. Name another file with "
            "--report.",
            code="output_exists",
        )
    end = size
    while end:
        start = max(0, end - LOOKED_AT_BYTES)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end < size:
        file.truncate(end)


def _is_line(line: bytes) -> bool:
    try:
        return "picture" in json.loads(line)
    except (ValueError, TypeError):
        return False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
