"""The worker's side of the pipe: take an order, fill it, report, take the next one.

The function that fills is passed in, so this file knows neither torch nor NumPy. The process lives
exactly as long as the daemon that started it.
"""

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from lacuna_wire import LacunaError
from lacuna_wire.errors import DeviceLost, OutOfMemory
from lacuna_wire.messages import Progress, Report, ShouldStop

from .orders import Filled, Order, progress_message, read_order, write_line
from .spool import PixelsLost

PR_SET_PDEATHSIG = 1
EXIT_DEVICE_LOST = 75  # EX_TEMPFAIL
OOM_SCORE = 500  # the kernel ends this process rather than the user's editor


def serve_orders(
    fill: Callable[[Order, Report, ShouldStop], Filled],
    device: str = "",
    must_end: Callable[[], bool] = lambda: False,
) -> None:
    """Fill orders from stdin until it ends; then end the process, even in the middle of a tile.

    Args:
        fill: Writes the output of one order. It calls its second argument at least once per tile:
            a worker that is silent for too long is killed. It asks its third argument at least
            once per tile and raises `JobCancelled` when that is True. A `LacunaError` from it is
            shown to the user, a `MemoryError` counts as out of memory, anything else is our bug.
        device: Where jobs run that leave the choice to the daemon, for people.
        must_end: Asked after every order: whether its device has failed, so that the next order is
            for another process.
    """
    orders_in, messages_out = _take_pipes()
    _die_with_parent()
    say = _Speaker(messages_out)
    inbox: queue.SimpleQueue[Order] = queue.SimpleQueue()
    cancelled: set[str] = set()
    threading.Thread(target=_listen, args=(orders_in, inbox, cancelled), daemon=True).start()
    say({"type": "ready", "device": device})
    while True:
        order = inbox.get()
        end = _fill_one(fill, order, say, cancelled)
        say(end)
        if must_end() or end.get("code") == DeviceLost.code:
            os._exit(EXIT_DEVICE_LOST)  # nothing works any more in a process whose device failed
        cancelled.discard(order.id)


def _fill_one(
    fill: Callable[[Order, Report, ShouldStop], Filled],
    order: Order,
    say: "_Speaker",
    cancelled: set[str],
) -> dict[str, Any]:
    """Return the one message with which an order ends."""

    def report(progress: Progress) -> None:
        say(progress_message(order.id, progress))

    # From here on a sudden death is the fault of this order, not of an idle worker.
    report(Progress("loading"))
    try:
        filled = fill(order, report, lambda: order.id in cancelled)
    except LacunaError as error:
        return _failure(order, error)
    except MemoryError:
        traceback.print_exc()
        return _failure(order, OutOfMemory("The job does not fit into memory."))
    except Exception as error:
        if isinstance(error, OSError) and not order.input.exists():
            return _failure(order, PixelsLost(order.input.parent))
        traceback.print_exc()  # stderr goes to the daemon's log
        reason = f"The worker met an unexpected {type(error).__name__}. The log says more."
        return _failure(order, LacunaError(reason, code="internal"))
    return {
        "type": "done", "id": order.id, "rect": list(filled.rect),
        "tiles": filled.tiles, "device": filled.device, "result": filled.result,
        "grown_px": filled.grown_px, "weights": filled.weights,
    }  # fmt: skip


def _failure(order: Order, error: LacunaError) -> dict[str, Any]:
    if error.code == "cancelled":
        return {"type": "cancelled", "id": order.id}
    return {
        "type": "failed", "id": order.id,
        "code": error.code, "status": error.status, "message": error.message,
        "values": error.values,
    }  # fmt: skip


class _Speaker:
    """Write messages, whole lines at a time; `fill` may report from several threads."""

    def __init__(self, messages_out: BinaryIO) -> None:
        self._messages_out = messages_out
        self._lock = threading.Lock()

    def __call__(self, message: dict[str, Any]) -> None:
        with self._lock:
            self._messages_out.write(write_line(message))
            self._messages_out.flush()


def _listen(orders_in: BinaryIO, inbox: "queue.SimpleQueue[Order]", cancelled: set[str]) -> None:
    """Read messages in a thread of its own, so that a cancel arrives while a tile is filled."""
    try:
        for line in orders_in:
            message = json.loads(line)
            if message["type"] == "job":
                inbox.put(read_order(message))
            else:
                cancelled.add(message["id"])
    except Exception:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # the daemon is gone or has closed the pipe; a tile in C code would not notice


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout for messages; from now on everything printed goes to stderr."""
    orders_in = os.fdopen(os.dup(0), "rb")
    messages_out = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout.flush()
    os.dup2(2, 1)
    return orders_in, messages_out


def _die_with_parent() -> None:
    """End with the daemon, and before the editor when memory is short."""
    # Ctrl-C in a terminal reaches the whole group; the daemon decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
