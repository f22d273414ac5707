"""Talk to the daemon: what the plug-ins and the command line call.

Every call is one short connection to 127.0.0.1, so one `Client` may be used from several threads.
What the daemon refuses is raised here as the same `LacunaError` as there.
"""

from contextlib import suppress
from typing import Any, Callable, Dict, Iterable, Iterator, NamedTuple, Tuple

from .endpoint import Endpoint, find_daemon, start_daemon
from .errors import BadReply, DaemonUnreachable, JobCancelled, LacunaError, NotFound
from .exchange import Buffer, exchange, json_body, pixel_body, slices
from .messages import JobEstimate, JobRequest, JobStatus, Ticket
from .rect import Rect
from .replies import read_reply
from .sentences import CANCELLED
from .session import HOST

CALL_TIMEOUT_S = 30.0  # without a byte in either direction
CANCEL_POLL_S = 0.5  # how late `inpaint` may notice that it should cancel


class Answer(NamedTuple):
    """What a job that is done gives.

    Attributes:
        rect: Pixels of the image that it covers.
        pixels: Of these, in the layout of the request.
        result: What they are: `layer` or `composite`, as in `Options.result`.
        grown_px: As in `JobStatus`.
        weights: As in `JobStatus`.
        unused_card: Why it ran on the processor though a graphics card is there, as the daemon says
            it; empty if it did not, or nobody has asked.
    """

    rect: Rect
    pixels: bytearray
    result: str
    grown_px: int = 0
    weights: str = ""
    unused_card: str = ""


class PageAddress(NamedTuple):
    """Where the page is.

    Attributes:
        path: Path and fragment.
    """

    path: str


class Client:
    """The calls of the protocol, one method each."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def submit(self, request: JobRequest) -> Ticket:
        """Ask for a fill; no pixel is sent yet.

        Raises:
            LacunaError: If the daemon does not take the job: `queue_full`, `too_large`, ...
        """
        return Ticket.from_dict(self._call("POST", "/v1/jobs", request.as_dict()))

    def estimate(self, request: JobRequest) -> JobEstimate:
        """Ask what a fill would take; there is no job afterwards, and a full queue is no matter.

        Raises:
            LacunaError: If it refuses such a job: `too_large`, ...
        """
        return JobEstimate.from_dict(self._call("POST", "/v1/estimate", request.as_dict()))

    def upload(self, job_id: str, chunks: Iterable[Buffer], total_bytes: int) -> None:
        """Send the planes of the window, in the order of the request, without copying them.

        Args:
            job_id: The id of the ticket.
            chunks: Contiguous buffers, in order; read once, so a generator will do.
            total_bytes: The sum of their lengths, `Ticket.input_bytes`.

        Raises:
            BadRequest: If the chunks are not `total_bytes` long together.
        """
        path = f"/v1/jobs/{job_id}/input"
        body = pixel_body(chunks, total_bytes)
        with exchange(self.endpoint, "PUT", path, CALL_TIMEOUT_S, body) as reply:
            reply.json()

    def wait(
        self, job_id: str, on_progress: Callable[[JobStatus], None], poll_s: float = 10.0
    ) -> JobStatus:
        """Return the status with which the job ends.

        `on_progress` gets every answer, at least one in `poll_s` seconds, also those in which
        nothing is new: a caller stops waiting by raising from it.
        """
        status = JobStatus.from_dict(self._call("GET", f"/v1/jobs/{job_id}"))
        on_progress(status)
        while not status.ended:
            path = f"/v1/jobs/{job_id}?wait={poll_s:g}&revision={status.revision}"
            answer = self._call("GET", path, timeout_s=poll_s + CALL_TIMEOUT_S)
            status = JobStatus.from_dict(answer)
            on_progress(status)
        return status

    def result(self, job_id: str) -> Tuple[Rect, bytearray]:
        """Fetch the result of a job that is done.

        Returns:
            The rectangle of the image that it covers, and its pixels in the layout of the job.

        Raises:
            BadReply: If the answer does not say which rectangle that is.
        """
        path = f"/v1/jobs/{job_id}/result"
        with exchange(self.endpoint, "GET", path, CALL_TIMEOUT_S) as reply:
            rect = _rect_header(reply.header("Lacuna-Rect"))
            pixels = bytearray(reply.body_bytes)
            reply.read_into(memoryview(pixels))
        return rect, pixels

    def cancel(self, job_id: str) -> JobStatus:
        """Cancel a job, or forget one that has ended; a second call gives the same answer."""
        return JobStatus.from_dict(self._call("DELETE", f"/v1/jobs/{job_id}"))

    def forget(self, job_id: str) -> None:
        """Drop a job with all its pixels, if there still is one."""
        with suppress(NotFound):
            self.cancel(job_id)

    def status(self) -> Dict[str, Any]:
        """Return what the daemon says of itself; docs/protocol.md lists the keys.

        An older daemon lacks some of them.
        """
        return dict(self._call("GET", "/v1/status"))

    def page(self) -> str:
        """Return an address of the daemon's page, which a browser can open once, and soon.

        Raises:
            NotFound: If the daemon is older than its page.
        """
        path = read_reply(PageAddress, self._call("POST", "/v1/page", {}), "page").path
        return f"http://{HOST}:{self.endpoint.port}{path}"

    def shutdown(self) -> None:
        """Ask the daemon to end; it answers first."""
        self._call("POST", "/v1/shutdown", {})

    def _call(
        self, method: str, path: str, message: Any = None, timeout_s: float = CALL_TIMEOUT_S
    ) -> Any:
        """Exchange one small JSON message for another."""
        body = None if message is None else json_body(message)
        with exchange(self.endpoint, method, path, timeout_s, body) as reply:
            answer = reply.json()
        if not isinstance(answer, dict):
            raise BadReply(f"The daemon's answer to {method} {path} is not a JSON object.")
        return answer


def connect(start: bool = True) -> Client:
    """Return a client of the running daemon.

    Call it for every job: it costs a few milliseconds, and a client that is kept for hours may
    outlive its daemon.

    Args:
        start: Whether to start the daemon if none runs.

    Raises:
        DaemonUnreachable: If none runs and none can be started.
        ProtocolMismatch: If the daemon speaks another version of the protocol.
        DaemonElsewhere: If it runs on another computer, or in another container.
    """
    endpoint = find_daemon()
    if endpoint is None:
        if not start:
            raise DaemonUnreachable("The Lacuna daemon is not running.")
        endpoint = start_daemon()
    return Client(endpoint)


def inpaint(
    client: Client,
    request: JobRequest,
    read_window: Callable[[Rect], Iterable[Buffer]],
    on_progress: Callable[[JobStatus], None],
    should_cancel: Callable[[], bool],
) -> Answer:
    """Do one whole job: submit, upload, wait, fetch, forget.

    Args:
        client: From `connect`.
        request: What to fill.
        read_window: Gives the planes of a rectangle of the image, in the order and the layout of
            the request; called once, and a generator will do.
        on_progress: Gets every status, about twice a second at least.
        should_cancel: Asked as often; True cancels the job.

    Raises:
        JobCancelled: If `should_cancel` said so, or another client cancelled it.
        LacunaError: Whatever kept the job from being done. The daemon has forgotten it by then,
            as it has after any other exception and after Ctrl-C.
    """

    def stop_if_cancelled() -> None:
        if should_cancel():
            raise JobCancelled(CANCELLED)

    def watched(chunks: Iterable[Buffer]) -> Iterator[memoryview]:
        for part in slices(chunks):
            stop_if_cancelled()
            yield part

    def watch(status: JobStatus) -> None:
        on_progress(status)
        if not status.ended:
            stop_if_cancelled()

    ticket = client.submit(request)
    try:
        stop_if_cancelled()
        client.upload(ticket.id, watched(read_window(ticket.window)), ticket.input_bytes)
        status = client.wait(ticket.id, watch, poll_s=CANCEL_POLL_S)
        if status.state != "done":
            raise status.error or BadReply(f"The job ended as {status.state}.")
        rect, pixels = client.result(ticket.id)
        if len(pixels) != rect.area * request.layout.pixel_bytes:
            raise BadReply(
                f"The result has {len(pixels):,} bytes; {rect.width:,} x {rect.height:,} px of "
                f"{request.layout.pixel_bytes} bytes were expected."
            )
        result = status.result or request.options.result
        return Answer(rect, pixels, result, status.grown_px, status.weights)
    finally:
        # The daemon drops it anyway in the end: this must hide neither the result nor the error.
        with suppress(LacunaError):
            client.forget(ticket.id)


def _rect_header(text: str) -> Rect:
    sides = text.split(",")
    if len(sides) != 4 or not all(side.isdigit() for side in sides):
        raise BadReply(f"The daemon sent no valid Lacuna-Rect: {text[:40]!r}.")
    return Rect(*map(int, sides))
