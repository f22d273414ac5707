"""Steps of `lacuna setup` and `lacuna uninstall`: planned, shown, agreed to, done one by one."""

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import click

from lacuna_wire import LacunaError


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        what: An editor, or a part of Lacuna.
        state: `planned`, `done`, `kept`, `skipped` or `failed`.
        note: Where, or why.
    """

    what: str
    state: str
    note: str


class Step(NamedTuple):
    """One thing to be done, whole or not at all.

    Attributes:
        row: What is shown before: `planned` if there is something to do.
        do: Does it and returns what is shown after.
    """

    row: Row
    do: Callable[[], str] | None = None


def run_steps(steps: Sequence[Step], dry_run: bool, yes: bool) -> int:
    """Show the plan, ask, do it, and show what became of it; return the exit code.

    Args:
        steps: In their order; one that fails does not keep the others from being done.
        dry_run: Whether to end after the plan.
        yes: Whether to do without the question.

    Returns:
        0, or 1 if a step failed or will.

    Raises:
        LacunaError: If there is nobody to ask.
    """
    rows = [step.row for step in steps]
    if dry_run:
        show_rows(rows)
        return _exit_code(rows)
    if not yes:
        if not sys.stdin.isatty():
            raise LacunaError(
                "there is no terminal to ask on, and nothing was done: say --yes, or look at the "
                "plan with --dry-run",
                code="not_asked",
            )
        show_rows(rows)
        click.confirm("Do it?", default=True, abort=True)
    rows = [_carry_out(step) for step in steps]
    show_rows(rows)
    return _exit_code(rows)


def show_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print a table: lines of cells between tabs for programs, aligned for people."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"done": "green", "ok": "green", "failed": "red", "broken": "red"}
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text(cell, style=colours.get(cell, "")) for cell in row))
    Console().print(table)


def _carry_out(step: Step) -> Row:
    if step.do is None:
        return step.row
    try:
        return Row(step.row.what, "done", step.do())
    except LacunaError as error:
        return Row(step.row.what, "failed", error.message)


def _exit_code(rows: Sequence[Row]) -> int:
    return int(any(row.state == "failed" for row in rows))
