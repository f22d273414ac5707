"""Signed requests, made piece by piece, so that a test can change any of them."""

from typing import NamedTuple

from lacuna_wire import signing
from lacuna_wire.signing import DIGEST, TAG_BYTES, TRAILING, RunningTag, SessionKeys

# Answers to callers whom the daemon does not know are not signed: it does not know with what.
TO_STRANGERS = (400, 401, 403, 417, 421)
TO_ANYBODY = ("/v1/hello", "/v1/health")


class SignedRequest(NamedTuple):
    """A request and the signature of its head, to which the answer is bound."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    signature: str

    def raw(self, port: int) -> bytes:
        """All its bytes."""
        lines = [f"{name}: {value}\r\n" for name, value in self.headers.items()]
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{''.join(lines)}"
        return f"{head}\r\n".encode("latin-1") + (self.body or b"")


def signed(
    keys: SessionKeys, method, path, headers=None, body=None, counter=1, sends_length=True
) -> SignedRequest:
    """Sign a request with exactly these headers, as far as the protocol lets one."""
    headers = dict(headers or {})
    body = body.encode() if isinstance(body, str) else body
    told = {name.lower() for name in headers}
    is_upload = path.endswith("/input") and body is not None and "transfer-encoding" not in told
    if body is not None:
        headers[DIGEST] = TRAILING if is_upload else signing.digest_of(body)
    if sends_length and not told & {"content-length", "transfer-encoding"}:
        if body is not None:
            headers["Content-Length"] = str(len(body) + TAG_BYTES * is_upload)
        elif method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
    elif is_upload:
        headers = {
            name: str(int(value) + TAG_BYTES) if name.lower() == "content-length" else value
            for name, value in headers.items()
        }
    lower = {name.lower(): value for name, value in headers.items()}
    signature = signing.sign_request(
        keys.request, counter, method, path, lambda name: lower.get(name.lower())
    )
    if is_upload:
        body += tag_of(keys.request, signature, body)
    headers["Authorization"] = signing.authorization(counter, signature)
    return SignedRequest(method, path, headers, body, signature)


def tag_of(key: bytes, signature: str, body: bytes) -> bytes:
    tag = RunningTag(key, signature)
    tag.update(body)
    return tag.tag()


def checked(keys: SessionKeys, request: SignedRequest, answer) -> None:
    """Hold an answer to what the daemon has to have signed, and take the tag from its body."""
    given = answer.headers.get(signing.SIGNATURE.lower())
    if given is None:
        said = (request.method, request.path, answer.status)
        assert answer.status in TO_STRANGERS or request.path.startswith(TO_ANYBODY), said
        return
    expected = signing.sign_answer(
        keys.answer, request.signature, answer.status, lambda name: answer.headers.get(name.lower())
    )
    assert given == expected
    digest = answer.headers.get(DIGEST.lower())
    if digest == TRAILING:
        answer.body, tag = answer.body[:-TAG_BYTES], answer.body[-TAG_BYTES:]
        assert tag == tag_of(keys.answer, given, answer.body)
    elif digest == signing.EACH_EVENT:
        check_events(keys, request, answer.body)
    elif request.method != "HEAD":
        assert digest == signing.digest_of(answer.body)


def check_events(keys: SessionKeys, request: SignedRequest, body: bytes) -> None:
    events = [event for event in body.decode().split("\n\n") if "event: status" in event]
    assert events
    for number, event in enumerate(events, 1):
        fields = dict(line.split(": ", 1) for line in event.splitlines())
        assert fields["signature"] == signing.sign_event(
            keys.answer, request.signature, number, fields["data"]
        )
