"""What the daemon says of itself: the same for `lacuna status` and for its page."""

import os
import time
from typing import Any

from aiohttp import web

from lacuna.machine import free_memory_bytes, resident_bytes
from lacuna_wire import PROTOCOL

from .keys import BEGUN, JOBS, SETTINGS, SPOOL, SUPERVISOR, VERSION


def health_of(app: web.Application) -> str:
    """Return `ok`, or `degraded` while a job would be refused, whatever it is."""
    return "degraded" if app[SUPERVISOR].degraded or app[SPOOL].degraded else "ok"


def daemon_facts(app: web.Application) -> dict[str, Any]:
    """Return the object of `GET /v1/status`, without its jobs."""
    settings, jobs, supervisor = app[SETTINGS], app[JOBS], app[SUPERVISOR]
    return {
        "instance": settings.instance,
        "version": app[VERSION],
        "protocol": PROTOCOL,
        "pid": os.getpid(),
        "uptime_s": round(time.monotonic() - app[BEGUN], 1),
        "health": health_of(app),
        "device": supervisor.device or None,
        "weights": list(settings.weights()),
        "worker_pid": supervisor.pid,
        "worker_memory_bytes": resident_bytes(supervisor.pid),
        "tile_s": jobs.tile_s,
        "free_memory_bytes": free_memory_bytes(),
        "spool_bytes": app[SPOOL].taken_bytes,
        "limits": {
            "jobs": settings.max_jobs,
            "upload_bytes": settings.max_body_bytes,
            "spool_bytes": settings.max_spool_bytes,
            "result_ttl_s": settings.result_ttl_s,
            "client_gone_s": settings.client_gone_s,
            "job_s": settings.job_deadline_s,
        },
        "errors": list(jobs.errors),
    }
