"""The addresses of the page; who may use which is up to `guard.py`."""

import asyncio
from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from ..keys import CLOCK, SETTINGS
from .bodies import read_text
from .examination import EXAMINING, examine
from .fetching import FETCHING, Fetching, begin_fetch, cancel_fetch
from .files import send_file, send_texts
from .guard import API, PAGE, SIGN_IN
from .state import send_states
from .visits import VISITS, Visits


async def sign_in(request: web.Request) -> web.Response:
    """POST /page/api/sign-in: a key for a code."""
    code = await read_text(request, "code")
    return web.json_response({"key": request.app[VISITS].sign_in(code)}, status=201)


PAGE_ROUTES: Sequence[tuple[str, str, Handler]] = (
    ("POST", SIGN_IN, sign_in),
    ("POST", f"{API}state", send_states),
    ("POST", f"{API}doctor", examine),
    ("POST", f"{API}fetch", begin_fetch),
    ("POST", f"{API}fetch/cancel", cancel_fetch),
    ("GET", f"{PAGE}texts.json", send_texts),
    ("GET", f"{PAGE}{{name:[a-z0-9_./-]*}}", send_file),
)


def prepare_page(app: web.Application) -> None:
    """Give the application what the handlers of the page need; nothing is started."""
    settings = app[SETTINGS]
    app[VISITS] = Visits(app[CLOCK].now)
    app[EXAMINING] = asyncio.Lock()
    app[FETCHING] = Fetching(settings.program, settings.published)
