"""Who may talk to the daemon: programs of this user that name it correctly, and no web page.

The checks run for every route, even for those that do not exist. `request.host` is not used:
aiohttp takes it from an absolute target or invents one, and a forged Host would go unnoticed.

What a client signs with is made of the secret in the endpoint file and of two random numbers that
were exchanged on the very connection (`lacuna_wire/signing.py`). A session therefore lives and ends
with its connection: there is no table that strangers could fill, and no clock that could be wrong.
"""

import asyncio
import hmac
import re
import secrets
from typing import NamedTuple
from weakref import WeakKeyDictionary

from aiohttp import HttpVersion11, web

from lacuna_wire import LacunaError
from lacuna_wire.errors import BadRequest, Forbidden, Unauthorized, WrongHost
from lacuna_wire.peers import is_own_peer
from lacuna_wire.signing import (
    DIGEST,
    OWN_PEER,
    PLAIN,
    SCHEME,
    SIGNATURE,
    Header,
    RunningTag,
    SessionKeys,
    digest_of,
    pixels_digest,
    same,
    session_keys,
    sign_answer,
    sign_request,
)

from .keys import SETTINGS

# These prove the daemon's identity and say that it is alive; they tell nothing about the user.
UNSIGNED = ("/v1/hello", "/v1/health")
OWN_NAME = "127.0.0.1"  # no other address is listened on, so no other name leads here
# `none`: typed into the address bar. Programs other than browsers do not send the header.
OWN_FETCH_SITES = ("none", "same-origin")
_AUTHORIZATION = re.compile(rf"{SCHEME} ([1-9][0-9]{{0,14}}) ([0-9a-f]{{64}})")


class Session:
    """One connection whose client has said hello."""

    def __init__(self, keys: SessionKeys) -> None:
        self.keys = keys
        self.requests = 0  # that were signed and taken


class Caller(NamedTuple):
    """Who sent a request.

    Attributes:
        keys: Of the connection; None in protocol 1 and on the page, which sign nothing.
        signature: Of the head of the request.
    """

    keys: SessionKeys | None
    signature: str = ""


SESSIONS = web.AppKey("sessions", WeakKeyDictionary[asyncio.BaseTransport, Session])
CALLER = web.RequestKey("caller", Caller)
ANSWER = web.RequestKey("answer", str)  # signature of the head of the answer


def check_client(request: web.Request) -> None:
    """Let in only callers that could read the endpoint file.

    Raises:
        LacunaError: As `admit` does.
    """
    resource = request.match_info.route.resource
    if resource is None or resource.canonical not in UNSIGNED:
        admit(request)
    else:
        end_session(request)
        check_place(request)


def check_name(request: web.Request) -> str:
    """Return the name of this socket, as a request has to give it in its Host header.

    Raises:
        BadRequest: For HTTP/1.0 and for an absolute target; neither has a trustworthy Host.
        WrongHost: Unless there is exactly one Host header and it is this name. A page that rebinds
            its own name to 127.0.0.1 is stopped here.
    """
    if request.version != HttpVersion11:
        raise BadRequest("This daemon speaks HTTP/1.1 only.")
    if not request.raw_path.startswith("/"):
        raise BadRequest("The target of a request must be a path.")
    name = f"{OWN_NAME}:{_transport(request).get_extra_info('sockname')[1]}"
    if request.headers.getall("Host", []) != [name]:
        raise WrongHost("The Host header does not name this daemon.")
    return name


def check_place(request: web.Request) -> None:
    """Refuse what none of our clients sends: other names of this host, proxies, browsers.

    Raises:
        LacunaError: As `check_name` does.
        Forbidden: If the request comes from a web page, even from one of `null` origin.
    """
    check_name(request)
    if "Origin" in request.headers:
        raise Forbidden("Web pages may not use this daemon.")
    for site in request.headers.getall("Sec-Fetch-Site", []):
        if site not in OWN_FETCH_SITES:
            raise Forbidden("Web pages may not use this daemon.")
    if request.method == "OPTIONS":
        raise Forbidden("Web pages may not use this daemon.")


def begin_session(request: web.Request, client_nonce: str) -> tuple[str, str]:
    """Begin a session on the connection of a request; one that it had is over.

    Returns:
        Our random number, and the proof that we know the secret.
    """
    settings = request.app[SETTINGS]
    nonce = secrets.token_hex(16)
    keys = session_keys(settings.key, settings.instance, client_nonce, nonce)
    request.app[SESSIONS][_transport(request)] = Session(keys)
    return nonce, keys.proof


def admit(request: web.Request) -> None:
    """Check where a request comes from and who has signed it; one wrong word ends its session.

    Raises:
        LacunaError: As `check_place` and `authenticate` do.
    """
    try:
        check_place(request)
        authenticate(request)
    except LacunaError:
        end_session(request)
        raise


def end_session(request: web.Request) -> None:
    """Make a connection one that has no session.

    Anything that is not signed does so, or somebody could keep the connection busy with it, and
    hold back a signed request for as long as he likes.
    """
    request.app[SESSIONS].pop(_transport(request), None)


def authenticate(request: web.Request) -> None:
    """Raise `Unauthorized` unless the head of the request is signed, or it is protocol 1."""
    if CALLER in request:
        return  # `Expect` was answered before
    session = request.app[SESSIONS].get(_transport(request))
    words = request.headers.getall("Authorization", [])
    given = words[0] if len(words) == 1 else ""
    match = _AUTHORIZATION.fullmatch(given)
    if session is not None and match is not None:
        number = session.requests + 1  # a connection is a line: nothing overtakes and comes twice
        signature = sign_request(
            session.keys.request, number, request.method, request.raw_path, header_of(request)
        )
        if match[1] == str(number) and same(match[2], signature):
            session.requests = number
            request[CALLER] = Caller(session.keys, signature)
            return
    elif speaks_protocol_1(request, given):
        request[CALLER] = Caller(None)
        return
    raise Unauthorized("The request is not signed as the protocol says.")


def speaks_protocol_1(request: web.Request, authorization: str) -> bool:
    """Whether this is a plug-in that is older than signatures, on a connection of this user.

    Such a client sends its token to whoever answers hello in protocol 1. We answer so only to our
    own user's connections, and the token is worth nothing on others: a relay never has such a one.
    docs/protocol.md says for how long: the next version leaves this out.
    """
    given = authorization.encode("utf-8", "surrogateescape")
    token = request.app[SETTINGS].token
    right = hmac.compare_digest(given, f"Bearer {token}".encode())
    return right and own_peer(request) is True


def own_peer(request: web.Request) -> bool | None:
    """Whether the caller is a process of this user; None if the kernel does not say."""
    transport = _transport(request)
    own, peer = (transport.get_extra_info(end) for end in ("sockname", "peername"))
    return None if peer is None else is_own_peer(own, peer)


def check_body(request: web.Request, body: bytes) -> None:
    """Raise `Unauthorized` if a body is not the one whose digest was signed."""
    caller = request.get(CALLER)  # there is none where the page signs in
    if caller is None or caller.keys is None:
        return
    if not same(request.headers.get(DIGEST), digest_of(body)):
        raise Unauthorized("The body of the request is not the one that was signed.")


def upload_tag(request: web.Request) -> RunningTag | None:
    """Return what the body of a request has to end with; None if it is plain, or in protocol 1."""
    keys, signature = request[CALLER]
    if keys is None or (_may_be_plain(request) and request.headers.get(DIGEST) == PLAIN):
        return None
    return RunningTag(keys.request, signature)


def result_digest(request: web.Request, length: int) -> str | None:
    """Return what `Lacuna-Digest` says of the pixels of an answer; nothing in protocol 1."""
    if request[CALLER].keys is None:
        return None
    return pixels_digest(length, _may_be_plain(request))


def result_tag(request: web.Request) -> RunningTag:
    """Return the tag of an answer whose head is signed."""
    keys = request[CALLER].keys
    assert keys is not None, "answers in protocol 1 have no tag"
    return RunningTag(keys.answer, request[ANSWER])


def sign(request: web.Request, response: web.StreamResponse) -> None:
    """Sign the head of an answer, if its request was signed."""
    caller = request.get(CALLER)
    if caller is None or caller.keys is None:
        return
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        response.headers[DIGEST] = digest_of(response.body)
    request[ANSWER] = sign_answer(
        caller.keys.answer, caller.signature, response.status, header_of(response)
    )
    response.headers[SIGNATURE] = request[ANSWER]


def header_of(message: web.Request | web.StreamResponse) -> Header:
    """Return what gives a header by its name; one that comes twice is another one."""
    return lambda name: ", ".join(message.headers.getall(name, []))


def _may_be_plain(request: web.Request) -> bool:
    """Whether the client knows that we are its own user's process, so that pixels need no tag."""
    header, own = OWN_PEER
    return request.headers.get(header) == own


def _transport(request: web.Request) -> asyncio.BaseTransport:
    if request.transport is None:
        raise ConnectionResetError("the client has gone")
    return request.transport
