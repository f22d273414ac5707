"""Tell systemd how the daemon does (sd_notify(3)); without systemd nobody listens."""

import asyncio
import contextlib
import os
import socket


def tell_manager(message: str) -> None:
    """Send `READY=1` and the like to whoever started this process and wants to know."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):  # a name outside of the file system
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),  # that nobody hears it must not end the daemon
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
    ):
        channel.sendto(message.encode(), address)


async def feed_watchdog() -> None:
    """Report that the event loop turns, twice in the time after which we would be restarted."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    interval_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 2e6
    while interval_s > 0:
        tell_manager("WATCHDOG=1")
        await asyncio.sleep(interval_s)
