"""The messages of 0.1.0 as they were recorded: this daemon takes and gives them, this client too.

docs/protocol.md has the table; 0.1.0 itself is run in `test_programs.py` and `test_gimp.py`.
"""

import json
import os
import uuid
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest

from lacuna_wire import JobRequest, JobStatus, LacunaError, endpoint
from lacuna_wire.errors import BadRequest, ProtocolMismatch, UnsupportedMedia, error_from_dict
from lacuna_wire.messages import ENDED, REQUIRED_PLANES, Ticket
from lacuna_wire.options import OPTIONS
from tests.compatibility.recordings import endpoint as recorded_endpoint
from tests.compatibility.recordings import exchanges
from tests.service.conftest import shared, start  # noqa: F401

STATUS_ROUTES = (
    "GET /v1/jobs/{id}", "DELETE /v1/jobs/{id}", "PUT /v1/jobs/{id}/input"
)  # fmt: skip
SUBMITTED = [each for each in exchanges() if each.route == "POST /v1/jobs"]
ACCEPTED = [each for each in SUBMITTED if each.status == 201]
STATUSES = [each.reply for each in exchanges() if each.route in STATUS_ROUTES and each.status < 400]
TICKETS = [each.reply for each in ACCEPTED]
FAILURES = [each for each in exchanges() if each.status >= 400]


def kinds(reply: dict) -> dict[str, type]:
    """Type of every key; a number is a number, whether whole or not."""
    return {
        key: float if type(value) is int else type(value)
        for key, value in reply.items()
        if value is not None
    }


def test_everything_that_clients_do_was_recorded():
    routes = {each.route for each in exchanges()}
    assert routes == {
        "GET /v1/hello", "GET /v1/status", "POST /v1/jobs", "GET /v1/jobs/{id}",
        "PUT /v1/jobs/{id}/input", "GET /v1/jobs/{id}/result", "DELETE /v1/jobs/{id}",
        "GET /v1/jobs/{id}/events",
    }  # fmt: skip
    assert {status["state"] for status in STATUSES} >= {"queued", "running", "done", "cancelled"}
    assert {status["phase"] for status in STATUSES} >= {"waiting", "guiding"}


# --- an older client


@pytest.mark.parametrize("sent", ACCEPTED, ids=lambda each: each.request["id"][:8])
def test_request_of_0_1_0_means_the_same_as_then(sent):
    read = JobRequest.from_dict(sent.request)

    assert {name: getattr(read.options, name) for name in OPTIONS} == {
        **{name: option.default for name, option in OPTIONS.items()},
        **sent.request["options"],
    }
    assert read.planes == REQUIRED_PLANES
    assert read.input_bytes(Ticket.from_dict(sent.reply).window) == sent.reply["input_bytes"]


def test_default_that_0_1_0_had_is_still_the_default():
    """It is not sent by newer clients, so both sides have to mean the same by its absence."""
    (editor,) = (each.request["options"] for each in exchanges("editor") if each in ACCEPTED)
    untouched = set(editor) - {"grow", "feather"}

    assert {name: OPTIONS[name].default for name in untouched} == {
        name: editor[name] for name in untouched
    }


@pytest.mark.parametrize("talk", ["editor", "command_line", "ends"])
def test_talk_of_a_client_of_0_1_0_goes_as_it_went(shared, talk):  # noqa: F811
    """Its requests, but for ids and pixels, get answers of the same status with the same keys."""
    ids, sizes = {}, {}
    for each in exchanges(talk):
        if each.route == "GET /v1/hello":
            continue
        body, path, job = each.request, each.path, each.path.split("/")[3:4]
        if each.route == "POST /v1/jobs":
            ids[body["id"]] = str(uuid.uuid4())
            # The stand-in fills with any weights; it fails where it is told to.
            weights = "fault.tile.1.refuse" if body["options"]["weights"] == "nobody" else ""
            options = {**body["options"], "weights": weights}
            body = {**body, "id": ids[body["id"]], "options": options}
        elif job:
            job = job[0].partition("?")[0]
            path = path.replace(job, ids[job])
        sent = None if body == {"bytes": 0} else json.dumps(body).encode()
        headers = {**each.headers, **shared.bearer, "Content-Length": str(len(sent or b""))}
        if each.route == "PUT /v1/jobs/{id}/input":
            sent = os.urandom(sizes[ids[job]])
            headers["Content-Length"] = str(len(sent))
        if each.route == "GET /v1/jobs/{id}/result" and each.status == 200:
            wait_for_the_end(shared, ids[job])
        if sent is None:
            del headers["Content-Length"]
        answer = shared.call(each.method, path, headers, sent, token=False)

        assert answer.status == each.status, (each.route, answer.body)
        if each.route == "POST /v1/jobs":
            sizes[body["id"]] = answer.json["input_bytes"]
        if each.route == "GET /v1/jobs/{id}/result" and each.status == 200:
            assert set(each.reply_headers) <= {name.title() for name in answer.headers}
        elif each.route == "GET /v1/jobs/{id}/events":
            assert answer.body.count(b"event: status") == each.reply["text"].count("event: status")
        elif each.route in STATUS_ROUTES and each.status < 400:
            assert set(answer.json) == set(each.reply)  # 0.1.0 stops at a key that it does not know
        elif each.status < 400:
            assert set(each.reply) <= set(answer.json)
        else:
            assert answer.code == each.reply["error"]["code"]


def wait_for_the_end(daemon, job_id: str) -> None:
    status = daemon.call("GET", f"/v1/jobs/{job_id}").json
    while status["state"] not in ENDED:
        path = f"/v1/jobs/{job_id}?wait=20&revision={status['revision']}"
        status = daemon.call("GET", path).json


def test_replies_have_the_types_that_0_1_0_reads(shared):  # noqa: F811
    ticket, _ = shared.run()
    shared.wait(ticket)
    status = shared.call("GET", f"/v1/jobs/{ticket.id}", shared.bearer, token=False).json
    done = next(each for each in STATUSES if each["state"] == "done")

    assert kinds(status) == kinds(done)
    shared.client.forget(ticket.id)


# --- an older daemon


def test_daemon_of_0_1_0_proves_itself_to_this_client():
    theirs = recorded_endpoint()
    hellos = [each for each in exchanges() if each.route == "GET /v1/hello"]

    for hello in hellos:
        (nonce,) = parse_qs(urlsplit(hello.path).query)["nonce"]
        proof = endpoint.hello_proof(theirs.token, nonce, theirs.instance)
        if hello.reply["instance"] == theirs.instance:
            assert hello.reply["proof"] == proof
    assert {hello.reply["protocol"] for hello in hellos} == {theirs.protocol} == {1}


@pytest.mark.parametrize("reply", STATUSES, ids=lambda reply: reply["state"])
def test_status_of_0_1_0_is_read_without_loss(reply):
    assert JobStatus.from_dict(reply).as_dict() == {**JobStatus("", "").as_dict(), **reply}


@pytest.mark.parametrize("reply", TICKETS, ids=lambda reply: reply["id"][:8])
def test_ticket_of_0_1_0_is_read_without_loss(reply):
    ticket = Ticket.from_dict(reply)

    read = {**ticket._asdict(), "window": ticket.window._asdict(), "state": "created"}
    assert {key: read[key] for key in reply} == reply


@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: each.reply["error"]["code"])
def test_refusal_of_0_1_0_is_raised_as_the_error_that_it_was(failure):
    error = error_from_dict(failure.reply, failure.status)

    assert error.as_dict() == failure.reply
    assert error.status == failure.status
    assert type(error) is not LacunaError


def test_this_client_sends_nothing_that_0_1_0_does_not_know():
    """Whatever is chosen, as long as it could be chosen then, its keys and their types are old."""
    recorded = ACCEPTED[0].request
    for sent in ACCEPTED:
        ours = json.loads(json.dumps(JobRequest.from_dict(sent.request).as_dict()))
        assert set(ours) <= set(recorded)
        assert set(ours["options"]) <= set(recorded["options"])
        for name, value in ours["options"].items():
            assert type(value) is type(recorded["options"][name])


def test_choice_that_is_new_is_refused_by_0_1_0_with_its_name():
    refused = Counter()
    for each in exchanges("refusals"):
        if each.route != "POST /v1/jobs":
            continue
        error = error_from_dict(each.reply, each.status)
        refused[type(error)] += 1
        for word in ("alpha", "planes", "CMYK"):
            if word in json.dumps(each.request):
                assert word in str(error)

    assert set(refused) == {BadRequest, UnsupportedMedia}


def test_what_0_1_0_refused_this_daemon_refuses_with_the_same_code(shared):  # noqa: F811
    for each in exchanges("refusals"):
        if each.route == "POST /v1/jobs":
            body = json.dumps(each.request).encode()
            answer = shared.call("POST", "/v1/jobs", {"Content-Type": "application/json"}, body)
            assert (answer.status, answer.code) == (each.status, each.reply["error"]["code"])


# --- another protocol


def test_daemon_of_0_1_0_is_not_sent_its_token_but_told_apart(monkeypatch):
    theirs = recorded_endpoint()

    def hello(_connection, target):
        (nonce,) = parse_qs(urlsplit(target).query)["nonce"]
        proof = endpoint.hello_proof(theirs.token, nonce, theirs.instance)
        return {"protocol": 1, "version": "0.1.0", "proof": proof}

    monkeypatch.setattr(endpoint, "ask_hello", hello)

    with pytest.raises(ProtocolMismatch, match=r"Update the older of the two"):
        endpoint.prove(theirs)
