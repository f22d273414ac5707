"""Read what a daemon of any version answers.

Plug-ins are copies that age in the folders of their editors while the daemon is updated. So unknown
keys are left alone, most keys that are missing have a default, and a reply is an error only if it
lacks what its reader cannot do without.
"""

import math
from typing import Any, Type, TypeVar

from .errors import BadReply, LacunaError, error_from_dict
from .parsing import short
from .rect import Rect

_Reply = TypeVar("_Reply")


def read_reply(kind: Type[_Reply], data: Any, name: str) -> _Reply:
    """Fill a `NamedTuple` from a decoded JSON object.

    Args:
        kind: Its annotations name the types: `str`, `int`, `float`, `Rect`,
            `LacunaError`, and `Optional` of these. A field without a default must be there.
        data: What came.
        name: What it is, for a sentence.

    Raises:
        BadReply: If it is not such an object.
    """
    if not isinstance(data, dict):
        raise BadReply(f"The daemon's {name} is not a JSON object: {short(data)}.")
    fields = {}
    for key, wanted in kind.__annotations__.items():
        if key in data:
            try:
                fields[key] = _read(wanted, data[key])
            except (ValueError, OverflowError):
                raise BadReply(
                    f"The daemon's {name} has {short(data[key])} as its {key}."
                ) from None
        elif key not in getattr(kind, "_field_defaults", ()):
            raise BadReply(f"The daemon's {name} has no {key}.")
    return kind(**fields)


def _read(wanted: Any, value: Any) -> Any:
    """Return a value of the wanted type; raises `ValueError` if it is of another one."""
    kinds = getattr(wanted, "__args__", (wanted,))  # Optional[float] has (float, NoneType)
    if value is None and type(None) in kinds:
        return None
    kind = kinds[0]
    if kind is Rect:
        rect = read_reply(Rect, value, "rectangle")
        if min(rect) < 0:
            raise ValueError(value)
        return rect
    if kind is LacunaError:
        return error_from_dict({"error": value})
    # `type`, because True is not a number here.
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise ValueError(value)
    return value
