"""Jobs from end to end, through a real daemon: what comes back, and who is let in."""

import json
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from lacuna_wire import JobRequest, LacunaError, PixelLayout, Rect
from lacuna_wire.errors import BadRequest, Conflict, NoSpace, NotFound, QueueFull, TooLarge
from lacuna_wire.signing import TAG_BYTES

from .conftest import inverted, request

LAYOUTS = [
    PixelLayout(channels, sample)
    for channels, sample in [("RGBA", "u8"), ("BGRA", "u16"), ("RGBA", "f16"), ("GRAYA", "f32")]
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(layout[:2]))
def test_round_trip_is_bit_exact(shared, layout):
    ticket, data = shared.run(layout=layout)

    assert shared.wait(ticket).state == "done"
    rect, pixels = shared.client.result(ticket.id)

    assert rect == ticket.window
    assert pixels == inverted(data, layout.pixel_bytes)


def test_planes_may_be_sent_in_another_order_if_the_request_says_so(shared):
    ticket, data = shared.run(planes=("selection", "pixels"))
    shared.wait(ticket)
    _, pixels = shared.client.result(ticket.id)
    area = ticket.window.area

    assert pixels == inverted(data[area:] + data[:area], 4)


def test_window_is_what_the_engine_needs_and_no_more(shared):
    ticket = shared.submit(width=60_000, height=60_000, selection=Rect(30_000, 20_000, 300, 200))

    assert ticket.window == Rect(29_984, 19_984, 332, 232)
    assert ticket.input_bytes == 332 * 232 * 5
    shared.client.cancel(ticket.id)


def test_result_may_be_fetched_again_until_it_is_forgotten(shared):
    ticket, _ = shared.run()
    shared.wait(ticket)

    assert shared.client.result(ticket.id) == shared.client.result(ticket.id)
    shared.client.forget(ticket.id)
    with pytest.raises(NotFound):
        shared.client.result(ticket.id)
    shared.client.forget(ticket.id)  # a second time is fine


def test_result_says_what_it_is(shared):
    ticket, _ = shared.run()
    shared.wait(ticket)
    answer = shared.call("GET", f"/v1/jobs/{ticket.id}/result")

    assert answer.headers["lacuna-rect"] == "24,14,52,42"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert int(answer.headers["content-length"]) == 52 * 42 * 4 + TAG_BYTES
    assert len(answer.body) == 52 * 42 * 4  # `call` has taken the tag


def test_same_request_twice_is_the_same_job(shared):
    """So a client whose answer was lost may ask again."""
    asked = request()
    message = {"Content-Type": "application/json"}, json.dumps(asked.as_dict())
    first, second = (shared.call("POST", "/v1/jobs", *message) for _ in range(2))

    assert (first.status, second.status) == (201, 200)
    assert first.json == second.json
    assert first.headers["location"] == f"/v1/jobs/{asked.id}"
    shared.client.cancel(asked.id)


def test_id_in_other_letters_is_the_same_job(shared):
    ticket = shared.submit()

    assert shared.call("GET", f"/v1/jobs/{ticket.id.upper()}").json["id"] == ticket.id
    assert shared.client.cancel(ticket.id.upper()).state == "cancelled"


def test_forgotten_id_is_not_used_again(shared):
    asked = request()
    shared.client.submit(asked)
    shared.client.cancel(asked.id)
    shared.client.forget(asked.id)

    with pytest.raises(Conflict) as caught:
        shared.client.submit(asked)
    assert caught.value.code == "id_in_use"


def test_pixels_are_sent_once(shared):
    ticket, data = shared.run()
    with pytest.raises(Conflict, match="sent once"):
        shared.client.upload(ticket.id, [data], len(data))
    shared.wait(ticket)
    with pytest.raises(Conflict, match="done"):
        shared.client.upload(ticket.id, [data], len(data))


def test_second_upload_at_the_same_time_is_refused_and_the_first_goes_on(shared):
    ticket = shared.submit()
    data = os.urandom(ticket.input_bytes)

    def chunks():
        yield data[:100]
        with pytest.raises(Conflict, match="being uploaded"):
            shared.client.upload(ticket.id, [data], len(data))
        yield data[100:]

    shared.client.upload(ticket.id, chunks(), len(data))
    assert shared.wait(ticket).state == "done"
    assert shared.client.result(ticket.id)[1] == inverted(data, 4)


def test_client_sends_exactly_the_window(shared):
    ticket = shared.submit()
    for data in (b"", bytes(ticket.input_bytes - 1), bytes(ticket.input_bytes + 1)):
        with pytest.raises((BadRequest, LacunaError), match="10,920"):
            shared.client.upload(ticket.id, [data], ticket.input_bytes)
        ticket = shared.submit()
    for job in shared.client.status()["jobs"]:
        shared.client.cancel(job["id"])


def test_more_jobs_than_the_queue_holds_are_refused_with_a_time_to_wait(start):
    daemon = start()
    tickets = [daemon.submit() for _ in range(4)]
    with pytest.raises(QueueFull, match="4 jobs") as refused:
        daemon.submit()
    assert refused.value.values == {"jobs": 4}
    body = json.dumps(request().as_dict())
    answer = daemon.call("POST", "/v1/jobs", {"Content-Type": "application/json"}, body)
    assert (answer.status, answer.headers["retry-after"]) == (429, "5")

    daemon.client.cancel(tickets[0].id)
    daemon.submit()  # its place is free at once


def test_thirty_two_clients_at_once_get_four_places(start):
    daemon = start()
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: _try_submit(daemon), range(32)))

    assert sorted(answers) == ["queue_full"] * 28 + ["taken"] * 4


def _try_submit(daemon) -> str:
    try:
        daemon.submit()
    except QueueFull as error:
        return error.code
    return "taken"


def test_queue_is_served_in_the_order_of_uploads(paced):
    tickets = [paced.submit(), paced.submit(), paced.submit(fault="tile.1.held")]
    uploaded = [tickets[2], tickets[0], tickets[1]]
    for ticket in uploaded:
        paced.client.upload(ticket.id, [bytes(ticket.input_bytes)], ticket.input_bytes)
    positions = [paced.status(ticket).queue_position for ticket in uploaded]
    paced.let_go(tickets[2])
    for ticket in reversed(uploaded):
        assert paced.wait(ticket).state == "done"

    assert positions == [0, 1, 2]
    ends = [
        line.split()[5].rstrip(":") for line in paced.log.splitlines() if "lacuna.jobs: job" in line
    ]
    assert ends == [ticket.id for ticket in uploaded]


def test_job_that_the_spool_cannot_hold_is_refused(start):
    daemon = start(max_spool_bytes=20_000)
    ticket = daemon.submit()  # 10,920 bytes in, 8,736 out
    with pytest.raises(NoSpace, match=r"19,656 .* 344 "):
        daemon.submit()
    daemon.client.cancel(ticket.id)
    daemon.submit()


def test_window_beyond_the_limit_is_refused_before_it_is_sent(start):
    daemon = start(max_body_bytes=10_000)
    with pytest.raises(TooLarge, match=r"52 x 42 px, 10,920 bytes.* 10,000"):
        daemon.submit()


def test_device_of_the_daemon_is_for_those_who_leave_the_choice(start):
    daemon = start(device="cuda:3")
    asked = request()
    chosen = asked._replace(id=str(uuid.uuid4()), options=replace(asked.options, device="cpu"))
    for job in (asked, chosen):
        ticket = daemon.client.submit(job)
        daemon.client.upload(ticket.id, [bytes(ticket.input_bytes)], ticket.input_bytes)
        daemon.wait(ticket)

    assert " cuda:3, " in daemon.log
    assert " cpu, " in daemon.log


def test_request_is_the_same_whatever_its_spelling():
    """The daemon compares parsed requests, so the order of keys means nothing."""
    fields = request().as_dict()

    assert JobRequest.from_dict(dict(reversed(fields.items()))) == JobRequest.from_dict(fields)
