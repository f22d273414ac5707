"""From a request to the pixels of the fill, with GIMP's main thread at hand but without GIMP.

GIMP runs the plug-in for one click. The main thread has only this to do: it works through what the
thread of the fill hands to it, and looks in between whether the image is still open.
"""

import queue
import threading
from concurrent.futures import Future
from typing import Callable, Optional

from lacuna_wire import JobRequest, JobStatus, Rect, sentences
from lacuna_wire import editor as wire
from lacuna_wire.client import Answer
from lacuna_wire.editor import Editor, Task, resolve

from .guard import guarded
from .translation import _

TICK_S = 0.1  # between two looks whether the image is still open

# Bytes of pixels that are read at once.
STRIP_BYTES = 16 << 20

Read = Callable[[Rect], bytes]


def fill(
    request: JobRequest,
    read_pixels: Read,
    read_selection: Read,
    check_open: Callable[[], None],
    show: Callable[[str, float], None],
    read_sources: Optional[Read] = None,
) -> Answer:
    """Have the daemon do one job; start the daemon if it is not running.

    Args:
        request: From `lacuna_wire.editor.new_request`.
        read_pixels: Gives the pixels of a part of the image in the layout of the request.
        read_selection: Gives its mask, one byte per pixel.
        check_open: Raises when the fill has become pointless: its job is cancelled.
        show: Gets a few words for the user and how much is done, 0 to 1.
        read_sources: Gives the mask of what may be copied, if the request has such a plane.
            All five are called in the thread that calls this function, and in no other.

    Raises:
        LacunaError: What kept the daemon from doing it, or the error of `check_open`.
    """
    tasks: "queue.Queue[Task]" = queue.Queue()
    pointless = threading.Event()
    outcome: "Future[Answer]" = Future()

    def show_status(status: JobStatus) -> None:
        show(f"Lacuna: {sentences.progress_text(status, _)}", status.percent / 100)

    editor = Editor(
        run_in_main=tasks.put,
        read_pixels=read_pixels,
        read_selection=read_selection,
        show=show_status,
        strip_pixels=STRIP_BYTES // request.layout.pixel_bytes,
        should_cancel=pointless.is_set,
        guarded=guarded,
        read_sources=read_sources,
    )

    def talk() -> None:
        resolve(outcome, lambda: wire.fill(request, editor))
        tasks.put(lambda: None)  # wakes the main thread

    show(f"Lacuna: {_(sentences.WAITING_FOR_DAEMON)}", 0.0)
    talker = threading.Thread(target=talk, name="lacuna-fill", daemon=True)
    talker.start()
    try:
        while not outcome.done():
            try:
                tasks.get(timeout=TICK_S)()
            except queue.Empty:
                check_open()
    except BaseException:
        pointless.set()
        talker.join()  # it has to cancel the job first
        raise
    return outcome.result()
