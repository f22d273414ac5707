"""Daemons that an editor may meet: one that holds its jobs, one to be started, a newer one."""

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
from lacuna_wire.private_files import write_private
from tests.editors.machines import CHECKOUT, Machine
from tests.service.conftest import Daemon, eventually, runs

TOKEN = "0" * 64


class HeldDaemon(Daemon):
    """A daemon whose worker inverts what is selected, and keeps its jobs while it is told to.

    A test that needs a job in the middle of its work has one for as long as it likes.
    """

    def __init__(self, folder: Path, *worker_arguments: str) -> None:
        folder.mkdir(exist_ok=True)
        self._hold = folder / "hold"
        super().__init__(folder, ["--layer", "--hold", str(self._hold), *worker_arguments], {})

    def hold(self) -> None:
        """Let every job wait after its first tile, from now on."""
        self._hold.touch()

    def release(self) -> None:
        self._hold.unlink(missing_ok=True)

    @property
    def jobs(self) -> list[dict]:
        """What has not ended."""
        return self.client.status()["jobs"]

    def held_job(self) -> str:
        """Wait for the one job that is held, and return its id."""
        (job,) = eventually(lambda: [job for job in self.jobs if job["tiles_done"] == 1])
        return job["id"]

    def how_it_ended(self, job_id: str) -> str:
        """The word with which the log ends a job."""

        def lines():
            return [line for line in self.log.splitlines() if f"job {job_id}: " in line]

        (line,) = eventually(lines)
        return "cancelled" if "cancelled" in line else line.split()[-1]


def client_of(state: Path) -> Client:
    """Whom to ask about the daemon that runs with this state folder."""
    return Client(Endpoint(**json.loads((state / "endpoint.json").read_text())))


def write_launch(state: Path, machine: Machine, *command: str) -> None:
    """Say how the daemon is started; inside a root that is the one of the machine around it.

    Args:
        state: The state folder that the editor knows.
        machine: Where the editor is.
        command: Starts it; by default the daemon of this checkout, as its user does.
    """
    paths = f"{CHECKOUT / 'daemon'}:{CHECKOUT / 'shared'}"
    out = ["/usr/sbin/chroot", "/run/machine"] if machine.root else []
    command = command or (sys.executable, "-m", "lacuna", "serve", "--device", "cpu")
    words = [*out, "/usr/bin/env", f"PYTHONPATH={paths}", *command]
    write_private(state / "launch.json", {"command": words})


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
        write_private(state / "endpoint.json", endpoint._asdict())
        yield
        server.shutdown()
