"""What the plug-in does when the daemon does not run, cannot be started, or is of another age."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from lacuna_wire.client import Client
from lacuna_wire.endpoint import Endpoint, hello_proof
from tests.editors.machines import CHECKOUT, start_daemon
from tests.service.conftest import SAFETY_S, eventually, runs

TOKEN = "0" * 64


@pytest.fixture
def state(room, tmp_path):
    """A state folder of its own, which GIMP sees too."""
    folder = room.folder / tmp_path.name
    folder.mkdir(mode=0o700)
    return folder


def one_fill(room, state, script="one_fill.py"):
    room.gimp(script, LACUNA_STATE_DIR=str(state))
    return json.loads((room.folder / "report.json").read_text())["one"]


def write_private(path, fields):
    path.touch(mode=0o600)
    path.write_text(json.dumps(fields))


def write_launch(state):
    """Say how to start the daemon of this machine; inside the root that is through /run/machine."""
    paths = f"{CHECKOUT / 'daemon'}:{CHECKOUT / 'shared'}"
    write_private(
        state / "launch.json",
        {
            "command": [
                "/usr/sbin/chroot", "/run/machine", "/usr/bin/env",
                f"PYTHONPATH={paths}", sys.executable, "-m", "lacuna", "serve", "--device", "cpu",
            ]
        },
    )  # fmt: skip


def end_daemon(state):
    endpoint = Endpoint(**json.loads((state / "endpoint.json").read_text()))
    Client(endpoint).shutdown()
    eventually(lambda: not runs(endpoint.pid))


def test_daemon_that_does_not_run_is_started(room, state):
    write_launch(state)

    facts = one_fill(room, state)

    assert facts["error"] is None
    assert facts["layers_more"] == 1
    end_daemon(state)


def test_daemon_killed_in_mid_job_is_started_again_and_the_fill_comes_all_the_same(room, state):
    first = start_daemon(room, state)
    write_launch(state)
    client = Client(Endpoint(**json.loads((state / "endpoint.json").read_text())))

    with ThreadPoolExecutor() as pool:
        filled = pool.submit(one_fill, room, state, "long_fill.py")
        eventually(lambda: any(job["state"] == "running" for job in client.status()["jobs"]))
        first.kill()
        first.wait(SAFETY_S)
        facts = filled.result()

    assert facts["error"] is None
    assert facts["layers_more"] == 1
    end_daemon(state)


def test_daemon_that_nobody_can_start_is_a_sentence_that_says_how(room, state):
    facts = one_fill(room, state)

    assert "start it once with `lacuna serve`" in facts["error"]


def test_daemon_of_another_protocol_is_named_with_both_versions(room, state):
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
        endpoint = Endpoint(server.server_port, 1, "later", 7, "9.1", TOKEN)
        write_private(state / "endpoint.json", endpoint._asdict())
        facts = one_fill(room, state)
        server.shutdown()

    assert "9.1" in facts["error"]
    assert "protocol 7" in facts["error"]
    assert "protocol 1" in facts["error"]
