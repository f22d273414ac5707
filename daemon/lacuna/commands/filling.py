"""What `lacuna inpaint` does with its pictures: fill each, or say of each what it would take."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from lacuna.batch.items import FAILED, BatchItem, Ended
from lacuna.batch.report import report_at
from lacuna.batch.run import Way, failed, output_folders, prepared, run_batch
from lacuna.commands.batch_view import BatchView, interrupted, table
from lacuna.commands.progress import progress_bars
from lacuna.commands.steps import show_rows
from lacuna.estimate import estimate, known_seconds

SOME_FAILED = 2


def fill_each(
    items: Sequence[BatchItem],
    way: Way,
    output: Path,
    report: Path | None,
    progress: bool | None,
    is_one: bool,
) -> None:
    """Fill pictures and say what became of them.

    Args:
        items: The pictures.
        way: How they are filled.
        output: What was named as output, for sentences.
        report: Of the batch; None if nobody wants one.
        progress: As in `progress_bars`.
        is_one: Whether it was a picture and its mask that were named: there is no table then.

    Raises:
        LacunaError: What the one picture failed of; or if the report cannot be written.
        KeyboardInterrupt: With a sentence that says what was written.
        click.exceptions.Exit: With 2 if any of many failed.
    """
    going = [item for item in items if item.obstacle is None]
    outcomes: list[Ended] = []
    with ExitStack() as stack:
        stack.enter_context(output_folders([] if is_one else going))
        lines = None if report is None else stack.enter_context(report_at(report))
        if not is_one:  # after the bars, however it ends
            stack.callback(lambda: show_rows(table(outcomes, output)))
        bars = stack.enter_context(progress_bars(len(going), progress))
        try:
            run_batch(items, way, BatchView(bars, lines, outcomes, is_one))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(interrupted(outcomes, len(going), output)) from None
    if is_one:
        _end_one(outcomes[0])
    elif any(ended.state == FAILED for ended in outcomes):
        click.get_current_context().exit(SOME_FAILED)


def _end_one(ended: Ended) -> None:
    if ended.error is not None:
        raise ended.error
    if ended.reason:
        click.echo(f"{ended.item.name}: {ended.reason}", err=True)


def estimate_each(items: Sequence[BatchItem], way: Way, is_one: bool) -> None:
    """Say of each picture what a fill would take; raises as `fill_each` does."""
    outcomes = [Ended(item, *item.obstacle) for item in items if item.obstacle is not None]
    going = [item for item in items if item.obstacle is None]
    with output_folders([] if is_one else going):
        for item in going:
            try:
                click.echo(f"{item.name}: {_estimated(item, way)}")
            except Exception as error:
                if is_one:
                    raise
                outcomes.append(failed(item, error))
    for ended in outcomes:
        click.echo(f"{ended.item.name}: {ended.reason}", err=True)
    if any(ended.state == FAILED for ended in outcomes):
        click.get_current_context().exit(SOME_FAILED)


def _estimated(item: BatchItem, way: Way) -> str:
    removal = prepared(item, way)
    plan = estimate(removal, known_seconds(removal.request))
    seconds = "an unknown time (no daemon knows it)"
    if plan.seconds is not None:
        seconds = f"about {plan.seconds:,.0f} s"
    return (
        f"{plan.windows:,} windows, {plan.levels} coarse levels, {plan.tiles:,} tiles of up to "
        f"{plan.tile_px} px, {seconds}, about {plan.memory_bytes >> 20:,} MiB of memory, "
        f"{plan.tile_bytes >> 20:,} MiB of them for a tile"
    )
