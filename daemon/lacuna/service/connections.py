"""Connections: how many there are, who is let go first, and how long anybody may leave them unread.

Whoever has signed a request is known; everybody else on this computer is a stranger, and strangers
together have half of the places. A new one is always let in, and the one that has been quiet for
longest goes: a user's next request finds its place beside any number of silent ones. The library
gets every connection through `Connection`, a protocol of asyncio around its own, which reads little
at a time from strangers, and closes what is not read in time.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler

from lacuna_wire import LacunaError

from .awake import AwakeClock
from .logs import OnceAMinute
from .settings import DaemonSettings

log = logging.getLogger("lacuna.connections")

HEAD_BYTES = 32 * 1024  # of one request: its line and all its fields
STRANGER_PIECE_BYTES = 8 * 1024  # read at a time, and held for one that does not read
# The library begins with a request two turns of the loop after it has read the end of its head;
# what is read until then may be of its body.
UNANSWERED_BYTES = HEAD_BYTES + 3 * STRANGER_PIECE_BYTES
TURNS = 8  # of the loop, more than it takes from a connection to the check of its signature
LOOK_S = 1.0  # between two looks at who leaves something unread

# All strangers are read into this one: each takes a copy before the next one is read.
_BUFFER = memoryview(bytearray(STRANGER_PIECE_BYTES))


class Connections:
    """All connections of the daemon.

    Args:
        settings: How many there may be, and how long each may leave something unread.
        clock: By which that is told.
        descriptors: How many files may be open; half of them are kept for the spool, pipes and
            results that are read.
    """

    def __init__(
        self, settings: DaemonSettings, clock: AwakeClock, descriptors: int | None
    ) -> None:
        most = settings.max_connections
        self.most = most if descriptors is None else max(2, min(most, descriptors // 2))
        self.settings = settings
        self.clock = clock
        self._strangers: dict[Connection, None] = {}  # in the order in which they were last heard
        self._known: set[Connection] = set()
        self._closed = OnceAMinute(log, "connections were closed")
        self._refused = OnceAMinute(log, "connections could not be taken")

    @property
    def at_a_time(self) -> int:
        """How many may be taken in one turn of the loop.

        A request that has come with its connection is read a few turns later: until then, there
        must not be so many new strangers that it goes for one of them.
        """
        return max(1, self.most // 2 // TURNS)

    def factory(self, server: Callable[[], asyncio.Protocol]) -> Callable[[], "Connection"]:
        """Return what makes the protocol of a new connection; `server` makes the library's."""
        return lambda: Connection(self, server())

    def add(self, connection: "Connection") -> None:
        """Take a new connection; if there are too many strangers, one of them goes."""
        self._strangers[connection] = None
        too_many = len(self._strangers) + len(self._known) > self.most
        if too_many or len(self._strangers) > self.most // 2:
            self.close(next(iter(self._strangers)), "of callers who sign nothing, for new ones")

    def heard(self, connection: "Connection") -> None:
        """Note that a stranger has sent something."""
        if connection in self._strangers:
            del self._strangers[connection]
            self._strangers[connection] = None

    def know(self, connection: "Connection") -> None:
        """Note that a signed request has come over a connection."""
        if connection in self._strangers:
            del self._strangers[connection]
            self._known.add(connection)

    def remove(self, connection: "Connection") -> None:
        self._strangers.pop(connection, None)
        self._known.discard(connection)

    def close(self, connection: "Connection", reason: str) -> None:
        """Close a connection at once, and drop what it has not read."""
        self.remove(connection)
        self._closed.note(reason)
        connection.transport.abort()

    async def watch(self) -> None:
        """Close what leaves its answers unread, for ever, and say how many that were."""
        while True:
            await asyncio.sleep(LOOK_S)
            now = self.clock.now()
            for connection in (*self._strangers, *self._known):
                if connection.is_stuck(now):
                    self.close(connection, "that left their answers unread")
            self._closed.say()
            self._refused.say()

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take the loop's report of an error: a socket that cannot be accepted is only counted.

        The loop reports it a hundred times a second, each time with a traceback.
        """
        error = context.get("exception")
        if isinstance(error, OSError) and "accept" in str(context.get("message")).lower():
            self._refused.note(str(error.strerror))
        else:
            loop.default_exception_handler(context)


class Connection(asyncio.BufferedProtocol):
    """One connection: passes everything on to the library's protocol, and keeps an account of it.

    As a protocol that reads into a buffer of ours it says how much is read at a time.

    Args:
        connections: All of them.
        inner: The library's protocol.
    """

    transport: asyncio.Transport

    def __init__(self, connections: Connections, inner: asyncio.Protocol) -> None:
        self._connections = connections
        self._inner = inner
        self._is_known = False
        self._unanswered = 0  # bytes that a stranger has sent since its last request
        self._unread_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(STRANGER_PIECE_BYTES)
        self._inner.connection_made(transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        self._inner.connection_lost(exc)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._unanswered += nbytes
        if self._unanswered > UNANSWERED_BYTES:
            self._connections.close(self, "of callers who sign nothing, for endless heads")
            return
        self._connections.heard(self)
        self._inner.data_received(bytes(_BUFFER[:nbytes]))

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._unread_since = self._connections.clock.now()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        self._inner.resume_writing()

    def begin_request(self) -> None:
        """Note that a head has come to its end."""
        self._unanswered = 0

    def become_known(self) -> None:
        """Note that its caller has signed a request."""
        if not self._is_known:
            self._is_known = True
            self.transport.set_write_buffer_limits()  # asyncio's own: 64 KiB
            self.transport.set_protocol(KnownReader(self, self._inner))
            self._connections.know(self)

    def is_stuck(self, now: float) -> bool:
        """Whether something waits to be read for too long, at `now` in seconds of the clock."""
        if self._unread_since is None:
            if not self.transport.is_closing():
                return False
            self._unread_since = now  # the library is done, but the last bytes are not read
        settings = self._connections.settings
        limit_s = settings.write_s if self._is_known else settings.stranger_write_s
        return now - self._unread_since > limit_s


class KnownReader(asyncio.Protocol):
    """The protocol of a connection with a signed request: read as fast as asyncio can.

    Args:
        connection: Its account.
        inner: The library's protocol.
    """

    def __init__(self, connection: Connection, inner: asyncio.Protocol) -> None:
        self.connection = connection
        self._inner = inner

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self.connection.pause_writing()

    def resume_writing(self) -> None:
        self.connection.resume_writing()


@web.middleware
async def keep_account(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note that a request has begun, and refuse one whose head is too long."""
    connection = _connection_of(request)
    if connection is not None:
        connection.begin_request()
    fields = sum(len(name) + len(value) + 4 for name, value in request.raw_headers)
    head_bytes = len(request.method) + len(request.raw_path) + fields
    if head_bytes > HEAD_BYTES:
        raise LacunaError(
            f"The head of the request has {head_bytes:,} bytes; this daemon reads {HEAD_BYTES:,}.",
            code="bad_request",
            status=431,
        )
    return await handler(request)


def keep_open(request: web.Request) -> None:
    """Note that this caller has signed: its connection does not go for a stranger's."""
    connection = _connection_of(request)
    if connection is not None:
        connection.become_known()


def _connection_of(request: web.Request) -> Connection | None:
    protocol = None if request.transport is None else request.transport.get_protocol()
    if isinstance(protocol, KnownReader):
        return protocol.connection
    return protocol if isinstance(protocol, Connection) else None
