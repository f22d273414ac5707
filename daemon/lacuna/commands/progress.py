"""Progress on the command line: phase, percent and the time left, of one picture and of many."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from lacuna_wire import JobStatus

if TYPE_CHECKING:
    from rich.progress import Progress

OnProgress = Callable[[JobStatus], None]
STEADY_S = 600.0  # over which the speed of a batch is taken: its pictures differ in size


class Bars:
    """A bar for the picture that is filled, below it one for all if there are many.

    Args:
        progress: Where they are; None shows none.
        count: Of pictures.
    """

    def __init__(self, progress: "Progress | None", count: int = 1) -> None:
        self._progress = progress
        self._count = count
        self._ended = 0
        if progress is not None:
            self._one = progress.add_task("waiting", name="", total=None)
            self._all = progress.add_task("", name="", total=count, visible=count > 1)
            self._count_on(0)

    def begin(self, name: str) -> None:
        """Begin with another picture."""
        if self._progress is not None:
            self._progress.reset(self._one, description="waiting", name=name, total=None)

    def show(self, status: JobStatus) -> None:
        """Show how far it is."""
        if self._progress is None:
            return
        phase = status.phase or status.state
        if status.tiles_total:
            phase = f"{phase}, tile {status.tiles_done} of {status.tiles_total}"
        total = 100 if status.tiles_total or status.percent else None
        self._progress.update(self._one, description=phase, completed=status.percent, total=total)
        self._count_on(status.percent / 100)

    def end(self) -> None:
        """Count it as one that is not left."""
        self._ended += 1
        self._count_on(0)

    def say(self, line: str) -> None:
        """Write a line to stderr, above the bars."""
        if self._progress is None:
            click.echo(line, err=True)
        else:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _count_on(self, part: float) -> None:
        if self._progress is not None:
            name = f"{self._ended:,} of {self._count:,} pictures"
            self._progress.update(self._all, name=name, completed=self._ended + part)


@contextmanager
def progress_bars(count: int, wanted: bool | None) -> Iterator[Bars]:
    """Show bars on stderr while the block runs.

    Args:
        count: Of pictures.
        wanted: True or False; None shows them where stderr is a terminal.
    """
    if wanted is None:
        wanted = sys.stderr.isatty()
    if not wanted:
        yield Bars(None)
        return

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.fields[name]}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}", markup=False),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, speed_estimate_period=STEADY_S) as progress:
        yield Bars(progress, count)


@contextmanager
def progress_bar(name: str, wanted: bool | None) -> Iterator[OnProgress]:
    """Show a bar of one picture while the block runs, and lend what takes the status of the job."""
    with progress_bars(1, wanted) as bars:
        bars.begin(name)
        yield bars.show
