"""One request and its answer over one short connection to the daemon: what `client.py` is made of.

Both are signed with keys of this connection, so whoever is between can neither use what it sees nor
change it. http.client knows no proxies and follows no redirects, so nothing that is sent here can
leave the computer. Every failure of the connection is a `DaemonUnreachable`, never a bare OSError.
"""

import http.client
import json
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, NamedTuple, Optional, Union

from .endpoint import PROVE_TIMEOUT_S, Endpoint
from .errors import BadRequest, DaemonUnreachable, error_from_dict
from .session import HOST, ClientSession, begin_session, stranger
from .signing import (
    DIGEST,
    OWN_PEER,
    PLAIN,
    SIGNATURE,
    TAG_BYTES,
    TRAILING,
    RunningTag,
    authorization,
    digest_of,
    pixels_digest,
    same,
    sign_answer,
    sign_request,
)

Buffer = Union[bytes, bytearray, memoryview]

SLICE_BYTES = 1 << 20  # a socket timeout counts for one slice, not for a whole upload
MAX_JSON_BYTES = 1 << 20


class Body(NamedTuple):
    """What a request carries.

    Attributes:
        media_type: Its Content-Type.
        length: Bytes of it, without a tag.
        digest: As the header says it; of pixels it is decided when they are sent.
        parts: Read once. They may end early by raising: the connection is closed then.
    """

    media_type: str
    length: int
    digest: Optional[str]
    parts: Iterable[memoryview]


class Reply:
    """An answer whose head is proved to be the daemon's; its body is not read yet.

    Args:
        endpoint: Who answers.
        response: The answer.
        tag: Of its body, if that ends with one.
    """

    def __init__(
        self, endpoint: Endpoint, response: http.client.HTTPResponse, tag: RunningTag
    ) -> None:
        self.status = response.status
        self._endpoint = endpoint
        self._response = response
        self._tag = tag
        self._digest = response.getheader(DIGEST)

    @property
    def body_bytes(self) -> int:
        """Length of the pixels that a result is made of."""
        tag_bytes = TAG_BYTES if self._digest == TRAILING else 0
        return max(0, (self._response.length or 0) - tag_bytes)

    def header(self, name: str) -> str:
        return self._response.getheader(name) or ""

    def json(self) -> Any:
        """Return the decoded body; None if it is not JSON."""
        with connection_errors(self._endpoint):
            text = self._response.read(MAX_JSON_BYTES)
            if self._response.length:  # told, but not come: `read` does not mind
                raise http.client.IncompleteRead(text, self._response.length)
        if not same(self._digest, digest_of(text)):
            raise stranger(self._endpoint.port)
        try:
            return json.loads(text.decode("utf-8"))
        except (ValueError, RecursionError):
            return None

    def read_into(self, buffer: memoryview) -> None:
        """Fill `buffer`, `body_bytes` long, without a second copy of it; it is proved then.

        Raises:
            DaemonUnreachable: If the body is cut off, or is not what the daemon has sent.
        """
        if self._digest == PLAIN:  # the daemon has signed that, and we have offered it
            self._fill(buffer)
            return
        if self._digest != TRAILING:
            raise stranger(self._endpoint.port)
        for start in range(0, len(buffer), SLICE_BYTES):
            part = buffer[start : start + SLICE_BYTES]
            self._fill(part)
            self._tag.update(part)
        tag = bytearray(TAG_BYTES)
        self._fill(memoryview(tag))
        if not same(tag.hex(), self._tag.tag().hex()):
            raise stranger(self._endpoint.port)

    def _fill(self, buffer: memoryview) -> None:
        filled = 0
        with connection_errors(self._endpoint):
            while filled < len(buffer):
                count = self._response.readinto(buffer[filled:])
                if not count:
                    raise ConnectionResetError
                filled += count


@contextmanager
def exchange(
    endpoint: Endpoint, method: str, path: str, timeout_s: float, body: Optional[Body] = None
) -> Iterator[Reply]:
    """Send a signed request, and give its answer once that is proved.

    Args:
        endpoint: A daemon; it proves itself before it gets a byte of the request.
        method: HTTP method.
        path: Target of the request.
        timeout_s: How long to wait for one piece of it, not for the whole.
        body: What it carries.

    Raises:
        LacunaError: If the daemon answers with an error; the same class as there.
        DaemonUnreachable: If it cannot be reached, does not answer, or something else does.
    """
    connection = http.client.HTTPConnection(HOST, endpoint.port, timeout=PROVE_TIMEOUT_S)
    try:
        with connection_errors(endpoint):
            session = begin_session(connection, endpoint.key, endpoint.instance)
            connection.sock.settimeout(timeout_s)
            keys = session.keys
            if body is not None and body.digest is None:
                body = body._replace(digest=pixels_digest(body.length, session.is_own_peer))
            signature = _send_head(connection, session, method, path, body)
        if body is not None:
            _send_body(connection, endpoint, body, RunningTag(keys.request, signature))
        with connection_errors(endpoint):
            response = connection.getresponse()
        # An answer that is not signed is not even read as a refusal: nobody knows whose it is.
        signed = sign_answer(keys.answer, signature, response.status, response.getheader)
        if not same(response.getheader(SIGNATURE), signed):
            raise stranger(endpoint.port)
        reply = Reply(endpoint, response, RunningTag(keys.answer, signed))
        if reply.status >= 400:
            raise error_from_dict(reply.json(), reply.status)
        yield reply
    finally:
        connection.close()


def json_body(message: Any) -> Body:
    """Return a small JSON message, to be sent."""
    text = json.dumps(message).encode("utf-8")
    return Body("application/json", len(text), digest_of(text), [memoryview(text)])


def pixel_body(chunks: Iterable[Buffer], total_bytes: int) -> Body:
    """Return contiguous buffers as a body; they are neither copied nor read before they are sent.

    Raises:
        BadRequest: While it is sent, if the buffers are not `total_bytes` long together.
    """
    parts = exactly(slices(chunks), total_bytes)
    return Body("application/octet-stream", total_bytes, None, parts)


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


def _send_head(
    connection: http.client.HTTPConnection,
    session: ClientSession,
    method: str,
    path: str,
    body: Optional[Body],
) -> str:
    """Send all but the body, and return the signature of it."""
    headers = dict([OWN_PEER]) if session.is_own_peer else {}
    if body is not None:
        tag_bytes = TAG_BYTES if body.digest == TRAILING else 0
        headers["Content-Type"] = body.media_type
        headers["Content-Length"] = str(body.length + tag_bytes)
        headers[DIGEST] = body.digest or ""
    signature = sign_request(session.keys.request, 1, method, path, headers.get)
    connection.putrequest(method, path)
    connection.putheader("Authorization", authorization(1, signature))
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    return signature


def _send_body(
    connection: http.client.HTTPConnection, endpoint: Endpoint, body: Body, tag: RunningTag
) -> None:
    def send(part: Union[bytes, memoryview]) -> bool:
        try:
            connection.send(part)
        except ConnectionError:
            return False  # refused before its end: the answer says why
        except OSError as error:
            raise _lost(endpoint) from error
        return True

    for part in body.parts:
        if not send(part):
            return
        if body.digest == TRAILING:
            tag.update(part)  # meanwhile the daemon takes what was sent
    if body.digest == TRAILING:
        send(tag.tag())


def _lost(endpoint: Endpoint) -> DaemonUnreachable:
    return DaemonUnreachable(
        f"The connection to the Lacuna daemon on port {endpoint.port} was lost.",
        values={"port": str(endpoint.port)},
    )
