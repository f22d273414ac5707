"""What both editors share of a click: the user's choice, and one fill.

An editor may be called from its main thread only, and must not wait there. So a second thread
talks to the daemon, in here, and hands to the main thread whatever only that one may do.
"""

import uuid
from concurrent.futures import Future, wait
from contextlib import nullcontext
from dataclasses import replace
from traceback import clear_frames
from typing import (
    Any,
    Callable,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Tuple,
)

from . import client as wire
from .errors import DaemonUnreachable, JobCancelled, LacunaError
from .layout import PixelLayout
from .messages import REQUIRED_PLANES, JobRequest, JobStatus
from .options import AUTO_GROW, Options
from .rect import Rect
from .sentences import CANCELLED
from .unused_card import reason_in

TICK_S = 0.1  # between two looks whether an answer of the main thread is still wanted

Task = Callable[[], None]


class EditorSettings(NamedTuple):
    """What the user chose.

    Attributes:
        visible: Whether all visible layers are read, and not the active one alone.
        options: Values of the options that editors show; the others keep their defaults. People
            select by hand, so in an editor the edge is looked for unless they say otherwise.
        destination: Where the fill goes, a key of `sentences.DESTINATIONS`: a new layer, into the
            layer, a filled copy of it, or whichever of the first and the last looks right (`auto`).
        copy_from: What may be copied, a key of `sentences.COPY_FROM`.
        copy_mask: The mask of `only` and `never`, by whatever the editor knows it; not kept.
    """

    visible: bool = False
    options: Options = Options(grow=AUTO_GROW)
    destination: str = "auto"
    copy_from: str = "everywhere"
    copy_mask: str = ""

    @property
    def has_copy_mask(self) -> bool:
        """Whether a second mask travels with the job."""
        return self.copy_from in ("only", "never")


class Editor(NamedTuple):
    """What a fill needs of the editor.

    Attributes:
        run_in_main: Takes a function and has the main thread call it soon; returns at once.
        read_pixels: Gives the pixels of a part of the image in the layout of the request.
        read_selection: Gives its mask, one byte per pixel.
        show: Gets every status of the job. All that read or show are called in the main thread.
        strip_pixels: How many pixels the main thread reads at a time; while they are sent, the
            next ones are read.
        should_cancel: Asked again and again, in any thread; True cancels the job.
        guarded: Surrounds a job, whose id it gets, from before it is submitted to its end.
        read_sources: Gives the mask of what may be copied, one byte per pixel, 255 = may; None if
            the request has no such plane.
    """

    run_in_main: Callable[[Task], None]
    read_pixels: Callable[[Rect], Any]
    read_selection: Callable[[Rect], Any]
    show: Callable[[JobStatus], None]
    strip_pixels: int
    should_cancel: Callable[[], bool]
    guarded: Callable[[str], ContextManager[None]] = lambda _id: nullcontext()
    read_sources: Optional[Callable[[Rect], Any]] = None


# What `EditorSettings.copy_from` makes of `Options.copy_direction`; masks say it themselves.
_DIRECTIONS = {"sides": "horizontal", "above_below": "vertical"}


def new_request(
    size: Tuple[int, int],
    selection: Rect,
    layout: PixelLayout,
    settings: EditorSettings,
    result: str = "layer",
    sources: Optional[Rect] = None,
) -> JobRequest:
    """Ask for a fill.

    Args:
        size: Width and height of the image.
        selection: Bounds of what is to be filled.
        layout: How its pixels travel.
        settings: What the user chose.
        result: As `Options.result`: what the editor can use.
        sources: Bounds of what the window has to hold of the user's mask: `nearest_sources`.
    """
    direction = _DIRECTIONS.get(settings.copy_from, "any")
    options = replace(settings.options, result=result, copy_direction=direction)
    planes = (*REQUIRED_PLANES, "sources") if settings.has_copy_mask else REQUIRED_PLANES
    return JobRequest(str(uuid.uuid4()), *size, selection, layout, options, planes, sources)


def fill(request: JobRequest, editor: Editor) -> wire.Answer:
    """Have the daemon do one job, in a thread that may wait; start the daemon if none is running.

    If the daemon ends during the job, the job is tried once more: a picture may kill any daemon.

    Raises:
        LacunaError: Whatever kept it from being done.
        Exception: Whatever reading raised in the main thread.
    """
    try:
        return _once(request, editor)
    except _DiedUnderIt:
        pass
    try:
        return _once(request._replace(id=str(uuid.uuid4())), editor)
    except _DiedUnderIt as error:
        raise DaemonUnreachable(
            f"The Lacuna daemon ended twice during this fill. The last time: {error.reason}",
            values={"times": 2},
        ) from error


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


def ask_main(editor: Editor, make: Callable[[], Any]) -> "Future[Any]":
    """Have the main thread call `make`; the future gets its answer or what it raised."""
    answer: "Future[Any]" = Future()
    editor.run_in_main(lambda: resolve(answer, make))
    return answer


def wait_for_main(editor: Editor, answer: "Future[Any]") -> Any:
    """Return an answer of `ask_main`.

    Raises:
        JobCancelled: If the job is cancelled before the main thread got to it.
    """
    while not wait([answer], TICK_S).done:
        if editor.should_cancel():
            raise JobCancelled(CANCELLED)
    return answer.result()


def resolve(future: "Future[Any]", make: Callable[[], Any]) -> None:
    """Put into `future` what `make` returns or raises."""
    try:
        future.set_result(make())
    except BaseException as error:  # the thread that waits raises it
        # What its frames hold of an editor must not live on with the error.
        clear_frames(error.__traceback__)
        future.set_exception(error)


def _once(request: JobRequest, editor: Editor) -> wire.Answer:
    def read_window(window: Rect) -> Iterable[Any]:
        return _read_ahead(window, request.planes, editor)

    def show(status: JobStatus) -> None:
        editor.run_in_main(lambda: editor.show(status))

    client = wire.connect()
    with editor.guarded(request.id):
        try:
            answer = wire.inpaint(client, request, read_window, show, editor.should_cancel)
        except DaemonUnreachable as error:
            raise _DiedUnderIt(error.message) from error
    return answer._replace(unused_card=_unused_card(client, request))


def _unused_card(client: wire.Client, request: JobRequest) -> str:
    """Ask why a fill that could choose its device has run on the processor."""
    if request.options.device != "auto":
        return ""
    try:
        return reason_in(str(client.status().get("device") or ""))
    except LacunaError:
        return ""  # the fill is there: nothing else may go wrong with it


def _read_ahead(window: Rect, planes: Iterable[str], editor: Editor) -> Iterator[Any]:
    """Give the planes of a window strip by strip; while one is sent, the next one is read."""
    readers: Dict[str, Any] = {
        "pixels": editor.read_pixels,
        "selection": editor.read_selection,
        "sources": editor.read_sources,
    }
    strips = cut_into_strips(window, editor.strip_pixels)
    reads: List[Tuple[Callable[[Rect], Any], Rect]] = [
        (readers[plane], strip) for plane in planes for strip in strips
    ]

    def ask(read: Callable[[Rect], Any], strip: Rect) -> "Future[Any]":
        return ask_main(editor, lambda: read(strip))

    ahead = ask(*reads[0])
    for read, strip in reads[1:]:
        ready, ahead = ahead, ask(read, strip)
        yield wait_for_main(editor, ready)
    yield wait_for_main(editor, ahead)


class _DiedUnderIt(Exception):
    """The daemon ended during a job; it was there when the job began."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
