"""`lacuna doctor`: what is there, what is broken, and the one command that repairs it."""

import json
import platform
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from lacuna import __version__
from lacuna.commands.card_checks import look_at_cards
from lacuna.commands.check import SETUP, Check
from lacuna.commands.daemon_checks import look_at_daemon, look_at_state
from lacuna.commands.menu_step import PAGE
from lacuna.commands.setup import COMMAND
from lacuna.commands.steps import show_rows
from lacuna_wire import LacunaError

if TYPE_CHECKING:
    from lacuna.desktop.editors import Place
    from lacuna.desktop.home import Home

MIB = 2**20


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs and reports.")
def doctor(as_json: bool) -> None:
    """Check everything that Lacuna needs, and have the daemon do a small test fill.

    Starts the daemon if it is not running, as an editor would. Exits with 1 if something is broken.
    Prints nothing secret.
    """
    checks = [check._replace(mend=as_typed(check.mend)) for check in examine()]
    broken = any(check.state == "broken" for check in checks)
    if as_json:
        click.echo(
            json.dumps({"ok": not broken, "checks": [c._asdict() for c in checks]}, indent=1)
        )
    else:
        show_rows([(c.state, c.name, c.found, c.mend) for c in checks])
    sys.exit(int(broken))


def examine() -> Iterator[Check]:
    """Yield all checks; one that fails does not keep the others from being made."""
    yield Check("versions", "ok", _versions())
    yield from _guarded("computer", "", _computer)
    yield from _guarded("graphics", SETUP, look_at_cards)
    yield from _guarded("weights", "lacuna weights list", _weights)
    from lacuna.desktop.home import this_home

    try:
        home = this_home()
    except LacunaError as error:
        yield Check("home", "broken", error.message)
        return
    yield from _guarded("editors", SETUP, lambda: _editors(home))
    yield from _guarded("start at login", SETUP, lambda: _autostart(home))
    yield _command(home)
    yield from _guarded("menu", SETUP, lambda: _menu(home))
    files = list(_guarded("state folder", SETUP, look_at_state))
    yield from files
    if any(check.state == "broken" for check in files):
        return  # a daemon whose files cannot be trusted is not asked
    yield from _guarded("daemon", SETUP, look_at_daemon)


def _guarded(name: str, mend: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from look()
    except (LacunaError, OSError) as error:
        yield Check(name, "broken", str(error), mend)


def _versions() -> str:
    from importlib.metadata import PackageNotFoundError, version

    from lacuna_wire import PROTOCOL

    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = "missing"
    return (
        f"Lacuna {__version__}, protocol {PROTOCOL}, Python {platform.python_version()}, "
        f"torch {torch}, {platform.platform(terse=True)}."
    )


def _computer() -> Iterator[Check]:
    from lacuna.commands.fit import require_fit_python, slowness
    from lacuna_wire.fitness import facts_of_this_computer

    facts = facts_of_this_computer()
    require_fit_python(facts)
    if slow := slowness(facts):
        yield Check("computer", "note", slow)


def _weights() -> Iterator[Check]:
    from lacuna.network.catalogue import SHIPPED, check_sha256, find_weights, weights_names
    from lacuna.network.published import PUBLISHED

    for name in weights_names():
        mend = f"lacuna weights import FILE --name {name}"
        if name in PUBLISHED:
            mend = f"lacuna weights fetch {name}"
        elif name == SHIPPED:
            mend = "pip install --force-reinstall --no-deps lacuna-inpaint"
        try:
            info = find_weights(name)
            if name == SHIPPED:
                info = info._replace(sha256=recorded_sha256(info.path.name) or info.sha256)
            check_sha256(info)
        except LacunaError as error:
            yield Check(f"weights {name}", "broken", error.message, mend)
            continue
        found = f"{info.size_bytes / MIB:.1f} MiB, SHA-256 {info.sha256[:16]}."
        for device, difference in info.bfloat16.items():
            found += f" On {device} it fills in {difference}."
        yield Check(f"weights {name}", "ok", found)


def recorded_sha256(name: str) -> str | None:
    """Return the digest of a file of this package as pip keeps it; a checkout has none."""
    import base64
    from importlib.metadata import PackageNotFoundError, files

    try:
        packed = files("lacuna-inpaint") or []
    except PackageNotFoundError:
        return None
    for file in packed:
        if file.name == name and file.hash is not None:
            return base64.urlsafe_b64decode(file.hash.value + "==").hex()
    return None


def _editors(home: "Home") -> Iterator[Check]:
    from lacuna.desktop.editors import find_gimp, find_krita, why_no_gimp, why_no_krita

    krita, gimp = find_krita(home), find_gimp(home)
    if not krita:
        yield Check("Krita", "note", why_no_krita(home))
    if not gimp:
        yield Check("GIMP", "note", why_no_gimp(home))
    for place in (*krita, *gimp):
        yield from _guarded(place.name, SETUP, partial(_plugin, place, home))


def _plugin(place: "Place", home: "Home") -> Iterator[Check]:
    from lacuna.desktop.install import check_owner, look
    from lacuna_wire.versions import version_key

    check_owner(place, home)
    found = look(place)
    mend = SETUP
    if found.version is None:
        wrong = f"There is no plug-in in {place.folder}."
    elif version_key(found.version) > version_key(__version__):
        wrong = f"Plug-in {found.version} is newer than lacuna {__version__}."
        mend = "pip install --upgrade lacuna-inpaint"
    elif found.version != __version__:
        age = f"of version {found.version}" if found.version else "without a version"
        wrong = f"The plug-in {age} is older than lacuna {__version__}."
    elif not found.enabled:
        why = "not enabled in kritarc" if place.kritarc else "not executable, so GIMP ignores it"
        wrong = f"Plug-in {found.version} is {why}."
    elif not found.intact:
        wrong = "Files of the plug-in are missing or changed."
    else:
        yield Check(place.name, "ok", f"Plug-in {found.version} is in {place.folder}.")
        return
    yield Check(place.name, "broken", wrong, mend)


def _autostart(home: "Home") -> Iterator[Check]:
    from lacuna.desktop import autostart

    entry = autostart.choose(home, COMMAND)
    there = autostart.registered(home)
    if autostart.is_registered(entry):
        yield Check("start at login", "ok", f"{entry.path} is a {entry.kind}.")
    elif there:
        other = f"{', '.join(map(str, there))} starts another program, or is not enabled."
        yield Check("start at login", "broken", other, SETUP)
    else:
        yield Check(
            "start at login", "note", "Off. The plug-ins start the daemon when they need it.", SETUP
        )


def _command(home: "Home") -> Check:
    from lacuna.desktop import command_link

    found, link = command_link.find_command(home), command_link.link_place(home)
    program = command_link.own_program()
    if found is not None and command_link.leads_to(found, program):
        return Check("command", "ok", f"{found} starts this Lacuna.")
    if found is not None:
        return Check("command", "note", f"{found} is another program. Type {program}.")
    if link is not None and command_link.leads_to(link, program):
        return Check("command", "ok", f"{link} is found by terminals after your next login.")
    mend = SETUP if link is not None and program.is_file() else ""
    return Check("command", "note", f"Terminals do not find it. Type {program}.", mend)


def _menu(home: "Home") -> Iterator[Check]:
    from lacuna.desktop import menu

    there = menu.found_in_menu(home)
    if menu.is_in_menu(home, PAGE):
        yield Check("menu", "ok", f"{there[0]} opens the page.")
    elif there:
        other = f"{', '.join(map(str, there))} opens another program, or lacks a part."
        yield Check("menu", "broken", other, SETUP)
    elif menu.menu_files(home, PAGE):
        yield Check("menu", "note", "The page is not in the menu. `lacuna page` opens it.", SETUP)


def as_typed(mend: str) -> str:
    """Return a command as this user's terminal understands it."""
    from lacuna.desktop import command_link
    from lacuna.desktop.home import this_home

    try:
        word = command_link.command_word(this_home())
    except LacunaError:
        return mend
    return re.sub(r"(^|&& |; )lacuna ", lambda found: f"{found[1]}{word} ", mend)
