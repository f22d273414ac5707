"""From a request to the pixels of the fill: the daemon's part of a click, without GIMP.

GIMP may be called from the main thread only, and its progress has to move while the daemon works.
So a second thread does the talking and hands to the main one what only that may do.
"""

import queue
import threading
import uuid
from concurrent.futures import Future
from typing import Callable, Iterable, Iterator, List, NamedTuple, Tuple

from lacuna_wire import JobRequest, JobStatus, Options, PixelLayout, Rect
from lacuna_wire import client as wire
from lacuna_wire.errors import DaemonUnreachable

from .guard import guarded

TICK_S = 0.1  # between two looks whether the image is still open

# Bytes of pixels that are read at once: while they are sent, the next ones are read.
STRIP_BYTES = 16 << 20

Read = Callable[[Rect], bytes]
ReadWindow = Callable[[Rect], Iterable[bytes]]
_Task = Callable[[], None]


class Settings(NamedTuple):
    """What the user chose.

    Attributes:
        grow: Pixels by which the selection is enlarged first.
        feather: Pixels over which its edge fades towards its inside.
        visible: Whether all that is visible is read, and not the active layer alone.
        weights: Name of installed weights; empty for the daemon's default.
        colour_correction: Whether the fill is matched to what is around it.
    """

    grow: int = 0
    feather: int = 0
    visible: bool = False
    weights: str = ""
    colour_correction: bool = True


def new_request(
    size: Tuple[int, int], selection: Rect, layout: PixelLayout, settings: Settings
) -> JobRequest:
    """Put into the protocol's words what is asked for."""
    options = Options(
        weights=settings.weights,
        grow=settings.grow,
        feather=settings.feather,
        colour_correction=settings.colour_correction,
        result="layer",
    )
    return JobRequest(str(uuid.uuid4()), *size, selection, layout, options)


def fill(
    request: JobRequest,
    read_pixels: Read,
    read_selection: Read,
    check_open: Callable[[], None],
    show: Callable[[str, float], None],
) -> Tuple[Rect, bytearray]:
    """Have the daemon do one job; start it if it does not run.

    Args:
        request: From `new_request`.
        read_pixels: Gives the pixels of a part of the image in the layout of the request.
        read_selection: Gives its mask, one byte per pixel.
        check_open: Raises when the job has become pointless; it is cancelled then.
        show: Gets a few words for the user and how much is done, 0 to 1.
            All four are called in the thread that calls this function, and in no other.

    Returns:
        The pixels of the image that are covered, and they in the layout of the request.

    Raises:
        LacunaError: Whatever kept it from being done, or the error of `check_open`.
    """
    tasks: "queue.Queue[_Task]" = queue.Queue()
    pointless = threading.Event()
    outcome: "Future[Tuple[Rect, bytearray]]" = Future()

    def in_main(read: Read, strip: Rect) -> "Future[bytes]":
        answer: "Future[bytes]" = Future()
        tasks.put(lambda: _settle(answer, lambda: read(strip)))
        return answer

    def read_in_main(window: Rect) -> Iterator[bytes]:
        strips = cut_into_strips(window, STRIP_BYTES // request.layout.pixel_bytes)
        reads = [(read, strip) for read in (read_pixels, read_selection) for strip in strips]
        ahead = in_main(*reads[0])
        for read, strip in reads[1:]:
            ready, ahead = ahead, in_main(read, strip)
            yield ready.result()
        yield ahead.result()

    def show_in_main(status: JobStatus) -> None:
        tasks.put(lambda: show(progress_text(status), status.percent / 100))

    def talk() -> None:
        _settle(outcome, lambda: _try_twice(request, read_in_main, show_in_main, pointless.is_set))
        tasks.put(lambda: None)  # wakes the main thread

    show("Lacuna: waiting for the daemon", 0.0)
    threading.Thread(target=talk, name="lacuna-fill", daemon=True).start()
    try:
        while not outcome.done():
            try:
                tasks.get(timeout=TICK_S)()
            except queue.Empty:
                check_open()
    except BaseException:
        # The other thread may be waiting for a task that is never done now; it must cancel first.
        pointless.set()
        _drain(tasks, outcome)
        raise
    return outcome.result()


def cut_into_strips(rect: Rect, pixels: int) -> List[Rect]:
    """Cut into full rows, from top to bottom, of about so many pixels at a time.

    >>> cut_into_strips(Rect(5, 0, 10, 5), 20)[1:]
    [Rect(left=5, top=2, width=10, height=2), Rect(left=5, top=4, width=10, height=1)]
    """
    rows = max(1, pixels // rect.width)
    return [
        Rect(rect.left, top, rect.width, min(rows, rect.bottom - top))
        for top in range(rect.top, rect.bottom, rows)
    ]


def progress_text(status: JobStatus) -> str:
    """Say in a line what the daemon does.

    >>> progress_text(JobStatus("", "running", phase="filling", percent=41.7))
    'Lacuna: filling, 42 %'
    """
    if status.state == "queued" and status.queue_position:
        several = f"{status.queue_position} other fills"
        return f"Lacuna: waiting for {'another fill' if status.queue_position == 1 else several}"
    return f"Lacuna: {status.phase or status.state}, {status.percent:.0f} %"


def _try_twice(
    request: JobRequest,
    read_window: ReadWindow,
    on_progress: Callable[[JobStatus], None],
    should_cancel: Callable[[], bool],
) -> Tuple[Rect, bytearray]:
    """Do the job, and once more if the daemon ends under it: a picture may kill any daemon."""
    try:
        return _once(request, read_window, on_progress, should_cancel)
    except _DiedUnderIt:
        again = request._replace(id=str(uuid.uuid4()))
    try:
        return _once(again, read_window, on_progress, should_cancel)
    except _DiedUnderIt as error:
        raise DaemonUnreachable(
            f"The daemon of Lacuna ended twice during this fill; the last time: {error.reason}"
        ) from error


def _once(
    request: JobRequest,
    read_window: ReadWindow,
    on_progress: Callable[[JobStatus], None],
    should_cancel: Callable[[], bool],
) -> Tuple[Rect, bytearray]:
    client = wire.connect()
    with guarded(request.id):
        try:
            return wire.inpaint(client, request, read_window, on_progress, should_cancel)
        except DaemonUnreachable as error:
            raise _DiedUnderIt(error.message) from error


class _DiedUnderIt(Exception):
    """The daemon was there when the job began."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _settle(future: "Future", make: Callable[[], object]) -> None:
    try:
        future.set_result(make())
    except BaseException as error:  # whoever waits for it raises it
        future.set_exception(error)


def _drain(tasks: "queue.Queue[_Task]", outcome: "Future") -> None:
    """Let the other thread come to its end, whatever it asks for."""
    while not outcome.done():
        try:
            tasks.get(timeout=TICK_S)()
        except queue.Empty:
            continue
        except Exception:
            continue  # the first error is the one that is told
