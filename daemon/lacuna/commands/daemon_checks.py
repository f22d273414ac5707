"""What `lacuna doctor` looks at of the daemon: its files, itself, and a small fill."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lacuna import __version__
from lacuna.commands.check import SETUP, Check
from lacuna.commands.setup import COMMAND
from lacuna.system.shell import command_line, one_after_the_other, removal
from lacuna_wire import LacunaError

if TYPE_CHECKING:
    from lacuna_wire.client import Client

MIB = 2**20
SIDE_PX, HOLE_PX = 96, 16  # of the test fill


def look_at_state() -> Iterator[Check]:
    from lacuna.service.logs import log_file
    from lacuna.service.own_files import what_is_in_the_way
    from lacuna.system.access import closing_command, others_with_access
    from lacuna_wire.endpoint import endpoint_file, launch_file, read_endpoint, read_launch
    from lacuna_wire.private_files import private_folder

    folder = endpoint_file().parent
    if folder.exists():
        private_folder(folder)
        for path, read in ((endpoint_file(), read_endpoint), (launch_file(), read_launch)):
            try:
                read()
            except LacunaError as error:
                mend = one_after_the_other(removal(path), SETUP)
                yield Check(path.name, "broken", error.message, mend)
                return
        for path in (folder / "lock", log_file(folder)):
            if what := what_is_in_the_way(path):
                wrong = f"{path} is {what}, where the daemon keeps a file of its own."
                mend = one_after_the_other("lacuna stop", removal(path), SETUP)
                yield Check(path.name, "broken", wrong, mend)
                return
        if others := others_with_access(folder):
            wrong = f"{folder} can be entered by {', '.join(others)}."
            yield Check("state folder", "broken", wrong, command_line(closing_command(folder)))
            return
    yield Check("state folder", "ok", f"{folder} is closed to other users.")


def look_at_daemon() -> Iterator[Check]:
    from lacuna.commands.stuck import in_words, is_silent
    from lacuna_wire.client import Client
    from lacuna_wire.endpoint import find_daemon, start_daemon

    endpoint = find_daemon()
    how = "is running"
    if endpoint is None and is_silent():
        yield Check("daemon", "broken", in_words(), one_after_the_other("lacuna stop", SETUP))
        return
    if endpoint is None:
        endpoint = start_daemon(list(COMMAND))
        how = "was started"
    client = Client(endpoint)
    same = endpoint.version == __version__
    found = f"Version {endpoint.version} {how}: process {endpoint.pid}, port {endpoint.port}."
    yield Check("daemon", "ok" if same else "broken", found, "" if same else SETUP)
    yield _test_fill(client)
    facts = client.status()
    free = facts["free_memory_bytes"]
    memory = "" if free is None else f" with {free / MIB:,.0f} MiB of free memory"
    if facts["device"]:
        yield Check("device", "ok", f"The daemon uses {facts['device']}{memory}.")
    for error in facts["errors"]:
        yield Check("last error", "note", f"{error['code']}: {error['message']}")


def _test_fill(client: "Client") -> Check:
    """Fill a hole in a gray slope."""
    import uuid

    from lacuna_wire import JobRequest, Options, PixelLayout, Rect
    from lacuna_wire.client import inpaint

    begin = (SIDE_PX - HOLE_PX) // 2
    hole = Rect(begin, begin, HOLE_PX, HOLE_PX)
    request = JobRequest(
        str(uuid.uuid4()), SIDE_PX, SIDE_PX, hole, PixelLayout("RGB"), Options(result="composite")
    )

    def read_window(window: Rect) -> Iterator[bytes]:
        for y in range(window.top, window.bottom):
            yield b"".join(bytes((x + 60, y + 60, 90)) for x in range(window.left, window.right))
        for y in range(window.top, window.bottom):
            inside = [hole.left <= x < hole.right for x in range(window.left, window.right)]
            yield bytes(255 * (here and hole.top <= y < hole.bottom) for here in inside)

    start = time.monotonic()
    try:
        rect, *_more = inpaint(client, request, read_window, lambda _status: None, lambda: False)
    except LacunaError as error:
        mend = one_after_the_other("lacuna stop", SETUP)
        return Check("test fill", "broken", error.message, mend)
    took_s = time.monotonic() - start
    return Check("test fill", "ok", f"{rect.width} x {rect.height} px in {took_s:.1f} s.")
