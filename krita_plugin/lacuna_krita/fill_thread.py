"""One fill in a thread of its own, so that Krita never waits. Nothing in here knows Krita.

Signals of Qt take to the main thread what only the main thread may do.
"""

import threading
from collections import deque
from functools import partial
from typing import Any, Callable, Deque, List, NamedTuple, Tuple

from lacuna_wire import JobRequest, JobStatus, Rect
from lacuna_wire.editor import Editor, ask_main, cut_into_strips, fill, wait_for_main
from lacuna_wire.questions import offered_weights

from .qt import QObject, pyqtSignal


class FilledParts(NamedTuple):
    """What the daemon has made of a fill.

    Attributes:
        result: What the pixels are: `layer` or `composite`, as in `Options.result`.
        parts: Their places, and they themselves in the colours of the target.
        grown_px: As in `JobStatus`.
        weights: As in `JobStatus`.
        unused_card: As in `Answer`.
    """

    result: str
    parts: List[Tuple[Rect, Any]]
    grown_px: int = 0
    weights: str = ""
    unused_card: str = ""


class MainThreadWork(NamedTuple):
    """What the main thread does for a fill.

    Attributes:
        read_pixels: Gives a part of the image in the layout of the request.
        read_selection: Gives its mask.
        show: Gets every status of the job.
        read_sources: Gives the mask of what may be copied, if the request has such a plane.
        convert: Brings a part of an answer, a `layer` or `composite`, into the colours of its
            target.
        place: Does the next piece of putting what the daemon has made into the image; returns what
            was made when it is done, and None before.
        strip_pixels: How much is read or written at a time.
    """

    read_pixels: Callable[[Rect], Any]
    read_selection: Callable[[Rect], Any]
    show: Callable[[JobStatus], None]
    read_sources: Callable[[Rect], Any]
    convert: Callable[[str, Rect, memoryview], Any]
    place: Callable[[FilledParts], Any]
    strip_pixels: int


# What the main thread still has to do, for all fills. Much of it lets Krita run its event loop, in
# which the next task arrives: that one has to wait, or it would change what the first works on.
_TASKS: Deque[Callable[[], None]] = deque()


class FillThread(QObject):
    """Runs one fill, from the request to the layer, and says how it ended.

    Attributes:
        finished: Gets what was made and None, or None and the error; in the main thread.
    """

    finished = pyqtSignal(object, object)
    _task = pyqtSignal(object)

    def __init__(self, request: JobRequest, work: MainThreadWork, is_known: bool) -> None:
        """Get ready.

        Args:
            request: What the daemon is asked for.
            work: What the main thread does.
            is_known: Whether the pixels are there already, and the daemon is not asked.
        """
        super().__init__()
        self._is_known = is_known
        self._request, self._work = request, work
        self._cancelled = threading.Event()
        self._task.connect(self._run_task)
        self._editor = Editor(
            run_in_main=self._task.emit,
            read_pixels=work.read_pixels,
            read_selection=work.read_selection,
            read_sources=work.read_sources,
            show=work.show,
            strip_pixels=work.strip_pixels,
            should_cancel=self._cancelled.is_set,
        )
        self._thread = threading.Thread(target=self._talk, name="lacuna-fill", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """Ask for the end of the job; `finished` tells when it has ended."""
        self._cancelled.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the job; the main thread does nothing for it meanwhile."""
        self._thread.join(timeout_s)

    def _run_task(self, task: Callable[[], None]) -> None:
        _TASKS.append(task)
        if len(_TASKS) > 1:
            return
        while _TASKS:
            try:
                _TASKS[0]()
            finally:
                _TASKS.popleft()

    def _talk(self) -> None:
        made, error = None, None
        try:
            made = self._place(FilledParts("layer", []) if self._is_known else self._fill())
        except Exception as caught:  # here the thread ends: the main one tells the user
            error = caught
        self._task.emit(lambda: self.finished.emit(made, error))

    def _fill(self) -> FilledParts:
        """Ask the daemon; return what it has made, in the colours of the target."""
        answer = fill(self._request, self._editor)
        rect, result = answer.rect, answer.result
        view, row_bytes = memoryview(answer.pixels), rect.width * self._request.layout.pixel_bytes
        parts = []
        for strip in cut_into_strips(rect, self._work.strip_pixels):
            first = (strip.top - rect.top) * row_bytes
            part = view[first : first + strip.height * row_bytes]
            converted = self._in_main(partial(self._work.convert, result, strip, part))
            parts.append((strip, converted))
        return FilledParts(result, parts, answer.grown_px, answer.weights, answer.unused_card)

    def _place(self, filled: FilledParts) -> Any:
        made = None
        while made is None:
            made = self._in_main(lambda: self._work.place(filled))
        return made

    def _in_main(self, make: Callable[[], Any]) -> Any:
        return wait_for_main(self._editor, ask_main(self._editor, make))


class WeightsQuestion(QObject):
    """Asks a running daemon which weights it has; none is started for that.

    Attributes:
        answered: Gets the names as a list, in the main thread.
    """

    answered = pyqtSignal(object)

    def ask(self) -> None:
        threading.Thread(target=self._ask, name="lacuna-weights", daemon=True).start()

    def _ask(self) -> None:
        self.answered.emit(offered_weights())
