"""Parse requests strictly, so that every refusal names the key, its value and what is possible.

Nothing is guessed: an unknown or missing key, a wrong type or a number out of range is an error.
"""

import uuid
from typing import Any, Dict, Iterable, Optional

from .errors import BadRequest
from .rect import Rect

MAX_SIDE = 65_535  # pixels; the widest picture that a Rect of this protocol describes
MAX_SHOWN = 40  # characters of a value that is quoted in a sentence


def fields_of(
    data: Any, name: str, required: Iterable[str] = (), optional: Iterable[str] = ()
) -> Dict[str, Any]:
    """Return a copy of a JSON object that has all the required keys and no unknown one.

    Raises:
        BadRequest: If it is not such an object; the sentence begins with `name`.
    """
    required, optional = tuple(required), tuple(optional)
    if not isinstance(data, dict):
        raise BadRequest(f"{name} must be a JSON object.")
    for key in required:
        if key not in data:
            raise BadRequest(f"{name}.{key} is missing.")
    for key in data:
        if key not in required and key not in optional:
            raise BadRequest(
                f"{name} has the unknown key {short(key)}. If the client is newer than the daemon, "
                "update the daemon.",
                values={"unknown": str(key)[:MAX_SHOWN]},
            )
    return dict(data)


def check_number(value: Any, name: str, low: int, high: Optional[int]) -> None:
    """Return if `value` is a whole number from `low` to `high`; raise `BadRequest` if not."""
    # bool is an int in Python, but `true` is not a number of pixels.
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name} must be a whole number, not {short(value)}.")
    if value < low or (high is not None and value > high):
        limits = f"{low:,} or more" if high is None else f"{low:,} to {high:,}"
        raise BadRequest(f"{name} must be {limits}, not {short(value)}.")


def rect_from_dict(data: Any, name: str) -> Rect:
    """Parse `{"left", "top", "width", "height"}` of whole numbers, none of them negative."""
    fields = fields_of(data, name, required=Rect._fields)
    for key in Rect._fields:
        check_number(fields[key], f"{name}.{key}", 0, MAX_SIDE)
    return Rect(**fields)


def uuid_from(value: Any) -> str:
    """Parse a UUID and return its one spelling: lower case, with dashes."""
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise BadRequest(f"The id of a job must be a UUID, not {short(value)}.") from None


def short(value: Any) -> str:
    """Show a value in a sentence; hostile ones are cut and made printable."""
    text = ascii(value) if not isinstance(value, int) or abs(value) < 10**18 else "a huge number"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
