"""`lacuna uninstall`: remove what `lacuna setup` and the daemon have left on this computer."""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lacuna.commands.service import end_daemon, running_daemon
from lacuna.commands.setup import manage_unit
from lacuna.commands.steps import Step, StepRow, run_steps
from lacuna.commands.stuck import end_silent, is_silent
from lacuna_wire import LacunaError
from lacuna_wire.unused_card import TOLD

if TYPE_CHECKING:
    from lacuna.desktop.editors import Place
    from lacuna.desktop.home import Home

# By name: the state folder may be any folder that a variable points to.
STATE_FILES = ("endpoint.json", "launch.json", "lock", "daemon.log*", TOLD)


@click.command()
@click.option("--purge", is_flag=True, help="Remove the weights that you fetched, too.")
@click.option("--no-krita", is_flag=True, help="Leave its plug-in where it is.")
@click.option("--no-gimp", is_flag=True, help="Leave its plug-ins where they are.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def uninstall(purge: bool, no_krita: bool, no_gimp: bool, dry_run: bool, yes: bool) -> None:
    """Remove the plug-ins from the editors, stop the daemon, and remove what it wrote.

    The program itself goes with `pip uninstall lacuna-inpaint`. Exits like `lacuna setup`.
    """
    import platformdirs

    from lacuna.desktop import autostart, menu
    from lacuna.desktop.editors import find_gimp, find_krita, running_editors
    from lacuna.desktop.home import this_home
    from lacuna.network.index import weights_folder
    from lacuna_wire.endpoint import state_folder

    home = this_home()
    running = running_editors()
    places = [*([] if no_krita else find_krita(home)), *([] if no_gimp else find_gimp(home))]
    steps = [_plugin_step(place, home, running) for place in places]
    steps.append(_daemon_step())
    entries = autostart.registered(home)
    steps.append(_step("start at login", entries, lambda: _unregister(home)))
    link = _own_link(home)
    steps.append(_step("command", link, lambda: _remove(link, home)))
    entry = menu.found_in_menu(home)
    steps.append(_step("menu", entry, lambda: _removed(menu.remove_from_menu(home))))
    state, cache = state_folder(), Path(platformdirs.user_cache_dir("lacuna", appauthor=False))
    weights = [weights_folder()] if weights_folder().exists() else []
    steps.append(_step("state and log", _state(state), lambda: _remove(_state(state), home)))
    steps.append(_step("cache", [cache] if cache.exists() else [], lambda: _remove([cache], home)))
    if purge:
        steps.append(_step("weights", weights, lambda: _remove(weights, home)))
    elif weights:
        steps.append(
            Step(
                StepRow(
                    "weights", "kept", f"{weights[0]} stays. `lacuna uninstall --purge` removes it."
                )
            )
        )
    sys.exit(run_steps(steps, dry_run, yes))


def _plugin_step(place: "Place", home: "Home", running: Sequence[str]) -> Step:
    from lacuna.desktop import install

    restart = (
        " The editor is running. Restart it." if place.name.partition(" ")[0] in running else ""
    )

    def do() -> str:
        if not install.remove(place, home):
            return "There was none."
        return f"Removed from {place.folder}.{restart}"

    try:
        install.check_owner(place, home)
    except LacunaError as error:
        return Step(StepRow(place.name, "failed", error.message))
    return Step(StepRow(place.name, "planned", f"Remove the plug-in from {place.folder}."), do)


def _daemon_step() -> Step:
    endpoint = running_daemon()
    if endpoint is None and is_silent():
        plan = "End it by its process, since it does not answer."
        return Step(
            StepRow("daemon", "planned", plan), lambda: f"Process {end_silent()} was ended."
        )
    if endpoint is None:
        return Step(StepRow("daemon", "skipped", "It is not running."))

    def do() -> str:
        end_daemon(endpoint)
        return f"Process {endpoint.pid} has ended."

    return Step(StepRow("daemon", "planned", f"End process {endpoint.pid}."), do)


def _own_link(home: "Home") -> list[Path]:
    from lacuna.desktop.command_link import is_ours, leads_to, link_place, own_program

    link = link_place(home)
    if link is None or not is_ours(link):
        return []  # a link to another Lacuna that is there belongs to that one
    return [link] if leads_to(link, own_program()) or not link.exists() else []


def _unregister(home: "Home") -> str:
    from lacuna.desktop import autostart

    managed = autostart.choose(home, ["lacuna"]).link is not None
    removed = autostart.unregister(home)
    if managed:
        manage_unit("daemon-reload")
    return _removed(removed)


def _step(what: str, paths: Sequence[Path], do: Callable[[], str]) -> Step:
    if not paths:
        return Step(StepRow(what, "skipped", "There is none."))
    return Step(StepRow(what, "planned", f"Remove {', '.join(map(str, paths))}."), do)


def _state(folder: Path) -> list[Path]:
    return [path for name in STATE_FILES for path in sorted(folder.glob(name))]


def _remove(paths: Sequence[Path], home: "Home") -> str:
    from lacuna.desktop.replacing import remove_empty_parents

    try:
        for path in paths:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    except OSError as error:
        raise LacunaError(
            f"{error.filename} cannot be removed: {error.strerror}.", code="not_writable"
        ) from error
    remove_empty_parents(paths, home.folder)
    return _removed(paths)


def _removed(paths: Sequence[Path]) -> str:
    return f"Removed {', '.join(map(str, paths))}."
