"""The errors that a user may meet: whole sentences, a stable code, an HTTP status.

The daemon raises these and sends them as JSON; the client raises the same ones again. The code is
for programs and never changes; the message is for people and names the numbers. The numbers travel
beside it once more, so that an editor can say the same in its user's language: see `refusals.py`.
"""

from math import isfinite
from typing import Any, Dict, Mapping, Optional, Union

Values = Mapping[str, Union[int, float, str]]


class LacunaError(Exception):
    """Base of all errors that are shown to the user.

    Args:
        message: Whole sentences with the numbers in them, and a remedy if there is one.
        code: Stable word for programs; by default the one of the class.
        status: HTTP status; by default the one of the class.
        values: Numbers and names that the message holds, by names of their own.
    """

    code = "error"
    status = 500

    def __init__(
        self, message: str, code: str = "", status: int = 0, values: Optional[Values] = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.values: Values = values or {}

    def as_dict(self) -> Dict[str, Any]:
        """Return the JSON body: `{"error": {"code": ..., "message": ..., "values": {...}}}`.

        Without values it has no such key.
        """
        error: Dict[str, Any] = {"code": self.code, "message": self.message}
        if self.values:
            error["values"] = dict(self.values)
        return {"error": error}


class BadRequest(LacunaError):
    """The request does not follow the protocol."""

    code, status = "bad_request", 400


class Unauthorized(LacunaError):
    """Not signed by somebody who knows the daemon's secret."""

    code, status = "unauthorized", 401


class Forbidden(LacunaError):
    """A browser sent this, and no web page may use the daemon."""

    code, status = "forbidden", 403


class NotFound(LacunaError):
    """There is no such job, or no longer, or no such address."""

    code, status = "not_found", 404


class TooSlow(LacunaError):
    """A body did not arrive in time."""

    code, status = "too_slow", 408


class Conflict(LacunaError):
    """The job is in a state in which this cannot be done."""

    code, status = "conflict", 409


class LengthRequired(LacunaError):
    """A body came without an exact Content-Length."""

    code, status = "length_required", 411


class TooLarge(LacunaError):
    """More pixels or bytes than the daemon accepts."""

    code, status = "too_large", 413


class UnsupportedMedia(LacunaError):
    """A body of a type, an encoding or a pixel layout that is not in the protocol."""

    code, status = "unsupported", 415


class WrongHost(LacunaError):
    """The Host header is not one of the daemon's own names."""

    code, status = "wrong_host", 421


class Unprocessable(LacunaError):
    """Well formed, but the job makes no sense: nothing selected, or nothing known around it."""

    code, status = "unprocessable", 422


class QueueFull(LacunaError):
    """The daemon has as many jobs as it takes; try again later."""

    code, status = "queue_full", 429


class OutOfMemory(LacunaError):
    """Even the smallest tile did not fit into memory."""

    code, status = "out_of_memory", 503


class DeviceLost(LacunaError):
    """A GPU failed in a way that ends the process that uses it."""

    code, status = "device_lost", 503


class WorkerUnavailable(LacunaError):
    """The worker process could not be started or died."""

    code, status = "worker_unavailable", 503


class NoSpace(LacunaError):
    """The spool cannot hold the job."""

    code, status = "no_space", 507


class BadReply(LacunaError):
    """The daemon's answer lacks what its client needs."""

    code, status = "bad_reply", 502


class DaemonUnreachable(LacunaError):
    """No daemon answers, and none could be started."""

    code, status = "daemon_unreachable", 503


class DaemonElsewhere(LacunaError):
    """The daemon of this user runs on another computer, or in another container."""

    code, status = "daemon_elsewhere", 503


class ProtocolMismatch(LacunaError):
    """Client and daemon speak different versions of the protocol."""

    code, status = "protocol_mismatch", 426


class JobCancelled(LacunaError):
    """The job was cancelled, by this client or another one."""

    code, status = "cancelled", 409


CLASSES = {
    cls.code: cls
    for cls in (
        BadRequest, Unauthorized, Forbidden, NotFound, TooSlow, Conflict, LengthRequired, TooLarge,
        UnsupportedMedia, WrongHost, Unprocessable, QueueFull, OutOfMemory, DeviceLost,
        WorkerUnavailable, NoSpace, BadReply, DaemonUnreachable, DaemonElsewhere, ProtocolMismatch,
        JobCancelled,
    )
}  # fmt: skip


def error_from_dict(answer: Any, status: int = 500) -> LacunaError:
    """Rebuild the error that the daemon sent.

    Args:
        answer: The decoded JSON body; anything that is not an error body gives a plain
            `LacunaError` that says so.
        status: HTTP status of the answer.
    """
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return LacunaError(
            f"The daemon answered with status {status} and no reason.",
            code=BadReply.code,
            status=status,
        )
    code = str(error.get("code", LacunaError.code))
    message = str(error.get("message", f"The daemon answered with status {status}."))
    kind = CLASSES.get(code)
    if kind is None and status < 500:  # a code of its own, like `id_in_use`, of a known kind
        kind = next((cls for cls in CLASSES.values() if cls.status == status), None)
    values = values_from(error.get("values"))
    return (kind or LacunaError)(message, code=code, status=status, values=values)


def values_from(data: Any) -> Values:
    """Return what can be said of the values of an error; an older daemon sends none.

    >>> values_from({"side": 64, "is_new": True, "name": "big-lama", "more": [1]})
    {'side': 64, 'name': 'big-lama'}
    """
    if not isinstance(data, dict):
        return {}
    return {
        name: value
        for name, value in data.items()
        if type(value) in (int, str) or (type(value) is float and isfinite(value))
    }
