"""`lacuna setup`: install the plug-ins, and start the daemon now and at login."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from lacuna import __version__
from lacuna.commands.fit import require_fit_python
from lacuna.commands.menu_step import menu_step
from lacuna.commands.service import PROGRAM, end_daemon, running_daemon
from lacuna.commands.steps import Step, StepRow, run_steps
from lacuna.commands.stuck import require_answer
from lacuna_wire import LacunaError

if TYPE_CHECKING:
    from lacuna.desktop.editors import Place
    from lacuna.desktop.home import Home
    from lacuna_wire.endpoint import Endpoint

COMMAND = (*PROGRAM, "serve")
START_S = 10.0
SYSTEMCTL_S = 30.0
# Debian and Ubuntu look at login whether the folder is there.
_LOG_IN = " Terminals find it after your next login."
_DONE = {"install": "Installed", "update": "Updated", "repair": "Repaired"}


@click.command()
@click.option(
    "--krita/--no-krita", default=None, help="Install its plug-in; default: if it is found."
)
@click.option(
    "--gimp/--no-gimp", default=None, help="Install its plug-in; default: if it is found."
)
@click.option(
    "--autostart/--no-autostart", default=True, help="Start the daemon at login (default)."
)
@click.option(
    "--link/--no-link",
    default=True,
    help="Link the command into ~/.local/bin if no terminal would find it (default).",
)
@click.option(
    "--menu/--no-menu", default=True, help="Put its page into the menu of the desktop (default)."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def setup(
    krita: bool | None,
    gimp: bool | None,
    autostart: bool,
    link: bool,
    menu: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Install the plug-ins of the editors that are here, and start the daemon now and at login.

    Run it again after an update: it updates what is there. Exits with 0 when everything is done, 1
    when something in the table failed, 2 when nothing was tried.
    """
    from lacuna.desktop import editors
    from lacuna.desktop.home import this_home
    from lacuna_wire.fitness import facts_of_this_computer

    require_fit_python(facts_of_this_computer())
    home = this_home()
    running = editors.running_editors()
    steps = [
        *_plugin_steps("Krita", krita, home, running),
        *_plugin_steps("GIMP", gimp, home, running),
        _autostart_step(home, autostart),
        _link_step(home, link),
        menu_step(home, menu),
        Step(StepRow("patch search", "planned", "Compile it for this processor."), _compile),
        Step(StepRow("daemon", "planned", "Start it now."), lambda: _start_daemon(home)),
    ]
    sys.exit(run_steps(steps, dry_run, yes))


def _plugin_steps(
    editor: str, wanted: bool | None, home: "Home", running: Sequence[str]
) -> list[Step]:
    from lacuna.desktop import editors

    if wanted is False:
        return [Step(StepRow(editor, "skipped", f"Left out by --no-{editor.lower()}."))]
    krita = editor == "Krita"
    places = editors.find_krita(home) if krita else editors.find_gimp(home)
    if not places:
        why = editors.why_no_krita(home) if krita else editors.why_no_gimp(home)
        return [Step(StepRow(editor, "failed" if wanted else "skipped", why))]
    return [_plugin_step(place, home, editor in running) for place in places]


def _plugin_step(place: "Place", home: "Home", running: bool) -> Step:
    from lacuna.desktop import install

    try:
        action = install.plan(place, home, __version__)
    except LacunaError as error:
        return Step(StepRow(place.name, "failed", error.message))
    if action == "keep":
        return Step(StepRow(place.name, "kept", f"Plug-in {__version__} is in {place.folder}."))
    editor = place.name.partition(" ")[0]
    restart = f" {editor} is running. Restart it." if running else ""

    def do() -> str:
        install.plan(place, home, __version__)  # what was true when we asked may not be any more
        install.install(place, home)
        return f"{_DONE[action]} plug-in {__version__} in {place.folder}.{restart}"

    plan = f"{action.capitalize()} plug-in {__version__} in {place.folder}.{restart}"
    return Step(StepRow(place.name, "planned", plan), do)


def _autostart_step(home: "Home", wanted: bool) -> Step:
    from lacuna.desktop import autostart

    what = "start at login"
    if not wanted:
        if not autostart.registered(home):
            return Step(StepRow(what, "skipped", "Left out by --no-autostart."))

        def remove() -> str:
            return f"Removed {', '.join(map(str, autostart.unregister(home)))}."

        return Step(StepRow(what, "planned", "Remove it."), remove)
    entry = autostart.choose(home, COMMAND)
    note = f"{entry.path} is a {entry.kind}."
    if autostart.is_registered(entry) and autostart.registered(home) == [entry.path]:
        return Step(StepRow(what, "kept", note))

    def register() -> str:
        autostart.register(home, COMMAND)
        if entry.link is not None:
            try:
                manage_unit("daemon-reload")
            except LacunaError:
                autostart.unregister(home)  # nobody knows what the manager would make of it
                raise
        return note

    return Step(StepRow(what, "planned", note), register)


def _link_step(home: "Home", wanted: bool) -> Step:
    from lacuna.desktop import command_link

    program, what = command_link.own_program(), "command"
    found, link = command_link.find_command(home), command_link.link_place(home)
    typed = f"Type {program}."
    if not wanted:
        return Step(StepRow(what, "skipped", f"Left out by --no-link. {typed}"))
    for there in (found, link):
        if there is None or not os.path.lexists(there):
            continue
        if command_link.leads_to(there, program):
            return Step(StepRow(what, "kept", f"{there} starts this Lacuna."))
        if there != link or not command_link.is_ours(there):
            return Step(StepRow(what, "skipped", f"{there} is another program. {typed}"))
    if link is None or not program.is_file():
        return Step(StepRow(what, "skipped", typed))
    plan = f"Link {link} to {program}."

    def do() -> str:
        command_link.make_link(link, program)
        seen = command_link.find_command(home) == link
        return f"{link} leads to {program}." + ("" if seen else _LOG_IN)

    return Step(StepRow(what, "planned", plan), do)


def _compile() -> str:
    """Compile the inner loops, or find them compiled, so that nobody has to wait for it."""
    from lacuna.engine.completion.warm_up import warm_up
    from lacuna.files.coefficients.warm_up import warm_up as warm_up_files

    start = time.monotonic()
    warm_up()
    warm_up_files()
    return f"Ready in {time.monotonic() - start:.1f} s."


def _start_daemon(home: "Home") -> str:
    """Start the daemon, or leave it running if it is ours; return a sentence about it."""
    from lacuna.desktop import autostart
    from lacuna_wire.client import Client
    from lacuna_wire.endpoint import start_daemon

    endpoint = running_daemon()
    if endpoint is None:
        require_answer()
    else:
        if endpoint.version == __version__ and _starts_us():
            return f"Process {endpoint.pid} is already running."
        jobs = 0
        if endpoint.protocol == _protocol():
            jobs = len(Client(endpoint).status()["jobs"])
        if jobs:
            raise LacunaError(
                f"Version {endpoint.version} is running and has {jobs} jobs. Wait for them, then "
                "run `lacuna setup` again.",
                code="busy",
            )
        end_daemon(endpoint)
    entry = autostart.choose(home, COMMAND)
    if entry.link is not None and autostart.is_registered(entry):
        manage_unit("restart", autostart.UNIT)
        endpoint = _wait_for_daemon()
    else:
        endpoint = start_daemon(list(COMMAND), START_S)
    return f"Process {endpoint.pid} is running, version {endpoint.version}."


def _starts_us() -> bool:
    from lacuna_wire.endpoint import read_launch

    try:
        return read_launch() == list(COMMAND)
    except LacunaError:
        return False  # a daemon that is started anew writes the file anew


def manage_unit(*words: str) -> None:
    """Ask the user manager of systemd to do something.

    Raises:
        LacunaError: `manager` if it does not do it.
    """
    command = ["systemctl", "--user", *words]
    line = " ".join(command)
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SYSTEMCTL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LacunaError(f"`{line}` failed: {error}.", code="manager") from error
    if ran.returncode:
        reason = (
            ran.stderr.strip().replace("\n", " ").rstrip(".") or f"it ended with {ran.returncode}"
        )
        raise LacunaError(f"`{line}` failed: {reason}.", code="manager")


def _wait_for_daemon() -> "Endpoint":
    from lacuna_wire.endpoint import find_daemon

    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up:
        endpoint = find_daemon()
        if endpoint is not None:
            return endpoint
        time.sleep(0.05)
    raise LacunaError(
        f"The daemon did not answer within {START_S:g} s. `journalctl --user -u lacuna` says why.",
        code="daemon_stuck",
    )


def _protocol() -> int:
    from lacuna_wire import PROTOCOL

    return PROTOCOL
