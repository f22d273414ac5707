"""JSON as every parser reads it: no NaN, no key twice, no nesting that ends the reader."""

import json
from collections.abc import Iterable
from typing import Any


def read_strict(text: bytes) -> Any:
    """Return what the text says; raises `ValueError` if it is not JSON, or if parsers disagree."""
    try:
        return json.loads(
            text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields:
            raise ValueError(f"the key {key:.40} comes twice")
        fields[key] = value
    return fields


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
