"""What the page shows: the facts of `lacuna status` and more, in the visitor's language, live."""

import asyncio
import json
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from lacuna.machine import resident_bytes
from lacuna_wire.errors import error_from_dict
from lacuna_wire.refusals import refusal_text
from lacuna_wire.sentences import progress_text
from lacuna_wire.time_left import TimeLeft
from lacuna_wire.translation import find_catalogue

from ..facts import daemon_facts
from ..job import Job
from ..keys import JOBS, STOP
from .bodies import read_nothing
from .fetching import FETCHING
from .files import languages_of

LOOK_S = 0.5  # between two looks at what is new
ALIVE_S = 10.0  # between two signs of life while nothing is
# Memory is told in steps: it is never quite the same, and nobody wants to see that.
OWN_STEP, FREE_STEP = 1 << 20, 1 << 26


async def send_states(request: web.Request) -> web.StreamResponse:
    """POST /page/api/state: the state as server-sent events, whenever it is another one.

    It ends with the tab, or with the daemon.
    """
    await read_nothing(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    watch = StateWatch(request.app, languages_of(request))
    stop = request.app[STOP].requested
    before, said_at = "", 0.0
    while not stop.is_set():
        now, data = time.monotonic(), json.dumps(watch.state())
        if data != before:
            await response.write(f"event: state\ndata: {data}\n\n".encode())
        elif now - said_at >= ALIVE_S:
            await response.write(b": nothing is new\n\n")
        if data != before or now - said_at >= ALIVE_S:
            before, said_at = data, now
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await stop.wait()
    await response.write(b"event: end\ndata: {}\n\n")
    await response.write_eof()
    return response


class StateWatch:
    """What one visitor is told: texts in the own language, times that do not climb back up.

    Args:
        app: Of the daemon.
        languages: The best first.
    """

    def __init__(self, app: web.Application, languages: Sequence[str]) -> None:
        self._app = app
        self._translate: Callable[[str], str] = find_catalogue(list(languages)).gettext
        self._left: dict[str, TimeLeft] = {}

    def state(self) -> dict[str, Any]:
        """Return the object of one event."""
        facts = daemon_facts(self._app)
        jobs = self._app[JOBS].alive()
        self._left = {job.id: self._left.get(job.id) or TimeLeft() for job in jobs}
        begun = time.time() - facts.pop("uptime_s")
        return {
            **facts,
            "begun_at": round(begun / 10) * 10,  # one moment, whenever it is reckoned
            "python": platform.python_version(),
            "memory_bytes": _in_steps(resident_bytes(facts["pid"]), OWN_STEP),
            "worker_memory_bytes": _in_steps(facts["worker_memory_bytes"], OWN_STEP),
            "free_memory_bytes": _in_steps(facts["free_memory_bytes"], FREE_STEP),
            "jobs": [self._job(job) for job in jobs],
            "errors": [self._error(error) for error in facts["errors"]],
            "fetch": self._app[FETCHING].facts(facts["weights"]),
        }

    def _job(self, job: Job) -> dict[str, Any]:
        status = self._left[job.id].steady(self._app[JOBS].status(job))
        return {
            "id": job.id,
            "state": status.state,
            "text": progress_text(status, self._translate),
            "percent": status.percent,
            "width": job.request.selection.width,
            "height": job.request.selection.height,
            "image_width": job.request.width,
            "image_height": job.request.height,
        }

    def _error(self, error: dict[str, Any]) -> dict[str, Any]:
        text = refusal_text(error_from_dict({"error": error}), self._translate)
        return {"job": error["job"], "at": error["at"], "code": error["code"], "text": text}


def _in_steps(count: int | None, step: int) -> int | None:
    return None if count is None else round(count / step) * step
