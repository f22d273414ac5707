"""The life of the daemon's process: lock, socket, endpoint file, signals, and a clean end."""

import asyncio
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from lacuna import __version__
from lacuna.system.access import close_to_others
from lacuna.system.descriptors import raise_descriptor_limit
from lacuna.system.locks import try_lock
from lacuna_wire import PROTOCOL, JobRequest, LacunaError
from lacuna_wire.endpoint import (
    Endpoint,
    find_daemon,
    lock_file,
    remove_endpoint,
    state_folder,
    write_endpoint,
    write_launch,
)
from lacuna_wire.private_files import private_folder
from lacuna_wire.session import HOST
from lacuna_wire.whereabouts import our_whereabouts

from .app import make_app, stop_if_broken
from .broken_requests import answer_broken_requests
from .connections import Connections
from .forecast import JobPlan
from .keys import CLOCK, SETTINGS, STOP, Stop
from .logs import note_in_log, start_log
from .notify import feed_watchdog, tell_manager
from .own_files import not_our_file
from .settings import DaemonSettings

log = logging.getLogger("lacuna.serve")

LOCK_WAIT_S = 3.0  # for a daemon that is just ending, or just starting
KEEPALIVE_S = 15.0  # also ends silent and dripping headers; aiohttp's default is an hour
SHUTDOWN_S = 1.0  # for answers that are under way
HEADER_BYTES = 8190
HEADERS = 32
BACKLOG = 512  # connections that may wait to be taken


def new_settings(keep_model_s: float, device: str, **others: Any) -> DaemonSettings:
    """Return the default limits with secrets and an instance that nobody can guess.

    Args:
        keep_model_s: As in `DaemonSettings`, as are the `others`.
        device: The same.
    """
    return DaemonSettings(
        token=secrets.token_hex(32),
        key=secrets.token_hex(32),
        instance=secrets.token_hex(8),
        keep_model_s=keep_model_s,
        device=device,
        **others,
    )


def serve(
    plan: Callable[[JobRequest], JobPlan],
    worker_command: Sequence[str],
    launch_command: Sequence[str],
    settings: DaemonSettings,
    port: int = 0,
    foreground: bool = False,
    folders: Sequence[Path] | None = None,
) -> int:
    """Run the daemon until it is told to end, and return its exit code.

    This is also 0 if another one is running already: the caller has what it wanted.

    Args:
        plan: The engine's policy; see `make_app`.
        worker_command: What to run to fill.
        launch_command: How plug-ins can start this daemon.
        settings: From `new_settings`.
        port: To listen on; 0 takes a free one.
        foreground: Whether to log to the terminal.
        folders: Where the spool may lie; by default memory, then the cache.

    Raises:
        LacunaError: If the state folder or the port cannot be used.
    """
    os.umask(0o077)  # everything written from here on is for the user alone
    folder = private_folder(state_folder())
    close_to_others(folder)
    try:
        lock = _wait_for_lock(lock_file())
    except LacunaError as error:
        note_in_log(folder, error.message)  # an editor that starts us does not see what we print
        raise
    if lock is None:
        print("The Lacuna daemon is already running.", file=sys.stderr)
        tell_manager("READY=1")  # without it, ending would count as a failure
        return 0
    start_log(folder, foreground)
    answer_broken_requests()
    app = make_app(settings, plan, worker_command, folders)
    listener = _listen(port)
    endpoint = Endpoint(
        port=listener.getsockname()[1],
        pid=os.getpid(),
        instance=settings.instance,
        protocol=PROTOCOL,
        version=__version__,
        token=settings.token,
        key=settings.key,
        **our_whereabouts()._asdict(),
    )
    write_launch(launch_command)
    return asyncio.run(_run(app, listener, endpoint))


async def _run(app: web.Application, listener: socket.socket, endpoint: Endpoint) -> int:
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        auto_decompress=False,
        handler_cancellation=True,
        keepalive_timeout=KEEPALIVE_S,
        lingering_time=0,  # the rest of a refused body is not read
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        max_headers=HEADERS,
        shutdown_timeout=SHUTDOWN_S,
    )
    stop, loop = app[STOP], asyncio.get_running_loop()
    connections = Connections(app[SETTINGS], app[CLOCK], raise_descriptor_limit())
    loop.set_exception_handler(connections.on_loop_error)
    await runner.setup()
    assert runner.server is not None
    watch = asyncio.create_task(connections.watch())
    watch.add_done_callback(partial(stop_if_broken, stop))
    try:
        factory, at_a_time = connections.factory(runner.server), connections.at_a_time
        with closing(await loop.create_server(factory, sock=listener, backlog=at_a_time)):
            listener.listen(BACKLOG)  # so many may wait; asyncio takes both for the same number
            _stop_on_signals(stop)
            write_endpoint(endpoint)
            log.info("daemon %s listens on port %d", __version__, endpoint.port)
            tell_manager("READY=1")
            watchdog = asyncio.create_task(feed_watchdog())
            await stop.requested.wait()
            watchdog.cancel()
    finally:
        tell_manager("STOPPING=1")
        _forget_endpoint(endpoint)
        watch.cancel()
        await runner.cleanup()
        log.info("daemon ends with code %d", stop.exit_code)
    return stop.exit_code


def _wait_for_lock(path: Path) -> int | None:
    """Return the lock that makes us the only daemon, or None if another one answers.

    Raises:
        LacunaError: If another one holds the lock, but does not answer, or if there is no file.
    """
    give_up = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            lock = try_lock(path)
        except OSError as error:
            raise not_our_file(path, error) from error
        if lock is not None:
            return lock
        if find_daemon() is not None:
            return None
        if time.monotonic() > give_up:
            raise LacunaError(
                f"Another Lacuna daemon holds {path} but does not answer. End it with "
                "`lacuna stop`, then try again.",
                code="daemon_stuck",
            )
        time.sleep(0.05)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there the other option would let others take the port over
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise LacunaError(
            f"Port {port} of {HOST} cannot be used: {error.strerror}.", code="port_taken"
        ) from error
    return listener


def _stop_on_signals(stop: Stop) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.request))
        else:
            loop.add_signal_handler(number, stop.request)


def _forget_endpoint(endpoint: Endpoint) -> None:
    try:
        remove_endpoint(endpoint.instance)
    except (LacunaError, OSError) as error:
        log.warning("the endpoint file stays: %s", error)
