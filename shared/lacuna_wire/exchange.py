"""One request and its answer over one short connection to the daemon: what `client.py` is made of.

http.client knows no proxies and follows no redirects, so nothing that is sent here can leave the
computer. Every failure of the connection is a `DaemonUnreachable`, never a bare OSError.
"""

import http.client
import json
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, Mapping, Union

from .endpoint import HOST, Endpoint
from .errors import BadRequest, DaemonUnreachable, error_from_dict
from .messages import UNKNOWN_KEYS

Buffer = Union[bytes, bytearray, memoryview]

SLICE_BYTES = 1 << 20  # a socket timeout counts for one slice, not for a whole upload
MAX_JSON_BYTES = 1 << 20
_NO_HEADERS: Mapping[str, str] = {}


@contextmanager
def exchange(
    endpoint: Endpoint,
    method: str,
    path: str,
    timeout_s: float,
    headers: Mapping[str, str] = _NO_HEADERS,
    body: Iterable[memoryview] = (),
) -> Iterator[http.client.HTTPResponse]:
    """Send a request with the token and give its answer, whose body is not read yet.

    Args:
        endpoint: A daemon that has proved itself.
        method: HTTP method.
        path: Target of the request.
        timeout_s: How long to wait for one piece of it, not for the whole.
        headers: Besides those of every request; of a body its type and its length.
        body: Read once. It may end early by raising: the connection is closed then.

    Raises:
        LacunaError: If the daemon answers with an error; the same class as there.
        DaemonUnreachable: If it cannot be reached or does not answer.
    """
    connection = http.client.HTTPConnection(HOST, endpoint.port, timeout=timeout_s)
    try:
        with connection_errors(endpoint):
            connection.putrequest(method, path)
            connection.putheader("Authorization", "Bearer " + endpoint.token)
            connection.putheader(*UNKNOWN_KEYS)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
        for part in body:
            try:
                connection.send(part)
            except ConnectionError:
                break  # refused before its end: the answer says why
            except OSError as error:
                raise _lost(endpoint) from error
        with connection_errors(endpoint):
            response = connection.getresponse()
        if response.status >= 400:
            raise error_from_dict(read_json(endpoint, response), response.status)
        yield response
    finally:
        connection.close()


def read_json(endpoint: Endpoint, response: http.client.HTTPResponse) -> Any:
    """Return the decoded body of an answer; None if it is not JSON."""
    with connection_errors(endpoint):
        text = response.read(MAX_JSON_BYTES)
        if response.length:  # told, but not come: `read` does not mind
            raise http.client.IncompleteRead(text, response.length)
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def read_into(endpoint: Endpoint, response: http.client.HTTPResponse, buffer: memoryview) -> None:
    """Fill `buffer` with the body of an answer, without a second copy of it."""
    filled = 0
    with connection_errors(endpoint):
        while filled < len(buffer):
            count = response.readinto(buffer[filled:])
            if not count:
                raise ConnectionResetError
            filled += count


def slices(chunks: Iterable[Buffer]) -> Iterator[memoryview]:
    """Cut contiguous buffers into pieces of at most `SLICE_BYTES`, without copying them."""
    for chunk in chunks:
        view = memoryview(chunk).cast("B")
        for start in range(0, len(view), SLICE_BYTES):
            yield view[start : start + SLICE_BYTES]


def exactly(parts: Iterable[memoryview], total_bytes: int) -> Iterator[memoryview]:
    """Pass `parts` on, and raise `BadRequest` if they are not `total_bytes` long together."""
    sent = 0
    for part in parts:
        sent += len(part)
        if sent > total_bytes:
            break
        yield part
    if sent != total_bytes:
        at_least = "at least " if sent > total_bytes else ""
        raise BadRequest(
            f"The window needs {total_bytes:,} bytes of pixels and mask, but "
            f"{at_least}{sent:,} were given."
        )


@contextmanager
def connection_errors(endpoint: Endpoint) -> Iterator[None]:
    """Turn every failure of a connection into `DaemonUnreachable`."""
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise _lost(endpoint) from error


def _lost(endpoint: Endpoint) -> DaemonUnreachable:
    return DaemonUnreachable(
        f"The connection to the Lacuna daemon on port {endpoint.port} was lost.",
        values={"port": str(endpoint.port)},
    )
