"""How jobs end before they are done: cancelled, cut off, expired, forgotten; each once."""

import time

import pytest

from lacuna_wire.errors import JobCancelled, NotFound

from .conftest import eventually
from .talk import Upload


def test_cancel_of_a_job_without_pixels(shared):
    ticket = shared.submit()
    status = shared.client.cancel(ticket.id)

    assert status.state == "cancelled"
    assert isinstance(status.error, JobCancelled)
    assert shared.client.cancel(ticket.id).as_dict() == status.as_dict()


def test_cancel_of_a_queued_job(endless):
    first, _ = endless.run()
    second, _ = endless.run()
    status = endless.client.cancel(second.id)

    assert status.state == "cancelled"
    assert endless.client.cancel(second.id).as_dict() == status.as_dict()
    assert endless.client.cancel(first.id).state == "cancelled"


def test_cancel_of_a_running_job_keeps_the_worker(endless):
    ticket, _ = endless.run()
    eventually(lambda: endless.status(ticket).tiles_done)
    status = endless.client.cancel(ticket.id)

    assert status.state == "cancelled"
    assert endless.client.cancel(ticket.id).as_dict() == status.as_dict()
    eventually(lambda: not endless.spooled)  # as soon as the worker has let go
    second, _ = endless.run()
    eventually(lambda: endless.status(second).tiles_done)
    endless.client.cancel(second.id)

    assert len(endless.worker_pids) == 1


def test_worker_that_does_not_stop_for_a_cancel_is_killed(start):
    daemon = start(cancel_grace_s=0.3)
    ticket, _ = daemon.run(fault="tile.2.hang")
    eventually(lambda: daemon.status(ticket).tiles_done == 1)

    assert daemon.client.cancel(ticket.id).state == "cancelled"
    eventually(lambda: not daemon.spooled)
    eventually(lambda: "killed" in daemon.log)


def test_delete_of_a_done_job_frees_its_pixels_and_says_done_twice(shared):
    ticket, _ = shared.run()
    shared.wait(ticket)
    first = shared.client.cancel(ticket.id)

    assert first.state == "done"
    assert not [path for path in shared.spooled if path.stem == ticket.id]
    assert shared.client.cancel(ticket.id) == first
    with pytest.raises(NotFound):
        shared.status(ticket)


def test_input_is_dropped_as_soon_as_the_job_has_ended(shared):
    ticket, _ = shared.run()
    shared.wait(ticket)

    eventually(lambda: not [p for p in shared.spooled if p.name == f"{ticket.id}.in"])


def test_client_that_vanishes_during_its_upload_frees_its_place(start):
    daemon = start(max_jobs=1)
    ticket = daemon.submit()
    with Upload(daemon, ticket) as upload:
        upload.body(bytes(1000))
        eventually(lambda: daemon.status(ticket).phase == "uploading")

    status = eventually(lambda: (s := daemon.status(ticket)).ended and s)
    assert (status.state, status.error.code) == ("failed", "upload_broken")
    assert not daemon.spooled
    daemon.submit()


def test_upload_that_pauses_is_cut_off(start):
    daemon = start(upload_idle_s=0.3)
    ticket = daemon.submit()
    with Upload(daemon, ticket) as upload:
        answer = upload.say(bytes(1000))

    assert (answer.status, answer.code) == (408, "too_slow")
    assert "1,000 of 10,920" in answer.json["error"]["message"]
    assert daemon.status(ticket).state == "failed"
    assert not daemon.spooled


def test_upload_that_is_slow_but_never_pauses_is_taken(start):
    daemon = start(upload_idle_s=1.0, min_upload_rate=1)
    ticket = daemon.submit()

    def pieces():
        for _ in range(10):
            time.sleep(0.15)
            yield bytes(ticket.input_bytes // 10)

    daemon.client.upload(ticket.id, pieces(), ticket.input_bytes)
    assert daemon.wait(ticket).state == "done"


def test_upload_that_drips_is_cut_off(start):
    daemon = start(upload_idle_s=0.4)
    ticket = daemon.submit()
    with Upload(daemon, ticket) as upload:
        upload.socket.settimeout(0.05)
        answer = b""
        begun = time.monotonic()
        while not answer and time.monotonic() < begun + 10:
            upload.body(b"x")
            try:
                answer = upload.socket.recv(100)
            except TimeoutError:
                continue

    assert answer.startswith(b"HTTP/1.1 408")


def test_job_whose_pixels_never_come_expires(start):
    daemon = start(client_gone_s=0.3, clock_s=0.05)
    daemon.submit()
    eventually(lambda: ", expired" in daemon.log)

    assert daemon.client.status()["jobs"] == []
    assert not daemon.spooled


@pytest.mark.parametrize("tile", [1, 50], ids=["running", "queued too"])
def test_job_whose_client_is_gone_is_cancelled(start, tile):
    daemon = start("--tiles", "50", "--tile-s", "0.2", client_gone_s=0.5, clock_s=0.05)
    for _ in range(1 if tile == 1 else 2):
        daemon.run()
    eventually(lambda: not daemon.client.status()["jobs"])

    assert daemon.log.count(", cancelled (cancelled)") == (1 if tile == 1 else 2)
    eventually(lambda: not daemon.spooled)


def test_job_whose_client_waits_is_not_cancelled(start):
    daemon = start("--tiles", "4", "--tile-s", "0.4", client_gone_s=1.0, clock_s=0.05)
    ticket, _ = daemon.run()

    assert daemon.client.wait(ticket.id, lambda status: None, poll_s=30).state == "done"


def test_result_is_kept_for_a_while_and_then_forgotten(start):
    daemon = start(result_ttl_s=0.5, clock_s=0.05)
    ticket, _ = daemon.run()
    assert daemon.wait(ticket).state == "done"
    assert daemon.spooled

    eventually(lambda: not daemon.spooled)
    with pytest.raises(NotFound):
        daemon.status(ticket)


def test_only_so_many_ended_jobs_are_remembered(start):
    daemon = start(max_ended_jobs=2, clock_s=0.05)
    tickets = [daemon.submit() for _ in range(4)]
    for ticket in tickets:
        daemon.client.cancel(ticket.id)

    def known():
        return [daemon.call("GET", f"/v1/jobs/{ticket.id}").status for ticket in tickets]

    eventually(lambda: known()[1] == 404)
    assert known() == [404, 404, 200, 200]
