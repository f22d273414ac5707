"""`lacuna setup`: plug-ins into the editors, the daemon at login and now."""

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from lacuna import __version__
from lacuna.commands.service import PROGRAM, end_daemon
from lacuna.commands.steps import Row, Step, run_steps
from lacuna_wire import LacunaError
from lacuna_wire.errors import ProtocolMismatch

if TYPE_CHECKING:
    from lacuna.desktop.editors import Place
    from lacuna.desktop.home import Home
    from lacuna_wire.endpoint import Endpoint

COMMAND = (*PROGRAM, "serve")
START_S = 10.0
SYSTEMCTL_S = 30.0
_VERBS = {"install": "installed", "update": "updated", "repair": "repaired"}


@click.command()
@click.option("--krita/--no-krita", default=None, help="Whether its plug-in; default: if found.")
@click.option("--gimp/--no-gimp", default=None, help="Whether its plug-in; default: if found.")
@click.option("--autostart/--no-autostart", default=True, help="Whether to start at login.")
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def setup(krita: bool | None, gimp: bool | None, autostart: bool, dry_run: bool, yes: bool) -> None:
    """Install the plug-ins of the editors that are here, and start the daemon now and at login.

    Run it again after an update: what is there is updated in its place. Exits with 0 when all is
    done, 1 when something in the table failed, 2 when nothing was tried.
    """
    from lacuna.desktop import editors
    from lacuna.desktop.home import this_home

    home = this_home()
    running = editors.running_editors(home)
    steps = [
        *_plugin_steps("Krita", krita, home, running),
        *_plugin_steps("GIMP", gimp, home, running),
        _autostart_step(home, autostart),
        Step(Row("patch search", "planned", "compile it for this processor"), _compile),
        Step(Row("daemon", "planned", "start it now"), lambda: _start_daemon(home)),
    ]
    sys.exit(run_steps(steps, dry_run, yes))


def _plugin_steps(
    editor: str, wanted: bool | None, home: "Home", running: Sequence[str]
) -> list[Step]:
    from lacuna.desktop import editors

    if wanted is False:
        return [Step(Row(editor, "skipped", f"--no-{editor.lower()}"))]
    krita = editor == "Krita"
    places = editors.find_krita(home) if krita else editors.find_gimp(home)
    if not places:
        why = editors.why_no_krita(home) if krita else editors.why_no_gimp(home)
        return [Step(Row(editor, "failed" if wanted else "skipped", why))]
    return [_plugin_step(place, home, editor in running) for place in places]


def _plugin_step(place: "Place", home: "Home", running: bool) -> Step:
    from lacuna.desktop import install

    try:
        action = install.plan(place, home, __version__)
    except LacunaError as error:
        return Step(Row(place.name, "failed", error.message))
    if action == "keep":
        return Step(Row(place.name, "kept", f"plug-in {__version__} is in {place.folder}"))
    editor = place.name.partition(" ")[0]
    restart = f"; {editor} is running: restart it" if running else ""

    def do() -> str:
        install.plan(place, home, __version__)  # what was true when we asked may not be any more
        install.install(place, home)
        return f"plug-in {__version__} {_VERBS[action]} in {place.folder}{restart}"

    plan = f"{action} plug-in {__version__} in {place.folder}{restart}"
    return Step(Row(place.name, "planned", plan), do)


def _autostart_step(home: "Home", wanted: bool) -> Step:
    from lacuna.desktop import autostart

    what = "start at login"
    if not wanted:
        if not autostart.registered(home):
            return Step(Row(what, "skipped", "--no-autostart"))

        def remove() -> str:
            return "removed " + ", ".join(map(str, autostart.unregister(home)))

        return Step(Row(what, "planned", "remove it"), remove)
    entry = autostart.choose(home, COMMAND)
    note = f"{entry.kind} {entry.path}"
    if autostart.is_registered(entry) and autostart.registered(home) == [entry.path]:
        return Step(Row(what, "kept", note))

    def register() -> str:
        autostart.register(home, COMMAND)
        if entry.link is not None:
            try:
                manage_unit("daemon-reload")
            except LacunaError:
                autostart.unregister(home)  # nobody knows what the manager would make of it
                raise
        return note

    return Step(Row(what, "planned", note), register)


def _compile() -> str:
    """Compile the engine's kernels, or find them compiled, so that no fill has to wait for it."""
    from lacuna.engine.completion.complete import warm_up

    start = time.monotonic()
    warm_up()
    return f"ready in {time.monotonic() - start:.1f} s"


def _start_daemon(home: "Home") -> str:
    """Start it, or leave the one that runs if it is ours; return where it is."""
    from lacuna.desktop import autostart
    from lacuna_wire.client import Client
    from lacuna_wire.endpoint import read_launch, start_daemon

    endpoint = running_daemon()
    if endpoint is not None:
        if endpoint.version == __version__ and read_launch() == list(COMMAND):
            return f"runs already, process {endpoint.pid}"
        jobs = 0
        if endpoint.protocol == _protocol():
            jobs = len(Client(endpoint).status()["jobs"])
        if jobs:
            raise LacunaError(
                f"version {endpoint.version} runs and has {jobs} jobs: wait for them, then run "
                "`lacuna setup` again",
                code="busy",
            )
        end_daemon(endpoint)
    entry = autostart.choose(home, COMMAND)
    if entry.link is not None and autostart.is_registered(entry):
        manage_unit("restart", autostart.UNIT)
        endpoint = _wait_for_daemon()
    else:
        endpoint = start_daemon(list(COMMAND), START_S)
    return f"version {endpoint.version} runs, process {endpoint.pid}"


def running_daemon() -> "Endpoint | None":
    """Return the daemon that runs, proved, also one of another protocol."""
    from lacuna_wire.endpoint import find_daemon, read_endpoint

    try:
        return find_daemon()
    except ProtocolMismatch:  # raised after it has proved who it is
        return read_endpoint()


def manage_unit(*words: str) -> None:
    """Have systemd's user manager do something.

    Raises:
        LacunaError: If it does not.
    """
    try:
        ran = subprocess.run(
            ["systemctl", "--user", *words],
            capture_output=True,
            text=True,
            timeout=SYSTEMCTL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LacunaError(f"systemctl --user {' '.join(words)}: {error}", code="manager") from error
    if ran.returncode:
        reason = ran.stderr.strip().replace("\n", " ") or f"code {ran.returncode}"
        raise LacunaError(f"systemctl --user {' '.join(words)}: {reason}", code="manager")


def _wait_for_daemon() -> "Endpoint":
    from lacuna_wire.endpoint import find_daemon

    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up:
        endpoint = find_daemon()
        if endpoint is not None:
            return endpoint
        time.sleep(0.05)
    raise LacunaError(
        f"it did not answer within {START_S:g} s: `journalctl --user -u lacuna` says why",
        code="daemon_stuck",
    )


def _protocol() -> int:
    from lacuna_wire import PROTOCOL

    return PROTOCOL
