"""The first words on a connection to the daemon: who are you, and with which keys do we go on?

It is the client's half; `daemon/lacuna/service/auth.py` has the other one.
"""

import http.client
import json
import secrets
from typing import Any, Dict, NamedTuple

from .errors import DaemonUnreachable
from .messages import PROTOCOL
from .peers import is_own_peer
from .signing import NONCE, SessionKeys, same, session_keys

HOST = "127.0.0.1"
MAX_HELLO_BYTES = 65_536


class ClientSession(NamedTuple):
    """What a client knows of a connection.

    Attributes:
        keys: To sign with.
        is_own_peer: Whether the kernel has said that a process of this user is at the other end;
            False if it says nothing.
    """

    keys: SessionKeys
    is_own_peer: bool


def begin_session(connection: http.client.HTTPConnection, key: str, instance: str) -> ClientSession:
    """Say hello on a new connection, and go on if the daemon that has `key` answers.

    Another program may have taken the port. It learns no more than a random number, and as the
    keys are those of this connection it learns nothing later either.

    Raises:
        DaemonUnreachable: If something else answers.
        OSError: If nothing does; also `http.client.HTTPException`.
    """
    nonce = secrets.token_hex(16)
    hello = ask_hello(connection, f"/v1/hello?nonce={nonce}&protocol={PROTOCOL}")
    connection.auto_open = False  # a new connection would be one to nobody knows whom
    daemon_nonce = str(hello.get("nonce"))
    keys = session_keys(key, instance, nonce, daemon_nonce)
    if NONCE.fullmatch(daemon_nonce) is None or not same(hello.get("proof"), keys.proof):
        raise stranger(connection.port)
    # Not before the answer: until it is accepted, a connection has no owner.
    own = is_own_peer(connection.sock.getsockname(), connection.sock.getpeername())
    if own is False:  # it knows the right answers, but only from the daemon: it passes them on
        raise stranger(connection.port)
    return ClientSession(keys, bool(own))


def ask_hello(connection: http.client.HTTPConnection, target: str) -> Dict[str, Any]:
    """Return the answer to a hello; it is empty if it is none."""
    connection.request("GET", target)
    response = connection.getresponse()
    text = response.read(MAX_HELLO_BYTES)
    if response.length:  # told, but not come: `read` does not mind
        raise http.client.IncompleteRead(text, response.length)
    try:
        hello = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return hello if isinstance(hello, dict) else {}


def stranger(port: int) -> DaemonUnreachable:
    """Return the error for an answer that is not the daemon's."""
    return DaemonUnreachable(
        f"A program other than Lacuna answers on port {port}.", values={"stranger": str(port)}
    )
