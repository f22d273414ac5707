"""Steps of `lacuna setup` and `lacuna uninstall`: planned, shown, confirmed, done one by one."""

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import click

from lacuna_wire import LacunaError


class StepRow(NamedTuple):
    """One line of the table.

    Attributes:
        what: An editor, or a part of Lacuna.
        state: `planned`, `done`, `kept`, `skipped` or `failed`.
        note: A sentence: what, where, or why.
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

    row: StepRow
    do: Callable[[], str] | None = None


def run_steps(steps: Sequence[Step], dry_run: bool, yes: bool) -> int:
    """Show the plan, ask, do it, and show what happened; return the exit code.

    Args:
        steps: In their order; one that fails does not keep the others from being done.
        dry_run: Whether to end after the plan.
        yes: Whether to leave out the question.

    Returns:
        0, or 1 if a step failed or will.

    Raises:
        LacunaError: `not_asked` if there is nobody to ask.
    """
    rows = [step.row for step in steps]
    if dry_run:
        show_rows(rows)
        return _exit_code(rows)
    if not yes:
        if not sys.stdin.isatty():
            raise LacunaError(
                "Nothing was done, because there is no terminal to ask on. Add --yes, or look at "
                "the plan with --dry-run.",
                code="not_asked",
            )
        show_rows(rows)
        click.confirm("Do it?", default=True, abort=True)
    rows = [_carry_out(step) for step in steps]
    show_rows(rows)
    return _exit_code(rows)


def show_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print a table: with tabs between the cells for programs, aligned for people."""
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


def _carry_out(step: Step) -> StepRow:
    if step.do is None:
        return step.row
    try:
        return StepRow(step.row.what, "done", step.do())
    except LacunaError as error:
        return StepRow(step.row.what, "failed", error.message)


def _exit_code(rows: Sequence[StepRow]) -> int:
    return int(any(row.state == "failed" for row in rows))
