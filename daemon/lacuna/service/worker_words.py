"""What the worker says, taken at its word only where it keeps to `orders.py`.

The worker reads pictures and weights of strangers, so it is not trusted: a line that is not exactly
one message about the job that it has is its fault, and it is ended for it. Unknown keys alone are
left alone, for the worker of an updated program may be newer than the front that starts it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lacuna_wire import LacunaError, Rect
from lacuna_wire.errors import JobCancelled, Values
from lacuna_wire.messages import Progress
from lacuna_wire.parsing import MAX_SIDE

from .orders import Filled
from .strict_json import read_strict

MAX_COUNT = (1 << 31) - 1
MAX_NAME = 200  # characters of a device, of weights, of a phase
MAX_SENTENCE = 4000
MAX_VALUES = 20
MAX_PERCENT = 100.001  # 100 parts of a sum may be a little more
MAX_VALUE = 1e18
WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESULTS = ("layer", "composite")

Kind = TypeVar("Kind")


class BrokenWord(ValueError):
    """A line of the worker that is no message, or not the one that was due."""


def read_ready(line: bytes) -> str | None:
    """Return the device of a worker that is ready; None if the line says something else."""
    try:
        message = _message(line)
        return _name(message, "device", "") if message["type"] == "ready" else None
    except (BrokenWord, KeyError):
        return None


def read_word(line: bytes, job_id: str) -> Progress | Filled | LacunaError:
    """Return what a line says of the job: how far it is, or with what it has ended.

    Raises:
        BrokenWord: If it says anything else; the text tells what is wrong with it.
    """
    message = _message(line)
    if message.get("id") != job_id:
        raise BrokenWord("it is not about the job that was ordered")
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in READERS:
        raise BrokenWord("its type is unknown")
    return READERS[kind](message)


def _progress(message: Mapping[str, Any]) -> Progress:
    progress = Progress(
        _name(message, "phase"),
        _count(message, "tiles_done"),
        _count(message, "tiles_total"),
        _number(message, "percent", 0, MAX_PERCENT),
    )
    if progress.tiles_total and progress.tiles_done > progress.tiles_total:
        raise BrokenWord("more tiles are done than there are")
    return progress


def _filled(message: Mapping[str, Any]) -> Filled:
    sides = _typed(message, "rect", list)
    if len(sides) != 4 or any(type(side) is not int for side in sides):
        raise BrokenWord("rect is not four whole numbers")
    rect = Rect(*sides)
    if min(rect.left, rect.top) < 0 or min(rect.width, rect.height) < 1 or max(rect) > MAX_SIDE:
        raise BrokenWord("rect is out of range")
    result = _name(message, "result")
    if result not in RESULTS:
        raise BrokenWord("result is neither a layer nor a composite")
    return Filled(
        rect=rect,
        tiles=_count(message, "tiles"),
        device=_name(message, "device"),
        result=result,
        grown_px=_count(message, "grown_px", 0),
        weights=_name(message, "weights", ""),
    )


def _cancelled(_message: Mapping[str, Any]) -> LacunaError:
    return JobCancelled("The job was cancelled.")


def _failed(message: Mapping[str, Any]) -> LacunaError:
    code = _name(message, "code")
    if not WORD.fullmatch(code):
        raise BrokenWord("code is not a word")
    status = _count(message, "status")
    if not 400 <= status <= 599:
        raise BrokenWord("status is none of an error")
    return LacunaError(
        _sentence(message, "message"), code=code, status=status, values=_values(message)
    )


READERS: Mapping[str, Callable[[Mapping[str, Any]], Progress | Filled | LacunaError]] = {
    "progress": _progress,
    "done": _filled,
    "cancelled": _cancelled,
    "failed": _failed,
}


def _values(message: Mapping[str, Any]) -> Values:
    values = _typed(message, "values", dict, {})
    if len(values) > MAX_VALUES:
        raise BrokenWord("values are too many")
    for name in values:
        if not WORD.fullmatch(name):
            raise BrokenWord("values have a name that is no word")
        kind = type(values[name])
        if kind is str:
            _sentence(values, name)
        elif kind in (int, float):
            _number(values, name, -MAX_VALUE, MAX_VALUE)
        else:
            raise BrokenWord(f"{name} is neither a number nor a text")
    return values


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = read_strict(line)
    except ValueError as error:
        raise BrokenWord(f"it is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BrokenWord("it is not an object")
    return message


def _typed(
    message: Mapping[str, Any], key: str, kind: type[Kind], default: Kind | None = None
) -> Kind:
    """Return a value that is exactly of this type: True is no number here."""
    value = message.get(key, default)
    if type(value) is not kind:
        raise BrokenWord(f"{key} is {'missing' if value is None else 'of another type'}")
    return value


def _name(message: Mapping[str, Any], key: str, default: str | None = None) -> str:
    name = _typed(message, key, str, default)
    if len(name) > MAX_NAME or not name.isprintable():
        raise BrokenWord(f"{key} is no name")
    return name


def _sentence(message: Mapping[str, Any], key: str) -> str:
    sentence = _typed(message, key, str)
    # JSON may hold half of a character: no log and no answer could be written with it.
    if len(sentence) > MAX_SENTENCE or not "".join(sentence.split()).isprintable():
        raise BrokenWord(f"{key} is no sentence")
    return sentence


def _count(message: Mapping[str, Any], key: str, default: int | None = None) -> int:
    count = _typed(message, key, int, default)
    if not 0 <= count <= MAX_COUNT:
        raise BrokenWord(f"{key} is out of range")
    return count


def _number(message: Mapping[str, Any], key: str, least: float, most: float) -> float:
    value = message.get(key)
    if type(value) is int or type(value) is float:
        number = float(value) if abs(value) <= MAX_VALUE else most + 1  # an integer may be huge
        if least <= number <= most:  # NaN is not
            return number
    raise BrokenWord(f"{key} is no number from {least:g} to {most:g}")
