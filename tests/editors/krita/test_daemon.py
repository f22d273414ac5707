"""What the plug-in does when the daemon does not run, cannot be started, dies, or is of another age."""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from lacuna_wire.client import Client
from lacuna_wire.endpoint import Endpoint, hello_proof
from tests.editors.machines import CHECKOUT, start_daemon
from tests.service.conftest import SAFETY_S, eventually, runs

TOKEN = "0" * 64


@pytest.fixture
def state(krita, inside, tmp_path, small_photo):
    """A state folder of its own for this test's daemon; a photograph is open, a part selected."""
    folder = krita.room.folder / tmp_path.name
    folder.mkdir(mode=0o700)
    where = "import os; os.environ['LACUNA_STATE_DIR'] = folder"
    krita.run(where, folder=str(folder))
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run("select(80, 50, 30, 40)")
    yield folder
    krita.run(where, folder=str(krita.room.state))


def write_private(path, fields):
    path.touch(mode=0o600)
    path.write_text(json.dumps(fields))


def write_launch(krita, state):
    """Say how to start the daemon; inside a root that is the one of the machine around it."""
    paths = f"{CHECKOUT / 'daemon'}:{CHECKOUT / 'shared'}"
    out = ["/usr/sbin/chroot", "/run/machine"] if krita.room.machine.root else []
    command = [
        *out, "/usr/bin/env", f"PYTHONPATH={paths}",
        sys.executable, "-m", "lacuna", "serve", "--device", "cpu",
    ]  # fmt: skip
    write_private(state / "launch.json", {"command": command})


def client_of(state):
    return Client(Endpoint(**json.loads((state / "endpoint.json").read_text())))


def end_daemon(state):
    client = client_of(state)
    client.shutdown()
    eventually(lambda: not runs(client.endpoint.pid))


def test_daemon_that_does_not_run_is_started_and_krita_goes_on_meanwhile(krita, state):
    write_launch(krita, state)
    krita.run("heart.reset()")

    facts = krita.run("fill()")

    assert facts["new"] == ["Background inpainted"], facts
    # It takes seconds to start; what Krita may take for itself differs from machine to machine.
    assert krita.run("heart.longest_ms") < 1000
    end_daemon(state)


def test_daemon_killed_in_mid_job_is_started_again_and_the_fill_comes_all_the_same(krita, state):
    first = start_daemon(krita.room, state)
    write_launch(krita, state)
    client = client_of(state)
    krita.run("open_photo(path)", path=str(krita.room.folder / "photo.png"))
    krita.run("select(180, 100, 280, 220); click()")
    eventually(lambda: any(job["state"] == "running" for job in client.status()["jobs"]))

    first.kill()
    first.wait(SAFETY_S)

    assert krita.run("ended()").startswith("Done in ")
    assert krita.run("layers()") == ["Background", "Background inpainted"]
    end_daemon(state)


def test_daemon_that_nobody_can_start_is_a_sentence_that_says_how(krita, state):
    facts = krita.run("fill()")

    assert "start it once with `lacuna serve`" in facts["text"]
    assert facts["failed"]
    assert krita.run("layers()") == ["Background"]


def test_daemon_of_another_protocol_is_named_with_both_versions(krita, state):
    class Future(BaseHTTPRequestHandler):
        def do_GET(self):
            nonce = parse_qs(urlsplit(self.path).query)["nonce"][0]
            proof = hello_proof(TOKEN, nonce, "later")
            hello = {"instance": "later", "version": "9.1", "protocol": 7, "proof": proof}
            body = json.dumps(hello).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Future) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = Endpoint(server.server_port, os.getpid(), "later", 7, "9.1", TOKEN)
        write_private(state / "endpoint.json", endpoint._asdict())
        facts = krita.run("fill()")
        server.shutdown()

    assert facts["failed"]
    for said in ("9.1", "protocol 7", "protocol 1"):
        assert said in facts["text"]
