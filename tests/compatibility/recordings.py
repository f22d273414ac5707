"""What client and daemon of 0.1.0 said to each other; `record.py` has written it down."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lacuna_wire.endpoint import Endpoint

RECORDED = Path(__file__).parent / "recorded"
TALKS = ("editor", "command_line", "ends", "refusals")


class Exchange(NamedTuple):
    """One request and its answer.

    Attributes:
        method: HTTP method.
        path: Target of the request.
        headers: What the client sent besides Host and Authorization.
        request: The JSON of the body, or `{"bytes": LENGTH}`.
        status: HTTP status of the answer.
        reply_headers: Those of the answer that mean something.
        reply: As `request`; of a stream of events `{"text": ...}`.
    """

    method: str
    path: str
    headers: dict[str, str]
    request: Any
    status: int
    reply_headers: dict[str, str]
    reply: Any

    @property
    def route(self) -> str:
        """Method and path, without ids and queries: `GET /v1/jobs/{id}`."""
        parts = self.path.partition("?")[0].split("/")
        if len(parts) > 3:
            parts[3] = "{id}"
        return f"{self.method} {'/'.join(parts)}"


@cache
def _file(talk: str) -> dict[str, Any]:
    return json.loads((RECORDED / f"{talk}.json").read_text("utf-8"))


def exchanges(*talks: str) -> list[Exchange]:
    """All that was said in these talks, in order; in all of them if none is named."""
    return [Exchange(**each) for talk in talks or TALKS for each in _file(talk)["exchanges"]]


def endpoint() -> Endpoint:
    """The endpoint file of that daemon."""
    return Endpoint(**_file("editor")["endpoint"])
