"""Tell systemd how the daemon is doing (sd_notify(3)); without systemd nobody listens."""

import asyncio
import contextlib
import os
import socket


def tell_manager(message: str) -> None:
    """Send `READY=1` and the like to the service manager that started this process, if one did."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):  # a name outside of the file system
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),  # a manager that does not listen must not end the daemon
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
    ):
        channel.sendto(message.encode(), address)


async def feed_watchdog() -> None:
    """Report that the event loop runs, twice within the time after which we would be restarted."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    interval_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 2e6
    while interval_s > 0:
        tell_manager("WATCHDOG=1")
        await asyncio.sleep(interval_s)
