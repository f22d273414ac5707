"""News of a job: the long poll and the stream of events tell the same story."""

import json
import time

from lacuna_wire.messages import ENDED, STATES


def statuses_of_stream(body: bytes) -> list[dict]:
    events = []
    for block in body.decode().split("\n\n")[:-1]:
        if block.startswith(":"):
            continue
        number, kind, data, signature = block.split("\n")
        assert signature.startswith("signature: ")  # `call` has compared it
        assert kind == "event: status"
        events.append(json.loads(data.removeprefix("data: ")))
        assert number == f"id: {events[-1]['revision']}"
    return events


def check_story(events) -> None:
    """States go forwards, nothing is told twice, and there is one end."""
    states = [event["state"] for event in events]
    revisions = [event["revision"] for event in events]
    percents = [event["percent"] for event in events]
    assert states == sorted(states, key=STATES.index)
    assert revisions == sorted(set(revisions))
    assert percents == sorted(percents)
    assert [state in ENDED for state in states] == [False] * (len(states) - 1) + [True]


def test_stream_tells_the_whole_story_and_ends(paced):
    ticket, _ = paced.run(fault="tile.1.held")
    path = f"/v1/jobs/{ticket.id}/events"
    answer = paced.call("GET", path, begun=lambda: paced.let_go(ticket))
    events = statuses_of_stream(answer.body)

    assert answer.headers["content-type"] == "text/event-stream"
    check_story(events)
    assert {event["tiles_done"] for event in events} == {0, 1, 2, 3, 4}
    assert {event["percent"] for event in events} == {0, 22.5, 45, 67.5, 90, 100}  # not by tiles
    assert events[-1]["state"] == "done"
    assert events[-1]["percent"] == 100


def test_stream_of_an_ended_job_is_one_event(shared):
    ticket = shared.submit()
    shared.client.cancel(ticket.id)
    (event,) = statuses_of_stream(shared.call("GET", f"/v1/jobs/{ticket.id}/events").body)

    assert event["state"] == "cancelled"
    assert event["error"]["code"] == "cancelled"


def test_long_poll_tells_the_whole_story(paced):
    ticket, _ = paced.run()
    events = []
    paced.client.wait(ticket.id, lambda status: events.append(status.as_dict()))

    check_story(events)
    assert events[-1]["rect"] == {"left": 24, "top": 14, "width": 52, "height": 42}
    assert any(event["eta_s"] for event in events)


def test_long_poll_without_news_waits_and_then_answers(shared):
    ticket = shared.submit()
    begun = time.monotonic()
    status = shared.call("GET", f"/v1/jobs/{ticket.id}?wait=0.4&revision=0").json
    waited_s = time.monotonic() - begun
    shared.client.cancel(ticket.id)

    assert (status["state"], status["revision"]) == ("created", 0)
    assert waited_s >= 0.4


def test_long_poll_with_an_old_revision_answers_at_once(shared):
    ticket, _ = shared.run()
    shared.wait(ticket)
    begun = time.monotonic()
    status = shared.call("GET", f"/v1/jobs/{ticket.id}?wait=30&revision=0").json

    assert status["state"] == "done"
    assert time.monotonic() - begun < 10


def test_long_poll_of_an_ended_job_answers_at_once(shared):
    ticket, _ = shared.run()
    end = shared.wait(ticket)
    begun = time.monotonic()
    shared.call("GET", f"/v1/jobs/{ticket.id}?wait=30&revision={end.revision}")

    assert time.monotonic() - begun < 10


def test_estimate_is_given_once_a_tile_was_timed(start):
    daemon = start("--tile-s", "0.1")
    assert daemon.submit().estimate_s is None
    ticket, _ = daemon.run()
    daemon.wait(ticket)

    assert 0.4 <= daemon.submit().estimate_s <= 5


def test_start_of_the_worker_does_not_count_as_tiles(start):
    daemon = start("--fault", "start:slow")
    ticket, _ = daemon.run()
    daemon.wait(ticket)

    assert daemon.client.status()["tile_s"] < 0.15  # the start alone took four times as long


def test_queue_position_falls_when_others_are_done(paced):
    first, _ = paced.run(fault="tile.1.held")
    second, _ = paced.run()
    events = []

    def follow(status):
        events.append(status)
        paced.let_go(first)

    paced.client.wait(second.id, follow)
    paced.wait(first)

    assert next(event.queue_position for event in events if event.state == "queued") == 1
    assert events[-1].queue_position == 0
