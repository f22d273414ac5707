"""`lacuna doctor` on a button: in a child, for it looks at cards, files and editors."""

import asyncio
import json

from aiohttp import web

from lacuna_wire import LacunaError
from lacuna_wire.errors import Conflict

from ..keys import CLOCK, SETTINGS
from .bodies import read_nothing
from .children import child, failure

EXAMINE_S = 300.0  # of time awake; a test fill may have to wait for other jobs
EXAMINING = web.AppKey("examining", asyncio.Lock)


async def examine(request: web.Request) -> web.Response:
    """POST /page/api/doctor: the table of `lacuna doctor --json`; it ends with the tab that asks.

    Raises:
        Conflict: If another tab asks just now.
        LacunaError: If it cannot be made.
    """
    await read_nothing(request)
    app = request.app
    if app[EXAMINING].locked():
        raise Conflict("Another tab examines this computer just now. Try again later.", code="busy")
    async with app[EXAMINING], child(app[SETTINGS].program, "doctor", "--json") as process:
        try:
            async with app[CLOCK].limit(EXAMINE_S):
                out, printed = await process.communicate()
        except TimeoutError:
            late = f"`lacuna doctor` did not end within {EXAMINE_S:g} s."
            raise LacunaError(late, code="examination", status=504) from None
    try:
        return web.json_response(json.loads(out))
    except ValueError:
        reason = failure(printed, "doctor", process.returncode)
        raise LacunaError(reason, code="examination") from None
