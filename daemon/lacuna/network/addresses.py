"""Where a published file comes from: its own address or a mirror, and whether anybody is there."""

import os
import queue
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from lacuna_wire.errors import LacunaError, Unprocessable

from .published import Published

MIRROR = "LACUNA_MIRROR"  # the variable with the address of a folder of published files
CONNECT_S = 2.0  # for looking up a name and for the first connection


class Address(NamedTuple):
    """Where a file is downloaded from.

    Attributes:
        url: Of the file.
        allowed: Tells which addresses may be used on the way, redirects included.
    """

    url: str
    allowed: Callable[[str], bool]


def from_github(url: str) -> bool:
    """Tell whether a file may come from this address: GitHub over https, where releases are."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return (
        parts.scheme == "https"
        and parts.netloc.lower() == host  # no user, no password, no port
        and (host == "github.com" or host.endswith(".githubusercontent.com"))
    )


def address_of(published: Published, mirror: str = "") -> Address:
    """Choose where to download from.

    What comes from a mirror passes the same checks, so any server will do.

    Args:
        published: The file.
        mirror: Its address, or with a slash at the end that of a folder in which it lies. Without
            one, the folder in the variable MIRROR; without that, the publisher's address.

    Raises:
        Unprocessable: If it is not an address of a web server.
    """
    folder = os.environ.get(MIRROR, "")
    if not mirror and not folder:
        return Address(published.url, from_github)
    named = "--from" if mirror else MIRROR
    url = mirror or f"{folder.rstrip('/')}/"
    if not _on_the_web(url):
        raise Unprocessable(
            f"{named} is {printable(url)}, which is no address of a web server, or one with a user "
            f"name. Name one such as https://example.org/{published.file_name}.",
            code="wrong_address",
        )
    if url.endswith("/"):
        url += published.file_name
    secure = urlsplit(url).scheme == "https"

    def allowed(other: str) -> bool:
        return _on_the_web(other) and (urlsplit(other).scheme == "https" or not secure)

    return Address(url, allowed)


def not_downloaded(published: Published, url: str, reason: str, kept_bytes: int = 0) -> LacunaError:
    """Build the one error for a file that does not come: what to look for elsewhere, and then.

    Args:
        published: The file.
        url: Where it was asked for.
        reason: The end of a sentence.
        kept_bytes: How much of it is there already.
    """
    name = PurePosixPath(published.file_name).stem
    kept = f"{kept_bytes:,} bytes of it are kept for the next try. " if kept_bytes else ""
    return LacunaError(
        f"{printable(url)} cannot be downloaded: {reason}. {kept}Get {published.file_name} "
        f"({published.size_bytes:,} bytes, SHA-256 {published.sha256}) from elsewhere and type "
        f"`lacuna weights import {published.file_name}`, or name another address with "
        f"`lacuna weights fetch {name} --from URL`.",
        code="download_failed",
    )


def why_unreachable(url: str, limit_s: float = CONNECT_S) -> str:
    """Connect to where a request would go first; return why that fails, or nothing.

    A resolver without a network may think for half a minute, and so may a connection to an address
    that swallows everything. All addresses of a name are tried at the same time.

    Args:
        url: Of the request.
        limit_s: Seconds to wait at most.
    """
    host, port, who = _first_stop(url)
    answers: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()  # one of how many; its fault

    def connect(address: tuple[str, int], count: int) -> None:
        try:
            socket.create_connection(address, limit_s).close()
            answers.put((count, ""))
        except OSError as error:
            answers.put((count, f"{who} does not answer ({error.strerror or 'no answer'})"))

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "no name of a computer"
            answers.put((1, f"{who} is not known here ({reason})"))
            return
        addresses = {(str(entry[4][0]), int(entry[4][1])) for entry in found}
        for address in addresses:
            _in_thread(partial(connect, address, len(addresses)))

    _in_thread(look_up)
    deadline, failed = time.monotonic() + limit_s, 0
    while True:
        try:
            count, reason = answers.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty:
            return f"{who} does not answer within {limit_s:g} s"
        failed += 1
        if not reason or failed == count:
            return reason


def printable(text: str) -> str:
    """Return text from outside so that it cannot change a terminal."""
    return ascii(text)[1:-1][:200]


def _on_the_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
        )
    except ValueError:
        return False


def _first_stop(url: str) -> tuple[str, int, str]:
    """Return host and port that a request for `url` connects to first, and who that is."""
    parts, who = urlsplit(url), ""
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.netloc):
        parts, who = urlsplit(proxy if "//" in proxy else f"//{proxy}"), "the proxy "
    try:
        port = parts.port
    except ValueError:
        port = None
    host = parts.hostname or ""
    return host, port or (443 if parts.scheme == "https" else 80), who + printable(host)


def _in_thread(work: Callable[[], object]) -> None:
    threading.Thread(target=work, daemon=True).start()  # nobody waits for it at the end
