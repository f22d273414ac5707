"""Talk to the daemon of 0.1.0 in the ways that its client has, and print all that was said.

It runs with the code of 0.1.0. Small JSON is kept as it is; of pixels only the length is kept.
"""

import http.client
import json
import uuid
from contextlib import suppress

from lacuna_wire import JobRequest, LacunaError, Options, PixelLayout, Rect
from lacuna_wire.client import connect, inpaint

EXCHANGES: list = []
WIDTH, HEIGHT = 96, 64


class Overheard(http.client.HTTPConnection):
    """A connection that keeps what goes over it."""

    def putrequest(self, method, url, **more):
        self.told = {"method": method, "path": url, "headers": {}, "request": None}
        self.sent = b""
        super().putrequest(method, url, **more)

    def putheader(self, name, *values):
        if name not in ("Authorization", "Host"):
            self.told["headers"][name] = str(values[0])
        super().putheader(name, *values)

    def endheaders(self, *arguments, **more):
        super().endheaders(*arguments, **more)
        self.in_body = True

    def send(self, data):
        if getattr(self, "in_body", False):
            self.sent += bytes(data)
        super().send(data)

    def getresponse(self):
        response = super().getresponse()
        body = response.read()
        self.told["request"] = as_said(self.sent)
        names = ("Content-Type", "Content-Length", "Lacuna-Rect", "Location")
        kept = {name: response.getheader(name) for name in names if response.getheader(name)}
        reply = {"status": response.status, "reply_headers": kept, "reply": as_said(body)}
        EXCHANGES.append({**self.told, **reply})
        return Again(response, body)


class Again:
    """An answer that was read and is read once more."""

    def __init__(self, response, body):
        self.status, self.length, self._body = response.status, len(body), body
        self.getheader = response.getheader

    def read(self, count=-1):
        count = self.length if count < 0 else count
        taken, self._body = self._body[:count], self._body[count:]
        self.length -= len(taken)
        return taken

    def readinto(self, buffer):
        taken = self.read(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)


def as_said(body):
    try:
        return json.loads(body)
    except ValueError:
        text = body.decode("utf-8", "replace")
        return {"text": text} if text.startswith(("id:", ":")) else {"bytes": len(body)}


def asked(**options) -> JobRequest:
    selection = Rect(40, 24, 16, 12)
    return JobRequest(
        str(uuid.uuid4()), WIDTH, HEIGHT, selection, PixelLayout(), Options(**options)
    )


def read_window(window):
    yield bytes((x * 5 + y * 3 + c * 40) % 256 for y in range(window.height)
                for x in range(window.width) for c in range(4))  # fmt: skip
    inside = Rect(40, 24, 16, 12).relative_to(window)
    yield bytes(
        255 if inside.contains(Rect(x, y, 1, 1)) else 0
        for y in range(window.height)
        for x in range(window.width)
    )


def fill(client, **options):
    inpaint(client, asked(**options), read_window, lambda status: None, lambda: False)


def call(client, method, path, message=None):
    try:
        return client._call(method, path, message)
    except LacunaError as error:
        return error


def editor(client):
    """A click in an editor, as the plug-ins sent it."""
    fill(client, grow=2, feather=3)


def command_line(client):
    """A file with everything chosen."""
    fill(
        client, weights="lacuna-small", device="cpu", tile=64, overlap=16, grow=1, feather=1,
        result="composite", colour_correction=False, strategy="tiles", memory_limit=2048,
    )  # fmt: skip


def ends(client):
    """A job that fails, one that is cancelled, and what is said of both."""
    with suppress(LacunaError):
        fill(client, weights="nobody")
    ticket = client.submit(asked())
    client.status()
    client.cancel(ticket.id)
    call(client, "GET", f"/v1/jobs/{ticket.id}")
    call(client, "GET", f"/v1/jobs/{ticket.id}/result")
    call(client, "GET", f"/v1/jobs/{ticket.id}/events")
    client.cancel(ticket.id)
    call(client, "GET", f"/v1/jobs/{ticket.id}")


def refusals(client):
    """Requests that 0.1.0 does not take, also those of newer clients."""
    for change in (
        {"options": {"alpha": True}},
        {"planes": ["pixels", "selection", "underlay"]},
        {"options": {"tile": 9}},
        {"layout": {"channels": "CMYK", "sample": "u8", "transfer": "srgb"}},
        {"selection": {"left": 90, "top": 0, "width": 16, "height": 1}},
        {"id": "7"},
    ):
        call(client, "POST", "/v1/jobs", {**asked().as_dict(), **change})


def main() -> None:
    http.client.HTTPConnection = Overheard
    fill(connect())  # what is slow once would fill the record with polls
    EXCHANGES.clear()
    said = {}
    for talk in (editor, command_line, ends, refusals):
        talk(connect())
        said[talk.__name__] = EXCHANGES[:]
        EXCHANGES.clear()
    print(json.dumps(said))


if __name__ == "__main__":
    main()
