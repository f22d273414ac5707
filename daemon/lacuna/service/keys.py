"""What the application carries for its handlers."""

import asyncio

from aiohttp import web

from .jobs import Jobs
from .settings import Settings
from .spool import Spool
from .worker import Worker


class Stop:
    """Somebody's wish that the daemon ends, and the exit code that it will end with."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.exit_code = 0

    def request(self, exit_code: int = 0) -> None:
        self.exit_code = self.exit_code or exit_code
        self.requested.set()


SETTINGS = web.AppKey("settings", Settings)
VERSION = web.AppKey("version", str)
BEGUN = web.AppKey("begun", float)
SPOOL = web.AppKey("spool", Spool)
WORKER = web.AppKey("worker", Worker)
JOBS = web.AppKey("jobs", Jobs)
STOP = web.AppKey("stop", Stop)
