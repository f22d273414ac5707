"""What is answered to bytes that are no request: a sentence of ours, and nothing of theirs.

The library answers those by itself, before any of our code, with its own name and versions and
with the bytes that it could not read.
"""

from aiohttp import web

from lacuna_wire import LacunaError

from .app import HEADERS, error_response

_answer_of_the_library = web.RequestHandler.handle_error
_MEANINGS = {
    413: "The request is larger than this daemon reads.",
    431: "The head of the request is larger than this daemon reads.",
}


def answer_broken_requests() -> None:
    """Have every connection of this process answer them so.

    The library makes the protocols of connections itself and takes no class for them, so that this
    one method of its class is replaced.
    """
    web.RequestHandler.handle_error = _answer  # type: ignore[assignment, method-assign]


def _answer(
    handler: web.RequestHandler,
    request: web.BaseRequest,
    status: int = 500,
    exc: BaseException | None = None,
    message: str | None = None,
) -> web.StreamResponse:
    # It writes the log, and raises if another answer has begun.
    _answer_of_the_library(handler, request, status, exc, message)
    words = _MEANINGS.get(status, "This is no request of HTTP/1.1 that can be read in one way.")
    code = "bad_request"
    if status >= 500:
        words, code = "The daemon met an unexpected error. Its log says more.", "internal"
    response = error_response(LacunaError(words, code=code, status=status))
    response.headers.update(HEADERS)
    response.force_close()
    return response
