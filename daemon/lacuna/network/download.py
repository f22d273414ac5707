"""Download a published file: resumed after a broken connection, checked before it is opened.

The partial file is kept beside the weights. The download resumes only if the server says that
it still has the same file, and the file gets its own name only when its digest is right.
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
from urllib.parse import urlsplit

from lacuna_wire.errors import Forbidden, LacunaError, NoSpace, TooLarge, Unprocessable

from .catalogue import Published

STALL_S = 30.0
MIN_BYTES_PER_STALL = 30 * 1024  # fewer in STALL_S, and the connection counts as broken
MAX_TRIES = 6
MAX_REDIRECTS = 5
CHUNK_BYTES = 256 * 1024

ReportBytes = Callable[[int, int], None]  # bytes so far, bytes in all (0: unknown)


class _Cut(Exception):
    """The connection broke in a way that another try may mend; the text is the reason."""


class _Changed(_Cut):
    """What is there cannot be used; the next try starts again."""


def from_github(url: str) -> bool:
    """Tell whether a file may come from this address: GitHub over https, where releases are."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return (
        parts.scheme == "https"
        and parts.netloc.lower() == host  # no user, no password, no port
        and (host == "github.com" or host.endswith(".githubusercontent.com"))
    )


def download(
    published: Published,
    folder: Path,
    progress: ReportBytes,
    allowed: Callable[[str], bool] = from_github,
    pause: Callable[[float], None] = time.sleep,
    stall_s: float = STALL_S,
) -> Path:
    """Return the path of the complete file, whose digest is right.

    Args:
        published: What to download.
        folder: Of the file and of its partial state; the caller holds its lock.
        progress: Called with the bytes so far and the bytes in all, 0 if unknown.
        allowed: Tells which addresses may be used, redirects included.
        pause: Called with seconds between tries.
        stall_s: Seconds with next to no bytes after which a connection counts as broken.

    Raises:
        Forbidden: If the server redirects to an address that is not allowed.
        TooLarge: If the file is larger than what is published.
        NoSpace: If the disk is full.
        Unprocessable: If the digest is wrong; the file is kept with the ending `.bad`.
        LacunaError: If no try succeeds; what is there is kept for the next.
    """
    path = folder / urlsplit(published.url).path.rpartition("/")[2]
    if path.is_file() and _md5(path) == published.md5:
        return path
    part = path.with_name(f"{path.name}.part")
    for attempt in range(MAX_TRIES):
        if attempt:
            pause(2.0 ** (attempt - 1))
        try:
            _continue(published, part, progress, allowed, stall_s)
            break
        except TooLarge:
            part.unlink(missing_ok=True)
            _etag_path(part).unlink(missing_ok=True)
            raise
        except OSError as error:  # of the disk; those of the connection are cuts
            raise _not_writable(error) from None
        except _Cut as cut:
            reason = str(cut)
            if isinstance(cut, _Changed):
                _etag_path(part).unlink(missing_ok=True)
    else:
        there = part.stat().st_size if part.exists() else 0
        raise LacunaError(
            f"{path.name} could not be downloaded in {MAX_TRIES} tries ({reason}). {there:,} bytes "
            "are kept. Run the same command again to resume from there.",
            code="download_failed",
        )
    _etag_path(part).unlink(missing_ok=True)
    digest = _md5(part)
    if digest != published.md5:
        bad = path.with_name(f"{path.name}.bad")
        part.replace(bad)
        raise Unprocessable(
            f"{path.name} has the MD5 {digest} instead of {published.md5}. It was not opened and "
            f"is kept as {bad}.",
            code="bad_download",
        )
    return part.replace(path)


def _continue(
    published: Published,
    part: Path,
    progress: ReportBytes,
    allowed: Callable[[str], bool],
    stall_s: float,
) -> None:
    """Make one request for what is missing and append it; start again if the file has changed."""
    etag = _read_etag(part)
    offset = part.stat().st_size if etag and part.exists() else 0
    with _request(published.url, offset, etag, allowed, stall_s) as response:
        if response.status == http.HTTPStatus.PARTIAL_CONTENT:
            total = _total_of_range(response.headers.get("Content-Range", ""), offset)
            if not total:
                raise _Changed("the server resumed at another place")
        else:
            offset = 0
            total = response.length or 0
        if total > published.max_bytes:
            raise TooLarge(
                f"{part.stem} has {total:,} bytes, and at most {published.max_bytes:,} are taken."
            )
        with part.open("r+b" if offset else "wb", buffering=0) as file:
            file.seek(offset)
            if not offset:
                _write_etag(part, response.headers.get("ETag", ""))
            there = _copy(response, file, offset, total, published, progress, stall_s)
    if total and there != total:
        raise _Cut(f"the connection broke after {there:,} of {total:,} bytes")


def _request(
    url: str, offset: int, etag: str, allowed: Callable[[str], bool], stall_s: float
) -> http.client.HTTPResponse:
    headers = {"User-Agent": "lacuna", "Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": etag}
    if not allowed(url):
        raise Forbidden(f"Lacuna does not download from {_printable(url)}.", code="wrong_address")
    opener = urllib.request.build_opener(_Redirects(allowed))
    try:
        request = urllib.request.Request(url, headers=headers)
        response: http.client.HTTPResponse = opener.open(request, timeout=stall_s)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            raise _Changed("the server has no more of it") from None
        if 300 <= error.code < 400:
            raise Forbidden(
                f"The server redirects the download from {_printable(url)} in a circle, or to an "
                "address that is not allowed.",
                code="wrong_address",
            ) from None
        if error.code in (408, 425, 429) or error.code >= 500:
            raise _Cut(f"the server answered {error.code}") from None
        raise LacunaError(
            f"{_printable(url)} could not be downloaded: the server answered {error.code}.",
            code="download_failed",
        ) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise LacunaError(
                f"The certificate of {urlsplit(url).hostname} is not valid: "
                f"{error.reason.verify_message}.",
                code="download_failed",
            ) from None
        raise _Cut(_printable(str(error.reason))) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(type(error).__name__) from None
    return response


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
                f"The server redirects the download to {_printable(newurl)}, which is not allowed.",
                code="wrong_address",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _copy(
    response: http.client.HTTPResponse,
    file: IO[bytes],
    offset: int,
    total: int,
    published: Published,
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
            raise _Cut(f"{type(error).__name__} after {there:,} bytes") from None
        if not chunk:
            return there
        if there + len(chunk) > (total or published.max_bytes):
            raise TooLarge(
                f"The server sends more than the {total or published.max_bytes:,} bytes that were "
                "expected."
            )
        _write(file, chunk)
        there += len(chunk)
        progress(there, total)
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


def _etag_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _read_etag(part: Path) -> str:
    try:
        return _etag_path(part).read_text("ascii")
    except (OSError, ValueError):
        return ""


def _write_etag(part: Path, etag: str) -> None:
    """Remember which file the partial one belongs to; weak tags do not promise equal bytes."""
    if re.fullmatch(r'"[!#-~]{1,200}"', etag):
        _etag_path(part).write_text(etag, "ascii")
    else:
        _etag_path(part).unlink(missing_ok=True)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, _new_md5).hexdigest()


def _new_md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


def _printable(text: str) -> str:
    return ascii(text)[1:-1][:200]
