"""The routes of the protocol: parse, call one method, answer.

docs/protocol.md describes them all, docs/openapi.yaml for programs.
"""

import json
import os
import re
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from lacuna_wire import PROTOCOL, JobRequest, JobStatus
from lacuna_wire.endpoint import hello_proof
from lacuna_wire.errors import BadRequest, Conflict, NotFound
from lacuna_wire.messages import UNKNOWN_KEYS, JobEstimate
from lacuna_wire.signing import DIGEST, EACH_EVENT, NONCE, TAG_BYTES, TRAILING, sign_event

from .auth import CALLER, begin_session, own_peer, result_digest, result_tag, upload_tag
from .bodies import OCTETS, read_json, save_upload, upload_length
from .facts import daemon_facts, health_of
from .forecast import JobPlan
from .job import Job
from .jobs import Jobs
from .keys import CLOCK, JOBS, SETTINGS, STOP, SUPERVISOR, VERSION
from .page.visits import CODE_S, VISITS
from .spool import open_file

MAX_WAIT_S = 60.0
EVENT_S = 15.0  # between two signs of life of a stream of events
PIECE_BYTES = 1 << 20
# Of the status of a job: a client of 0.1.0 stops at any other, and says nothing in the header.
FIRST_STATUS_KEYS = (
    "id", "state", "revision", "phase", "tiles_done", "tiles_total", "percent", "eta_s",
    "queue_position", "rect", "error",
)  # fmt: skip


async def hello(request: web.Request) -> web.Response:
    """GET /v1/hello: prove that we know the secret, and begin a session on this connection."""
    query = _query(request, "nonce", "protocol")
    nonce = query.get("nonce", "")
    if not NONCE.fullmatch(nonce):
        raise BadRequest("The nonce must be 32 hexadecimal digits in lower case.")
    settings, version = request.app[SETTINGS], request.app[VERSION]
    if "protocol" in query:
        if query["protocol"] != str(PROTOCOL):
            raise BadRequest(f"This daemon speaks protocol {PROTOCOL}.")
        own_nonce, proof = begin_session(request, nonce)
        return web.json_response(
            {"version": version, "protocol": PROTOCOL, "nonce": own_nonce, "proof": proof}
        )
    # Clients of every age ask like this; those of protocol 1 go on if they hear their number.
    return web.json_response(
        {
            "instance": settings.instance,
            "version": version,
            "protocol": 1 if own_peer(request) else PROTOCOL,
            "proof": hello_proof(settings.token, nonce, settings.instance),
        }
    )


async def health(request: web.Request) -> web.Response:
    """GET /v1/health: `ok`, or `degraded` while a job would be refused, whatever it is."""
    _query(request)
    return web.json_response({"state": health_of(request.app)})


async def status(request: web.Request) -> web.Response:
    """GET /v1/status: everything that helps when something goes wrong."""
    _query(request)
    jobs = request.app[JOBS]
    statuses = [status_fields(request, jobs.status(job)) for job in jobs.alive()]
    return web.json_response({**daemon_facts(request.app), "jobs": statuses})


async def page(request: web.Request) -> web.Response:
    """POST /v1/page: an address under which a browser can open the page, once."""
    _query(request)
    if await read_json(request, request.app[SETTINGS]) != {}:
        raise BadRequest("The body must be an empty JSON object.")
    code = request.app[VISITS].new_code()
    return web.json_response({"path": f"/page/#{code}", "expires_s": CODE_S}, status=201)


async def estimate(request: web.Request) -> web.Response:
    """POST /v1/estimate: say what such a job would need and take; there is none afterwards."""
    _query(request)
    asked = JobRequest.from_dict(await read_json(request, request.app[SETTINGS]))
    plan = request.app[JOBS].forecast.plan(asked)
    seconds = _expected_s(request.app, asked, plan)
    answer = JobEstimate(plan.window, asked.input_bytes(plan.window), plan.tiles, seconds)
    return web.json_response(answer.as_dict())


async def submit(request: web.Request) -> web.Response:
    """POST /v1/jobs: admit a job and name the window that it needs, before any pixel is sent."""
    _query(request)
    message = await read_json(request, request.app[SETTINGS])
    jobs = request.app[JOBS]
    job, new = jobs.admit(JobRequest.from_dict(message))
    if new:
        await jobs.allocate(job)
    answer = {
        "id": job.id,
        "state": job.state,
        "window": job.plan.window._asdict(),
        "tiles": job.plan.tiles,
        "estimate_s": _expected_s(request.app, job.request, job.plan),
        "input_bytes": job.input_bytes,
    }
    headers = {"Location": f"/v1/jobs/{job.id}"}
    return web.json_response(answer, status=201 if new else 200, headers=headers)


async def upload(request: web.Request) -> web.Response:
    """PUT /v1/jobs/{id}/input: the window's pixels and its mask, and the job is queued."""
    _query(request)
    app = request.app
    jobs, job = _find(request)
    tag = upload_tag(request)
    upload_length(request, job, app[SETTINGS], is_tagged=tag is not None)
    with jobs.uploading(job):
        await save_upload(request.content, job.files.input, job, app[SETTINGS], app[CLOCK], tag)
    return web.json_response(status_fields(request, jobs.status(job)), status=202)


async def poll(request: web.Request) -> web.Response:
    """GET /v1/jobs/{id}: the job's status; with `wait` and `revision` as soon as there is news."""
    query = _query(request, "wait", "revision")
    wait_s = _number(query, "wait", MAX_WAIT_S)
    revision = int(_number(query, "revision", 1e15)) if "revision" in query else None
    jobs, job = _find(request)
    if revision is not None:
        with job.watched():
            await job.changed_since(revision, wait_s)
    return web.json_response(status_fields(request, jobs.status(job)))


async def events(request: web.Request) -> web.StreamResponse:
    """GET /v1/jobs/{id}/events: the statuses as server-sent events, until the job has ended."""
    _query(request)
    jobs, job = _find(request)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    keys, signature = request[CALLER]
    if keys is not None:
        response.headers[DIGEST] = EACH_EVENT
    await response.prepare(request)
    revision, ended, number = -1, False, 0
    with job.watched():
        while not ended:
            if not await job.changed_since(revision, EVENT_S):
                await response.write(b": the job is alive\n\n")
                continue
            now = jobs.status(job)
            revision, ended = now.revision, now.ended
            data = json.dumps(status_fields(request, now))
            event = f"id: {revision}\nevent: status\ndata: {data}\n"
            if keys is not None:
                number += 1
                event += f"signature: {sign_event(keys.answer, signature, number, data)}\n"
            await response.write(f"{event}\n".encode())
    await response.write_eof()
    return response


async def result(request: web.Request) -> web.StreamResponse:
    """GET /v1/jobs/{id}/result: the pixels, and in `Lacuna-Rect` where they belong."""
    _query(request)
    _, job = _find(request)
    if job.state != "done" or job.rect is None:
        raise Conflict(f"The job is {job.state}, so it has no result.", code="no_result")
    length = job.rect.area * job.request.layout.pixel_bytes
    digest = result_digest(request, length)
    is_tagged = digest == TRAILING
    response = web.StreamResponse(
        headers={
            "Content-Type": OCTETS,
            "Content-Length": str(length + TAG_BYTES * is_tagged),
            **({DIGEST: digest} if digest else {}),
            "Content-Disposition": 'attachment; filename="result.raw"',
            "Lacuna-Rect": ",".join(map(str, job.rect)),
        }
    )
    with job.watched():
        # Measured: pieces of 1 MiB are as fast as sendfile, and a response with the whole body
        # would hold it in memory. Each piece is a new one: the transport may keep it for a while.
        descriptor = open_file(job.files.output, os.O_RDONLY)
        try:
            await response.prepare(request)
            tag = result_tag(request) if is_tagged else None
            while piece := os.read(descriptor, PIECE_BYTES):
                await response.write(piece)
                if job.forgotten:  # its pixels are to be gone, and the file is until it is closed
                    raise ConnectionAbortedError("the job was forgotten")
                if tag is not None:
                    tag.update(piece)  # meanwhile the client takes what was sent
            if tag is not None:
                await response.write(tag.tag())
        finally:
            os.close(descriptor)
        await response.write_eof()
    return response


async def forget(request: web.Request) -> web.Response:
    """DELETE /v1/jobs/{id}: cancel a job that is alive, forget one that has ended."""
    _query(request)
    job_id = _job_id(request)
    return web.json_response(status_fields(request, request.app[JOBS].cancel_or_forget(job_id)))


async def shutdown(request: web.Request) -> web.Response:
    """POST /v1/shutdown: end the daemon, in order."""
    _query(request)
    if await read_json(request, request.app[SETTINGS]) != {}:
        raise BadRequest("The body of a shutdown must be an empty JSON object.")
    request.app[STOP].request()
    return web.json_response({"state": "stopping"}, status=202)


def status_fields(request: web.Request, status: JobStatus) -> dict[str, Any]:
    """Return the JSON object of a status, with the keys that this client can take."""
    fields = status.as_dict()
    header, ignored = UNKNOWN_KEYS
    if request[CALLER].keys is not None or request.headers.get(header) == ignored:
        return fields
    return {key: value for key, value in fields.items() if key in FIRST_STATUS_KEYS}


def _expected_s(app: web.Application, asked: JobRequest, plan: JobPlan) -> float | None:
    return app[JOBS].forecast.seconds(asked, plan, has_worker=app[SUPERVISOR].alive)


def _find(request: web.Request) -> tuple[Jobs, Job]:
    jobs = request.app[JOBS]
    return jobs, jobs.find(_job_id(request))


def _job_id(request: web.Request) -> str:
    given = request.match_info["id"]
    try:
        return str(uuid.UUID(given))
    except ValueError:
        raise NotFound("There is no such job: the id of a job is a UUID.") from None


def _query(request: web.Request, *allowed: str) -> Mapping[str, str]:
    """Return the parameters of the query; one not `allowed`, or one twice, is a `BadRequest`."""
    keys = [key for key, _ in request.query.items()]  # its own keys() leave repetitions out
    if len(keys) != len(set(keys)) or not set(keys) <= set(allowed):
        names = f"only {' and '.join(allowed)}, each once" if allowed else "no parameters"
        raise BadRequest(f"This query takes {names}.")
    return request.query


def _number(query: Mapping[str, str], name: str, most: float) -> float:
    text = query.get(name, "0")
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,6})?", text) or float(text) > most:
        raise BadRequest(f"{name} must be a number from 0 to {most:g}.")
    return float(text)
