"""Another program removes the spool: a logout with RemoveIPC, a cleaner, `rm -rf` by hand."""

import os
import shutil
import sys
import time

import pytest

from lacuna_wire import LacunaError
from tests.service.conftest import eventually, inverted, request
from tests.service.talk import Upload


def remove_spool(daemon):
    folders = list(daemon.place.iterdir())
    assert folders, "there is nothing to remove"
    for folder in folders:
        shutil.rmtree(folder)


def at_tile(daemon, number):
    """Run a job until it stands before this tile."""
    ticket, data = daemon.run(fault=f"tile.{number}.held")
    eventually(lambda: daemon.status(ticket).phase == "filling")
    eventually(lambda: daemon.status(ticket).tiles_done == number - 1)
    return ticket, data


def after_the_last_job(daemon):
    ticket, _ = daemon.run()
    daemon.wait(ticket)
    daemon.client.forget(ticket.id)
    remove_spool(daemon)
    return []


def before_the_upload(daemon):
    ticket = daemon.submit()
    remove_spool(daemon)
    with pytest.raises(LacunaError, match="another program has removed them") as caught:
        daemon.client.upload(ticket.id, [bytes(ticket.input_bytes)], ticket.input_bytes)
    assert caught.value.code == "pixels_lost"
    return [ticket]


def in_the_middle_of_the_upload(daemon):
    ticket = daemon.submit()
    with Upload(daemon, ticket) as upload:
        upload.body(b"x" * 1000)
        own = next(daemon.place.glob("*/*.in"))
        eventually(lambda: own.read_bytes()[:1000] == b"x" * 1000)
        remove_spool(daemon)
        upload.body(bytes(ticket.input_bytes - 1000))
        assert upload.end().startswith(b"HTTP/1.1 202")
    return [ticket]


def while_it_is_queued(daemon):
    first, _ = at_tile(daemon, 1)
    second, _ = daemon.run()
    remove_spool(daemon)
    daemon.let_go(first)
    return [first, second]


def before_tile(daemon, number):
    ticket, _ = at_tile(daemon, number)
    remove_spool(daemon)
    daemon.let_go(ticket)
    return [ticket]


def before_the_result_is_fetched(daemon):
    ticket, _ = daemon.run()
    daemon.wait(ticket)
    remove_spool(daemon)
    with pytest.raises(LacunaError, match="another program has removed them"):
        daemon.client.result(ticket.id)
    return [ticket]


def while_the_result_is_read(daemon):
    ticket, data = daemon.run(width=2048, height=1024, selection=request().selection._replace(
        left=16, top=16, width=2016, height=992))  # fmt: skip
    daemon.wait(ticket)
    answer = daemon.call("GET", f"/v1/jobs/{ticket.id}/result", begun=lambda: remove_spool(daemon))
    assert answer.body == inverted(data, 4)
    return [ticket]


def while_it_is_cancelled(daemon):
    ticket, _ = at_tile(daemon, 2)
    remove_spool(daemon)
    daemon.client.cancel(ticket.id)
    return [ticket]


MOMENTS = {
    "after the last job": after_the_last_job,
    "before the upload": before_the_upload,
    "in the middle of the upload": in_the_middle_of_the_upload,
    "while it is queued": while_it_is_queued,
    "before the first tile": lambda daemon: before_tile(daemon, 1),
    "between two tiles": lambda daemon: before_tile(daemon, 3),
    "before the result is written": lambda daemon: before_tile(daemon, 4),
    "before the result is fetched": before_the_result_is_fetched,
    "while the result is read": while_the_result_is_read,
    "while it is cancelled": while_it_is_cancelled,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_job_whose_spool_is_removed_ends_with_a_sentence_and_the_next_one_is_done(start, moment):
    daemon = start()
    for ticket in MOMENTS[moment](daemon):
        end = daemon.wait(ticket)
        assert end.state in ("done", "failed", "cancelled")
        if end.state == "failed":
            assert end.error.code == "pixels_lost"
            assert "Try again." in str(end.error)
        daemon.client.forget(ticket.id)
    for _ in range(5):  # one more than there are places
        ticket, data = daemon.run()
        assert daemon.wait(ticket).state == "done"
        assert daemon.client.result(ticket.id)[1] == inverted(data, 4)
        daemon.client.forget(ticket.id)
    facts = daemon.client.status()
    assert (facts["health"], facts["jobs"], facts["spool_bytes"]) == ("ok", [], 0)
    assert "Traceback" not in daemon.log
    assert daemon.stop() == 0
    assert not list(daemon.place.iterdir())


def test_worker_that_notices_nothing_gets_the_same_sentence(start):
    """It has mapped both files before they were removed, and says that it is done."""
    code = (
        "import json, os, shutil, sys\n"
        'print(\'{"type": "ready"}\', flush=True)\n'
        "job = json.loads(sys.stdin.readline())\n"
        "shutil.rmtree(os.path.dirname(job['input']))\n"
        "done = {'type': 'done', 'id': job['id'], 'rect': [40, 30, 1, 1], 'tiles': 1}\n"
        "print(json.dumps({**done, 'device': '', 'result': 'layer'}), flush=True)\n"
        "sys.stdin.read()\n"
    )
    daemon = start(worker_command=[sys.executable, "-c", code])
    ticket, _ = daemon.run()

    assert daemon.wait(ticket).error.code == "pixels_lost"


def test_place_that_is_gone_is_said_and_noticed_when_it_is_back(start):
    daemon = start(clock_s=0.05)
    ticket, _ = daemon.run()
    daemon.wait(ticket)
    shutil.rmtree(daemon.place)
    for _ in range(6):  # more than there are places for jobs
        with pytest.raises(LacunaError, match="There is no folder for the pixels") as caught:
            daemon.submit()
        assert (caught.value.code, caught.value.status) == ("no_spool", 507)
        assert str(daemon.place) in str(caught.value)
    assert daemon.call("GET", "/v1/health").json == {"state": "degraded"}
    time.sleep(0.3)
    assert daemon.client.status()["health"] == "degraded"
    assert daemon.log.count("no jobs for now") == 1

    daemon.place.mkdir()
    eventually(lambda: daemon.call("GET", "/v1/health").json == {"state": "ok"})
    ticket, _ = daemon.run()
    assert daemon.wait(ticket).state == "done"
    assert "Traceback" not in daemon.log


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no such files")
def test_file_of_another_kind_in_the_place_of_pixels_is_neither_waited_for_nor_followed(start):
    """As a worker that ran foreign code could put there."""
    daemon = start()
    for put in (os.mkfifo, os.mkdir, lambda path: os.symlink("/etc/passwd", path)):
        ticket, _ = at_tile(daemon, 2)
        output = next(daemon.place.glob(f"*/{ticket.id}.out"))
        output.unlink()
        put(output)
        daemon.let_go(ticket)
        assert daemon.wait(ticket).state == "failed"
        with pytest.raises(LacunaError, match="so it has no result"):
            daemon.client.result(ticket.id)
    ticket, _ = daemon.run()
    assert daemon.wait(ticket).state == "done"
