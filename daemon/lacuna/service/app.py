"""Put the front together: routes, checks, and the tasks that live as long as it does."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

from aiohttp import web
from aiohttp.typedefs import Handler

from lacuna import __version__
from lacuna_wire import JobRequest, LacunaError
from lacuna_wire.errors import NotFound, QueueFull
from lacuna_wire.signing import SCHEME

from . import handlers
from .auth import CALLER, SESSIONS, admit, check_client, sign
from .awake import AwakeClock
from .connections import keep_account, keep_open
from .forecast import Forecast, JobPlan
from .jobs import Jobs
from .keys import BEGUN, CLOCK, JOBS, SETTINGS, SPOOL, STOP, SUPERVISOR, VERSION, Stop
from .page.guard import PAGE_HEADERS, check_visitor, is_of_page
from .page.routes import PAGE_ROUTES, prepare_page
from .settings import DaemonSettings
from .spool import Spool, spool_folders
from .supervisor import Supervisor

log = logging.getLogger("lacuna.app")

EXIT_BROKEN = 70  # EX_SOFTWARE: the service manager starts us again
RETRY_AFTER_S = 5
ROUTES: Sequence[tuple[str, str, Handler]] = (
    ("GET", "/v1/hello", handlers.hello),
    ("GET", "/v1/health", handlers.health),
    ("GET", "/v1/status", handlers.status),
    ("POST", "/v1/estimate", handlers.estimate),
    ("POST", "/v1/jobs", handlers.submit),
    ("PUT", "/v1/jobs/{id}/input", handlers.upload),
    ("GET", "/v1/jobs/{id}", handlers.poll),
    ("GET", "/v1/jobs/{id}/events", handlers.events),
    ("GET", "/v1/jobs/{id}/result", handlers.result),
    ("DELETE", "/v1/jobs/{id}", handlers.forget),
    ("POST", "/v1/page", handlers.page),
    ("POST", "/v1/shutdown", handlers.shutdown),
)
# No browser may guess the type of our answers, keep them or embed them.
HEADERS = {
    "Server": "lacuna",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def make_app(
    settings: DaemonSettings,
    plan: Callable[[JobRequest], JobPlan],
    worker_command: Sequence[str],
    folders: Sequence[Path] | None = None,
) -> web.Application:
    """Return the application; nothing is opened or started before it runs.

    Args:
        settings: Who the daemon is, and its limits.
        plan: The engine's policy: which window a job needs. Raises `LacunaError` to refuse one.
        worker_command: What to run to fill; see `worker_process.serve_orders`.
        folders: Where the spool may lie, the best first; by default memory, then the cache.
    """
    app = web.Application(middlewares=[errors_to_json, keep_account, guard, know])
    app[SETTINGS] = settings
    app[VERSION] = __version__
    app[BEGUN] = time.monotonic()
    app[STOP] = Stop()
    app[SESSIONS] = WeakKeyDictionary()
    places = spool_folders() if folders is None else folders
    app[SPOOL] = Spool(places, settings.max_spool_bytes)
    clock = app[CLOCK] = AwakeClock()
    app[SUPERVISOR] = Supervisor(worker_command, settings, clock)
    app[JOBS] = Jobs(settings, Forecast(settings, plan), app[SPOOL], app[SUPERVISOR], clock)
    prepare_page(app)
    for method, path, handler in (*ROUTES, *PAGE_ROUTES):
        app.router.add_route(method, path, handler, expect_handler=expect)
    app.on_response_prepare.append(finish_head)
    app.on_shutdown.append(end_jobs)
    app.cleanup_ctx.append(keep_working)
    return app


@web.middleware
async def errors_to_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give each error its status and a JSON body; anything but a LacunaError is our bug."""
    try:
        return await handler(request)
    except LacunaError as error:
        return error_response(error)
    except web.HTTPNotFound:
        return error_response(NotFound("There is nothing at this address."))
    except web.HTTPException as error:
        response = error_response(
            LacunaError(f"{error.reason}.", code="method_not_allowed", status=error.status)
        )
        response.headers["Allow"] = error.headers.get("Allow", "")
        return response
    except ConnectionError:
        raise  # the client has gone and would not read an answer
    except Exception:
        log.exception("%s %s failed", request.method, request.match_info.route.resource)
        return error_response(
            LacunaError("The daemon met an unexpected error. Its log says more.", code="internal")
        )


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in whom an address is for: the page has its own, all others are for programs."""
    if is_of_page(request):
        check_visitor(request)
    else:
        check_client(request)
    return await handler(request)


@web.middleware
async def know(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep the connections of callers who have shown who they are."""
    if CALLER in request:
        keep_open(request)
    return await handler(request)


def error_response(error: LacunaError) -> web.Response:
    response = web.json_response(error.as_dict(), status=error.status)
    if isinstance(error, QueueFull):
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = SCHEME
    return response


async def expect(request: web.Request) -> web.StreamResponse | None:
    """Answer `Expect: 100-continue` only to callers whom we would answer anyway.

    aiohttp comes here before the middlewares, and would invite any body by default.
    """
    try:
        if is_of_page(request):
            check_visitor(request)
        else:
            admit(request)
    except LacunaError as error:
        return error_response(error)
    if request.headers["Expect"].lower() != "100-continue":
        return error_response(
            LacunaError("A request can expect 100-continue only.", code="bad_request", status=417)
        )
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # of the real answer, nothing is written yet
    return None


async def finish_head(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    if is_of_page(request):
        response.headers.update(PAGE_HEADERS)
    sign(request, response)


async def end_jobs(app: web.Application) -> None:
    """Answer every client that waits, before connections are closed."""
    app[JOBS].close()


async def keep_working(app: web.Application) -> AsyncIterator[None]:
    """Run the queue and the clocks, and leave nothing behind."""
    jobs = app[JOBS]
    lives = (app[CLOCK].tick(), jobs.work(), jobs.watch_clocks())
    tasks = [asyncio.create_task(life) for life in lives]
    for task in tasks:
        task.add_done_callback(partial(stop_if_broken, app[STOP]))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await app[SUPERVISOR].stop()
    app[SPOOL].close()


def stop_if_broken(stop: Stop, task: "asyncio.Task[None]") -> None:
    """End the process with its task: a front that fills nothing would queue jobs for ever."""
    if not task.cancelled():
        log.critical("a task of the daemon has ended", exc_info=task.exception())
        stop.request(EXIT_BROKEN)
