"""Daemons that an editor may meet: one that it has to start itself, and one of another age."""

import contextlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from lacuna_wire.client import Client
from lacuna_wire.endpoint import Endpoint, hello_proof
from tests.editors.machines import CHECKOUT, Machine
from tests.service.conftest import eventually, runs

TOKEN = "0" * 64


def client_of(state: Path) -> Client:
    """Whom to ask about the daemon that runs with this state folder."""
    return Client(Endpoint(**json.loads((state / "endpoint.json").read_text())))


def write_launch(state: Path, machine: Machine) -> None:
    """Say how the daemon is started; inside a root that is the one of the machine around it."""
    paths = f"{CHECKOUT / 'daemon'}:{CHECKOUT / 'shared'}"
    out = ["/usr/sbin/chroot", "/run/machine"] if machine.root else []
    command = [
        *out, "/usr/bin/env", f"PYTHONPATH={paths}",
        sys.executable, "-m", "lacuna", "serve", "--device", "cpu",
    ]  # fmt: skip
    _write_private(state / "launch.json", {"command": command})


def end_daemon(state: Path) -> None:
    """End what the editor has started."""
    client = client_of(state)
    client.shutdown()
    eventually(lambda: not runs(client.endpoint.pid))


@contextlib.contextmanager
def daemon_of_protocol_7(state: Path):
    """Answer as a daemon 9.1 will, one day, in protocol 7."""

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
        _write_private(state / "endpoint.json", endpoint._asdict())
        yield
        server.shutdown()


def _write_private(path: Path, fields: dict) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(fields))
