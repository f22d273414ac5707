"""Read bodies: small JSON, and pixels straight into the spool, neither longer than announced.

aiohttp itself would accept any length, inflate it, and wait for ever for a body that never comes.
"""

import os
from pathlib import Path
from typing import Any

from aiohttp import StreamReader, web

from lacuna_wire import LacunaError
from lacuna_wire.errors import BadRequest, LengthRequired, TooLarge, TooSlow, UnsupportedMedia
from lacuna_wire.signing import DIGEST, TAG_BYTES, TRAILING, RunningTag, same

from .auth import check_body
from .awake import AwakeClock
from .job import Job
from .keys import CLOCK
from .settings import DaemonSettings
from .spool import file_error, open_file
from .strict_json import read_strict

JSON = "application/json"
OCTETS = "application/octet-stream"


def body_length(request: web.Request, media_type: str) -> int:
    """Return the length of a body of `media_type`, of which nothing is read yet.

    Raises:
        UnsupportedMedia: If it is of another type, or encoded.
        LengthRequired: If the length is not known, as in a chunked body.
    """
    if len(request.headers.getall("Content-Type", [])) != 1 or request.content_type != media_type:
        raise UnsupportedMedia(f"The body must be of type {media_type}.")
    if "Content-Encoding" in request.headers:
        raise UnsupportedMedia("The body must not be encoded.")
    if "Transfer-Encoding" in request.headers or request.content_length is None:
        raise LengthRequired("The body needs an exact Content-Length.")
    return request.content_length


async def read_json(request: web.Request, settings: DaemonSettings) -> Any:
    """Read a small JSON body.

    Raises:
        LacunaError: As `body_length` does.
        TooLarge: If it is longer than `max_json_bytes`; nothing is read then.
        TooSlow: If it does not arrive.
        BadRequest: If it is not JSON, or JSON that parsers disagree on: NaN, a repeated key.
    """
    length = body_length(request, JSON)
    if length > settings.max_json_bytes:
        raise TooLarge(
            f"{length:,} bytes of JSON were sent; this daemon accepts {settings.max_json_bytes:,}."
        )
    body = bytearray()
    try:
        async with request.app[CLOCK].limit(settings.upload_idle_s):
            async for chunk in request.content.iter_any():
                body += chunk
    except TimeoutError:
        raise _too_slow(len(body), length) from None
    check_body(request, bytes(body))
    try:
        return read_strict(bytes(body))
    except ValueError:
        raise BadRequest("The body is not valid JSON.") from None


def upload_length(request: web.Request, job: Job, settings: DaemonSettings, is_tagged: bool) -> int:
    """Return the length of an upload of pixels that fits its job exactly, without its tag.

    Raises:
        LacunaError: As `body_length` does.
        TooLarge: If it is longer than any upload may be.
        BadRequest: If it is not as long as the job's window and its mask.
    """
    length = body_length(request, OCTETS)
    if is_tagged:
        if request.headers.get(DIGEST) != TRAILING or length < TAG_BYTES:
            raise BadRequest(f"The upload must end with {TAG_BYTES} bytes of its tag.")
        length -= TAG_BYTES
    if length > settings.max_body_bytes:
        raise TooLarge(
            f"{length:,} bytes were sent; this daemon accepts {settings.max_body_bytes:,}."
        )
    if length != job.input_bytes:
        raise BadRequest(
            f"The window and its mask have {job.input_bytes:,} bytes; {length:,} were announced."
        )
    return length


async def save_upload(
    content: StreamReader,
    path: Path,
    job: Job,
    settings: DaemonSettings,
    clock: AwakeClock,
    tag: RunningTag | None = None,
) -> None:
    """Write a body of the right length into the file of its job, and hold one piece at a time.

    Returns early if the job ends before the body does.

    Args:
        content: The body.
        path: Of the file.
        job: Whose pixels come.
        settings: The limits.
        clock: That counts while this computer is awake.
        tag: What has to come after the pixels.

    Raises:
        TooSlow: If the body pauses for `upload_idle_s`, or drips.
        LacunaError: `upload_broken` if they are not the pixels that were signed.
        PixelsLost: If the file is gone.
    """
    idle_s = settings.upload_idle_s
    least = settings.min_upload_rate * idle_s
    received = received_before = 0
    given_tag = b""
    window_begun = clock.now()
    descriptor = open_file(path, os.O_WRONLY)
    try:
        async with clock.limit(idle_s) as patience:
            async for chunk in content.iter_any():
                if job.ended:
                    return
                if received + len(chunk) > job.input_bytes:  # only the tag comes after the pixels
                    end = job.input_bytes - received
                    chunk, given_tag = chunk[:end], given_tag + chunk[end:]
                _write_all(descriptor, chunk)
                if tag is not None:
                    tag.update(chunk)
                received += len(chunk)
                now = clock.now()
                patience.restart()
                if now - window_begun > idle_s:
                    if received - received_before < least:
                        raise _too_slow(received, job.input_bytes)
                    received_before, window_begun = received, now
    except TimeoutError:
        raise _too_slow(received, job.input_bytes) from None
    finally:
        os.close(descriptor)
    if received != job.input_bytes:
        raise BadRequest(f"The body ended after {received:,} of {job.input_bytes:,} bytes.")
    if tag is not None and not same(given_tag.hex(), tag.tag().hex()):
        raise LacunaError(
            "The pixels are not the ones that were signed.", code="upload_broken", status=400
        )


def _write_all(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        raise file_error(error) from error


def _too_slow(received: int, expected: int) -> TooSlow:
    return TooSlow(
        f"The body came too slowly: {received:,} of {expected:,} bytes.",
        values={"received_bytes": received, "expected_bytes": expected},
    )
