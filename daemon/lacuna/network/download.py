"""Download a published file: resumed after a broken connection, checked before it is opened.

The partial file is kept beside the weights. The download resumes only if the server says that
it still has the same file, and the file gets its own name only when size and digests are right.
"""

import errno
import hashlib
import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from lacuna_wire.errors import Forbidden, LacunaError, NoSpace, Unprocessable

from .addresses import Address, not_downloaded, printable, why_unreachable
from .index import file_sha256
from .partial import forget, forget_etag, kept_bytes, read_etag, write_etag
from .published import Published

STALL_S = 30.0
MIN_BYTES_PER_STALL = 30 * 1024  # fewer in STALL_S, and the connection counts as broken
MAX_TRIES = 6
MAX_REDIRECTS = 5
CHUNK_BYTES = 256 * 1024

ReportBytes = Callable[[int, int], None]  # bytes so far, bytes in all (0: unknown)


class _Cut(Exception):
    """The connection broke in a way that another try may mend; the text is the reason."""


class _Unanswered(_Cut):
    """There was no connection, or no answer to the request."""


class _Refused(_Cut):
    """The answer will be the same however often the server is asked."""


class _Changed(_Cut):
    """What is there cannot be used; the next try starts again."""


def download(
    published: Published,
    address: Address,
    folder: Path,
    progress: ReportBytes,
    pause: Callable[[float], None] = time.sleep,
    stall_s: float = STALL_S,
) -> Path:
    """Return the path of the complete file, whose digests are right.

    Args:
        published: What to download.
        address: Where from.
        folder: Of the file and of its partial state; the caller holds its lock.
        progress: Called with the bytes so far and the bytes in all, 0 if unknown.
        pause: Called with seconds between tries.
        stall_s: Seconds with next to no bytes after which a connection counts as broken.

    Raises:
        Forbidden: If the server redirects to an address that is not allowed.
        NoSpace: If the disk is full.
        Unprocessable: If the file is another one; nothing of it is left.
        LacunaError: If nobody answers the first try, or no try succeeds; what is there is kept for
            the next.
    """
    path = folder / published.file_name
    if path.is_file() and not _differs(path, published):
        return path
    part = path.with_name(f"{path.name}.part")
    if reason := why_unreachable(address.url):
        raise not_downloaded(published, address.url, reason, kept_bytes(part))
    for attempt in range(1, MAX_TRIES + 1):
        try:
            _continue(published, address, part, progress, stall_s)
            break
        except Unprocessable:
            forget(part)
            raise
        except OSError as error:  # of the disk; those of the connection are cuts
            raise _not_writable(error) from None
        except _Cut as cut:
            if isinstance(cut, _Changed):
                forget_etag(part)
            no_answer = isinstance(cut, _Unanswered) and attempt == 1
            if no_answer or isinstance(cut, _Refused) or attempt == MAX_TRIES:
                raise not_downloaded(published, address.url, str(cut), kept_bytes(part)) from None
        pause(2.0 ** (attempt - 1))
    if found := _differs(part, published):
        forget(part)
        raise _wrong_file(published, address.url, found)
    forget_etag(part)
    return part.replace(path)


def _continue(
    published: Published,
    address: Address,
    part: Path,
    progress: ReportBytes,
    stall_s: float,
) -> None:
    """Make one request for what is missing and append it; start again if the file has changed."""
    etag = read_etag(part)
    offset = part.stat().st_size if etag and part.exists() else 0
    with _request(published, address, offset, etag, stall_s) as response:
        if response.status == http.HTTPStatus.PARTIAL_CONTENT:
            total = _total_of_range(response.headers.get("Content-Range", ""), offset)
            if not total:
                raise _Changed("the server resumed at another place")
        else:
            offset = 0
            total = response.length or 0
        if total not in (0, published.size_bytes):
            raise _wrong_file(published, address.url, f"{total:,} bytes")
        with part.open("r+b" if offset else "wb", buffering=0) as file:
            file.seek(offset)
            if not offset:
                write_etag(part, response.headers.get("ETag", ""))
            there = _copy(response, file, offset, published, address.url, progress, stall_s)
    if there != published.size_bytes:
        raise _Cut(f"the line broke after {there:,} of {published.size_bytes:,} bytes")


def _request(
    published: Published, address: Address, offset: int, etag: str, stall_s: float
) -> http.client.HTTPResponse:
    url = address.url
    headers = {"User-Agent": "lacuna", "Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": etag}
    opener = urllib.request.build_opener(_Redirects(address.allowed))
    try:
        request = urllib.request.Request(url, headers=headers)
        response: http.client.HTTPResponse = opener.open(request, timeout=stall_s)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            raise _Changed("the server has no more of it") from None
        if 300 <= error.code < 400:
            raise Forbidden(
                f"The server redirects the download from {printable(url)} in a circle, or to an "
                "address that is not allowed.",
                code="wrong_address",
            ) from None
        if error.code in (408, 425, 429) or error.code >= 500:
            raise _Cut(f"the server answered {error.code}") from None
        raise _Refused(f"the answer was {error.code}") from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            reason = f"the certificate is not valid ({error.reason.verify_message.rstrip('.')})"
            raise _Refused(reason) from None
        raise _Unanswered(_without_answer(error.reason)) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Unanswered(_without_answer(error)) from None
    return response


def _without_answer(error: object) -> str:
    """Say why there was no answer; a proxy that refuses is an `OSError` without a number."""
    refused = re.fullmatch(r"Tunnel connection failed: ([0-9]{3}).*", str(error), re.DOTALL)
    if refused:
        return f"the proxy answered {refused[1]}"
    words = getattr(error, "strerror", None) or type(error).__name__
    return f"there was no answer ({printable(str(words))})"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to addresses that are allowed, with the same headers."""

    max_redirections = MAX_REDIRECTS

    def __init__(self, allowed: Callable[[str], bool]) -> None:
        self.allowed = allowed

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not self.allowed(newurl):
            fp.close()
            raise Forbidden(
                f"The server redirects the download to {printable(newurl)}, which is not allowed.",
                code="wrong_address",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _copy(
    response: http.client.HTTPResponse,
    file: IO[bytes],
    offset: int,
    published: Published,
    url: str,
    progress: ReportBytes,
    stall_s: float,
) -> int:
    """Append the body to the file and return its size then."""
    there = offset
    began, before = time.monotonic(), there
    while True:
        try:
            # One read of the socket: a drip must not hide behind the filling of a large buffer.
            chunk = response.read1(CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _Cut(f"the line broke after {there:,} bytes ({type(error).__name__})") from None
        if not chunk:
            return there
        if there + len(chunk) > published.size_bytes:
            raise _wrong_file(published, url, f"more than {published.size_bytes:,} bytes")
        _write(file, chunk)
        there += len(chunk)
        progress(there, published.size_bytes)
        if time.monotonic() - began > stall_s:
            if there - before < MIN_BYTES_PER_STALL:
                raise _Cut(f"only {there - before:,} bytes arrived in {stall_s:.0f} s")
            began, before = time.monotonic(), there


def _write(file: IO[bytes], chunk: bytes) -> None:
    while chunk:
        chunk = chunk[file.write(chunk) :]


def _not_writable(error: OSError) -> LacunaError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace("There is no room on the disk for the download. What is there is kept.")
    return LacunaError(f"The download cannot be saved: {error.strerror}.", code="not_writable")


def _total_of_range(content_range: str, offset: int) -> int:
    """Return the size of the whole file if the range begins at `offset`, else 0."""
    found = re.fullmatch(r"bytes ([0-9]{1,15})-[0-9]{1,15}/([0-9]{1,15})", content_range)
    return int(found[2]) if found and int(found[1]) == offset else 0


def _differs(path: Path, published: Published) -> str:
    """Return what a file has instead of what was published; nothing if it is the file."""
    sha256 = file_sha256(path)
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, _new_md5).hexdigest()
    if (sha256, md5) == (published.sha256, published.md5):
        return ""
    return f"the SHA-256 {sha256} and the MD5 {md5}"


def _wrong_file(published: Published, url: str, found: str) -> Unprocessable:
    return Unprocessable(
        f"What {printable(url)} sends is not {published.file_name}: it has {found} instead of "
        f"{published.size_bytes:,} bytes, the SHA-256 {published.sha256} and the MD5 "
        f"{published.md5}. Nothing of it was kept or opened. Name another address with `--from "
        "URL`.",
        code="bad_download",
    )


def _new_md5() -> Any:
    return hashlib.md5(usedforsecurity=False)
