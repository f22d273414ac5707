"""A visitor of the daemon's page without a browser: the requests of its scripts, byte by byte."""

import json
import socket
from contextlib import closing
from http.client import HTTPConnection

from .conftest import SAFETY_S, Answer, Daemon

API = [
    "/page/api/sign-in",
    "/page/api/state",
    "/page/api/doctor",
    "/page/api/fetch",
    "/page/api/fetch/cancel",
]
WITH_KEY = API[1:]
FILES = ["/page/", "/page/page.js", "/page/page.css", "/page/lacuna.svg", "/page/texts.json"]


class Visitor:
    """What a tab of the page may do.

    Args:
        daemon: Whose page.
        language: As a browser says it.
    """

    def __init__(self, daemon: Daemon, language: str = "en") -> None:
        self.daemon = daemon
        self.language = language
        self.key = ""

    @property
    def headers(self) -> dict[str, str]:
        """What a browser sends with a request of the page's own scripts."""
        return {
            "Origin": f"http://127.0.0.1:{self.daemon.port}",
            "Sec-Fetch-Site": "same-origin",
            "Accept-Language": self.language,
            "Content-Type": "application/json",
            **({"Authorization": f"Lacuna-Page {self.key}"} if self.key else {}),
        }

    def new_code(self) -> str:
        return self.daemon.client.page().partition("#")[2]

    def sign_in(self, code: str = "") -> Answer:
        """Exchange a code, a fresh one by default, and keep the key if there is one."""
        answer = self.post("/page/api/sign-in", {"code": code or self.new_code()})
        if answer.status == 201:
            self.key = answer.json["key"]
        return answer

    def post(self, path, body=None, headers=None) -> Answer:
        """Ask; `headers` replaces all that a browser would send."""
        with closing(HTTPConnection("127.0.0.1", self.daemon.port, timeout=3 * SAFETY_S)) as line:
            sent = self.headers if headers is None else headers
            line.request("POST", path, json.dumps(body or {}), sent)
            return Answer(line.getresponse())

    def get(self, path, headers=None) -> Answer:
        return self.daemon.call("GET", path, headers or {}, token=False)

    def states(self):
        """Yield what the stream of states says; it ends when the caller does."""
        body = b"{}"
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        with socket.create_connection(("127.0.0.1", self.daemon.port), SAFETY_S) as line:
            line.sendall(
                f"POST /page/api/state HTTP/1.1\r\nHost: 127.0.0.1:{self.daemon.port}\r\n"
                f"Content-Length: {len(body)}\r\n{head}\r\n".encode()
                + body
            )
            with line.makefile("rb") as stream:
                kind = ""
                for row in stream:
                    name, _, value = row.decode().strip().partition(": ")
                    if name == "event":
                        kind = value
                    elif name == "data" and kind == "state":
                        yield json.loads(value)
                    elif name == "data":
                        return

    def state(self, wanted=lambda state: True):
        """Return the first state that is wanted."""
        states = self.states()
        with closing(states):
            return next(state for state in states if wanted(state))


def opened(tab, daemon: Daemon):
    """Open the page in a tab as `lacuna page` does, and wait until it shows something."""
    tab.goto(daemon.client.page())
    tab.wait_for_selector("main[data-state=shown]")
    return tab


def alert_of(tab) -> str:
    """Return what the page warns of."""
    return tab.wait_for_selector("[role=alert]:visible").inner_text()
