"""What the application holds for its handlers."""

import asyncio

from aiohttp import web

from .awake import AwakeClock
from .jobs import Jobs
from .settings import DaemonSettings
from .spool import Spool
from .supervisor import Supervisor


class Stop:
    """A request to stop the daemon, and the exit code with which it ends."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.exit_code = 0

    def request(self, exit_code: int = 0) -> None:
        self.exit_code = self.exit_code or exit_code
        self.requested.set()


SETTINGS = web.AppKey("settings", DaemonSettings)
VERSION = web.AppKey("version", str)
CLOCK = web.AppKey("clock", AwakeClock)
BEGUN = web.AppKey("begun", float)
SPOOL = web.AppKey("spool", Spool)
SUPERVISOR = web.AppKey("supervisor", Supervisor)
JOBS = web.AppKey("jobs", Jobs)
STOP = web.AppKey("stop", Stop)
