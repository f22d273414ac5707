"""Sign what a client and the daemon say to each other; the key itself is never sent.

Each connection begins with two random numbers, one of each side (`hello`). The keys of this one
connection are made of them and of the secret in the endpoint file, so what was said on another
connection is worth nothing here. docs/protocol.md says what is signed, byte by byte.
"""

import hashlib
import hmac
import re
from typing import Any, Callable, Iterable, List, NamedTuple, Optional, Union

SCHEME = "Lacuna"  # of the Authorization header
DIGEST = "Lacuna-Digest"  # of a body: 64 hexadecimal digits, or one of the three words below
SIGNATURE = "Lacuna-Signature"  # of an answer
TRAILING = "trailing"  # the body ends with its tag, because nobody knows its digest before
PLAIN = "plain"  # pixels without a tag, because the kernel says who is at the other end
EACH_EVENT = "events"  # the body is a stream of events, each of which is signed by itself
# With this header a client says that it knows so much: the answer may be plain, too.
OWN_PEER = ("Lacuna-Peer", "own")
TAG_BYTES = 32
# Up to here a tag takes some hundredths of a second. 256 MiB there and back take 1.1 s, and 0.8 s
# more with tags (`python -m benchmarks.wire --tagged`): these have one only where nobody vouches.
ALWAYS_TAGGED_BYTES = 32 << 20
NONCE = re.compile(r"[0-9a-f]{32}")
# Any other header changes nothing for the side that gets it.
REQUEST_HEADERS = ("Content-Type", "Content-Length", DIGEST, OWN_PEER[0])
ANSWER_HEADERS = (
    "Content-Type", "Content-Length", DIGEST, "Lacuna-Rect", "Location", "Retry-After", "Allow"
)  # fmt: skip
Header = Callable[[str], Optional[str]]


class SessionKeys(NamedTuple):
    """The keys of one connection, one for each purpose.

    Attributes:
        proof: What the daemon shows, in hexadecimal digits; it signs nothing.
        request: Signs what the client says.
        answer: Signs what the daemon says.
    """

    proof: str
    request: bytes
    answer: bytes

    def __repr__(self) -> str:
        return "SessionKeys()"


def session_keys(secret: str, instance: str, client_nonce: str, daemon_nonce: str) -> SessionKeys:
    """Return the keys of the connection on which these two numbers were exchanged."""

    def derived(purpose: str) -> bytes:
        return _mac(secret.encode("utf-8"), purpose, instance, client_nonce, daemon_nonce)

    return SessionKeys(
        derived("lacuna 2 proof").hex(), derived("lacuna 2 request"), derived("lacuna 2 answer")
    )


def sign_request(key: bytes, counter: int, method: str, target: str, header: Header) -> str:
    """Return the signature of the head of a request, in hexadecimal digits.

    Args:
        key: `SessionKeys.request`.
        counter: 1 for the first request of the connection, one more for each other one.
        method: HTTP method.
        target: Path and query, as they are in the first line.
        header: Gives a header of the request by its name, or None.
    """
    return _mac(key, "request", str(counter), method, target, *_all(REQUEST_HEADERS, header)).hex()


def sign_answer(key: bytes, request_signature: str, status: int, header: Header) -> str:
    """Return the signature of the head of an answer to just this request.

    Args:
        key: `SessionKeys.answer`.
        request_signature: What the client has sent.
        status: HTTP status.
        header: Gives a header of the answer by its name, or None.
    """
    return _mac(key, "answer", request_signature, str(status), *_all(ANSWER_HEADERS, header)).hex()


def sign_event(key: bytes, request_signature: str, number: int, data: str) -> str:
    """Return the signature of one event of a stream, the first of which has the number 1."""
    return _mac(key, "event", request_signature, str(number), data).hex()


def authorization(counter: int, signature: str) -> str:
    """Return the Authorization header of a request."""
    return f"{SCHEME} {counter} {signature}"


def digest_of(body: bytes) -> str:
    """Return what `Lacuna-Digest` says of a body that is known as a whole."""
    return str(_new_digest(body).hexdigest())


def same(given: Any, expected: str) -> bool:
    """Whether a proof or signature is the right one, in a time that tells nothing about it."""
    # surrogateescape: headers may hold any byte, and are decoded this way.
    return hmac.compare_digest(
        str(given).encode("utf-8", "surrogateescape"), expected.encode("utf-8")
    )


def pixels_digest(length: int, is_own_peer: bool) -> str:
    """Return what `Lacuna-Digest` says of pixels that are sent: `TRAILING` or `PLAIN`."""
    return PLAIN if is_own_peer and length > ALWAYS_TAGGED_BYTES else TRAILING


class RunningTag:
    """The tag of a long body, made while its pieces go by.

    Args:
        key: `SessionKeys.request` of an upload, `SessionKeys.answer` of a result.
        signature: Of the head that the body belongs to.
    """

    def __init__(self, key: bytes, signature: str) -> None:
        self._key = key
        self._signature = signature
        self._digest = _new_digest()

    def update(self, piece: Union[bytes, bytearray, memoryview]) -> None:
        self._digest.update(piece)

    def tag(self) -> bytes:
        """Return the `TAG_BYTES` that end the body."""
        return _mac(self._key, "body", self._signature, self._digest.hexdigest())


def _new_digest(data: bytes = b"") -> Any:
    return hashlib.sha256(data)


def _mac(key: bytes, *fields: str) -> bytes:
    # No field can hold a line feed: it would be no HTTP. Events are JSON on one line.
    return hmac.digest(key, "\n".join(fields).encode("utf-8", "surrogateescape"), "sha256")


def _all(names: Iterable[str], header: Header) -> List[str]:
    return [header(name) or "" for name in names]
