"""Connections whose bytes a test sends itself, in the session that a client would have."""

import socket
from http.client import HTTPConnection, HTTPResponse

from lacuna_wire.session import begin_session
from lacuna_wire.signing import DIGEST, TAG_BYTES, TRAILING, RunningTag

from .conftest import SAFETY_S, Answer
from .relays import message_from
from .signed import SignedRequest, signed


class Talk:
    """One connection to a daemon, and what can be said on it.

    Args:
        daemon: Whom to talk to.
        buffer_bytes: What the kernel is to keep of the daemon's answers; its own choice by default.
    """

    def __init__(self, daemon, buffer_bytes=None) -> None:
        self.port = daemon.port
        self.connection = HTTPConnection("127.0.0.1", daemon.port, timeout=SAFETY_S)
        self.connection.sock = socket.socket()
        self.socket.settimeout(SAFETY_S)
        if buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.socket.connect(("127.0.0.1", daemon.port))
        self.endpoint = daemon.endpoint
        self.keys = self.hello()

    def __enter__(self):
        return self

    def __exit__(self, *_raised) -> None:
        self.close()

    @property
    def socket(self) -> socket.socket:
        return self.connection.sock

    def hello(self):
        return begin_session(self.connection, self.endpoint.key, self.endpoint.instance).keys

    def sign(self, method, path, headers=None, body=None, counter=1) -> SignedRequest:
        return signed(self.keys, method, path, headers, body, counter)

    def send(self, one) -> None:
        """Send a request, or bytes that may be none."""
        self.socket.sendall(one.raw(self.port) if hasattr(one, "raw") else one)

    def say(self, one) -> Answer:
        """Send a request, made with whichever keys, and return its answer with its whole body."""
        self.send(one)
        raw = message_from(self.socket)
        given, taken = socket.socketpair()
        with given, taken:
            given.sendall(raw)
            given.shutdown(socket.SHUT_WR)
            response = HTTPResponse(taken, method="GET")
            response.begin()
            return Answer(response)

    def close(self) -> None:
        self.connection.close()


class Upload(Talk):
    """An upload that has begun: its head is sent, the body is the test's."""

    def __init__(self, daemon, ticket) -> None:
        super().__init__(daemon)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(ticket.input_bytes + TAG_BYTES),
            DIGEST: TRAILING,
        }
        head = self.sign("PUT", f"/v1/jobs/{ticket.id}/input", headers)
        self._tag = RunningTag(self.keys.request, head.signature)
        self.send(head)

    def body(self, data: bytes) -> None:
        """Send some of the pixels."""
        self.socket.sendall(data)
        self._tag.update(data)

    def end(self) -> bytes:
        """Send what ends the body, and return the beginning of the answer."""
        self.socket.sendall(self._tag.tag())
        return self.socket.recv(100)
