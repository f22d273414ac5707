"""The download of published weights on a button: `lacuna weights fetch` in a child.

It belongs to the daemon and not to a tab: the page can be closed meanwhile.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from lacuna_wire import LacunaError
from lacuna_wire.errors import Conflict, NotFound

from ..keys import SETTINGS
from .bodies import read_nothing
from .children import child, failure


class Fetching:
    """At most one download at a time, and what came of the last one.

    Args:
        program: How commands are started.
        names: What can be fetched; no other name ever reaches a command.
    """

    def __init__(self, program: Sequence[str], names: Sequence[str]) -> None:
        self._program = program
        self._names = names
        self._task: asyncio.Task[None] | None = None
        self._name = self._state = self._message = ""
        self._bytes = self._total = 0

    def facts(self, installed: Sequence[str]) -> dict[str, Any]:
        """Return what the page shows: what can be fetched, and how far the last download is.

        Args:
            installed: Names of what is there already.
        """
        return {
            "offered": [name for name in self._names if name not in installed],
            "name": self._name,
            "state": self._state,
            "bytes": self._bytes,
            "total": self._total,
            "message": self._message,
        }

    def begin(self) -> None:
        """Begin to fetch the first of the names.

        Raises:
            Conflict: If a download is running.
            NotFound: If nothing is published.
        """
        if self._task is not None:
            raise Conflict(f"{self._name} is being downloaded already.", code="busy")
        if not self._names:
            raise NotFound("There is nothing that could be downloaded.")
        self._name, self._state, self._message = self._names[0], "running", ""
        self._bytes = self._total = 0
        self._task = asyncio.create_task(self._run())

    async def cancel(self) -> None:
        """End the download, if there is one; what has come of it stays for the next one."""
        task = self._task
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        try:
            await self._follow()
        except LacunaError as error:
            self._end("failed", error.message)
        except BaseException:
            self._end("cancelled")
            raise

    async def _follow(self) -> None:
        words = ("weights", "fetch", self._name)
        async with child(self._program, *words, "--json") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            printed = asyncio.create_task(process.stderr.read())
            try:
                while line := await process.stdout.readline():
                    self._hear(line)
                await process.wait()
                said = await printed
            finally:
                printed.cancel()
        if process.returncode:
            self._end("failed", failure(said, " ".join(words), process.returncode))
        else:
            self._end("done")

    def _hear(self, line: bytes) -> None:
        with suppress(ValueError, TypeError, KeyError):
            word = json.loads(line)
            self._bytes, self._total = int(word["bytes"]), int(word["total"])

    def _end(self, state: str, message: str = "") -> None:
        self._task, self._state, self._message = None, state, message


FETCHING = web.AppKey("fetching", Fetching)


async def begin_fetch(request: web.Request) -> web.Response:
    """POST /page/api/fetch: begin to download published weights; the state tells how it goes."""
    await read_nothing(request)
    request.app[FETCHING].begin()
    return _answer(request.app)


async def cancel_fetch(request: web.Request) -> web.Response:
    """POST /page/api/fetch/cancel: end the download, if there is one."""
    await read_nothing(request)
    await request.app[FETCHING].cancel()
    return _answer(request.app)


def _answer(app: web.Application) -> web.Response:
    return web.json_response(app[FETCHING].facts(app[SETTINGS].weights()), status=202)
