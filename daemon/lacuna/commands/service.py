"""`lacuna serve`, `lacuna status` and `lacuna stop`: the daemon from the command line."""

import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from lacuna.commands.fill_options import fill_option

if TYPE_CHECKING:
    from lacuna.service.forecast import JobPlan
    from lacuna_wire import JobRequest
    from lacuna_wire.endpoint import Endpoint

STOP_S = 10.0
LOOPBACK = ("127.0.0.1", "localhost")
EXIT_CONFIG = 78  # EX_CONFIG: no service manager should try this again
# What a unit of a job's work takes with lacuna-small on two cores of a processor, until a job was
# measured here (`python -m benchmarks.forecast`).
SHIPPED_UNIT_S = 0.3
# -P: in the home folder, where it is started, a folder `lacuna` would be taken for the program.
PROGRAM = (sys.executable, "-P", "-m", "lacuna")
_DURATION = re.compile(r"([0-9]+)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    """Return seconds from `90s`, `5m` or `1h`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a duration such as 90s, 5m or 1h.")
    return float(match[1]) * _SECONDS[match[2]]


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0 takes a free port.")
@click.option(
    "--keep-model",
    default="5m",
    show_default=True,
    callback=parse_duration,
    help="How long the network stays in memory after the last job.",
)
@fill_option("device", more_help="For jobs that leave the choice to the daemon.")
@click.option(
    "--listen",
    default=LOOPBACK[0],
    show_default=True,
    help="There is no remote mode: any other address is refused.",
)
@click.option("--foreground", is_flag=True, help="Log to the terminal instead of a file.")
def serve(port: int, keep_model: float, device: str, listen: str, foreground: bool) -> None:
    """Run the daemon that the editors talk to, until it is stopped."""
    if listen not in LOOPBACK:
        # Others on the network could read every picture on its way: nothing is encrypted.
        click.echo(
            f"lacuna: The daemon does not listen on {listen}: it has no remote mode and answers "
            f"only this computer, on {LOOPBACK[0]}.",
            err=True,
        )
        sys.exit(EXIT_CONFIG)
    from lacuna.network.catalogue import PATCHES, SHIPPED
    from lacuna.service.serve import new_settings
    from lacuna.service.serve import serve as run

    unit_s = {PATCHES: SHIPPED_UNIT_S, SHIPPED: SHIPPED_UNIT_S}
    settings = new_settings(keep_model, device, weights=_choices, unit_s=unit_s)
    sys.exit(
        run(plan_for_network, [*PROGRAM, "worker"], [*PROGRAM, "serve"], settings, port, foreground)
    )


@click.command()
def status() -> None:
    """Show what the daemon is doing.

    Exits with code 1 if it is not running, and with 2 if it runs but does not answer.
    """
    from rich.console import Console
    from rich.table import Table

    from lacuna.commands.stuck import require_answer
    from lacuna_wire.client import Client
    from lacuna_wire.endpoint import find_daemon
    from lacuna_wire.errors import BadReply

    endpoint = find_daemon()
    if endpoint is None:
        require_answer()
        click.echo("The Lacuna daemon is not running. Run `lacuna setup` to start it.")
        sys.exit(1)
    facts = Client(endpoint).status()
    try:
        rows = _rows(facts, endpoint.port)
    except (KeyError, TypeError, ValueError) as error:
        raise BadReply(
            f"The status of the daemon cannot be shown ({error!r}). Update the older of the "
            "daemon and this program."
        ) from error
    table = Table(show_header=False, box=None)
    for name, value in rows:
        table.add_row(name, value)
    Console(markup=False, highlight=False).print(table)


@click.command()
def stop() -> None:
    """End the daemon and wait until it is gone; unfinished jobs fail.

    One that does not answer is ended by its process.
    """
    from lacuna.commands.stuck import end_silent, is_silent

    endpoint = running_daemon()
    if endpoint is None and is_silent():
        click.echo(f"The Lacuna daemon did not answer. Its process {end_silent()} was ended.")
        return
    if endpoint is None:
        click.echo("The Lacuna daemon is not running.")
        return
    end_daemon(endpoint)
    click.echo("The Lacuna daemon has ended.")


def running_daemon() -> "Endpoint | None":
    """Return the daemon that is running and has proved who it is, even if of another protocol."""
    from lacuna_wire.endpoint import find_daemon, read_endpoint
    from lacuna_wire.errors import ProtocolMismatch

    try:
        return find_daemon()
    except ProtocolMismatch:  # raised after it has proved who it is
        return read_endpoint()


def end_daemon(endpoint: "Endpoint") -> None:
    """Tell the daemon to end, and wait until its process is gone.

    Args:
        endpoint: Of a daemon that has proved who it is. One of another protocol is told by a
            signal: it could not read our request, and is not to see a secret of an older one.

    Raises:
        LacunaError: If it does not end in time.
    """
    import os
    import signal
    import time

    from lacuna.system.locks import try_lock
    from lacuna_wire import PROTOCOL, LacunaError
    from lacuna_wire.client import Client
    from lacuna_wire.endpoint import lock_file

    if endpoint.protocol == PROTOCOL:
        Client(endpoint).shutdown()
    else:
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(endpoint.pid, signal.SIGTERM)
    give_up = time.monotonic() + STOP_S
    while time.monotonic() < give_up:
        # It holds this lock until its process is gone, and the kernel frees it then.
        lock = try_lock(lock_file())
        if lock is not None:
            os.close(lock)
            return
        time.sleep(0.05)
    raise LacunaError(
        f"The process {endpoint.pid} did not end within {STOP_S:g} s.", code="daemon_stuck"
    )


def plan_for_network(request: "JobRequest") -> "JobPlan":
    """Plan a job for the network that will fill it: some have to see more than others."""
    from lacuna.engine.geometry.context import plan_job
    from lacuna.network.catalogue import role_of
    from lacuna.network_facts import Role
    from lacuna.service.forecast import JobPlan
    from lacuna_wire import LacunaError

    role: Role = "corrects"
    with suppress(LacunaError):  # of weights that are not there the worker says more
        role = role_of(request.options.weights)
    return JobPlan(*plan_job(request, role))


def _choices() -> list[str]:
    from lacuna.network.catalogue import choices
    from lacuna_wire import LacunaError

    with suppress(LacunaError):  # of a damaged index a fill says more
        return choices()
    return []


def _rows(facts: dict[str, Any], port: int) -> list[tuple[str, str]]:
    """Return name and value of each line of `lacuna status`."""
    from lacuna_wire import JobStatus

    limits = facts["limits"]
    rows = [
        ("version", f"{facts['version']}, protocol {facts['protocol']}"),
        ("instance", f"{facts['instance']}, process {facts['pid']}, port {port}"),
        ("running for", f"{facts['uptime_s']:.0f} s"),
        ("health", facts["health"]),
        ("worker", _worker(facts)),
        ("device", facts["device"] or "known when the worker has run once"),
        ("weights", ", ".join(facts["weights"]) or "known when the worker has run once"),
        ("free memory", _mib(facts["free_memory_bytes"])),
        ("spool", f"{_mib(facts['spool_bytes'])} of {_mib(limits['spool_bytes'])}"),
        ("jobs", f"{len(facts['jobs'])} of {limits['jobs']}"),
    ]
    for fields in facts["jobs"]:
        job = JobStatus.from_dict(fields)
        rows.append(("", f"{job.id}  {job.state}, {job.phase}, {job.percent:.0f} %"))
    for error in facts["errors"]:
        rows.append(("error", f"{error['code']}: {error['message']}"))
    return rows


def _worker(facts: dict[str, Any]) -> str:
    if facts["worker_pid"] is None:
        return "not loaded"
    return f"process {facts['worker_pid']}, {_mib(facts['worker_memory_bytes'])} of memory"


def _mib(count: int | None) -> str:
    return "unknown" if count is None else f"{count / (1 << 20):,.0f} MiB"
